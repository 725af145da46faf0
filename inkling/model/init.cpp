#include "inkling/model/init.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "inkling/core/error.h"
#include "inkling/core/rng.h"

namespace inkling {
namespace {

// Units that pass about half of their inputs on, for which He's variance was derived.
bool is_rectifier(Activation activation) {
  switch (activation) {
    case Activation::relu:
    case Activation::leaky_relu:
    case Activation::elu:
    case Activation::gelu:
    case Activation::gelu_tanh:
    case Activation::silu:
    case Activation::mish:
    case Activation::softplus: return true;
    default: return false;
  }
}

// Of what follows layer l; the logits, which have none, begin as the last hidden layer does.
Activation activation_behind(const Config& config, std::size_t l) {
  const std::size_t hidden = config.layer_count() - 1;
  return hidden == 0 ? config.activation : config.activation_of(std::min(l, hidden - 1));
}

double deviation(Init kind, double I, double O, double scale) {
  switch (kind) {
    case Init::he_normal:
    case Init::he_uniform: return std::sqrt(2 / I);
    case Init::xavier_normal:
    case Init::xavier_uniform: return std::sqrt(2 / (I + O));
    case Init::lecun_normal:
    case Init::lecun_uniform: return std::sqrt(1 / I);
    default: return scale;
  }
}

bool is_uniform(Init kind) {
  return kind == Init::he_uniform || kind == Init::xavier_uniform || kind == Init::lecun_uniform ||
         kind == Init::uniform;
}

// Rows of a random normal matrix, n of them of length m >= n, made orthonormal in double: each loses its parts along
// those before it, twice, so that rounding leaves nothing of them (Giraud et al. 2005).
std::vector<double> orthonormal_rows(std::size_t n, std::size_t m, const Rng& rng) {
  std::vector<double> q(n * m);
  for (std::size_t k = 0; k < q.size(); ++k) q[k] = rng.normal(k);
  const auto dot = [&](std::size_t a, std::size_t b) {
    double sum = 0;
    for (std::size_t j = 0; j < m; ++j) sum += q[a * m + j] * q[b * m + j];
    return sum;
  };
  for (std::size_t r = 0; r < n; ++r) {
    for (int turn = 0; turn < 2; ++turn)
      for (std::size_t before = 0; before < r; ++before) {
        const double part = dot(r, before);
        for (std::size_t j = 0; j < m; ++j) q[r * m + j] -= part * q[before * m + j];
      }
    const double norm = std::sqrt(dot(r, r));
    for (std::size_t j = 0; j < m; ++j) q[r * m + j] /= norm;
  }
  return q;
}

void fill_orthogonal(MatrixView W, const Rng& rng, double gain) {
  const bool wide = W.rows <= W.cols;
  const std::size_t n = wide ? W.rows : W.cols, m = wide ? W.cols : W.rows;
  const std::vector<double> q = orthonormal_rows(n, m, rng);
  for (std::size_t i = 0; i < W.rows; ++i)
    for (std::size_t o = 0; o < W.cols; ++o) W(i, o) = static_cast<float>(gain * (wide ? q[i * m + o] : q[o * m + i]));
}

}  // namespace

Init init_of(const Config& config, std::size_t layer) {
  const Activation activation = activation_behind(config, layer);
  if (is_rectifier(activation)) return Init::he_normal;
  return activation == Activation::selu ? Init::lecun_normal : Init::xavier_normal;
}

void initialize(Mlp& model, std::uint64_t seed, const InitOptions& options) {
  if (!(options.scale > 0) || !std::isfinite(options.scale))
    fail(ErrorKind::config, "scale of the initial weights {}; expected a finite number above 0", options.scale);
  for (std::size_t l = 0; l < model.layer_count(); ++l) {
    const Init kind = options.kind == Init::automatic ? init_of(model.config(), l) : options.kind;
    const Rng rng(seed, streams::kInit + l);
    const MatrixView W = model.weight(l);
    std::ranges::fill(model.bias(l).row(0), 0.0f);
    if (kind == Init::orthogonal) {
      fill_orthogonal(W, rng, is_rectifier(activation_behind(model.config(), l)) ? std::sqrt(2.0) : 1.0);
      continue;
    }
    const double s =
        deviation(kind, static_cast<double>(W.rows), static_cast<double>(W.cols), static_cast<double>(options.scale));
    const double bound = kind == Init::uniform ? s : std::sqrt(3.0) * s;  // uniform in [-a, a) has variance a^2 / 3
    for (std::size_t i = 0; i < W.rows; ++i)
      for (std::size_t o = 0; o < W.cols; ++o) {
        const std::size_t k = i * W.cols + o;
        W(i, o) = static_cast<float>(is_uniform(kind) ? bound * (2 * rng.uniform(k) - 1) : s * rng.normal(k));
      }
  }
  if (model.config().batch_norm)
    for (std::size_t l = 0; l + 1 < model.layer_count(); ++l) std::ranges::fill(model.scale(l).row(0), 1.0f);
}

}  // namespace inkling
