// What a network is, before it has weights: its widths and options.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/core/choice.h"
#include "inkling/kernel/activation.h"

namespace inkling {

// What the last layer's sums, the logits, stand for.
enum class Output {
  softmax,  // one class of several: p = softmax(z)
  sigmoid,  // each class on its own: s = sigmoid(z)
  linear,   // the targets themselves: z
};

inline std::span<const std::string_view> choice_names(Output) {
  static constexpr std::string_view kNames[] = {"softmax", "sigmoid", "linear"};
  return kNames;
}

// Limits on what a file or a command line may ask for.
inline constexpr std::size_t kMaxLayers = 64;            // guess: far above any dense net that learns
inline constexpr std::size_t kMaxWidth = 1u << 20;       // guess: a megapixel image in
inline constexpr std::size_t kMaxParameters = 1u << 28;  // guess: 1 GiB of weights

// Batch normalisation divides by sqrt(variance + this): PyTorch's.
inline constexpr float kNormEpsilon = 1e-5f;

struct Config {
  std::vector<std::size_t> widths;           // inputs, hidden layers, outputs: {784, 128, 10}
  Activation activation = Activation::relu;  // of every hidden layer; the outputs are logits
  std::vector<Activation> activations{};     // one for each hidden layer, where they differ; empty: all `activation`
  Output output = Output::softmax;

  // What a pixel of 255 is worth to the network: x = ink * p / 255, and background stays 0, so that it can be skipped.
  // derived: He's initialisation wants inputs of mean square 1, and with 3 MNIST's is 1.01. Measured on 10,000 held-out
  // training images (784-128-10, SGD 0.1, 20 epochs, mean of 5 seeds): 97.74 % with 3, 97.43 % with 1.
  float ink = 3.0f;

  // What the logits are divided by before they become probabilities (Guo et al. 2017); 1 while training.
  float temperature = 1.0f;

  // Batch normalisation of every hidden layer's sums (Ioffe, Szegedy 2015), which then have a scale beside the bias.
  bool batch_norm = false;

  // Of training passes only (see TrainingPass): an inference pass knows nothing of them, and model files neither.
  float dropout_input = 0;  // share of pixels set to 0 (Srivastava et al. 2014); the rest are worth 1 / (1 - share)
  float dropout = 0;        // the same of every hidden layer's outputs
  float input_noise = 0;    // standard deviation of what is added to each pixel, which is worth up to 1

  std::size_t layer_count() const { return widths.size() - 1; }  // weight matrices
  std::size_t inputs() const { return widths.front(); }
  std::size_t outputs() const { return widths.back(); }
  Activation activation_of(std::size_t hidden_layer) const {
    return activations.empty() ? activation : activations[hidden_layer];
  }
  bool operator==(const Config&) const = default;
};

// "784-128-10".
std::string describe(const Config& config);
// "relu", or "tanh, relu" where the hidden layers differ.
std::string describe_activations(const Config& config);

// Throws Error: config (fewer than two widths, a width of 0, a number out of its range, as many activations as there
// are not hidden layers), limit (more than the limits above).
void check(const Config& config);

}  // namespace inkling
