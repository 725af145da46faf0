// How often numbers fall where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "inkling/core/view.h"

namespace inkling {

struct Histogram {
  double low = 0, high = 0;           // of all bins, which are of equal width
  std::vector<std::uint64_t> counts;  // a number on the edge of two bins counts in the upper one
  std::uint64_t count = 0;            // of numbers, those that are not finite left out
  std::uint64_t zeros = 0;            // of them exactly 0
  std::uint64_t not_finite = 0;
  double mean = 0, deviation = 0;  // of the finite ones: the mean, and the root of the mean square distance from it
};

// From the least to the largest finite number; around a single value, half to each side. Throws Error config: no bins.
Histogram histogram(ConstMatrixView numbers, std::size_t bins);

}  // namespace inkling
