// The first layer's sparse product, and the lists of ink that it walks over, on every instruction set of this machine.
//
// The oracle is the dense product of kernel/reference.h, whose bytes it must give. Outputs lie between guards.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "inkling/core/rng.h"
#include "inkling/kernel/reference.h"
#include "tests/support/guarded.h"

namespace inkling {
namespace {

Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t stream) {
  const Rng rng(23, stream);
  Matrix m(rows, cols);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c) m(r, c) = static_cast<float>(rng.normal(r * cols + c));
  return m;
}

// Bytes of which a share is not zero; in some rows none, in some all.
std::vector<std::uint8_t> random_pixels(std::size_t rows, std::size_t stride, double ink) {
  const Rng rng(24, 0);
  std::vector<std::uint8_t> pixels(rows * stride);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const std::size_t row = i / stride;
    const double share = row % 11 == 3 ? 0 : row % 11 == 7 ? 1 : ink;
    if (rng.uniform(2 * i) < share) pixels[i] = static_cast<std::uint8_t>(1 + rng.below(255, 2 * i + 1));
  }
  return pixels;
}

std::vector<float> pixel_values() {
  std::vector<float> values;
  for (int p = 0; p < 256; ++p) values.push_back(static_cast<float>(p) / 85.0f);
  return values;
}

class SparseInputTest : public testing::TestWithParam<Isa> {
 protected:
  const Kernels& kernels() const { return kernels_for(GetParam()); }

  // In three pieces of rows and one panel of columns at a time.
  void compute(const SparseProduct& p) const {
    const std::size_t step = round_up((p.a.rows + 2) / 3, kInkRows);
    for (std::size_t r = 0; r < p.a.rows; r += step)
      for (std::size_t n = 0; n < p.N; n += kernels().sparse_panel)
        kernels().sparse_product(p, r, std::min(r + step, p.a.rows), n, std::min(n + kernels().sparse_panel, p.N));
  }
};
INSTANTIATE_TEST_SUITE_P(Isa, SparseInputTest, testing::ValuesIn(available_isas()),
                         [](const auto& instance) { return std::string(name(instance.param)); });

struct Shape {
  std::size_t B, O, I;
};
// Around the chunk (64 rows, 128 columns), the panel (64, 32 or 16 columns), the rows that are summed together; real
// ones; more rows than one call keeps unfinished sums for.
const Shape kShapes[] = {{1, 1, 1},     {2, 10, 63},   {3, 16, 64},    {5, 17, 65},    {64, 25, 128},  {65, 128, 784},
                         {1, 128, 784}, {7, 130, 784}, {130, 300, 70}, {257, 20, 129}, {600, 33, 150}, {128, 64, 256}};

TEST_P(SparseInputTest, ListsNameTheInkOfRowsAndOfColumns) {
  for (const auto& [B, O, I] : kShapes) {
    const std::size_t stride = I + 3;
    const auto pixels = random_pixels(B, stride, 0.19);
    const PixelView X{pixels.data(), B, I, stride};
    InkBuffer by_image, by_pixel;
    kernels().list_rows(X, by_image.resize(B, I), 0, B);
    const InkLists columns = by_pixel.resize(I, B);
    for (std::size_t c = 0; c < I; c += kInkRows) kernels().list_columns(X, columns, c, std::min(c + kInkRows, I));
    for (const bool transposed : {false, true}) {
      const InkLists& lists = transposed ? columns : by_image.current();
      for (std::size_t r = 0; r < lists.rows; ++r)
        for (std::size_t block = 0; block < lists.blocks(); ++block) {
          const InkChunk& chunk = lists.chunk(block, r);
          const std::size_t n = chunk.counts[r % kInkRows];
          const std::uint8_t* terms = chunk.terms + chunk.starts[r % kInkRows];
          std::size_t k = 0;
          for (std::size_t c = block * kInkBlock; c < std::min((block + 1) * kInkBlock, lists.cols); ++c) {
            const std::uint8_t pixel = transposed ? X(c, r) : X(r, c);
            if (pixel == 0) continue;
            ASSERT_LT(k, n);
            ASSERT_EQ(terms[k], c % kInkBlock) << "row " << r << " of (" << lists.rows << ", " << lists.cols << ")";
            ASSERT_EQ(terms[InkChunk::length(n) + k], pixel);
            ++k;
          }
          ASSERT_EQ(k, n);
          for (; k < n + kInkSpare; ++k) {
            ASSERT_EQ(terms[k], kInkBlock) << "spare";
            ASSERT_EQ(terms[InkChunk::length(n) + k], 0) << "spare";
          }
        }
      for (std::size_t r = 0; r < lists.rows; r += kInkRows) {
        const InkChunk& chunk = lists.chunk(0, r);
        const std::size_t rows = std::min(kInkRows, lists.rows - r);
        std::vector<bool> seen(rows);
        for (std::size_t k = 0; k < rows; ++k) {
          ASSERT_LT(chunk.order[k], rows);
          seen[chunk.order[k]] = true;
          const std::size_t before = chunk.order[k == 0 ? 0 : k - 1];
          ASSERT_LE(chunk.counts[before], chunk.counts[chunk.order[k]]) << "not sorted";
        }
        ASSERT_EQ(std::ranges::count(seen, true), static_cast<std::ptrdiff_t>(rows));
      }
    }
  }
}

