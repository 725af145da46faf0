// What a hidden unit makes of its sum: f(z), with PyTorch's definitions and names.
#pragma once

#include <span>
#include <string_view>

#include "inkling/core/choice.h"

namespace inkling {

enum class Activation {
  linear,       // z
  relu,         // max(0, z)
  leaky_relu,   // z, or 0.01 z below 0 (Maas, Hannun, Ng 2013)
  elu,          // z, or exp(z) - 1 below 0 (Clevert, Unterthiner, Hochreiter 2016)
  selu,         // 1.0507 times (z, or 1.6733 (exp(z) - 1) below 0) (Klambauer et al. 2017)
  gelu,         // z Phi(z), Phi being the normal distribution's (Hendrycks, Gimpel 2016)
  gelu_tanh,    // the same with Phi(z) = (1 + tanh(sqrt(2 / pi) (z + 0.044715 z^3))) / 2
  silu,         // z sigmoid(z)
  mish,         // z tanh(softplus(z)) (Misra 2019)
  sigmoid,      // 1 / (1 + exp(-z))
  tanh,         // tanh(z)
  scaled_tanh,  // 1.7159 tanh(2 z / 3) (LeCun et al. 1998, "Efficient BackProp")
  softplus,     // log(1 + exp(z))
};

inline std::span<const std::string_view> choice_names(Activation) {
  static constexpr std::string_view kNames[] = {"linear", "relu",        "leaky_relu", "elu",  "selu",
                                                "gelu",   "gelu_tanh",   "silu",       "mish", "sigmoid",
                                                "tanh",   "scaled_tanh", "softplus"};
  return kNames;
}

inline constexpr float kLeakySlope = 0.01f;
inline constexpr float kSeluScale = 1.0507009873554805f, kSeluAlpha = 1.6732632423543772f;
inline constexpr float kScaledTanhOut = 1.7159f, kScaledTanhIn = 2.0f / 3;

}  // namespace inkling
