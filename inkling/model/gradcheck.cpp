#include "inkling/model/gradcheck.h"

#include <algorithm>
#include <cmath>
#include <exception>

#include "inkling/core/error.h"
#include "inkling/core/rng.h"
#include "inkling/model/backprop.h"
#include "inkling/model/reference.h"

namespace inkling {
namespace {

// Streams of the check's own random numbers, apart from those of training.
constexpr std::uint64_t kPixelStream = 1, kLabelStream = 2, kBiasStream = 3, kChoiceStream = 4;

struct Sample {
  std::vector<std::uint8_t> pixels;  // (images, inputs)
  std::vector<std::uint8_t> labels;  // (images)
  PixelView images() const { return {pixels.data(), labels.size(), pixels.size() / labels.size()}; }
};

Sample random_sample(const Config& config, const GradcheckOptions& options) {
  Sample sample;
  const Rng pixels(options.seed, kPixelStream);
  for (std::size_t k = 0; k < options.images * config.inputs(); ++k) {
    const std::uint64_t bits = pixels.bits(k);
    sample.pixels.push_back(bits & 1 ? static_cast<std::uint8_t>(bits >> 8) : 0);
  }
  const Rng labels(options.seed, kLabelStream);
  for (std::size_t b = 0; b < options.images; ++b)
    sample.labels.push_back(static_cast<std::uint8_t>(labels.below(std::min<std::size_t>(config.outputs(), 256), b)));
  return sample;
}

double norm(const std::vector<double>& x) {
  double squares = 0;
  for (const double each : x) squares += each * each;
  return std::sqrt(squares);
}

// |a - n| / (|a| + |n|). Where n is zero but for rounding, as that of a shift is which the next normalisation takes out
// again, both are rounding, and are measured by the whole gradient.
double relative_difference(const std::vector<double>& a, const std::vector<double>& n, double whole) {
  constexpr double kNothing = 1e-12;  // derived: some thousand roundings of double
  std::vector<double> difference(a.size());
  for (std::size_t k = 0; k < a.size(); ++k) difference[k] = a[k] - n[k];
  const double norms = norm(n) <= kNothing * whole ? whole : norm(a) + norm(n);
  return norm(difference) == 0 ? 0 : norm(difference) / norms;
}

// The batch as the training pass saw it, and what its loss is divided by.
struct Problem {
  reference::Held held;
  LossOptions loss;
  PenaltyOptions penalty;
  std::vector<double> class_weights;
  double divisor = 0;

  template <typename T, typename S = reference::Side>
  T evaluate(const reference::Network<T>& net, S&& side = {}) const {
    return reference::loss(net, held, loss, penalty, class_weights, divisor, side);
  }
};

Problem hold_problem(const Config& config, const Workspace& ws, const GradcheckOptions& options, const Sample& sample,
                     const TrainingPass& pass, std::span<const std::uint8_t> partner_labels) {
  Problem p{.held = {}, .loss = options.loss, .penalty = options.penalty, .class_weights = {}, .divisor = 0};
  p.class_weights.assign(config.outputs(), 1);
  std::ranges::copy(options.loss.class_weights, p.class_weights.begin());
  const bool mixed = !pass.partners.empty();
  const double lambda = mixed ? static_cast<double>(pass.lambda) : 1;
  const auto smoothing = static_cast<double>(options.loss.label_smoothing);
  const double spread = smoothing / (config.output == Output::sigmoid ? 2 : static_cast<double>(config.outputs()));
  for (std::size_t b = 0; b < options.images; ++b) {
    std::vector<double>& x = p.held.inputs.emplace_back();
    for (std::size_t i = 0; i < config.inputs(); ++i)
      x.push_back(ws.input.is_pixels() ? static_cast<double>(ws.input.worth) * ws.input.pixels(b, i)
                                       : static_cast<double>(ws.input.floats(b, i)));
    std::vector<double>& t = p.held.targets.emplace_back(config.outputs(), spread);
    t[sample.labels[b]] += (1 - smoothing) * lambda;
    p.divisor += config.output == Output::softmax ? lambda * p.class_weights[sample.labels[b]] : 1;
    if (!mixed) continue;
    t[partner_labels[b]] += (1 - smoothing) * (1 - lambda);
    if (config.output == Output::softmax) p.divisor += (1 - lambda) * p.class_weights[partner_labels[b]];
  }
  if (config.dropout == 0) return p;
  const double scale = 1 / (1 - dropped_share(config.dropout));
  for (std::size_t l = 0; l + 1 < config.layer_count(); ++l) {
    reference::Rows<double>& rows = p.held.factors.emplace_back();
    const std::size_t O = config.widths[l + 1];
    for (std::size_t b = 0; b < options.images; ++b) {
      std::vector<double>& factors = rows.emplace_back();
      for (std::size_t o = 0; o < O; ++o) factors.push_back(is_kept(config.dropout, pass, l + 1, b, o, O) ? scale : 0);
    }
  }
  return p;
}

double complex_step(reference::Network<std::complex<double>>& net, const Problem& problem, std::size_t t,
                    std::size_t k) {
  constexpr double h =
      1e-50;  // derived: h^2 vanishes beside 1 in double, and h itself is far above the smallest double
  std::complex<double>& w = net.parameter(t, k);
  const std::complex<double> held = w;
  w += std::complex<double>(0, h);
  const double derivative = problem.evaluate(net).imag() / h;
  w = held;
  return derivative;
}

// The side of its kink that each unit was on at the first call for it: between w - h and w + h a unit may cross, where
// a difference is no derivative.
class HeldSides {
 public:
  bool operator()(bool above) {
    if (recording_) above_.push_back(above);
    return above_[next_++];
  }
  void replay() {
    recording_ = false;
    next_ = 0;
  }

