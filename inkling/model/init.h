// How weights begin.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "inkling/core/choice.h"
#include "inkling/model/mlp.h"

namespace inkling {

// Of a weight matrix with I inputs and O outputs. Uniform ones have the same variance as their normal namesakes.
enum class Init {
  automatic,       // the right one for the activation behind it: he_normal for relu and its kin, lecun_normal for selu,
                   // xavier_normal for the rest
  he_normal,       // variance 2 / I (He, Zhang, Ren, Sun 2015)
  he_uniform,      //
  xavier_normal,   // variance 2 / (I + O) (Glorot, Bengio 2010)
  xavier_uniform,  //
  lecun_normal,    // variance 1 / I (LeCun, Bottou, Orr, Mueller 1998)
  lecun_uniform,   //
  orthogonal,      // columns (or rows, where they are fewer) orthonormal, times sqrt 2 for relu and its kin
                   // (Saxe, McClelland, Ganguli 2014)
  normal,          // standard deviation `scale`
  uniform,         // in [-scale, scale)
};

inline std::span<const std::string_view> choice_names(Init) {
  static constexpr std::string_view kNames[] = {"auto",           "he_normal",    "he_uniform",    "xavier_normal",
                                                "xavier_uniform", "lecun_normal", "lecun_uniform", "orthogonal",
                                                "normal",         "uniform"};
  return kNames;
}

struct InitOptions {
  Init kind = Init::automatic;
  float scale = 0.05f;  // of normal and uniform

  bool operator==(const InitOptions&) const = default;
};

// What `automatic` stands for in layer l; in the last, that of the last hidden layer.
Init init_of(const Config& config, std::size_t layer);

// Weights as above, biases 0, scales of batch normalisation 1. A function of the seed, the options and the
// configuration alone. Throws Error config: a scale that is not a finite number above 0.
void initialize(Mlp& model, std::uint64_t seed, const InitOptions& options = {});

}  // namespace inkling
