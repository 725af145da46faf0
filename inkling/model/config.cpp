#include "inkling/model/config.h"

#include <fmt/ranges.h>

#include <cmath>

#include "inkling/core/aligned.h"
#include "inkling/core/error.h"

namespace inkling {
namespace {

void check_above_0(float value, std::string_view what) {
  if (!(value > 0) || !std::isfinite(value))
    fail(ErrorKind::config, "{} {}; expected a finite number above 0", what, value);
}

void check_share(float value, std::string_view what) {
  if (!(value >= 0 && value < 1)) fail(ErrorKind::config, "{} {}; expected a number from 0 to below 1", what, value);
}

}  // namespace

std::string describe(const Config& config) { return fmt::format("{}", fmt::join(config.widths, "-")); }

std::string describe_activations(const Config& config) {
  if (config.activations.empty()) return std::string(name(config.activation));
  std::string text;
  for (const Activation each : config.activations) text += fmt::format("{}{}", text.empty() ? "" : ", ", name(each));
  return text;
}

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
  if (!config.activations.empty() && config.activations.size() != config.layer_count() - 1)
    fail(ErrorKind::config, "{} activations for {}, which has {} hidden layers; give one, or one for each",
         config.activations.size(), describe(config), config.layer_count() - 1);
  check_above_0(config.ink, "ink");
  check_above_0(config.temperature, "temperature");
  check_share(config.dropout_input, "dropout of inputs");
  check_share(config.dropout, "dropout");
  if (!(config.input_noise >= 0) || !std::isfinite(config.input_noise))
    fail(ErrorKind::config, "input noise {}; expected a finite number, 0 or above", config.input_noise);
  std::size_t parameters = 0;  // no overflow: each term is below 2^41, and there are at most 64
  for (std::size_t l = 0; l + 1 < config.widths.size(); ++l)
    parameters += (config.widths[l] + 2) * round_up(config.widths[l + 1], kAlignment / sizeof(float));
  if (parameters > kMaxParameters)
    fail(ErrorKind::limit, "{} has {} parameters (rows padded), more than the {} that are allowed", describe(config),
         parameters, kMaxParameters);
}

}  // namespace inkling
