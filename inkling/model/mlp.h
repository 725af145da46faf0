// A fully connected network: a Config and one flat arena of parameters, described by one table.
//
// Initialisation, optimisers, gradient check, saving and loading all loop over the table. A weight matrix stands in the
// arena as (inputs, outputs), one row an input: the first layer then reads only the rows of the pixels that are not
// zero, and every product of the forward pass and of the weight gradient runs along contiguous outputs. Files hold it
// as PyTorch does, (outputs, inputs). Rows start on 64-byte boundaries; the padding behind a row is zero and stays
// zero.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "inkling/core/aligned.h"
#include "inkling/core/view.h"
#include "inkling/model/config.h"

namespace inkling {

// One entry of the table: where a tensor lies in the arena.
struct Tensor {
  std::string
      name;  // as in PyTorch's nn.Sequential with an activation between layers: "0.weight", "0.bias", "2.weight"
  std::size_t rows;    // inputs of a weight matrix, 1 for a bias
  std::size_t cols;    // outputs
  std::size_t stride;  // floats from one row to the next, a multiple of 16
  std::size_t offset;  // floats from the arena's start, a multiple of 16

  bool is_weight() const { return name.ends_with(".weight"); }
  bool operator==(const Tensor&) const = default;
  std::size_t size() const { return rows * cols; }
};

// The table of a configuration: layer by layer, weight before bias; then, with batch normalisation, the scales of the
// hidden layers ("0.scale", "2.scale", ...), whose biases are what normalisation adds. Throws Error as check(config)
// does.
std::vector<Tensor> parameter_table(const Config& config);
// Floats of the arena that the table describes, padding included.
std::size_t arena_size(std::span<const Tensor> table);

// Copyable and movable. Const member functions are safe from many threads.
class Mlp {
 public:
  // All parameters zero, but scales 1. Throws Error as check(config) does.
  explicit Mlp(Config config);
  // Weights drawn as initialize() does, biases zero.
  Mlp(Config config, std::uint64_t seed);

  const Config& config() const { return config_; }
  // Weight and bias of layer l at 2l and 2l + 1, scales behind them.
  std::span<const Tensor> table() const { return table_; }
  std::size_t layer_count() const { return config_.layer_count(); }
  std::size_t parameter_count() const;  // without padding

  // What a pixel of 1 is worth, ink / 255, and what each pixel value is: (256) floats, ink * p / 255.
  float pixel_worth() const { return pixel_values_[1]; }
  const float* pixel_values() const { return pixel_values_.data(); }

  std::span<float> arena() { return {parameters_.data(), parameters_.size()}; }
  std::span<const float> arena() const { return {parameters_.data(), parameters_.size()}; }

  // A tensor as a matrix: (inputs, outputs) for a weight, (1, outputs) for a bias.
  MatrixView tensor(const Tensor& t) { return {parameters_.data() + t.offset, t.rows, t.cols, t.stride}; }
  ConstMatrixView tensor(const Tensor& t) const { return {parameters_.data() + t.offset, t.rows, t.cols, t.stride}; }
  MatrixView weight(std::size_t layer) { return tensor(table_[2 * layer]); }
  ConstMatrixView weight(std::size_t layer) const { return tensor(table_[2 * layer]); }
  MatrixView bias(std::size_t layer) { return tensor(table_[2 * layer + 1]); }
  ConstMatrixView bias(std::size_t layer) const { return tensor(table_[2 * layer + 1]); }
  MatrixView scale(std::size_t hidden) { return tensor(table_[2 * layer_count() + hidden]); }
  ConstMatrixView scale(std::size_t hidden) const { return tensor(table_[2 * layer_count() + hidden]); }

  // What batch normalisation has seen of the hidden layers' sums, an average that forgets: not trained, and used where
  // there is no batch. Means and variances of hidden layer l are (1, widths[l + 1]); all of them in one arena.
  std::span<float> statistics() { return {statistics_.data(), statistics_.size()}; }
  std::span<const float> statistics() const { return {statistics_.data(), statistics_.size()}; }
  MatrixView running_mean(std::size_t hidden) { return {statistics_.data() + place(hidden), 1, width(hidden)}; }
  MatrixView running_variance(std::size_t hidden) {
    return {statistics_.data() + place(hidden) + padded_width(hidden), 1, width(hidden)};
  }
  ConstMatrixView running_mean(std::size_t hidden) const {
    return {statistics_.data() + place(hidden), 1, width(hidden)};
  }
  ConstMatrixView running_variance(std::size_t hidden) const {
    return {statistics_.data() + place(hidden) + padded_width(hidden), 1, width(hidden)};
  }

 private:
  std::size_t width(std::size_t hidden) const { return config_.widths[hidden + 1]; }
  std::size_t padded_width(std::size_t hidden) const { return table_[2 * hidden + 1].stride; }
  std::size_t place(std::size_t hidden) const;  // of a hidden layer's means in statistics_

  Config config_;
  std::vector<Tensor> table_;
  std::array<float, 256> pixel_values_;
  AlignedBuffer<float> parameters_;
  AlignedBuffer<float> statistics_;
};

}  // namespace inkling
