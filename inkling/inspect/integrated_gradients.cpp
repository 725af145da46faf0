// Integrated gradients, by pieces of the line that are halved until they are good enough.
//
// On the line from black to an image the first layer's sums are b + t u with u = x W, so the inputs are multiplied
// once: what is averaged over the line is d z_c / d sums, and one product with W at the end makes shares of pixels of
// it. A piece is integrated by Gauss and Legendre's rule of two points and judged by what it must give, the difference
// of the logit at its two ends. A kink of ReLU stays in one piece, whose error halves each time that it is cut.
#include <algorithm>
#include <array>
#include <cmath>

#include "inkling/core/error.h"
#include "inkling/inspect/float_pass.h"
#include "inkling/inspect/saliency.h"

namespace inkling {
namespace {

constexpr double kGauss = 0.21132486540518713;  // derived: (1 - 1 / sqrt 3) / 2, where on a piece the points lie
constexpr std::size_t kFirstPieces = 16;        // guess
constexpr std::size_t kPiecesAtOnce = 64;       // guess: so that their outputs stay in the cache
constexpr std::size_t kMostPieces = 1u << 13;   // guess: in one round; where there are more, all are taken as they are

struct Piece {
  double begin = 0, end = 0;      // of [0, 1]
  double z_begin = 0, z_end = 0;  // the logit there
};

// One image's line.
class Line {
 public:
  Line(const Runtime& rt, const Mlp& model, FloatPass& pass, std::span<const float> u, std::size_t c)
      : rt_(rt), model_(model), pass_(pass), u_(u), class_(c), mean_dz_(u.size()) {}

  // Fills mean_dz.
  void integrate(const IntegrationOptions& options) {
    std::vector<Piece> pieces(kFirstPieces);
    std::vector<double> ends(kFirstPieces + 1);
    for (std::size_t k = 0; k <= kFirstPieces; ++k) ends[k] = static_cast<double>(k) / kFirstPieces;
    const std::vector<double> z = logits_at(ends);
    noise_ = std::ldexp(largest_terms_, -21);  // guess: four roundings of the largest sum
    difference_ = z.back() - z.front();
    double left = std::max(options.tolerance * std::abs(difference_), noise_);  // of the error that may be made
    for (std::size_t k = 0; k < kFirstPieces; ++k) pieces[k] = {ends[k], ends[k + 1], z[k], z[k + 1]};
    for (std::size_t round = 0; !pieces.empty(); ++round) {
      const bool last = round >= options.most_rounds || pieces.size() > kMostPieces;
      pieces = take_good(pieces, last, left);
      pieces = halved(pieces);
    }
  }

  double difference() const { return difference_; }
  std::size_t points() const { return points_; }
  std::span<const double> mean_dz() const { return mean_dz_; }

 private:
  // The first layer's sums at the points t.
  void set_sums(std::span<const double> t) {
    pass_.begin(t.size());
    const MatrixView sums = pass_.output(0);
    const ConstMatrixView b = model_.bias(0);
    for (std::size_t k = 0; k < t.size(); ++k)
      for (std::size_t h = 0; h < u_.size(); ++h) sums(k, h) = b(0, h) + static_cast<float>(t[k]) * u_[h];
  }

  // The logits at the points; what they are summed from, in size, is remembered.
  std::vector<double> logits_at(std::span<const double> t) {
    std::vector<double> z;
    for (std::size_t first = 0; first < t.size(); first += pass_.max_batch()) {
      set_sums(t.subspan(first, std::min(pass_.max_batch(), t.size() - first)));
      pass_.forward_from_sums(rt_, model_);
      for (std::size_t k = 0; k < pass_.logits().rows; ++k) {
        z.push_back(static_cast<double>(pass_.logits()(k, class_)));
        largest_terms_ = std::max(largest_terms_, size_of_terms(k));
      }
    }
    return z;
  }

  // Sum of |w a| over the terms of image k's logit.
  double size_of_terms(std::size_t k) {
    const std::size_t top = model_.layer_count() - 1;
    if (top == 0) return std::abs(static_cast<double>(pass_.logits()(k, class_)));
    const ConstMatrixView W = model_.weight(top);
    double sum = 0;
    for (std::size_t h = 0; h < W.rows; ++h)
      sum += std::abs(static_cast<double>(pass_.output(top - 1)(k, h)) * static_cast<double>(W(h, class_)));
    return sum;
  }

