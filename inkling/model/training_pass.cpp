#include "inkling/model/training_pass.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "inkling/core/elementary.h"
#include "inkling/core/error.h"
#include "inkling/core/rng.h"

namespace inkling {
namespace {

constexpr std::size_t kUnitsABlock = 8;  // derived: 128 random bits, 16 a unit

// A unit is dropped when its 16 bits are below this; not all of them are, for 1 / (1 - share) must be a number.
std::uint32_t threshold(float share) {
  return static_cast<std::uint32_t>(std::min(std::lround(static_cast<double>(share) * 65536.0), 65535l));
}

Rng mask_rng(const TrainingPass& pass, std::size_t layer) { return {pass.seed, streams::kDropout + layer}; }

std::uint64_t first_block(const TrainingPass& pass, std::size_t b, std::size_t width) {
  return (pass.step << 32) + b * ((width + kUnitsABlock - 1) / kUnitsABlock);
}

std::uint32_t bits_of(const std::array<std::uint32_t, 4>& block, std::size_t unit) {
  return (block[unit / 2] >> (16 * (unit % 2))) & 0xFFFF;
}

// f(unit, kept) for the units of one row.
template <typename F>
void for_mask(float share, const TrainingPass& pass, std::size_t layer, std::size_t b, std::size_t width, const F& f) {
  const Rng rng = mask_rng(pass, layer);
  const std::uint32_t limit = threshold(share);
  const std::uint64_t first = first_block(pass, b, width);
  for (std::size_t o = 0; o < width; o += kUnitsABlock) {
    const auto block = rng.block(first + o / kUnitsABlock);
    const std::size_t units = std::min(kUnitsABlock, width - o);
    for (std::size_t u = 0; u < units; ++u) f(o + u, bits_of(block, u) >= limit);
  }
}

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
  const auto block = mask_rng(pass, layer).block(first_block(pass, b, width) + o / kUnitsABlock);
  return bits_of(block, o % kUnitsABlock) >= threshold(share);
}

void drop_out(const Runtime& rt, float share, const TrainingPass& pass, std::size_t layer, MatrixView a,
              MatrixView slope) {
  const auto scale = static_cast<float>(1 / (1 - dropped_share(share)));
  rt.pool().run(a.rows, [&](std::size_t b) noexcept {
    float* out = a.data + b * a.stride;
    float* slopes = slope.data == nullptr ? nullptr : slope.data + b * slope.stride;
    for_mask(share, pass, layer, b, a.cols, [&](std::size_t o, bool kept) {
      const float factor = kept ? scale : 0.0f;
      out[o] *= factor;
      if (slopes != nullptr) slopes[o] *= factor;
    });
  });
}

FirstInput noisy_input(const Runtime& rt, const Mlp& model, PixelView images, Workspace& ws, const TrainingPass& pass) {
  const Config& config = model.config();
  const float* values = model.pixel_values();
  const std::size_t I = images.cols;
  const bool mixed = !pass.partners.empty() && pass.lambda != 1;
  const float scale = config.dropout_input > 0 ? static_cast<float>(1 / (1 - dropped_share(config.dropout_input))) : 1;

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
        for_mask(config.dropout_input, pass, 0, b, I,
                 [&](std::size_t i, bool kept) { row[i] = kept ? row[i] * scale : 0.0f; });
    });
    return {.pixels = images, .values = values, .sparse = false, .floats = x};
  }
  if (config.dropout_input == 0) return {.pixels = images, .values = values};

  // A dropped pixel is a background pixel, so the first layer may skip it.
  const std::span<std::uint8_t> own = ws.own_pixels(I);
  for (std::size_t p = 0; p < ws.own_values.size(); ++p) ws.own_values[p] = values[p] * scale;
  rt.pool().run(images.rows, [&](std::size_t b) noexcept {
    const std::span<const std::uint8_t> pixels = images.row(b);
    std::uint8_t* out = own.data() + b * I;
    for_mask(config.dropout_input, pass, 0, b, I,
             [&](std::size_t i, bool kept) { out[i] = kept ? pixels[i] : std::uint8_t{0}; });
  });
  return {.pixels = {own.data(), images.rows, I}, .values = ws.own_values.data()};
}

}  // namespace inkling