 private:
  std::vector<bool> above_;  // of every hidden unit for every image, in the order of the calls
  std::size_t next_ = 0;
  bool recording_ = true;
};

double central_difference(reference::Network<double>& net, const Problem& problem, HeldSides& sides, std::size_t t,
                          std::size_t k) {
  constexpr double h = 1e-5;  // derived: between the cube root of double's rounding and where differences drown in it
  double& w = net.parameter(t, k);
  const double held = w;
  const auto loss_at = [&](double value) {
    w = value;
    sides.replay();
    return problem.evaluate(net, sides);
  };
  const double above = loss_at(held + h);
  const double below = loss_at(held - h);
  w = held;
  return (above - below) / (2 * h);
}

}  // namespace

std::vector<TensorCheck> gradcheck(const Runtime& rt, const Mlp& model_in, const GradcheckOptions& options) {
  if (options.images == 0) fail(ErrorKind::config, "gradient check with 0 images; at least 1 is needed");
  check(options.loss, model_in.config());
  if (output_of(options.loss.kind) != model_in.config().output)
    fail(ErrorKind::config, "the loss {} belongs to {} outputs, and the network has {} outputs",
         name(options.loss.kind), name(output_of(options.loss.kind)), name(model_in.config().output));
  const Sample sample = random_sample(model_in.config(), options);

  // Biases of 0 and scales of 1 would leave part of the chain rule unseen.
  Mlp model = model_in;
  const Rng biases(options.seed, kBiasStream);
  std::uint64_t drawn = 0;
  for (const Tensor& t : model.table())
    if (!t.is_weight())
      for (float& b : model.tensor(t).row(0)) b += static_cast<float>(0.1 * biases.normal(drawn++));

  Mixing mixing;
  TrainingPass pass{.seed = options.seed};
  if (options.mixup > 0) {
    draw_mixing(options.mixup, options.seed, 0, sample.labels, mixing);
    pass.lambda = mixing.lambda;
    pass.partners = mixing.partners;
  }
  Workspace ws(model, options.images);
  forward(rt, model, sample.images(), ws, pass);
  compute_loss(rt, options.loss, {.labels = sample.labels, .partners = mixing.partner_labels, .lambda = mixing.lambda},
               ws);
  backward(rt, model, sample.images(), ws);
  add_penalty_gradient(rt, model, options.penalty, ws);
  const Problem problem = hold_problem(model.config(), ws, options, sample, pass, mixing.partner_labels);

  struct Derivatives {
    std::vector<double> backprop, exact, central;
  };
  std::vector<Derivatives> all;  // of each tensor
  for (std::size_t t = 0; t < model.table().size(); ++t) {
    const Tensor& tensor = model.table()[t];
    std::vector<std::uint32_t> chosen;
    shuffled_indices(tensor.size(), Rng(options.seed, kChoiceStream + t), chosen);
    if (options.parameters_a_tensor != 0) chosen.resize(std::min(chosen.size(), options.parameters_a_tensor));

    const std::vector<double> zeros(chosen.size());
    Derivatives& of = all.emplace_back(Derivatives{zeros, zeros, zeros});
    // A task takes every n-th parameter, with networks of its own to move them in.
    const std::size_t tasks = std::min(rt.threads(), chosen.size());
    std::vector<std::exception_ptr> failures(tasks);  // memory may run short, and a task must not throw
    rt.pool().run(tasks, [&](std::size_t task) noexcept {
      try {
        reference::Network<std::complex<double>> complex_net(model);
        reference::Network<double> real_net(model);
        HeldSides sides;
        problem.evaluate(real_net, sides);
        for (std::size_t j = task; j < chosen.size(); j += tasks) {
          const std::size_t k = chosen[j];
          of.backprop[j] = static_cast<double>(ws.gradient(tensor)(k / tensor.cols, k % tensor.cols));
          of.exact[j] = complex_step(complex_net, problem, t, k);
          of.central[j] = central_difference(real_net, problem, sides, t, k);
        }
      } catch (...) {
        failures[task] = std::current_exception();
      }
    });
    for (const std::exception_ptr& failure : failures)
      if (failure) std::rethrow_exception(failure);
  }

  double squares = 0;
  for (const Derivatives& of : all) squares += norm(of.exact) * norm(of.exact);
  const double whole = std::sqrt(squares);
  std::vector<TensorCheck> checks;
  for (std::size_t t = 0; t < all.size(); ++t)
    checks.push_back({.name = model.table()[t].name,
                      .size = model.table()[t].size(),
                      .checked = all[t].exact.size(),
                      .backprop = relative_difference(all[t].backprop, all[t].exact, whole),
                      .central = relative_difference(all[t].central, all[t].exact, whole)});
  return checks;
}

}  // namespace inkling
