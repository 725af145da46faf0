// The products of one layer, each on its own, as training does them: what a benchmark times.
//
// B images, I inputs and O outputs. The sparse ones read pixels and skip those that are zero; they are counted as if
// they did not, so their operations a second can exceed the machine's.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "inkling/core/choice.h"
#include "inkling/core/matrix.h"
#include "inkling/data/dataset.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/model/workspace.h"

namespace inkling {

enum class LayerProductKind {
  forward,                 // max(0, x W + b)
  forward_sparse,          // the same from pixels
  weight_gradient,         // x^T dz
  weight_gradient_sparse,  // the same from pixels
  input_gradient,          // dz W^T where x > 0
};

inline std::span<const std::string_view> choice_names(LayerProductKind) {
  static constexpr std::string_view kNames[] = {"forward", "forward_sparse", "weight_gradient",
                                                "weight_gradient_sparse", "input_gradient"};
  return kNames;
}

struct LayerShape {
  std::size_t images = 0, inputs = 0, outputs = 0;

  double flops() const { return 2.0 * static_cast<double>(images) * static_cast<double>(inputs * outputs); }
};

// The operands of one product, filled once. The sparse kinds take their pixels from `data`, whose images must be as
// large as the shape's inputs (Error shape); the first ones are repeated where they are not enough.
class LayerProduct {
 public:
  LayerProduct(LayerProductKind kind, const LayerShape& shape, const Dataset& data);

  void run(const Runtime& rt);

 private:
  LayerProductKind kind_;
  Matrix x_;                          // (B, I)
  Matrix W_;                          // (I, O), as its gradient
  Matrix b_;                          // (1, O)
  Matrix dz_;                         // (B, O), as the output
  Matrix result_;                     // of the product
  std::vector<std::uint8_t> pixels_;  // (B, I)
  std::optional<Mlp> layer_;          // of the sparse kinds
  InkCache ink_;
};

}  // namespace inkling
