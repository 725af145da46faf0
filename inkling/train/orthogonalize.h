// The nearest matrix with orthonormal rows or columns, roughly: what Muon steps along.
#pragma once

#include "inkling/core/matrix.h"
#include "inkling/kernel/runtime.h"

namespace inkling {

// Five Newton-Schulz iterations X <- a X + (b A + c A A) X with A = X X^T, from X = G / (|G| + 1e-7), on the transpose
// where G has more rows than columns (Jordan et al. 2024, "Muon"): singular values come out between about 0.7 and 1.2.
// The result has G's shape and strides.
Matrix orthogonalize(const Runtime& rt, const Matrix& G);

}  // namespace inkling
