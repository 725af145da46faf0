// Principal components: the directions in which points lie furthest apart (Pearson 1901, Hotelling 1933).
//
// The largest eigenvectors of the covariance matrix, which is never formed: subspace iteration on the points themselves
// with Rayleigh and Ritz's step (Golub, Van Loan 2013, "Matrix Computations", section 8.2.4), in double precision. The
// sign of a component is chosen so that its largest part is positive; the same bytes on every machine. Refused: fewer
// than two points, fewer dimensions than components, numbers that are not finite.
#pragma once

#include <cstddef>
#include <vector>

#include "inkling/core/view.h"

namespace inkling {

struct PrincipalComponents {
  std::vector<double> mean;        // (D)
  std::vector<double> components;  // (K, D), of length 1, the first with the largest variance
  std::vector<double> variances;   // (K): of the points along each, divided by N - 1
  double total_variance = 0;       // along all directions
  std::vector<double> projected;   // (N, K): the points less their mean, along each
};

// Of N points (N, D). Throws Error: shape, numeric.
PrincipalComponents principal_components(ConstMatrixView points, std::size_t count = 2);

}  // namespace inkling
