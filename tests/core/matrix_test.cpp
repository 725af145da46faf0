// The matrix type by itself: shapes, broadcasting, reductions, refusals.
#include "inkling/core/matrix.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "inkling/core/error.h"

namespace inkling {
namespace {

const Matrix kA({{1, 2, 3}, {4, 5, 6}});

void expect_equal(ConstMatrixView actual, const Matrix& expected) {
  ASSERT_EQ(shape(actual), shape(expected));
  EXPECT_TRUE(actual == expected.view());
}

// The text of the Error that f throws, which must be of the kind.
template <typename F>
std::string refusal(ErrorKind kind, F f) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), kind);
    return e.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return "";
}

TEST(RowStride, IsWholeCacheLinesAndNoWholePages) {
  for (std::size_t cols = 0; cols <= 5000; ++cols) {
    EXPECT_GE(row_stride(cols), cols);
    EXPECT_LE(row_stride(cols), round_up(cols, 16) + 16);
    EXPECT_EQ(row_stride(cols) % 16, 0u);
    EXPECT_TRUE(cols == 0 || row_stride(cols) % 1024 != 0) << cols;
  }
  EXPECT_EQ(row_stride(0), 0u);
  EXPECT_EQ(row_stride(128), 128u);
}

TEST(Matrix, RowsAreAlignedAndPaddingIsZero) {
  for (const std::size_t cols : {1u, 15u, 16u, 17u, 784u}) {
    Matrix m(3, cols);
    for (std::size_t r = 0; r < 3; ++r) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(m.view().row(r).data()) % 64, 0u);
      for (std::size_t c = cols; c < m.stride(); ++c) EXPECT_EQ(m.data()[r * m.stride() + c], 0.0f);
    }
  }
}

TEST(Matrix, TransposeOfTransposeIsItself) {
  expect_equal(transpose(kA), Matrix({{1, 4}, {2, 5}, {3, 6}}));
  Matrix odd(33, 17);
  for (std::size_t r = 0; r < 33; ++r)
    for (std::size_t c = 0; c < 17; ++c) odd(r, c) = static_cast<float>(r * 100 + c);
  expect_equal(transpose(transpose(odd)), odd);
}

TEST(Matrix, ElementWiseOperations) {
  const Matrix b({{10, 20, 30}, {40, 50, 60}});
  expect_equal(kA + b, Matrix({{11, 22, 33}, {44, 55, 66}}));
  expect_equal(b - kA, Matrix({{9, 18, 27}, {36, 45, 54}}));
  expect_equal(hadamard(kA, b), Matrix({{10, 40, 90}, {160, 250, 360}}));
  expect_equal(2.0f * kA, Matrix({{2, 4, 6}, {8, 10, 12}}));
  expect_equal(map(kA, [](float x) { return -x; }), Matrix({{-1, -2, -3}, {-4, -5, -6}}));
  Matrix q = b;
  q /= kA;
  expect_equal(q, Matrix({{10, 10, 10}, {10, 10, 10}}));
}

TEST(Matrix, OneRowOrOneColumnIsRepeated) {
  expect_equal(kA + Matrix({{10, 20, 30}}), Matrix({{11, 22, 33}, {14, 25, 36}}));
  expect_equal(kA - Matrix({{1}, {4}}), Matrix({{0, 1, 2}, {0, 1, 2}}));
  expect_equal(hadamard(kA, Matrix({{2}})), Matrix({{2, 4, 6}, {8, 10, 12}}));
}

TEST(Matrix, OneOfItsOwnRowsIsReadBeforeItChanges) {
  Matrix m = kA;
  m -= m.view().middle_rows(0, 1);
  expect_equal(m, Matrix({{0, 0, 0}, {3, 3, 3}}));
}

TEST(Matrix, ReductionsAlongEitherAxis) {
  expect_equal(sum(kA, Axis::rows), Matrix({{5, 7, 9}}));
  expect_equal(sum(kA, Axis::cols), Matrix({{6}, {15}}));
  EXPECT_EQ(sum(kA), 21.0);
  const Matrix m({{1, 9, 3}, {7, 2, 3}});
  expect_equal(maximum(m, Axis::rows), Matrix({{7, 9, 3}}));
  expect_equal(maximum(m, Axis::cols), Matrix({{9}, {7}}));
  EXPECT_EQ(argmax(m, Axis::rows), (std::vector<std::size_t>{1, 0, 0}));
  EXPECT_EQ(argmax(m, Axis::cols), (std::vector<std::size_t>{1, 0}));
}

TEST(Matrix, MaximumNeverPassesOverNaN) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Matrix m({{1, nan, 9}, {nan, 2, 3}});
  EXPECT_EQ(argmax(m, Axis::cols), (std::vector<std::size_t>{1, 0}));
  EXPECT_TRUE(std::isnan(maximum(m, Axis::cols)(0, 0)));
}

TEST(Matrix, NaNEqualsNothing) {
  const Matrix m({{std::numeric_limits<float>::quiet_NaN()}});
  EXPECT_FALSE(m.view() == m.view());
}

TEST(Matrix, CopyIsIndependentAndMoveKeepsTheMemory) {
  Matrix a = kA;
  a(0, 0) = 100;
  EXPECT_EQ(kA(0, 0), 1.0f);
  const float* data = a.data();
  const Matrix b = std::move(a);
  EXPECT_EQ(b.data(), data);
}

TEST(Matrix, ShapesThatDoNotFitAreRefusedWithBothShapes) {
  const std::string text = refusal(ErrorKind::shape, [] { kA + Matrix(3, 2); });
  EXPECT_NE(text.find("(2, 3)"), std::string::npos) << text;
  EXPECT_NE(text.find("(3, 2)"), std::string::npos) << text;
}

TEST(Matrix, RowsOfUnequalLengthAreRefused) {
  refusal(ErrorKind::shape, [] { Matrix({{1, 2}, {3}}); });
}

TEST(Matrix, ElementOutsideIsRefused) {
  EXPECT_EQ(kA.at(1, 2), 6.0f);
  const std::string text = refusal(ErrorKind::shape, [] { kA.at(2, 0); });
  EXPECT_NE(text.find("(2, 0)"), std::string::npos) << text;
}

TEST(Matrix, MaximumOfNothingIsRefused) {
  refusal(ErrorKind::shape, [] { maximum(Matrix(0, 3), Axis::rows); });
  expect_equal(sum(Matrix(0, 3), Axis::rows), Matrix({{0, 0, 0}}));
}

TEST(Matrix, SizeThatOverflowsIsRefused) {
  refusal(ErrorKind::limit, [] { Matrix(std::numeric_limits<std::size_t>::max() / 8, 16); });
  refusal(ErrorKind::limit, [] { Matrix(1, std::numeric_limits<std::size_t>::max()); });
}

}  // namespace
}  // namespace inkling
