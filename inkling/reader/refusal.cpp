#include "inkling/reader/refusal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <span>

#include "inkling/core/elementary.h"
#include "inkling/core/error.h"
#include "inkling/core/matrix.h"
#include "inkling/model/backprop.h"
#include "inkling/model/output.h"
#include "inkling/train/metrics.h"

namespace inkling {
namespace {

constexpr std::size_t kBatch = 1024;  // guess: as in evaluate()

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

// What whitening makes of h: an image's squared distance to a class is that of two such vectors.
void whiten(const RefusalRule& rule, std::span<const float> h, std::span<double> whitened) {
  const std::size_t H = h.size();
  const bool diagonal = H > kMaxCovarianceWidth;
  for (std::size_t r = 0; r < H; ++r)
    whitened[r] = diagonal ? static_cast<double>(rule.whitening[r]) * static_cast<double>(h[r])
                           : dot({rule.whitening.data() + r * H, r + 1}, h.first(r + 1));
}

double distance_to_nearest(const RefusalRule& rule, std::span<const float> h) {
  const std::size_t H = h.size();
  std::vector<double> whitened(H);
  whiten(rule, h, whitened);
  double nearest = INFINITY;
  for (std::size_t c = 0; c < rule.centers.size() / H; ++c) {
    double squared = 0;
    for (std::size_t i = 0; i < H; ++i) {
      const double d = whitened[i] - static_cast<double>(rule.centers[c * H + i]);
      squared += d * d;
    }
    nearest = std::min(nearest, squared);
  }
  return std::sqrt(nearest);
}

// Probability of the none unit among itself and all classes.
double none_probability(const Config& config, const RefusalRule& rule, std::span<const float> h,
                        std::span<const float> logits) {
  const double T = static_cast<double>(config.temperature);
  const double z = dot(rule.none_weight, h) + static_cast<double>(rule.none_bias);
  double top = z;
  for (const float each : logits) top = std::max(top, static_cast<double>(each));
  double classes = 0;
  for (const float each : logits) classes += portable_exp((static_cast<double>(each) - top) / T);
  const double none = portable_exp((z - top) / T);
  return none / (none + classes);
}

// Calls take(outputs of the last hidden layer, first image) batch by batch.
void each_batch(const Runtime& rt, const Mlp& model, PixelView images,
                const std::function<void(const Workspace&, std::size_t)>& take) {
  Workspace ws(model, std::clamp<std::size_t>(images.rows, 1, kBatch));
  for (std::size_t first = 0; first < images.rows; first += ws.max_batch()) {
    forward(rt, model, images.middle_rows(first, std::min(ws.max_batch(), images.rows - first)), ws);
    take(ws, first);
  }
}

ConstMatrixView last_hidden(const Mlp& model, const Workspace& ws) { return ws.output(model.layer_count() - 2); }

struct ClassMoments {
  std::vector<double> means;       // (C, H); a class without an image has the mean of all
  std::vector<double> covariance;  // (H, H), its lower triangle, or (H), of what is left when the class's mean is gone
};

ClassMoments moments_of(const Runtime& rt, const Mlp& model, const Dataset& data) {
  const std::size_t H = last_width(model.config()), C = model.config().outputs();
  Matrix h(data.count(), H);
  each_batch(rt, model, data.images(), [&](const Workspace& ws, std::size_t first) {
    const ConstMatrixView out = last_hidden(model, ws);
    for (std::size_t b = 0; b < out.rows; ++b) std::ranges::copy(out.row(b), h.view().row(first + b).begin());
  });

  ClassMoments m{.means = std::vector<double>(C * H), .covariance = {}};
  std::vector<double> all(H), counts(C);
  for (std::size_t j = 0; j < data.count(); ++j) {
    const std::size_t c = data.labels[j];
    counts[c] += 1;
    for (std::size_t i = 0; i < H; ++i) {
      m.means[c * H + i] += static_cast<double>(h(j, i));
      all[i] += static_cast<double>(h(j, i));
    }
  }
  const auto N = static_cast<double>(data.count());
  for (std::size_t c = 0; c < C; ++c)
    for (std::size_t i = 0; i < H; ++i)
      m.means[c * H + i] = counts[c] > 0 ? m.means[c * H + i] / counts[c] : all[i] / N;

  const bool diagonal = H > kMaxCovarianceWidth;
  m.covariance.resize(diagonal ? H : H * H);
  std::vector<double> rest(H);
  for (std::size_t j = 0; j < data.count(); ++j) {
    for (std::size_t i = 0; i < H; ++i) rest[i] = static_cast<double>(h(j, i)) - m.means[data.labels[j] * H + i];
    for (std::size_t r = 0; r < H; ++r) {
      if (diagonal) {
        m.covariance[r] += rest[r] * rest[r] / N;
        continue;
      }
      const double scaled = rest[r] / N;
      double* row = m.covariance.data() + r * H;
      for (std::size_t i = 0; i <= r; ++i) row[i] += scaled * rest[i];
    }
  }
  return m;
}

// Some of the mean variance is added to every direction's: units that no training image wakes have none, and one that
// wakes a little would be infinitely far away. measured: see docs/numerics.md.
constexpr double kShrinkage = 0.01;

// L^-1 of S = L L^T, S being the shrunk covariance (Cholesky; Golub, Van Loan 2013, section 4.2): lower triangular, and
// L^-T L^-1 = S^-1.
std::vector<double> inverse_root(std::vector<double> S, std::size_t H) {
  const bool diagonal = S.size() == H;
  double trace = 0;
  for (std::size_t i = 0; i < H; ++i) trace += diagonal ? S[i] : S[i * H + i];
  const double ridge = trace > 0 ? kShrinkage * trace / static_cast<double>(H) : 1;
  if (diagonal) {
    for (double& s : S) s = 1 / std::sqrt(s + ridge);
    return S;
  }
  for (std::size_t i = 0; i < H; ++i) S[i * H + i] += ridge;
  for (std::size_t r = 0; r < H; ++r)  // S becomes L, in place
    for (std::size_t c = 0; c <= r; ++c) {
      double s = S[r * H + c];
      for (std::size_t k = 0; k < c; ++k) s -= S[r * H + k] * S[c * H + k];
      S[r * H + c] = r == c ? std::sqrt(s) : s / S[c * H + c];
    }
  std::vector<double> inverse(H * H);
  for (std::size_t c = 0; c < H; ++c)
    for (std::size_t r = c; r < H; ++r) {
      double s = r == c ? 1 : 0;
      for (std::size_t k = c; k < r; ++k) s -= S[r * H + k] * inverse[k * H + c];
      inverse[r * H + c] = s / S[r * H + r];
    }
  return inverse;
}

void add_distance(const Runtime& rt, const Mlp& model, const Dataset& train, RefusalRule& rule) {
  const std::size_t H = last_width(model.config()), C = model.config().outputs();
  const ClassMoments moments = moments_of(rt, model, train);
  const std::vector<double> whitening = inverse_root(moments.covariance, H);
  rule.whitening.assign(whitening.begin(), whitening.end());
  rule.centers.resize(C * H);
  std::vector<float> mean(H);
  std::vector<double> center(H);
  for (std::size_t c = 0; c < C; ++c) {
    std::copy_n(moments.means.begin() + static_cast<std::ptrdiff_t>(c * H), H, mean.begin());
    whiten(rule, mean, center);
    std::ranges::copy(center, rule.centers.begin() + static_cast<std::ptrdiff_t>(c * H));
  }
}

// Both limits at rank k: k images at most are below the one, and k beyond the other.
void set_limits(RefusalRule& rule, std::span<const float> probabilities_up, std::span<const float> distances_down,
                std::size_t k) {
  rule.least_probability = probabilities_up[k];
  // A distance of 0 could not be a limit; it is one where all images are the same.
  if (rule.has_distance()) rule.most_distance = std::max(distances_down[k], std::numeric_limits<float>::min());
}

void choose_limits(RefusalRule& rule, std::span<const Evidence> held_out) {
  std::vector<float> probabilities, distances;
  for (const Evidence& each : held_out) {
    probabilities.push_back(each.probability);
    distances.push_back(each.distance);
  }
  std::ranges::sort(probabilities);
  std::ranges::sort(distances, std::greater{});
  const auto most = static_cast<std::size_t>(rule.rate * static_cast<double>(held_out.size()));
  std::size_t low = 0, high = most;  // at rank 0 nothing is refused; the number of refusals grows with the rank
  while (low < high) {
    const std::size_t k = (low + high + 1) / 2;
    set_limits(rule, probabilities, distances, k);
    const auto refused =
        std::ranges::count_if(held_out, [&](const Evidence& each) { return refusal_reason(rule, each).has_value(); });
    if (static_cast<std::size_t>(refused) <= most)
      low = k;
    else
      high = k - 1;
  }
  set_limits(rule, probabilities, distances, low);
}

}  // namespace

Evidence evidence_of(const Mlp& model, const RefusalRule& rule, const Workspace& ws, ConstMatrixView p, std::size_t b) {
  const std::span<const float> logits = ws.logits().row(b);
  const auto best = static_cast<std::size_t>(std::ranges::max_element(logits) - logits.begin());
  Evidence e{.best = best, .probability = p(b, best)};
  if (!rule.has_distance() && !rule.has_none()) return e;
  const std::span<const float> h = last_hidden(model, ws).row(b);
  if (rule.has_distance()) e.distance = static_cast<float>(distance_to_nearest(rule, h));
  if (rule.has_none()) {
    const double none = none_probability(model.config(), rule, h, logits);
    e.none = static_cast<float>(none);
    e.probability = static_cast<float>(static_cast<double>(e.probability) * (1 - none));
  }
  return e;
}

std::vector<Evidence> evidence_of(const Runtime& rt, const Mlp& model, const RefusalRule& rule, PixelView images) {
  std::vector<Evidence> evidence(images.rows);
  Matrix p(std::clamp<std::size_t>(images.rows, 1, kBatch), model.config().outputs());
  each_batch(rt, model, images, [&](const Workspace& ws, std::size_t first) {
    const MatrixView rows = p.view().middle_rows(0, ws.batch);
    class_probabilities(rt, model.config(), ws.logits(), rows);
    for (std::size_t b = 0; b < ws.batch; ++b) evidence[first + b] = evidence_of(model, rule, ws, rows, b);
  });
  return evidence;
}

std::optional<std::string> refusal_reason(const RefusalRule& rule, const Evidence& e) {
  if (!(e.probability >= rule.least_probability)) {
    if (e.none > e.probability)
      return fmt::format("looks like none of the classes ({:.0f} %)", 100 * static_cast<double>(e.none));
    return fmt::format("unsure ({:.0f} %)", 100 * static_cast<double>(e.probability));
  }
  if (rule.has_distance() && !(e.distance <= rule.most_distance))
    return fmt::format("unlike the training images (outlier score {:.3g}, limit {:.3g})", e.distance,
                       rule.most_distance);
  return std::nullopt;
}

RefusalRule fit_refusal(const Runtime& rt, const Mlp& model, const Dataset& train, const Dataset& held_out,
                        const RefusalOptions& options) {
  check_fit(model.config(), train);
  check_fit(model.config(), held_out);
  if (!(options.rate > 0 && options.rate < 1))
    fail(ErrorKind::config, "refusal: a rate of {}; expected a share between 0 and 1", options.rate);
  RefusalRule rule{.rate = options.rate, .images = held_out.count()};
  rule.none_weight = options.none_weight;
  rule.none_bias = options.none_bias;
  if (model.layer_count() > 1) {
    rule.most_distance = 1;
    add_distance(rt, model, train, rule);
  }
  check(rule, model.config());
  choose_limits(rule, evidence_of(rt, model, rule, held_out.images()));
  check(rule, model.config());
  return rule;
}

}  // namespace inkling
