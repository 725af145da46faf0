#include "inkling/model/config.h"

#include <fmt/ranges.h>

#include <cmath>

#include "inkling/core/aligned.h"
#include "inkling/core/error.h"

namespace inkling {

std::string_view name(Activation activation) {
  switch (activation) {
    case Activation::relu: return "relu";
  }
  return "unknown";
}

Activation activation_from_name(std::string_view text) {
  if (text == "relu") return Activation::relu;
  fail(ErrorKind::config, "activation '{}' is not known; known: relu", text);
}

std::string describe(const Config& config) { return fmt::format("{}", fmt::join(config.widths, "-")); }

void check(const Config& config) {
  if (config.widths.size() < 2)
    fail(ErrorKind::config, "a network needs at least two widths, inputs and outputs; {} given", config.widths.size());
  if (config.layer_count() > kMaxLayers)
    fail(ErrorKind::limit, "{} layers, more than the {} that are allowed", config.layer_count(), kMaxLayers);
  for (std::size_t l = 0; l < config.widths.size(); ++l) {
    if (config.widths[l] == 0)
      fail(ErrorKind::config, "width {} of {} is 0; every layer needs a unit", l + 1, config.widths.size());
    if (config.widths[l] > kMaxWidth)
      fail(ErrorKind::limit, "width {} is {}, more than the {} that are allowed", l + 1, config.widths[l], kMaxWidth);
  }
  if (!(config.ink > 0) || !std::isfinite(config.ink))
    fail(ErrorKind::config, "ink {}; expected a finite number above 0", config.ink);
  std::size_t parameters = 0;  // no overflow: each term is below 2^41, and there are at most 64
  for (std::size_t l = 0; l + 1 < config.widths.size(); ++l)
    parameters += (config.widths[l] + 1) * round_up(config.widths[l + 1], kAlignment / sizeof(float));
  if (parameters > kMaxParameters)
    fail(ErrorKind::limit, "{} has {} parameters (rows padded), more than the {} that are allowed", describe(config),
         parameters, kMaxParameters);
}

}  // namespace inkling
