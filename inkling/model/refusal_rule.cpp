#include "inkling/model/refusal_rule.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>

#include "inkling/core/error.h"

namespace inkling {
namespace {

void check_numbers(std::span<const float> numbers, std::size_t expected, std::string_view what) {
  if (numbers.size() != expected)
    fail(ErrorKind::shape, "refusal: {} numbers of {}; this network has {}", numbers.size(), what, expected);
  const auto bad = std::ranges::find_if(numbers, [](float x) { return !std::isfinite(x); });
  if (bad != numbers.end())
    fail(ErrorKind::numeric, "refusal: {} holds {} at index {}; expected finite numbers", what, *bad,
         bad - numbers.begin());
}

}  // namespace

void check(const RefusalRule& rule, const Config& config) {
  const std::size_t H = last_width(config), C = config.outputs();
  if (!(rule.rate > 0 && rule.rate < 1))
    fail(ErrorKind::config, "refusal: a rate of {}; expected a share between 0 and 1", rule.rate);
  if (!(rule.least_probability >= 0 && rule.least_probability <= 1))
    fail(ErrorKind::config, "refusal: a least probability of {}; expected one from 0 to 1", rule.least_probability);
  if (rule.has_distance()) {
    if (config.layer_count() < 2)
      fail(ErrorKind::shape, "refusal: class centres, and {} has no hidden layer", describe(config));
    check_numbers(rule.centers, C * H, "class centres");
    check_numbers(rule.whitening, H > kMaxCovarianceWidth ? H : H * H, "the whitening");
    if (!(rule.most_distance > 0) || !std::isfinite(rule.most_distance))
      fail(ErrorKind::config, "refusal: a largest distance of {}; expected a finite number above 0",
           rule.most_distance);
  } else if (!rule.whitening.empty()) {
    fail(ErrorKind::shape, "refusal: a whitening without class centres");
  }
  if (rule.has_none()) check_numbers(rule.none_weight, H, "the none unit");
  if (!std::isfinite(rule.none_bias))
    fail(ErrorKind::numeric, "refusal: the none unit's bias is {}; expected a finite number", rule.none_bias);
}

}  // namespace inkling