TEST_P(SparseInputTest, ForwardGivesTheDenseReferencesBytes) {
  const std::vector<float> values = pixel_values();
  for (const auto& [B, O, I] : kShapes)
    for (const double ink : {0.0, 0.19, 1.0})
      for (const Epilogue epilogue : {Epilogue::none, Epilogue::bias, Epilogue::bias_relu}) {
        const std::size_t stride = I + 3;
        const auto pixels = random_pixels(B, stride, ink);
        const Matrix W = random_matrix(I, O, 2), bias = random_matrix(1, O, 3);
        InkBuffer lists;
        kernels().list_rows({pixels.data(), B, I, stride}, lists.resize(B, I), 0, B);
        GuardedMatrix actual(B, O);
        Matrix expected(B, O);
        compute({.a = lists.current(),
                 .pixel_values = values.data(),
                 .b = W.data(),
                 .b_stride = W.stride(),
                 .c = actual.view().data,
                 .c_stride = actual.view().stride,
                 .N = O,
                 .epilogue = epilogue,
                 .bias = bias.data()});
        reference::product({.M = B,
                            .N = O,
                            .K = I,
                            .a_pixels = pixels.data(),
                            .pixel_values = values.data(),
                            .a_row = stride,
                            .b = W.data(),
                            .b_stride = W.stride(),
                            .c = expected.data(),
                            .c_stride = expected.stride(),
                            .epilogue = epilogue,
                            .bias = bias.data()});
        ASSERT_TRUE(same_bytes(actual, expected)) << "B " << B << " O " << O << " I " << I << " ink " << ink;
        actual.expect_sound();
      }
}

// As one product, and as two whose sums go on from one to the other.
TEST_P(SparseInputTest, GradientGivesTheDenseReferencesBytes) {
  const std::vector<float> values = pixel_values();
  for (const auto& [B, O, I] : kShapes)
    for (const double ink : {0.0, 0.19, 1.0})
      for (const bool in_two : {false, true}) {
        const std::size_t stride = I + 3, half = in_two ? B / 2 : B;
        const auto pixels = random_pixels(B, stride, ink);
        const Matrix dz = random_matrix(B, O, 2);
        GuardedMatrix actual(I, O);
        Matrix expected(I, O);
        for (std::size_t first = 0; first < B; first += half == 0 ? B : half) {
          const std::size_t images = std::min(half == 0 ? B : half, B - first);
          InkBuffer lists;
          kernels().list_columns({pixels.data() + first * stride, images, I, stride}, lists.resize(I, images), 0, I);
          compute({.a = lists.current(),
                   .pixel_values = values.data(),
                   .b = dz.data() + first * dz.stride(),
                   .b_stride = dz.stride(),
                   .c = actual.view().data,
                   .c_stride = actual.view().stride,
                   .N = O,
                   .resume = first > 0,
                   .more = first + images < B});
        }
        reference::product({.M = I,
                            .N = O,
                            .K = B,
                            .a_pixels = pixels.data(),
                            .pixel_values = values.data(),
                            .a_row = 1,
                            .a_column = stride,
                            .b = dz.data(),
                            .b_stride = dz.stride(),
                            .c = expected.data(),
                            .c_stride = expected.stride()});
        ASSERT_TRUE(same_bytes(actual, expected)) << "B " << B << " O " << O << " I " << I << " ink " << ink;
        actual.expect_sound();
      }
}

