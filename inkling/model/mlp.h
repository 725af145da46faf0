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
  std::size_t size() const { return rows * cols; }
};

// The table of a configuration: layer by layer, weight before bias. Throws Error as check(config) does.
std::vector<Tensor> parameter_table(const Config& config);
// Floats of the arena that the table describes, padding included.
std::size_t arena_size(std::span<const Tensor> table);

// Copyable and movable. Const member functions are safe from many threads.
class Mlp {
 public:
  // All parameters zero. Throws Error as check(config) does.
  explicit Mlp(Config config);
  // Weights drawn as initialize() does, biases zero.
  Mlp(Config config, std::uint64_t seed);

  const Config& config() const { return config_; }
  std::span<const Tensor> table() const {
    return table_;
  }  // (2 * layer_count): weight and bias of layer l at 2l, 2l + 1
  std::size_t layer_count() const { return config_.layer_count(); }
  std::size_t parameter_count() const;  // without padding

  // What each pixel value is worth: (256) floats, ink * p / 255.
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

 private:
  Config config_;
  std::vector<Tensor> table_;
  std::array<float, 256> pixel_values_;
  AlignedBuffer<float> parameters_;
};

}  // namespace inkling
