// The executable specification: forward pass and loss of a network, one scalar at a time, on any number type.
//
// Written to be read beside docs/numerics.md, not to be fast. On double it is what the kernels are held against. On
// std::complex<double>, with one parameter moved by i h, the imaginary part of the loss over h is that parameter's
// derivative with no cancellation, so h may be 1e-50 (Squire and Trapp 1998, "Using complex variables to estimate
// derivatives of real functions"). Comparisons look at the real part, which is what makes that hold for ReLU and for
// the maximum.
#pragma once

#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "inkling/core/view.h"
#include "inkling/model/mlp.h"

namespace inkling::reference {

inline double real(double x) { return x; }
inline double real(const std::complex<double>& x) { return x.real(); }

// A layer's parameters, without padding: W[i * O + o], b[o].
template <typename T>
struct Layer {
  std::size_t I = 0, O = 0;
  std::vector<T> W;  // (I, O)
  std::vector<T> b;  // (O)
};

template <typename T>
struct Network {
  std::vector<Layer<T>> layers;
  std::vector<T> pixel_values;  // (256): what each pixel value is worth

  // The same parameters in another number type.
  explicit Network(const Mlp& model) {
    pixel_values.assign(model.pixel_values(), model.pixel_values() + 256);
    for (std::size_t l = 0; l < model.layer_count(); ++l) {
      const ConstMatrixView W = model.weight(l);
      Layer<T> layer{.I = W.rows, .O = W.cols, .W = {}, .b = {}};
      for (std::size_t i = 0; i < W.rows; ++i)
        for (const float w : W.row(i)) layer.W.emplace_back(w);
      for (const float b : model.bias(l).row(0)) layer.b.emplace_back(b);
      layers.push_back(std::move(layer));
    }
  }

  // Parameter k of tensor t of the model's table, counted without padding.
  T& parameter(std::size_t t, std::size_t k) { return t % 2 == 0 ? layers[t / 2].W[k] : layers[t / 2].b[k]; }
};

struct Relu {
  template <typename T>
  T operator()(const T& z) const {
    return real(z) > 0 ? z : T(0);
  }
};

// z = x W + b
template <typename T>
std::vector<T> affine(const Layer<T>& layer, const std::vector<T>& x) {
  std::vector<T> z(layer.b);
  for (std::size_t i = 0; i < layer.I; ++i) {
    if (x[i] == T(0)) continue;
    for (std::size_t o = 0; o < layer.O; ++o) z[o] += x[i] * layer.W[i * layer.O + o];
  }
  return z;
}

// Logits of one image, pixels in bytes.
template <typename T, typename Activate = Relu>
std::vector<T> logits(const Network<T>& net, std::span<const std::uint8_t> pixels, Activate&& activate = {}) {
  std::vector<T> x;
  for (const std::uint8_t p : pixels) x.push_back(net.pixel_values[p]);
  for (std::size_t l = 0; l < net.layers.size(); ++l) {
    x = affine(net.layers[l], x);
    if (l + 1 == net.layers.size()) break;
    for (T& z : x) z = activate(z);
  }
  return x;
}

// -log softmax(z)[y] = log sum_c exp(z_c - max z) - (z_y - max z)
template <typename T>
T cross_entropy(const std::vector<T>& z, std::size_t y) {
  T top = z[0];
  for (const T& value : z)
    if (real(value) > real(top)) top = value;
  T sum(0);
  for (const T& value : z) sum += std::exp(value - top);
  return std::log(sum) - (z[y] - top);
}

// Mean loss of a batch: what softmax_cross_entropy returns.
template <typename T, typename Activate = Relu>
T loss(const Network<T>& net, PixelView images, std::span<const std::uint8_t> labels, Activate&& activate = {}) {
  T total(0);
  for (std::size_t b = 0; b < images.rows; ++b) total += cross_entropy(logits(net, images.row(b), activate), labels[b]);
  return total / static_cast<double>(images.rows);
}

}  // namespace inkling::reference
