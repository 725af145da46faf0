// What keeps weights small: L2 and L1 penalties as part of the gradient, and a bound on each unit's incoming weights.
//
// All of them act on weight matrices alone, not on biases or scales.
#pragma once

#include <cstddef>
#include <span>

#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/model/workspace.h"

namespace inkling {

struct PenaltyOptions {
  float l2 = 0;        // the loss grows by l2 / 2 |W|^2, the gradient by l2 W
  float l1 = 0;        // the loss grows by l1 sum |W|, the gradient by l1 sign(W)
  float max_norm = 0;  // the norm of a unit's incoming weights after each step (Srivastava et al. 2014); 0: no bound

  bool operator==(const PenaltyOptions&) const = default;
};

// Throws Error config: a number that is negative or not finite.
void check(const PenaltyOptions& options);

// The penalty on the loss.
double penalty(const Runtime& rt, const Mlp& model, const PenaltyOptions& options);
// Adds the penalty's gradient to ws's.
void add_penalty_gradient(const Runtime& rt, const Mlp& model, const PenaltyOptions& options, Workspace& ws);
// Shrinks each column of each weight matrix whose norm is above the bound to the bound, up to a rounding; the others
// keep their bytes, and a bound of 0 is none.
void bound_norms(const Runtime& rt, Mlp& model, float max_norm);

// The sum of squares of x, and of the products of x and y, which are as long: in double and in one fixed order on any
// number of threads.
double sum_of_squares(const Runtime& rt, std::span<const float> x);
double dot(const Runtime& rt, std::span<const float> x, std::span<const float> y);

}  // namespace inkling