// A step of descent, against the dense reference's.
TEST_P(SparseInputTest, DescentMovesWeights) {
  const std::vector<float> values = pixel_values();
  for (const auto& [B, O, I] : kShapes) {
    const auto pixels = random_pixels(B, I, 0.19);
    const Matrix dz = random_matrix(B, O, 2), W = random_matrix(I, O, 3);
    InkBuffer lists;
    kernels().list_columns({pixels.data(), B, I, I}, lists.resize(I, B), 0, I);
    Matrix sums(I, O), expected = W;
    reference::product({.M = I,
                        .N = O,
                        .K = B,
                        .a_pixels = pixels.data(),
                        .pixel_values = values.data(),
                        .a_row = 1,
                        .a_column = I,
                        .b = dz.data(),
                        .b_stride = dz.stride(),
                        .c = sums.data(),
                        .c_stride = sums.stride(),
                        .epilogue = Epilogue::descend,
                        .w = expected.data(),
                        .rate = 0.3f});
    GuardedMatrix rows(W.view());
    SparseProduct p{.a = lists.current(),
                    .pixel_values = values.data(),
                    .b = dz.data(),
                    .b_stride = dz.stride(),
                    .c = sums.data(),
                    .c_stride = sums.stride(),
                    .N = O,
                    .epilogue = Epilogue::descend,
                    .w = rows.view().data,
                    .w_stride = rows.view().stride,
                    .rate = 0.3f};
    compute(p);
    ASSERT_TRUE(same_bytes(rows, expected)) << "B " << B << " O " << O << " I " << I;
    rows.expect_sound();
  }
}

// What a zero pixel would have multiplied is not looked at; what ink multiplies is.
TEST_P(SparseInputTest, SkipsWhatZerosWouldMultiplyAndPropagatesTheRest) {
  const std::vector<float> values = pixel_values();
  constexpr std::size_t kB = 20, kI = 130, kO = 20;
  std::vector<std::uint8_t> pixels(kB * kI, 9);
  for (std::size_t b = 0; b < kB; ++b) pixels[b * kI + 5] = pixels[b * kI + 129] = 0;
  pixels[3 * kI + 5] = 1;
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Matrix W = random_matrix(kI, kO, 2);
    for (std::size_t o = 0; o < kO; ++o) W(5, o) = W(129, o) = bad;
    InkBuffer lists;
    kernels().list_rows({pixels.data(), kB, kI}, lists.resize(kB, kI), 0, kB);
    GuardedMatrix out(kB, kO);
    compute({.a = lists.current(),
             .pixel_values = values.data(),
             .b = W.data(),
             .b_stride = W.stride(),
             .c = out.view().data,
             .c_stride = out.view().stride,
             .N = kO});
    for (std::size_t b = 0; b < kB; ++b)
      for (std::size_t o = 0; o < kO; ++o) EXPECT_EQ(std::isfinite(out(b, o)), b != 3) << b << ", " << o;
  }
}

// A sum that is -0 stays -0, whatever spare terms are added to it.
TEST_P(SparseInputTest, SpareTermsLeaveNegativeZeroAsItIs) {
  std::vector<float> values(256, 1.0f);
  values[0] = 0;
  values[2] = 1e-30f;
  constexpr std::size_t kB = 16, kI = 20, kO = 64;
  std::vector<std::uint8_t> pixels(kB * kI);
  for (std::size_t b = 0; b < kB; ++b) {
    pixels[b * kI] = 2;                                                  // times -1e-30 gives -0
    for (std::size_t i = 1; i < 1 + b % 4; ++i) pixels[b * kI + i] = 1;  // lists of several lengths
  }
  Matrix W(kI, kO);
  for (std::size_t o = 0; o < kO; ++o) {
    W(0, o) = -1e-30f;
    for (std::size_t i = 1; i < kI; ++i) W(i, o) = -0.0f;
  }
  InkBuffer lists;
  kernels().list_rows({pixels.data(), kB, kI}, lists.resize(kB, kI), 0, kB);
  GuardedMatrix out(kB, kO);
  compute({.a = lists.current(),
           .pixel_values = values.data(),
           .b = W.data(),
           .b_stride = W.stride(),
           .c = out.view().data,
           .c_stride = out.view().stride,
           .N = kO});
  for (std::size_t b = 0; b < kB; ++b)
    for (std::size_t o = 0; o < kO; ++o) EXPECT_TRUE(out(b, o) == 0 && std::signbit(out(b, o))) << b << ", " << o;
}

}  // namespace
}  // namespace inkling
