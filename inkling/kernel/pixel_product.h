// Exact products of pixels with floats: what the first layer is made of, x W forward and x^T dz backward.
//
// A pixel is an integer of 8 bits. The floats B (K, N) that pixels are multiplied with are taken to fixed point, each
// column by a power of two of its own:
//
//   q[k, n] = round(B[k, n] / unit[n])      half of 2^bits <= max_k |q[k, n]| < 2^bits, nearly
//   T = sum_k p[m, k] q[k, n]          C[m, n] = fp32(T) * fp32(worth * unit[n])
//
// with `worth` what a pixel of 1 is worth and, for T = 65536 high + low with low in [0, 65536),
//
//   fp32(T) = fp32(high) * 65536 + low, a fused multiply-add: within a unit in the last place.
//
// The sum is one of integers and exact, so it does not depend on the order of
// its terms: zeros are skipped where that pays, tiles of 8-bit numbers do the work where the processor has them, and
// every instruction set and every number of threads gives the same bytes. The one rounding of B, to a bit or two less
// than fp32 has at the column's largest element, costs about what a chain of fp32 additions loses; docs/numerics.md has
// the bound, tests/kernel/pixel_product_test.cpp the measurement.
//
// A column that holds a NaN or an infinity has the unit NaN, and gives NaN.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "inkling/core/aligned.h"
#include "inkling/core/view.h"

namespace inkling {

enum class Epilogue;  // kernels.h

inline constexpr std::size_t kFixedColumns = 64;  // derived: the widest panel of columns of a batch
inline constexpr std::size_t kPixelRows = 32;     // derived: rows go in multiples of it to threads, two tiles
inline constexpr std::size_t kPixelBlock = 64;    // derived: pixels of a tile's row
// Bits of q: about fp32's own, and about those of bf16 products.
inline constexpr int kFixedBits = 23, kFixedBitsOfBf16 = 15;

// A matrix (K, N) in fixed point. How the numbers lie is the kernels' own affair.
struct FixedPoint {
  std::size_t K = 0, N = 0;
  int bits = kFixedBits;
  std::uint8_t* digits = nullptr;  // (bytes(K, N))
  float* units = nullptr;          // (N, up to a multiple of kFixedColumns)

  static constexpr std::size_t bytes(std::size_t K, std::size_t N) {
    return 4 * round_up(K, kPixelBlock) * round_up(N, kFixedColumns);
  }
};

// The memory behind a FixedPoint, which grows and never shrinks.
class FixedBuffer {
 public:
  FixedPoint resize(std::size_t K, std::size_t N, int bits) {
    if (digits_.size() < FixedPoint::bytes(K, N)) digits_ = AlignedBuffer<std::uint8_t>(FixedPoint::bytes(K, N));
    if (units_.size() < round_up(N, kFixedColumns)) units_ = AlignedBuffer<float>(round_up(N, kFixedColumns));
    return current_ = {.K = K, .N = N, .bits = bits, .digits = digits_.data(), .units = units_.data()};
  }
  const FixedPoint& current() const { return current_; }

 private:
  AlignedBuffer<std::uint8_t> digits_;
  AlignedBuffer<float> units_;
  FixedPoint current_;
};

// Rows of a matrix, by number; without data all of them, in order.
using RowNumbers = std::span<const std::uint32_t>;

// C (M, N) = epilogue(worth * P B).
struct PixelProduct {
  PixelView pixels;           // P (M, K)
  bool rows_aligned = false;  // rows of P begin on 64-byte boundaries and may be read up to a multiple of kPixelBlock
  FixedPoint b;               // B (K, N)
  float worth = 1;
  RowNumbers rows;     // (M): which row of C, and of w, each row of P belongs to; the others are not touched
  float* c = nullptr;  // (rows, N), rows c_stride apart; under descend it is not touched
  std::size_t c_stride = 0;

  Epilogue epilogue{};          // none, bias, bias_relu or descend
  const float* bias = nullptr;  // (N)
  float* w = nullptr;           // (rows, N), rows w_stride apart
  std::size_t w_stride = 0;
  float rate = 0;

  std::size_t row(std::size_t r) const { return rows.empty() ? r : rows[r]; }
};

struct PixelKernels {
  // Columns go in multiples of these to threads, of a product and of what is brought to fixed point.
  std::size_t columns = 0, fixed_columns = 0;
  // Columns [n0, n1) of rows of m to fixed point, whose units are those of all rows; n0 is a multiple of fixed_columns.
  void (*to_fixed)(ConstMatrixView m, RowNumbers rows, const FixedPoint& out, std::size_t n0,
                   std::size_t n1) noexcept = nullptr;
  // Rows [r0, r1), columns [n0, n1) of P B; r0 is a multiple of kPixelRows, n0 of `columns`.
  void (*product)(const PixelProduct&, std::size_t r0, std::size_t r1, std::size_t n0,
                  std::size_t n1) noexcept = nullptr;
};

namespace fixed {

// |q| is kept this far below 2^bits, so that q written with digits of 8 bits from -128 to 127 needs no more of them
// than bits + 1 has.
inline constexpr std::uint32_t kHeadroom = 1u << 17;  // derived: of a float's bits, 2^-6 of its mantissa
inline constexpr std::uint32_t kInfinity = 0x7F800000;
inline constexpr int kLeastExponent = -100;  // derived: 2^(22 + 100) is still a float, and so is its inverse

// What a column is multiplied with to become q, and what q's 1 is worth, from the bits of its largest magnitude.
struct Scale {
  float factor, unit;
};
Scale scale_of(std::uint32_t largest, int bits) noexcept;

// fp32(T), see above.
float to_float(std::int64_t t) noexcept;

}  // namespace fixed
}  // namespace inkling
