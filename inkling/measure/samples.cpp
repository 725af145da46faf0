#include "inkling/measure/samples.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace inkling {

double quantile(std::vector<double> samples, double q) {
  if (samples.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double rank = std::ceil(q * static_cast<double>(samples.size())) - 1;
  const auto at = samples.begin() + static_cast<std::ptrdiff_t>(std::max(0.0, rank));
  std::nth_element(samples.begin(), at, samples.end());
  return *at;
}

double median(const std::vector<double>& samples) { return quantile(samples, 0.5); }

}  // namespace inkling
