#include "inkling/train/optimizer.h"

#include <algorithm>
#include <cmath>

#include "inkling/core/elementary.h"
#include "inkling/core/error.h"
#include "inkling/model/backprop.h"
#include "inkling/model/penalty.h"
#include "inkling/train/orthogonalize.h"

namespace inkling {
namespace {

constexpr std::size_t kFloatsATask = 1u << 14;  // guess: 64 KB of weights, some microseconds of work

void check_above_0(float value, const char* what) {
  if (!(value > 0) || !std::isfinite(value))
    fail(ErrorKind::config, "{} {}; expected a finite number above 0", what, value);
}

void check_share(float value, const char* what) {
  if (!(value >= 0 && value < 1)) fail(ErrorKind::config, "{} {}; expected a number from 0 to below 1", what, value);
}

void check(const Optimizer::Options& o) {
  check_above_0(o.learning_rate, "learning rate");
  check_share(o.momentum, "momentum");
  check_share(o.beta1, "beta1");
  check_share(o.beta2, "beta2");
  check_share(o.alpha, "alpha");
  check_above_0(o.epsilon, "epsilon");
  check_above_0(o.muon_adamw_rate, "muon's adamw rate");
  if (!(o.weight_decay >= 0) || !std::isfinite(o.weight_decay))
    fail(ErrorKind::config, "weight decay {}; expected a finite number, 0 or above", o.weight_decay);
  if (o.kind == Optimizer::lbfgs && o.weight_decay > 0)
    fail(ErrorKind::config, "lbfgs has no decoupled weight decay: give l2, which is part of the loss that it lowers");
  if (o.history == 0 || o.history > 1000) fail(ErrorKind::config, "history {}; expected 1 to 1,000", o.history);
}

bool has_first_moment(Optimizer::Kind kind) {
  return kind != Optimizer::sgd && kind != Optimizer::rmsprop && kind != Optimizer::adagrad && kind != Optimizer::lbfgs;
}
bool has_second_moment(Optimizer::Kind kind) {
  return kind == Optimizer::rmsprop || kind == Optimizer::adagrad || kind == Optimizer::adam ||
         kind == Optimizer::adamw || kind == Optimizer::muon || kind == Optimizer::rprop;
}

UpdateRule rule_of(Optimizer::Kind kind) {
  switch (kind) {
    case Optimizer::nesterov: return UpdateRule::nesterov;
    case Optimizer::rmsprop: return UpdateRule::rmsprop;
    case Optimizer::adagrad: return UpdateRule::adagrad;
    case Optimizer::adam:
    case Optimizer::adamw:
    case Optimizer::muon: return UpdateRule::adam;  // muon's, for what is no matrix
    case Optimizer::lion: return UpdateRule::lion;
    case Optimizer::rprop: return UpdateRule::rprop;
    default: return UpdateRule::momentum;
  }
}

// The kernel's numbers for step t, from 1.
Update update_of(const Optimizer::Options& o, std::uint64_t t, float rate, float decay) {
  const auto rest = [](float share) { return static_cast<float>(1 - static_cast<double>(share)); };
  Update u{.rule = rule_of(o.kind), .rate = rate, .keep = 1 - rate * decay, .epsilon = o.epsilon};
  switch (u.rule) {
    case UpdateRule::momentum:
    case UpdateRule::nesterov: u.a = o.momentum; break;
    case UpdateRule::rmsprop: u.a = o.alpha; break;
    case UpdateRule::adagrad: break;
    case UpdateRule::adam:
      u.a = o.beta1;
      u.b = o.beta2;
      u.rate = static_cast<float>(static_cast<double>(rate) / (1 - portable_power(static_cast<double>(o.beta1), t)));
      u.root = static_cast<float>(std::sqrt(1 - portable_power(static_cast<double>(o.beta2), t)));
      break;
    case UpdateRule::lion:
      u.a = o.beta1;
      u.b = o.beta2;
      break;
    case UpdateRule::rprop:  // Riedmiller and Braun's factors, as in PyTorch
      u.a = 1.2f;
      u.b = 0.5f;
      break;
  }
  u.a_rest = rest(u.a);
  u.b_rest = rest(u.b);
  return u;
}

}  // namespace

Optimizer::Optimizer(const Mlp& model, const Options& options) : options_(options) {
  check(options);
  const std::size_t size = model.arena().size();
  if (has_first_moment(options.kind)) m_ = AlignedBuffer<float>(size);
  if (has_second_moment(options.kind)) v_ = AlignedBuffer<float>(size);
  if (options.kind == rprop) std::fill_n(v_.data(), size, options.learning_rate);  // the first step size
  if (options.kind == lbfgs)
    for (AlignedBuffer<float>* each : {&w_before_, &g_before_, &direction_}) *each = AlignedBuffer<float>(size);
}

void Optimizer::step(const Runtime& rt, Mlp& model, const Workspace& ws) {
  step(rt, model, ws, options_.learning_rate);
}

void Optimizer::backward_and_step(const Runtime& rt, Mlp& model, PixelView images, Workspace& ws, float rate) {
  if (!fuses()) {
    backward(rt, model, images, ws);
    return step(rt, model, ws, rate);
  }
  backward_and_descend(rt, model, images, ws, rate);
  ++steps_;
}

void Optimizer::step(const Runtime& rt, Mlp& model, const Workspace& ws, float rate) {
  if (!ws.fits(model))
    fail(ErrorKind::shape, "optimizer: the workspace was made for another network than {}", describe(model.config()));
  ++steps_;
  if (options_.kind == lbfgs) return step_lbfgs(rt, model, ws, rate);

  const std::size_t size = model.arena().size();
  float* const weights = model.arena().data();
  if (options_.kind == sgd && options_.weight_decay == 0)  // the whole arena at once
    return rt.pool().run((size + kFloatsATask - 1) / kFloatsATask, [&](std::size_t task) noexcept {
      const std::size_t first = task * kFloatsATask;
      rt.kernels().sgd(weights + first, ws.gradients().data() + first, std::min(kFloatsATask, size - first), rate);
    });

  for (const Tensor& t : model.table()) {
    const float decay = t.is_weight() ? options_.weight_decay : 0;
    if (options_.kind == muon && t.is_weight()) {
      step_muon(rt, model, ws, t, rate);
      continue;
    }
    const float own_rate = options_.kind == muon ? rate * options_.muon_adamw_rate : rate;
    const Update u = update_of(options_, steps_, own_rate, decay);
    const std::size_t floats = t.rows * t.stride;
    rt.pool().run((floats + kFloatsATask - 1) / kFloatsATask, [&](std::size_t task) noexcept {
      const std::size_t first = t.offset + task * kFloatsATask;
      const std::size_t count = std::min(kFloatsATask, t.offset + floats - first);
      rt.kernels().update(u, weights + first, ws.gradients().data() + first,
                          m_.size() == 0 ? nullptr : m_.data() + first, v_.size() == 0 ? nullptr : v_.data() + first,
                          count);
    });
  }
}

void Optimizer::step_muon(const Runtime& rt, Mlp& model, const Workspace& ws, const Tensor& t, float rate) {
  const std::size_t floats = t.rows * t.stride;
  const float* g = ws.gradients().data() + t.offset;
  float* m = m_.data() + t.offset;
  float* w = model.arena().data() + t.offset;
  const Kernels& kernels = rt.kernels();
  // m = mu m + g, and what Nesterov's step would go along: g + mu m.
  kernels.blend(m, g, floats, options_.momentum, 1);
  Matrix direction(t.rows, t.cols);
  std::copy_n(m, floats, direction.data());
  kernels.blend(direction.data(), g, floats, options_.momentum, 1);
  const Matrix orthogonal = orthogonalize(rt, direction);
  // W is (inputs, outputs); Jordan's factor grows with outputs over inputs.
  const auto ratio = static_cast<float>(t.cols) / static_cast<float>(t.rows);
  kernels.blend(w, orthogonal.data(), floats, 1 - rate * options_.weight_decay,
                -rate * std::sqrt(std::max(1.0f, ratio)));
}

// One evaluation a step. PyTorch's LBFGS with max_iter = 1 and no line search, but that a step after which the loss
// has not fallen as its slope promised (Armijo's rule) is taken back and halved.
void Optimizer::step_lbfgs(const Runtime& rt, Mlp& model, const Workspace& ws, float rate) {
  constexpr double kArmijo = 1e-4;      // as usual
  constexpr double kShortest = 1e-10;   // guess: a direction along which nothing falls is given up
  constexpr double kCurvature = 1e-10;  // PyTorch's: below it a pair says nothing
  const std::size_t size = model.arena().size();
  const std::span<float> w = model.arena();
  const std::span<const float> g = ws.gradients();
  const std::span<float> d{direction_.data(), size};
  const auto go = [&] {  // w = w_before + step d
    for (std::size_t i = 0; i < size; ++i) w[i] = w_before_[i] + static_cast<float>(lbfgs_.step) * d[i];
  };

  if (lbfgs_.trying) {
    const bool fell = ws.mean_loss <= lbfgs_.objective + kArmijo * lbfgs_.step * lbfgs_.slope;
    if (!fell && lbfgs_.step > kShortest) {
      lbfgs_.step /= 2;
      return go();
    }
    if (!fell) {  // start anew from where it was
      std::copy_n(w_before_.data(), size, w.begin());
      s_.clear(), y_.clear(), lbfgs_ = {};
      return;
    }
    // The pair that this step has made.
    AlignedBuffer<float> s(size), y(size);
    for (std::size_t i = 0; i < size; ++i) {
      s[i] = static_cast<float>(lbfgs_.step) * d[i];
      y[i] = g[i] - g_before_[i];
    }
    const std::span<const float> sv{s.data(), size}, yv{y.data(), size};
    const double ys = dot(rt, yv, sv);
    if (ys > kCurvature) {
      if (s_.size() == options_.history) {
        s_.erase(s_.begin());
        y_.erase(y_.begin());
        lbfgs_.rho.erase(lbfgs_.rho.begin());
      }
      lbfgs_.scale = ys / sum_of_squares(rt, yv);
      lbfgs_.rho.push_back(1 / ys);
      s_.push_back(std::move(s));
      y_.push_back(std::move(y));
    }
  }

  // Two loops over the pairs: d = -H g (Nocedal and Wright, algorithm 7.4).
  for (std::size_t i = 0; i < size; ++i) d[i] = -g[i];
  std::vector<double> alpha(s_.size());
  const auto add = [&](const AlignedBuffer<float>& x, double factor) {
    for (std::size_t i = 0; i < size; ++i) d[i] += static_cast<float>(factor) * x[i];
  };
  for (std::size_t k = s_.size(); k-- > 0;) {
    alpha[k] = lbfgs_.rho[k] * dot(rt, {s_[k].data(), size}, d);
    add(y_[k], -alpha[k]);
  }
  for (float& each : d) each *= static_cast<float>(lbfgs_.scale);
  for (std::size_t k = 0; k < s_.size(); ++k) add(s_[k], alpha[k] - lbfgs_.rho[k] * dot(rt, {y_[k].data(), size}, d));

  const double slope = dot(rt, g, d);
  if (!(slope < 0)) {  // no way down: forget, and take the gradient's next time
    s_.clear(), y_.clear(), lbfgs_ = {};
    return;
  }
  double first = 1;  // the first step of all is short: min(1, 1 / |g|_1)
  if (s_.empty()) {
    double sum = 0;
    for (const float each : g) sum += std::abs(static_cast<double>(each));
    first = std::min(1.0, 1 / sum);
  }
  lbfgs_.step = first * static_cast<double>(rate);
  lbfgs_.objective = ws.mean_loss;
  lbfgs_.slope = slope;
  lbfgs_.trying = true;
  std::copy(w.begin(), w.end(), w_before_.data());
  std::copy(g.begin(), g.end(), g_before_.data());
  go();
}

Optimizer::State Optimizer::state() const {
  State state{.steps = steps_, .numbers = {static_cast<double>(options_.kind)}, .vectors = {}};
  const auto keep = [&](const AlignedBuffer<float>& buffer) {
    if (buffer.size() != 0) state.vectors.emplace_back(buffer.data(), buffer.data() + buffer.size());
  };
  for (const AlignedBuffer<float>* each : {&m_, &v_, &w_before_, &g_before_, &direction_}) keep(*each);
  if (options_.kind != lbfgs) return state;
  const double own[] = {lbfgs_.step, lbfgs_.objective, lbfgs_.slope, lbfgs_.scale, lbfgs_.trying ? 1.0 : 0.0};
  state.numbers.insert(state.numbers.end(), std::begin(own), std::end(own));
  state.numbers.insert(state.numbers.end(), lbfgs_.rho.begin(), lbfgs_.rho.end());
  for (std::size_t k = 0; k < s_.size(); ++k) keep(s_[k]), keep(y_[k]);
  return state;
}

void Optimizer::restore(const State& state) {
  std::size_t next = 0;
  const auto wrong = [&] {
    fail(ErrorKind::shape, "the optimizer's saved state is not one of {} for this network", name(options_.kind));
  };
  const auto take = [&](AlignedBuffer<float>& buffer) {
    if (buffer.size() == 0) return;
    if (next == state.vectors.size() || state.vectors[next].size() != buffer.size()) wrong();
    std::ranges::copy(state.vectors[next++], buffer.data());
  };
  if (state.numbers.empty() || state.numbers[0] != static_cast<double>(options_.kind)) wrong();
  if (options_.kind != lbfgs && state.numbers.size() != 1) wrong();
  for (AlignedBuffer<float>* each : {&m_, &v_, &w_before_, &g_before_, &direction_}) take(*each);
  if (options_.kind == lbfgs) {
    constexpr std::size_t kFixed = 6;
    const std::size_t pairs = state.numbers.size() - std::min(state.numbers.size(), kFixed);
    if (state.numbers.size() < kFixed || pairs > options_.history || state.vectors.size() != next + 2 * pairs) wrong();
    lbfgs_ = {.step = state.numbers[1],
              .objective = state.numbers[2],
              .slope = state.numbers[3],
              .scale = state.numbers[4],
              .trying = state.numbers[5] != 0,
              .rho = {state.numbers.begin() + kFixed, state.numbers.end()}};
    s_.clear(), y_.clear();
    for (std::size_t k = 0; k < pairs; ++k) {
      take(s_.emplace_back(w_before_.size()));
      take(y_.emplace_back(w_before_.size()));
    }
  }
  if (next != state.vectors.size()) wrong();
  steps_ = state.steps;
}

}  // namespace inkling
