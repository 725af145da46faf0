#include "inkling/kernel/matmul.h"

#include <algorithm>

#include "inkling/core/error.h"

namespace inkling {
namespace {

// measured (two-core AVX-512 machine, 2026-11): below about this many multiply-adds one thread is done before a second
// begins.
constexpr std::size_t kWorthThreads = 1u << 17;

std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

Matrix product_of(const Runtime& rt, const char* operation, const Matrix& a, bool a_transposed, const Matrix& b,
                  bool b_transposed) {
  const std::size_t inner_a = a_transposed ? a.rows() : a.cols();
  const std::size_t inner_b = b_transposed ? b.cols() : b.rows();
  if (inner_a != inner_b)
    fail(ErrorKind::shape, "{} of {} and {}: the inner sizes, {} and {}, differ", operation, shape(a), shape(b),
         inner_a, inner_b);
  Matrix c(a_transposed ? a.cols() : a.rows(), b_transposed ? b.rows() : b.cols());
  multiply(rt, {.M = c.rows(),
                .N = c.cols(),
                .K = inner_a,
                .a = a.data(),
                .a_row = a_transposed ? 1 : a.stride(),
                .a_column = a_transposed ? a.stride() : 1,
                .b = b.data(),
                .b_stride = b.stride(),
                .b_transposed = b_transposed,
                .c = c.data(),
                .c_stride = c.stride()});
  return c;
}

}  // namespace

void multiply(const Runtime& rt, const Product& p) {
  if (p.M == 0 || p.N == 0) return;
  const Kernels& kernels = rt.kernels();
  if (rt.threads() == 1 || p.M * p.N * p.K < kWorthThreads) return kernels.product(p, 0, p.M, 0, p.N);

  // A few blocks a thread, so that a thread that lost its core for a while does not hold up the others: panels, and
  // where they are many, groups of them; where they are few, cut by rows, too.
  constexpr std::size_t kBlocksPerThread = 4;  // guess
  constexpr std::size_t kMostPanels = 8;       // as in kernel/product.cpp
  const std::size_t panels = divide_up(p.N, kernels.panel_width), wanted = kBlocksPerThread * rt.threads();
  const std::size_t columns = std::clamp<std::size_t>(panels / wanted, 1, kMostPanels) * kernels.panel_width;
  const std::size_t column_blocks = divide_up(p.N, columns);
  const std::size_t rows = round_up(divide_up(p.M, std::min(divide_up(wanted, column_blocks), p.M)), kernels.row_unit);
  const std::size_t row_blocks = divide_up(p.M, rows);
  rt.pool().run(column_blocks * row_blocks, [&](std::size_t task) noexcept {
    const std::size_t m0 = task % row_blocks * rows, n0 = task / row_blocks * columns;
    kernels.product(p, m0, std::min(m0 + rows, p.M), n0, std::min(n0 + columns, p.N));
  });
}

Matrix matmul(const Runtime& rt, const Matrix& a, const Matrix& b) {
  return product_of(rt, "matmul", a, false, b, false);
}
Matrix matmul_tn(const Runtime& rt, const Matrix& a, const Matrix& b) {
  return product_of(rt, "matmul_tn", a, true, b, false);
}
Matrix matmul_nt(const Runtime& rt, const Matrix& a, const Matrix& b) {
  return product_of(rt, "matmul_nt", a, false, b, true);
}

}  // namespace inkling
