// The executable specification: forward pass and loss of a network, one scalar at a time, on any number type.
//
// Written to be read beside docs/numerics.md, not to be fast. On double it is what the kernels are held against. On
// std::complex<double>, with one parameter moved by i h, the imaginary part of the loss over h is that parameter's
// derivative with no cancellation, so h may be 1e-50 (Squire and Trapp 1998, "Using complex variables to estimate
// derivatives of real functions"). Comparisons look at the real part, which is what makes that hold at ReLU's two sides
// and for the maximum.
#pragma once

#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "inkling/core/view.h"
#include "inkling/model/loss.h"
#include "inkling/model/mlp.h"
#include "inkling/model/penalty.h"

namespace inkling::reference {

inline double real(double x) { return x; }
inline double real(const std::complex<double>& x) { return x.real(); }

template <typename T>
using Rows = std::vector<std::vector<T>>;  // (B, anything)

// A layer's parameters, without padding: W[i * O + o], b[o], and scale[o] where it is normalised.
template <typename T>
struct Layer {
  std::size_t I = 0, O = 0;
  std::vector<T> W;      // (I, O)
  std::vector<T> b;      // (O)
  std::vector<T> scale;  // (O), or empty
};

template <typename T>
struct Network {
  Config config;
  std::vector<Layer<T>> layers;
  std::vector<T> pixel_values;  // (256): what each pixel value is worth

  // The same parameters in another number type.
  explicit Network(const Mlp& model) : config(model.config()) {
    pixel_values.assign(model.pixel_values(), model.pixel_values() + 256);
    for (std::size_t l = 0; l < model.layer_count(); ++l) {
      const ConstMatrixView W = model.weight(l);
      Layer<T> layer{.I = W.rows, .O = W.cols, .W = {}, .b = {}, .scale = {}};
      for (std::size_t i = 0; i < W.rows; ++i)
        for (const float w : W.row(i)) layer.W.emplace_back(w);
      for (const float b : model.bias(l).row(0)) layer.b.emplace_back(b);
      if (config.batch_norm && l + 1 < model.layer_count())
        for (const float s : model.scale(l).row(0)) layer.scale.emplace_back(s);
      layers.push_back(std::move(layer));
    }
  }

