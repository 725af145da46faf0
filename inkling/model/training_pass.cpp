#include "inkling/model/training_pass.h"

#include <algorithm>
#include <cmath>

#include "inkling/core/elementary.h"
#include "inkling/core/error.h"
#include "inkling/core/rng.h"
#include "inkling/kernel/reference.h"

namespace inkling {
namespace {

// A unit is dropped when its 16 bits are below this; not all of them are, for 1 / (1 - share) must be a number.
std::uint32_t threshold(float share) {
  return static_cast<std::uint32_t>(std::min(std::lround(static_cast<double>(share) * 65536.0), 65535l));
}

Mask mask_of(float share, const TrainingPass& pass, std::size_t layer, std::size_t b, std::size_t width) {
  return {.seed = pass.seed,
          .stream = streams::kDropout + layer,
          .first = (pass.step << 32) + b * ((width + kMaskUnits - 1) / kMaskUnits),
          .limit = threshold(share)};
}

float scale_of(float share) { return static_cast<float>(1 / (1 - dropped_share(share))); }

// A draw from Gamma(shape, 1): Marsaglia and Tsang 2000, "A simple method for generating gamma variables"; below 1 by
// their section 6. Draws from rng at index, index + 1, ... and leaves index behind the last.
double gamma_variate(double shape, const Rng& rng, std::uint64_t& index) {
  if (shape < 1) {
    const double u = 1 - rng.uniform(index++);  // in (0, 1]
    return gamma_variate(shape + 1, rng, index) * portable_exp(portable_log(u) / shape);
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = rng.normal(index++);
    const double root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    const double u = 1 - rng.uniform(index++);
    if (portable_log(u) < 0.5 * x * x + d - d * v + d * portable_log(v)) return d * v;
  }
}

}  // namespace

void draw_mixing(float alpha, std::uint64_t seed, std::uint64_t step, std::span<const std::uint8_t> labels,
                 Mixing& mixing) {
  const Rng rng(seed, streams::kMixup);
  std::uint64_t index = step << 32;
  const double a = gamma_variate(static_cast<double>(alpha), rng, index);
  const double b = gamma_variate(static_cast<double>(alpha), rng, index);
  mixing.lambda = a + b > 0 ? static_cast<float>(a / (a + b)) : 1.0f;
  shuffled_indices(labels.size(), Rng(seed, streams::kMixup + 1 + step), mixing.partners);
  mixing.partner_labels.resize(labels.size());
  for (std::size_t j = 0; j < labels.size(); ++j) mixing.partner_labels[j] = labels[mixing.partners[j]];
}

double dropped_share(float share) { return threshold(share) / 65536.0; }

bool is_kept(float share, const TrainingPass& pass, std::size_t layer, std::size_t b, std::size_t o,
             std::size_t width) {
  return reference::is_kept(mask_of(share, pass, layer, b, width), o);
}

void drop_out(const Runtime& rt, float share, const TrainingPass& pass, std::size_t layer, MatrixView a,
              MatrixView slope) {
  const float scale = scale_of(share);
  rt.pool().run(a.rows, [&](std::size_t b) noexcept {
    float* slopes = slope.data == nullptr ? nullptr : slope.data + b * slope.stride;
    rt.kernels().drop_units(mask_of(share, pass, layer, b, a.cols), scale, a.data + b * a.stride, slopes, a.cols);
  });
}

FirstInput noisy_input(const Runtime& rt, const Mlp& model, PixelView images, Workspace& ws, const TrainingPass& pass) {
  const Config& config = model.config();
  const float* values = model.pixel_values();
  const std::size_t I = images.cols;
  const bool mixed = !pass.partners.empty() && pass.lambda != 1;
  const float scale = scale_of(config.dropout_input);

  if (mixed || config.input_noise > 0) {
    const MatrixView x = ws.float_inputs(I);
    const Rng noise(pass.seed, streams::kInputNoise);
    const float deviation = config.ink * config.input_noise;
    rt.pool().run(images.rows, [&](std::size_t b) noexcept {
      const std::span<const std::uint8_t> pixels = images.row(b);
      const std::span<const std::uint8_t> partner = images.row(mixed ? pass.partners[b] : b);
      const std::span<float> row = x.row(b);
      for (std::size_t i = 0; i < I; ++i) {
        row[i] = values[pixels[i]];
        if (mixed) row[i] = pass.lambda * row[i] + (1 - pass.lambda) * values[partner[i]];
        if (deviation > 0) row[i] += deviation * static_cast<float>(noise.normal((pass.step << 32) + b * I + i));
      }
      if (config.dropout_input > 0)
        rt.kernels().drop_inputs(mask_of(config.dropout_input, pass, 0, b, I), scale, row.data(), I);
    });
    return {.pixels = images, .worth = model.pixel_worth(), .floats = x};
  }
  if (config.dropout_input == 0) return {.pixels = images, .worth = model.pixel_worth()};

  // A dropped pixel is a background pixel.
  const std::span<std::uint8_t> own = ws.own_pixels(I);
  rt.pool().run(images.rows, [&](std::size_t b) noexcept {
    rt.kernels().drop_pixels(mask_of(config.dropout_input, pass, 0, b, I), images.row(b).data(), own.data() + b * I, I);
  });
  return {.pixels = {own.data(), images.rows, I}, .worth = model.pixel_worth() * scale};
}

}  // namespace inkling
