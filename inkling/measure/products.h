// The products of one layer, each on its own, as training does them: what a benchmark times.
//
// B images, I inputs and O outputs. The first layer's read pixels, which are 8-bit integers; their operations are
// counted as if they were floats, so that they can exceed the machine's peak.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "inkling/core/choice.h"
#include "inkling/core/matrix.h"
#include "inkling/data/dataset.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/first_layer.h"

namespace inkling {

enum class LayerProductKind {
  forward,                 // max(0, x W + b)
  forward_pixels,          // the same from pixels
  weight_gradient,         // x^T dz
  weight_gradient_pixels,  // the same from pixels
  input_gradient,          // dz W^T where x > 0
};

inline std::span<const std::string_view> choice_names(LayerProductKind) {
  static constexpr std::string_view kNames[] = {"forward", "forward_pixels", "weight_gradient",
                                                "weight_gradient_pixels", "input_gradient"};
  return kNames;
}

struct LayerShape {
  std::size_t images = 0, inputs = 0, outputs = 0;

  double flops() const { return 2.0 * static_cast<double>(images) * static_cast<double>(inputs * outputs); }
};

// The operands of one product, filled once. Those that read pixels take their pixels from `data`, whose images must be
// as large as the shape's inputs (Error shape); the first ones are repeated where they are not enough.
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
  FirstLayer first_{kFixedBits};
};

}  // namespace inkling