  // Parameter k of tensor t of the model's table, counted without padding.
  T& parameter(std::size_t t, std::size_t k) {
    if (t >= 2 * layers.size()) return layers[t - 2 * layers.size()].scale[k];
    return t % 2 == 0 ? layers[t / 2].W[k] : layers[t / 2].b[k];
  }
};

// Which side of a kink a unit is on. A check by differences replaces it by one that remembers.
struct Side {
  bool operator()(bool above) const { return above; }
};

// erf(x) = 2 / sqrt(pi) exp(-x^2) sum_n 2^n x^(2n+1) / (2n+1)!!, in which nothing cancels (DLMF 7.6.2).
template <typename T>
T error_function(const T& x) {
  T term = x, sum = x;
  for (int n = 1; n < 400; ++n) {
    term *= 2.0 * x * x / (2.0 * n + 1);
    sum += term;
    if (std::abs(real(term)) <= 1e-18 * std::abs(real(sum))) break;
  }
  return 1.1283791670955126 * std::exp(-x * x) * sum;
}

template <typename T, typename S = Side>
T activate(Activation f, const T& z, S&& side = {}) {
  const auto above_0 = [&] { return side(real(z) > 0); };
  const auto sigmoid = [](const T& x) { return 1.0 / (1.0 + std::exp(-x)); };
  const auto softplus = [](const T& x) {
    return real(x) > 0 ? x + std::log(1.0 + std::exp(-x)) : std::log(1.0 + std::exp(x));
  };
  const auto elu = [&] { return above_0() ? z : std::exp(z) - 1.0; };
  constexpr auto slope = static_cast<double>(kLeakySlope), scale = static_cast<double>(kSeluScale),
                 alpha = static_cast<double>(kSeluAlpha);
  switch (f) {
    case Activation::linear: return z;
    case Activation::relu: return above_0() ? z : T(0);
    case Activation::leaky_relu: return above_0() ? z : slope * z;
    case Activation::elu: return elu();
    case Activation::selu: return above_0() ? scale * z : scale * alpha * (std::exp(z) - 1.0);
    case Activation::gelu: return 0.5 * z * (1.0 + error_function(z * 0.7071067811865476));
    case Activation::gelu_tanh: return 0.5 * z * (1.0 + std::tanh(0.7978845608028654 * (z + 0.044715 * z * z * z)));
    case Activation::silu: return z * sigmoid(z);
    case Activation::mish: return z * std::tanh(softplus(z));
    case Activation::sigmoid: return sigmoid(z);
    case Activation::tanh: return std::tanh(z);
    case Activation::scaled_tanh: return 1.7159 * std::tanh(z * (2.0 / 3.0));
    case Activation::softplus: return softplus(z);
  }
  return z;
}

// z = x W, a row an image.
template <typename T>
Rows<T> product(const Layer<T>& layer, const Rows<T>& x) {
  Rows<T> z;
  for (const std::vector<T>& row : x) {
    std::vector<T>& sums = z.emplace_back(layer.O);
    for (std::size_t i = 0; i < layer.I; ++i) {
      if (row[i] == T(0)) continue;
      for (std::size_t o = 0; o < layer.O; ++o) sums[o] += row[i] * layer.W[i * layer.O + o];
    }
  }
  return z;
}

// z = (z - mean) / sqrt(variance + epsilon) * scale, over the images of the batch.
template <typename T>
void normalize(Rows<T>& z, const std::vector<T>& scale) {
  const auto B = static_cast<double>(z.size());
  for (std::size_t o = 0; o < scale.size(); ++o) {
    T mean(0), variance(0);
    for (const std::vector<T>& row : z) mean += row[o] / B;
    for (const std::vector<T>& row : z) variance += (row[o] - mean) * (row[o] - mean) / B;
    for (std::vector<T>& row : z) row[o] = (row[o] - mean) / std::sqrt(variance + 1e-5) * scale[o];
  }
}

// What a training pass does to a batch, held fixed.
struct Held {
  Rows<double> inputs;                // (B, I), as the first layer sees them
  std::vector<Rows<double>> factors;  // dropout of each hidden layer's outputs, (B, O); or empty
  Rows<double> targets;               // (B, C)
};

// Logits of a batch.
template <typename T, typename S = Side>
Rows<T> logits(const Network<T>& net, const Held& held, S&& side = {}) {
  Rows<T> x;
  for (const std::vector<double>& row : held.inputs) x.emplace_back(row.begin(), row.end());
  for (std::size_t l = 0; l < net.layers.size(); ++l) {
    const Layer<T>& layer = net.layers[l];
    x = product(layer, x);
    if (!layer.scale.empty()) normalize(x, layer.scale);
    for (std::size_t b = 0; b < x.size(); ++b)
      for (std::size_t o = 0; o < layer.O; ++o) {
        x[b][o] += layer.b[o];
        if (l + 1 == net.layers.size()) continue;
        x[b][o] = activate(net.config.activation_of(l), x[b][o], side);
        if (!held.factors.empty()) x[b][o] *= held.factors[l][b][o];
      }
  }
  return x;
}

// log p of softmax: z_c - max z - log sum_c exp(z_c - max z)
template <typename T>
std::vector<T> log_softmax(const std::vector<T>& z) {
  T top = z[0];
  for (const T& value : z)
    if (real(value) > real(top)) top = value;
  T sum(0);
  for (const T& value : z) sum += std::exp(value - top);
  std::vector<T> log_p;
  for (const T& value : z) log_p.push_back(value - top - std::log(sum));
  return log_p;
}

// One image's loss against its targets; w are the class weights.
template <typename T>
T loss_of(const LossOptions& options, const std::vector<T>& z, const std::vector<double>& t,
          const std::vector<double>& w) {
  const auto C = static_cast<double>(z.size());
  const auto gamma = static_cast<double>(options.focal_gamma);
  T loss(0);
  if (output_of(options.kind) == Output::softmax) {
    const std::vector<T> log_p = log_softmax(z);
    for (std::size_t c = 0; c < z.size(); ++c) {
      const T hard = options.kind == Loss::focal ? std::pow(1.0 - std::exp(log_p[c]), gamma) : T(1);
      loss -= t[c] * w[c] * hard * log_p[c];
    }
    return loss;
  }
  for (std::size_t c = 0; c < z.size(); ++c) {
    if (options.kind == Loss::mean_squared_error) {
      loss += w[c] * (z[c] - t[c]) * (z[c] - t[c]) / C;
    } else {
      const T s = 1.0 / (1.0 + std::exp(-z[c]));
      loss -= w[c] * (t[c] * std::log(s) + (1.0 - t[c]) * std::log(1.0 - s)) / C;
    }
  }
  return loss;
}

// Mean loss of a batch with its penalties: whose derivatives backward() and add_penalty_gradient() give together.
// divisor is what the sum over the images is divided by: B, or the batch's class weights.
template <typename T, typename S = Side>
T loss(const Network<T>& net, const Held& held, const LossOptions& options, const PenaltyOptions& penalty,
       const std::vector<double>& class_weights, double divisor, S&& side = {}) {
  T total(0);
  const Rows<T> z = logits(net, held, side);
  for (std::size_t b = 0; b < z.size(); ++b) total += loss_of(options, z[b], held.targets[b], class_weights);
  total /= divisor;
  if (penalty.l2 == 0 && penalty.l1 == 0) return total;
  for (const Layer<T>& layer : net.layers)
    for (const T& w : layer.W)
      total += 0.5 * static_cast<double>(penalty.l2) * w * w + static_cast<double>(penalty.l1) * (real(w) > 0 ? w : -w);
  return total;
}

// Images as they are, with onehot targets.
template <typename T>
Held hold(const Network<T>& net, PixelView images, std::span<const std::uint8_t> labels) {
  Held held;
  for (std::size_t b = 0; b < images.rows; ++b) {
    std::vector<double>& x = held.inputs.emplace_back();
    for (const std::uint8_t p : images.row(b)) x.push_back(real(net.pixel_values[p]));
    held.targets.emplace_back(net.config.outputs())[labels.empty() ? 0 : labels[b]] = 1;
  }
  return held;
}

// Logits of one image, pixels in bytes, of a network without batch normalisation.
template <typename T>
std::vector<T> logits(const Network<T>& net, std::span<const std::uint8_t> pixels) {
  return logits(net, hold(net, {pixels.data(), 1, pixels.size()}, {}))[0];
}

// Mean cross-entropy of a batch: what softmax_cross_entropy returns.
template <typename T>
T loss(const Network<T>& net, PixelView images, std::span<const std::uint8_t> labels) {
  return loss(net, hold(net, images, labels), {}, {}, std::vector<double>(net.config.outputs(), 1),
              static_cast<double>(images.rows));
}

}  // namespace inkling::reference
