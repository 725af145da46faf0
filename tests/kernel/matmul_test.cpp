// Products of matrices through the public functions, against sums in double.
#include "inkling/kernel/matmul.h"

#include <gtest/gtest.h>

#include <cmath>

#include "inkling/core/error.h"
#include "inkling/core/rng.h"

namespace inkling {
namespace {

Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t stream) {
  const Rng rng(21, stream);
  Matrix m(rows, cols);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c) m(r, c) = static_cast<float>(rng.normal(r * cols + c));
  return m;
}

void expect_product(ConstMatrixView actual, const Matrix& a, const Matrix& b) {
  ASSERT_EQ(actual.rows, a.rows());
  ASSERT_EQ(actual.cols, b.cols());
  for (std::size_t m = 0; m < a.rows(); ++m)
    for (std::size_t n = 0; n < b.cols(); ++n) {
      double sum = 0, size = 0;
      for (std::size_t k = 0; k < a.cols(); ++k) {
        const double term = static_cast<double>(a(m, k)) * static_cast<double>(b(k, n));
        sum += term;
        size += std::abs(term);
      }
      // derived: K roundings of at most 2^-24 of the sum of magnitudes (Higham 2002, section 3.1)
      const double tolerance = static_cast<double>(a.cols() + 1) * 0x1p-24 * size;
      ASSERT_TRUE(std::abs(static_cast<double>(actual(m, n)) - sum) <= tolerance) << m << " " << n;
    }
}

TEST(Matmul, IsTheProductOfAnyShape) {
  const Runtime rt({.threads = 2});
  for (const auto& [M, N, K] : {std::tuple<std::size_t, std::size_t, std::size_t>{1, 1, 1},
                                {3, 5, 7},
                                {64, 65, 63},
                                {200, 150, 300},
                                {2, 3, 0}}) {
    const Matrix a = random_matrix(M, K, 1), b = random_matrix(K, N, 2);
    expect_product(matmul(rt, a, b), a, b);
    expect_product(matmul_tn(rt, transpose(a), b), a, b);
    expect_product(matmul_nt(rt, a, transpose(b)), a, b);
  }
}

TEST(Matmul, GivesTheSameBytesOnAnyMachine) {
  const Matrix a = random_matrix(150, 260, 1), b = random_matrix(260, 170, 2);
  const Matrix expected = matmul(Runtime({.threads = 1, .isa = Isa::portable}), a, b);
  for (const Isa isa : available_isas())
    for (const std::size_t threads : {1u, 2u, 5u})
      EXPECT_TRUE(matmul(Runtime({.threads = threads, .isa = isa}), a, b).view() == expected.view())
          << name(isa) << " " << threads;
}

TEST(Matmul, IdentityChangesNothing) {
  const Runtime rt({.threads = 1});
  const Matrix a = random_matrix(9, 9, 1);
  EXPECT_TRUE(matmul(rt, a, identity(9)).view() == a.view());
}

TEST(Matmul, InnerSizesThatDifferAreRefusedWithBothShapes) {
  const Runtime rt({.threads = 1});
  try {
    matmul(rt, Matrix(2, 3), Matrix(4, 5));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::shape);
    EXPECT_NE(std::string(e.what()).find("(2, 3) and (4, 5)"), std::string::npos) << e.what();
  }
  EXPECT_THROW(matmul_tn(rt, Matrix(2, 3), Matrix(3, 5)), Error);
  EXPECT_THROW(matmul_nt(rt, Matrix(2, 3), Matrix(3, 5)), Error);
}

TEST(Runtime, UnknownInstructionSetIsRefusedWithThoseThereAre) {
  try {
    isa_from_name("mmx");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("portable"), std::string::npos);
  }
}

}  // namespace
}  // namespace inkling
