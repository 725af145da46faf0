#include "inkling/model/mlp.h"

#include <fmt/format.h>

#include <algorithm>

#include "inkling/model/init.h"

namespace inkling {
namespace {

Tensor place_behind(const std::vector<Tensor>& table, std::string name, std::size_t rows, std::size_t cols) {
  return {.name = std::move(name), .rows = rows, .cols = cols, .stride = row_stride(cols), .offset = arena_size(table)};
}

}  // namespace

std::vector<Tensor> parameter_table(const Config& config) {
  check(config);
  std::vector<Tensor> table;
  for (std::size_t l = 0; l < config.layer_count(); ++l) {
    const std::size_t module = 2 * l;  // an activation stands between two layers
    table.push_back(place_behind(table, fmt::format("{}.weight", module), config.widths[l], config.widths[l + 1]));
    table.push_back(place_behind(table, fmt::format("{}.bias", module), 1, config.widths[l + 1]));
  }
  if (config.batch_norm)
    for (std::size_t l = 0; l + 1 < config.layer_count(); ++l)
      table.push_back(place_behind(table, fmt::format("{}.scale", 2 * l), 1, config.widths[l + 1]));
  return table;
}

std::size_t arena_size(std::span<const Tensor> table) {
  return table.empty() ? 0 : table.back().offset + table.back().rows * table.back().stride;
}

Mlp::Mlp(Config config)
    : config_(std::move(config)), table_(parameter_table(config_)), parameters_(arena_size(table_)) {
  for (std::size_t p = 0; p < pixel_values_.size(); ++p)
    pixel_values_[p] = static_cast<float>(static_cast<double>(config_.ink) * static_cast<double>(p) / 255.0);
  if (!config_.batch_norm) return;
  const std::size_t hidden = layer_count() - 1;
  statistics_ = AlignedBuffer<float>(place(hidden));
  for (std::size_t l = 0; l < hidden; ++l) {
    std::ranges::fill(scale(l).row(0), 1.0f);
    std::ranges::fill(running_variance(l).row(0), 1.0f);
  }
}

std::size_t Mlp::place(std::size_t hidden) const {
  std::size_t floats = 0;
  for (std::size_t l = 0; l < hidden; ++l) floats += 2 * padded_width(l);
  return floats;
}

Mlp::Mlp(Config config, std::uint64_t seed) : Mlp(std::move(config)) { initialize(*this, seed); }

std::size_t Mlp::parameter_count() const {
  std::size_t count = 0;
  for (const Tensor& t : table_) count += t.size();
  return count;
}

}  // namespace inkling
