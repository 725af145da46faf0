#include "inkling/inspect/histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "inkling/core/error.h"

namespace inkling {

Histogram histogram(ConstMatrixView numbers, std::size_t bins) {
  if (bins == 0) fail(ErrorKind::config, "a histogram of 0 bins; at least 1 is needed");
  Histogram h;
  h.counts.assign(bins, 0);
  double low = std::numeric_limits<double>::infinity(), high = -low, sum = 0, squares = 0;
  for (std::size_t r = 0; r < numbers.rows; ++r)
    for (const float number : numbers.row(r)) {
      if (!std::isfinite(number)) {
        ++h.not_finite;
        continue;
      }
      const auto x = static_cast<double>(number);
      low = std::min(low, x);
      high = std::max(high, x);
      sum += x;
      squares += x * x;
      ++h.count;
      h.zeros += number == 0;
    }
  if (h.count == 0) return h;
  const auto n = static_cast<double>(h.count);
  h.mean = sum / n;
  h.deviation = std::sqrt(std::max(squares / n - h.mean * h.mean, 0.0));
  if (low == high) {
    const double half = low == 0 ? 0.5 : std::abs(low) / 2;
    low -= half;
    high += half;
  }
  h.low = low;
  h.high = high;
  for (std::size_t r = 0; r < numbers.rows; ++r)
    for (const float number : numbers.row(r)) {
      if (!std::isfinite(number)) continue;
      const double place = (static_cast<double>(number) - low) / (high - low) * static_cast<double>(bins);
      ++h.counts[std::min(static_cast<std::size_t>(place), bins - 1)];
    }
  return h;
}

}  // namespace inkling
