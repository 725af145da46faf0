#include "inkling/inspect/preferred.h"

#include <algorithm>
#include <cmath>

#include "inkling/core/error.h"
#include "inkling/inspect/float_pass.h"

namespace inkling {
namespace {

constexpr std::size_t kBatch = 64;  // guess: units at a time
constexpr float kStart = 0.1f;      // guess: of each pixel; from black a network of ReLUs without biases has no way up

void check(const Mlp& model, std::size_t height, std::size_t width, std::span<const Unit> units,
           const PreferredOptions& options) {
  if (height * width != model.config().inputs())
    fail(ErrorKind::shape, "preferred inputs: images of {}x{} for {}", height, width, describe(model.config()));
  for (const Unit& u : units)
    if (u.layer >= model.layer_count() || u.unit >= model.config().widths[u.layer + 1])
      fail(ErrorKind::shape, "preferred inputs: unit {} of layer {} of {}", u.unit, u.layer + 1,
           describe(model.config()));
  if (!(options.decay > 0) || !(options.smoothness >= 0) || !std::isfinite(options.decay + options.smoothness))
    fail(ErrorKind::config, "preferred inputs: decay {} and smoothness {}; expected more than 0 and at least 0",
         options.decay, options.smoothness);
}

// Of the units of one layer.
class Ascent {
 public:
  Ascent(const Runtime& rt, const Mlp& model, std::size_t layer, std::span<const Unit> units)
      : rt_(rt),
        model_(model),
        layer_(layer),
        units_(units),
        pass_(model, units.size()),
        x_(units.size(), model.config().inputs()),
        gradient_(units.size(), model.config().inputs()) {}

  // a of each image p, and with_gradient d a / d p in gradient().
  std::vector<double> answers(ConstMatrixView p, bool with_gradient) {
    const float ink = model_.config().ink;
    for (std::size_t u = 0; u < p.rows; ++u)
      for (std::size_t i = 0; i < p.cols; ++i) x_(u, i) = ink * p(u, i);
    pass_.forward(rt_, model_, x_);
    const bool is_class = layer_ + 1 == model_.layer_count();
    std::vector<double> a;
    for (std::size_t u = 0; u < units_.size(); ++u) a.push_back(is_class ? above_mean(u) : sum_of_hidden(u));
    if (!with_gradient) return a;
    // Of a hidden unit the sum is wanted: where ReLU gives 0 there would be no way to climb.
    const MatrixView dz = pass_.dz(layer_);
    const float share = is_class ? 1.0f / static_cast<float>(dz.cols) : 0.0f;
    for (std::size_t u = 0; u < dz.rows; ++u)
      for (std::size_t o = 0; o < dz.cols; ++o) dz(u, o) = (o == units_[u].unit ? 1.0f : 0.0f) - share;
    pass_.backward(rt_, model_, layer_);
    pass_.input_gradient(rt_, model_, gradient_);
    gradient_ *= ink;
    return a;
  }

  const Matrix& gradient() const { return gradient_; }

 private:
  double above_mean(std::size_t u) {
    double mean = 0;
    for (const float z : pass_.logits().row(u)) mean += static_cast<double>(z);
    return static_cast<double>(pass_.logits()(u, units_[u].unit)) - mean / static_cast<double>(pass_.logits().cols);
  }

  double sum_of_hidden(std::size_t u) {
    const ConstMatrixView W = model_.weight(layer_);
    const std::span<const float> in = layer_ == 0 ? x_.view().row(u) : pass_.output(layer_ - 1).row(u);
    double sum = static_cast<double>(model_.bias(layer_)(0, units_[u].unit));
    for (std::size_t i = 0; i < W.rows; ++i)
      sum += static_cast<double>(in[i]) * static_cast<double>(W(i, units_[u].unit));
    return sum;
  }

  const Runtime& rt_;
  const Mlp& model_;
  std::size_t layer_;
  std::span<const Unit> units_;
  FloatPass pass_;
  Matrix x_, gradient_;
};

// Climbs with all units at once, which are of one layer.
void climb(const Runtime& rt, const Mlp& model, std::size_t height, std::size_t width, std::span<const Unit> units,
           const PreferredOptions& options, MatrixView images, double* black, double* found) {
  Ascent ascent(rt, model, units.front().layer, units);
  std::ranges::copy(ascent.answers(images, false), black);
  for (std::size_t u = 0; u < units.size(); ++u) std::ranges::fill(images.row(u), kStart);
  std::vector<double> scale;  // 1 / G
  // derived: 1 over the largest second derivative of the regulariser (eight times smoothness is a chess board's)
  const double step = 1 / (options.decay + 8 * options.smoothness);
  std::vector<double> change(images.cols);
  for (std::size_t k = 0; k < options.steps; ++k) {
    ascent.answers(images, true);
    if (k == 0)
      for (std::size_t u = 0; u < units.size(); ++u) {
        double square = 0;
        for (const float g : ascent.gradient().view().row(u)) square += static_cast<double>(g) * static_cast<double>(g);
        scale.push_back(square > 0 ? 1 / std::sqrt(square) : 0);
      }
    for (std::size_t u = 0; u < units.size(); ++u) {
      const std::span<float> p = images.row(u);
      const auto at = [&](std::size_t i) { return static_cast<double>(p[i]); };
      for (std::size_t y = 0; y < height; ++y)
        for (std::size_t x = 0; x < width; ++x) {
          const std::size_t i = y * width + x;
          double apart = 0;  // sum of p_i - p_j over the neighbours
          if (y > 0) apart += at(i) - at(i - width);
          if (y + 1 < height) apart += at(i) - at(i + width);
          if (x > 0) apart += at(i) - at(i - 1);
          if (x + 1 < width) apart += at(i) - at(i + 1);
          change[i] = scale[u] * static_cast<double>(ascent.gradient()(u, i)) - options.decay * at(i) -
                      options.smoothness * apart;
        }
      for (std::size_t i = 0; i < p.size(); ++i)
        p[i] = static_cast<float>(std::clamp(at(i) + step * change[i], 0.0, 1.0));
    }
  }
  std::ranges::copy(ascent.answers(images, false), found);
}

}  // namespace

PreferredInputs preferred_inputs(const Runtime& rt, const Mlp& model, std::size_t height, std::size_t width,
                                 std::span<const Unit> units, const PreferredOptions& options) {
  check(model, height, width, units, options);
  PreferredInputs out{.images = Matrix(units.size(), model.config().inputs()),
                      .black = std::vector<double>(units.size()),
                      .found = std::vector<double>(units.size())};
  for (std::size_t first = 0; first < units.size();) {
    std::size_t end = first + 1;
    while (end < units.size() && end - first < kBatch && units[end].layer == units[first].layer) ++end;
    climb(rt, model, height, width, units.subspan(first, end - first), options,
          out.images.view().middle_rows(first, end - first), &out.black[first], &out.found[first]);
    first = end;
  }
  return out;
}

}  // namespace inkling