  // Adds the pieces that are good enough to mean_dz, or all; gives back the others. A round may use up a quarter of
  // what is left of the tolerance.
  std::vector<Piece> take_good(const std::vector<Piece>& pieces, bool all, double& left) {
    const double bound = std::max(left / (4 * static_cast<double>(pieces.size())), noise_);
    std::vector<Piece> others;
    for (std::size_t first = 0; first < pieces.size(); first += kPiecesAtOnce) {
      const std::size_t count = std::min(kPiecesAtOnce, pieces.size() - first);
      std::array<double, 2 * kPiecesAtOnce> t;
      for (std::size_t k = 0; k < count; ++k) {
        const Piece& p = pieces[first + k];
        t[2 * k] = p.begin + kGauss * (p.end - p.begin);
        t[2 * k + 1] = p.end - kGauss * (p.end - p.begin);
      }
      set_sums({t.data(), 2 * count});
      pass_.forward_from_sums(rt_, model_);
      const std::size_t top = model_.layer_count() - 1;
      const MatrixView dz = pass_.dz(top);
      for (std::size_t k = 0; k < dz.rows; ++k)
        for (std::size_t c = 0; c < dz.cols; ++c) dz(k, c) = c == class_ ? 1.0f : 0.0f;
      pass_.backward(rt_, model_, top);
      points_ += 2 * count;
      for (std::size_t k = 0; k < count; ++k) {
        const Piece& p = pieces[first + k];
        const double weight = (p.end - p.begin) / 2;
        const std::span<const float> a = pass_.dz(0).row(2 * k), b = pass_.dz(0).row(2 * k + 1);
        double integral = 0;
        for (std::size_t h = 0; h < u_.size(); ++h)
          integral += weight * (static_cast<double>(a[h]) + static_cast<double>(b[h])) * static_cast<double>(u_[h]);
        const double error = std::abs(integral - (p.z_end - p.z_begin));
        if (!all && error > bound) {
          others.push_back(p);
          continue;
        }
        if (error > noise_) left -= error;
        for (std::size_t h = 0; h < u_.size(); ++h)
          mean_dz_[h] += weight * (static_cast<double>(a[h]) + static_cast<double>(b[h]));
      }
    }
    return others;
  }

  std::vector<Piece> halved(const std::vector<Piece>& pieces) {
    std::vector<double> middles;
    for (const Piece& p : pieces) middles.push_back((p.begin + p.end) / 2);
    const std::vector<double> z = logits_at(middles);
    std::vector<Piece> halves;
    for (std::size_t k = 0; k < pieces.size(); ++k) {
      halves.push_back({pieces[k].begin, middles[k], pieces[k].z_begin, z[k]});
      halves.push_back({middles[k], pieces[k].end, z[k], pieces[k].z_end});
    }
    return halves;
  }

  const Runtime& rt_;
  const Mlp& model_;
  FloatPass& pass_;
  std::span<const float> u_;
  std::size_t class_;
  std::vector<double> mean_dz_;
  double difference_ = 0, noise_ = 0, largest_terms_ = 0;
  std::size_t points_ = 0;
};

}  // namespace

IntegratedGradients integrated_gradients(const Runtime& rt, const Mlp& model, PixelView images,
                                         std::span<const std::size_t> classes, const IntegrationOptions& options) {
  if (classes.size() != images.rows)
    fail(ErrorKind::shape, "integrated gradients: {} classes for {} images", classes.size(), images.rows);
  for (const std::size_t c : classes)
    if (c >= model.config().outputs())
      fail(ErrorKind::shape, "integrated gradients: class {} of a network with {} outputs", c,
           model.config().outputs());
  if (!(options.tolerance > 0)) fail(ErrorKind::config, "integrated gradients: a tolerance of {}", options.tolerance);
  const Matrix x = inputs_of(model, images);
  const ConstMatrixView W = model.weight(0);
  FloatPass pass(model, 2 * kPiecesAtOnce);
  IntegratedGradients out{.shares = Matrix(images.rows, images.cols), .sum = {}, .difference = {}, .points = {}};
  Matrix u(1, W.cols);
  for (std::size_t image = 0; image < images.rows; ++image) {
    for (std::size_t h = 0; h < W.cols; ++h) u(0, h) = 0;
    for (std::size_t i = 0; i < W.rows; ++i)
      if (x(image, i) != 0)
        for (std::size_t h = 0; h < W.cols; ++h) u(0, h) += x(image, i) * W(i, h);
    Line line(rt, model, pass, u.view().row(0), classes[image]);
    line.integrate(options);
    double sum = 0;
    for (std::size_t i = 0; i < W.rows; ++i) {
      double share = 0;
      if (x(image, i) != 0)
        for (std::size_t h = 0; h < W.cols; ++h) share += static_cast<double>(W(i, h)) * line.mean_dz()[h];
      out.shares(image, i) = static_cast<float>(share * static_cast<double>(x(image, i)));
      sum += static_cast<double>(out.shares(image, i));
    }
    out.sum.push_back(sum);
    out.difference.push_back(line.difference());
    out.points.push_back(line.points());
  }
  return out;
}

}  // namespace inkling
