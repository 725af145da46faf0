#include "inkling/train/health.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "inkling/model/backprop.h"

namespace inkling {
namespace {

// A float is finite when its magnitude's bits are below infinity's; the largest of all is found by vectors.
bool all_finite(std::span<const float> values) {
  constexpr std::int32_t kMagnitude = 0x7FFFFFFF, kInfinity = 0x7F800000;
  std::int32_t largest = 0;
  for (const float x : values) largest = std::max(largest, std::bit_cast<std::int32_t>(x) & kMagnitude);
  return largest < kInfinity;
}

// Padding is zero, so a tensor's norm is that of its whole piece of the arena.
std::span<const float> piece(std::span<const float> arena, const Tensor& t) {
  return arena.subspan(t.offset, t.rows * t.stride);
}

double norm(std::span<const float> x) {
  double sum = 0;
  for (const float each : x) sum += static_cast<double>(each) * static_cast<double>(each);
  return std::sqrt(sum);
}

}  // namespace

std::vector<TensorHealth> tensor_health(const Mlp& model, const std::vector<float>& before, const Workspace& ws) {
  std::vector<TensorHealth> all;
  for (const Tensor& t : model.table()) {
    const std::span<const float> now = piece(model.arena(), t), then = piece(before, t);
    double change = 0;
    for (std::size_t i = 0; i < now.size(); ++i) {
      const double d = static_cast<double>(now[i]) - static_cast<double>(then[i]);
      change += d * d;
    }
    const double size = norm(then);
    all.push_back({.name = t.name,
                   .gradient_norm = norm(piece(ws.gradients(), t)),
                   .update_ratio = size > 0 ? std::sqrt(change) / size : 0});
  }
  return all;
}

std::vector<Complaint> complaints(const Runtime& rt, const Mlp& model, const Dataset& data,
                                  const std::vector<TensorHealth>& health, double rate_share, Workspace& ws) {
  constexpr double kVanished = 1e-9;  // guess: below it a step is lost in a float's rounding
  constexpr double kExploded = 0.5;   // guess: half of the tensor is new after one step
  constexpr double kManyDead = 0.1;   // guess
  std::vector<Complaint> found;
  for (const TensorHealth& t : health) {
    if (!t.name.ends_with(".weight")) continue;
    if (t.update_ratio < kVanished * rate_share)
      found.push_back(
          {t.name + " hardly moves", fmt::format("{} hardly moves: last step {:.0e} of its size, gradient norm {:.0e}",
                                                 t.name, t.update_ratio, t.gradient_norm)});
    if (t.update_ratio > kExploded)
      found.push_back(
          {t.name + " leaps", fmt::format("{} leaps: last step {:.0f} % of its size; try a lower learning rate", t.name,
                                          100 * t.update_ratio)});
  }

  const std::size_t images = std::min(ws.max_batch(), data.count());
  forward(rt, model, data.images().middle_rows(0, images), ws);
  for (std::size_t l = 0; l + 1 < model.layer_count(); ++l) {
    if (model.config().activation_of(l) != Activation::relu) continue;
    const ConstMatrixView a = static_cast<const Workspace&>(ws).output(l);
    std::size_t dead = 0;
    for (std::size_t o = 0; o < a.cols; ++o) {
      bool lives = false;
      for (std::size_t b = 0; b < a.rows && !lives; ++b) lives = a(b, o) > 0;
      dead += !lives;
    }
    if (static_cast<double>(dead) >= kManyDead * static_cast<double>(a.cols))
      found.push_back({fmt::format("hidden layer {}: dead units", l + 1),
                       fmt::format("hidden layer {}: {} of {} units are dead, 0 for each of {} images", l + 1, dead,
                                   a.cols, a.rows)});
  }
  return found;
}

std::optional<std::string> first_not_finite(const Mlp& model, const Workspace& ws) {
  for (const Tensor& t : model.table())
    if (!all_finite(piece(model.arena(), t))) return t.name;
  for (const Tensor& t : model.table())
    if (!all_finite(piece(ws.gradients(), t))) return t.name;
  return std::nullopt;
}

}  // namespace inkling
