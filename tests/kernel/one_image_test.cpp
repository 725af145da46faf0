// The kernel for one image, of every instruction set that this machine has: the bytes of kernel/reference.h.
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "inkling/core/rng.h"
#include "inkling/kernel/reference.h"
#include "tests/support/guarded.h"

namespace inkling {
namespace {

std::string isa_name(const testing::TestParamInfo<Isa>& info) { return std::string(name(info.param)); }

class OneImageTest : public testing::TestWithParam<Isa> {
 protected:
  const Kernels& kernels() const { return kernels_for(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Isa, OneImageTest, testing::ValuesIn(available_isas()), isa_name);

Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t stream) {
  const Rng rng(21, stream);
  Matrix m(rows, cols);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c) m(r, c) = static_cast<float>(rng.normal(r * cols + c));
  return m;
}

// Around a unit of columns (16) and all the columns that registers hold (64, 128, 256); one of anything, none, and the
// real ones.
const std::size_t kInputs[] = {0, 1, 15, 16, 17, 63, 64, 65, 127, 784, 2100};
const std::size_t kOutputs[] = {1, 10, 16, 17, 63, 64, 65, 127, 128, 129, 255, 256, 257, 300};
const Epilogue kEpilogues[] = {Epilogue::none, Epilogue::bias, Epilogue::bias_relu};

TEST_P(OneImageTest, RowProductGivesTheReferencesBytes) {
  for (const std::size_t K : kInputs)
    for (const std::size_t N : kOutputs)
      for (const Epilogue epilogue : kEpilogues) {
        if (K * N > 60'000 && epilogue != Epilogue::bias_relu) continue;
        Matrix a = random_matrix(1, K, 3);
        if (K > 20) a(0, 7) = 0, a(0, 9) = -0.0f, a(0, K - 1) = std::numeric_limits<float>::infinity();
        const Matrix B = random_matrix(K, N, 4), bias = random_matrix(1, N, 5);
        GuardedMatrix actual(1, N), expected(1, N);
        Product p{.M = 1,
                  .N = N,
                  .K = K,
                  .a = a.data(),
                  .a_row = a.stride(),
                  .b = B.data(),
                  .b_stride = B.stride(),
                  .c = actual.view().data,
                  .c_stride = actual.view().stride,
                  .epilogue = epilogue,
                  .bias = bias.data()};
        const std::size_t cut = N / 2 / kColumnUnit * kColumnUnit;
        kernels().row_product(p, 0, cut);
        kernels().row_product(p, cut, N);
        p.c = expected.view().data;
        reference::product(p);
        ASSERT_TRUE(same_bytes(actual, expected)) << K << " inputs, " << N << " outputs";
        actual.expect_sound();
      }
}

}  // namespace
}  // namespace inkling
