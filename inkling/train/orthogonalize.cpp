#include "inkling/train/orthogonalize.h"

#include <cmath>

#include "inkling/kernel/matmul.h"
#include "inkling/model/penalty.h"

namespace inkling {

Matrix orthogonalize(const Runtime& rt, const Matrix& G) {
  constexpr float a = 3.4445f, b = -4.7750f, c = 2.0315f;  // Jordan's: steep at 0, and near 1 soon
  constexpr int kIterations = 5;
  const bool tall = G.rows() > G.cols();
  const std::size_t floats = G.rows() * G.stride();  // the padding is zero
  const double norm = std::sqrt(sum_of_squares(rt, {G.data(), floats}));
  Matrix X = G;
  X *= static_cast<float>(1 / (norm + 1e-7));
  for (int k = 0; k < kIterations; ++k) {
    // With X^T in X's place, (p(A) X)^T is X p(A): nothing is transposed in memory.
    Matrix A = tall ? matmul_tn(rt, X, X) : matmul_nt(rt, X, X);
    Matrix polynomial = matmul(rt, A, A);
    rt.kernels().blend(polynomial.data(), A.data(), A.rows() * A.stride(), c, b);
    const Matrix change = tall ? matmul(rt, X, polynomial) : matmul(rt, polynomial, X);
    rt.kernels().blend(X.data(), change.data(), floats, a, 1);
  }
  return X;
}

}  // namespace inkling
