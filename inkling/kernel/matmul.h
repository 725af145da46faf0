// Matrix products on all threads.
#pragma once

#include "inkling/core/matrix.h"
#include "inkling/kernel/runtime.h"

namespace inkling {

// Computes p, cut into blocks of C for the pool; small ones on the calling thread.
void multiply(const Runtime& rt, const Product& p);

// The products of whole matrices. All throw Error shape with both shapes when the inner sizes differ.
Matrix matmul(const Runtime& rt, const Matrix& a, const Matrix& b);     // A B:    (M, K) (K, N)
Matrix matmul_tn(const Runtime& rt, const Matrix& a, const Matrix& b);  // A^T B:  (K, M) (K, N)
Matrix matmul_nt(const Runtime& rt, const Matrix& a, const Matrix& b);  // A B^T:  (M, K) (N, K)

}  // namespace inkling
