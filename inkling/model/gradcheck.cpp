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

// |a - n| / (|a| + |n|)
double relative_difference(const std::vector<double>& a, const std::vector<double>& n) {
  double difference = 0, norm_a = 0, norm_n = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    difference += (a[k] - n[k]) * (a[k] - n[k]);
    norm_a += a[k] * a[k];
    norm_n += n[k] * n[k];
  }
  const double norms = std::sqrt(norm_a) + std::sqrt(norm_n);
  return norms == 0 ? 0 : std::sqrt(difference) / norms;
}

double complex_step(reference::Network<std::complex<double>>& net, const Sample& sample, std::size_t t, std::size_t k) {
  constexpr double h =
      1e-50;  // derived: h^2 vanishes beside 1 in double, and h itself is far above the smallest double
  std::complex<double>& w = net.parameter(t, k);
  const std::complex<double> held = w;
  w += std::complex<double>(0, h);
  const double derivative = reference::loss(net, sample.images(), sample.labels).imag() / h;
  w = held;
  return derivative;
}

// ReLU with the units open that were open at the first call for each: between w - h and w + h a unit may cross its
// kink, where a difference is no derivative.
class HeldRelu {
 public:
  double operator()(double z) {
    if (recording_) open_.push_back(z > 0);
    return open_[next_++] ? z : 0;
  }
  void replay() {
    recording_ = false;
    next_ = 0;
  }

 private:
  std::vector<bool> open_;  // of every hidden unit for every image, in the order of the calls
  std::size_t next_ = 0;
  bool recording_ = true;
};

double central_difference(reference::Network<double>& net, const Sample& sample, HeldRelu& relu, std::size_t t,
                          std::size_t k) {
  constexpr double h = 1e-5;  // derived: between the cube root of double's rounding and where differences drown in it
  double& w = net.parameter(t, k);
  const double held = w;
  const auto loss_at = [&](double value) {
    w = value;
    relu.replay();
    return reference::loss(net, sample.images(), sample.labels, relu);
  };
  const double above = loss_at(held + h);
  const double below = loss_at(held - h);
  w = held;
  return (above - below) / (2 * h);
}

}  // namespace

std::vector<TensorCheck> gradcheck(const Runtime& rt, const Mlp& model_in, const GradcheckOptions& options) {
  if (options.images == 0) fail(ErrorKind::config, "gradient check with 0 images; at least 1 is needed");
  const Sample sample = random_sample(model_in.config(), options);

  // Biases of 0 would leave part of the chain rule unseen.
  Mlp model = model_in;
  const Rng biases(options.seed, kBiasStream);
  for (std::size_t l = 0, k = 0; l < model.layer_count(); ++l)
    for (float& b : model.bias(l).row(0)) b = static_cast<float>(0.1 * biases.normal(k++));

  Workspace ws(model, options.images);
  forward(rt, model, sample.images(), ws);
  softmax_cross_entropy(rt, sample.labels, ws);
  backward(rt, model, sample.images(), ws);

  std::vector<TensorCheck> checks;
  for (std::size_t t = 0; t < model.table().size(); ++t) {
    const Tensor& tensor = model.table()[t];
    std::vector<std::uint32_t> chosen;
    shuffled_indices(tensor.size(), Rng(options.seed, kChoiceStream + t), chosen);
    if (options.parameters_a_tensor != 0) chosen.resize(std::min(chosen.size(), options.parameters_a_tensor));

    std::vector<double> backprop(chosen.size()), exact(chosen.size()), central(chosen.size());
    // A task takes every n-th parameter, with networks of its own to move them in.
    const std::size_t tasks = std::min(rt.threads(), chosen.size());
    std::vector<std::exception_ptr> failures(tasks);  // memory may run short, and a task must not throw
    rt.pool().run(tasks, [&](std::size_t task) noexcept {
      try {
        reference::Network<std::complex<double>> complex_net(model);
        reference::Network<double> real_net(model);
        HeldRelu relu;
        reference::loss(real_net, sample.images(), sample.labels, relu);
        for (std::size_t j = task; j < chosen.size(); j += tasks) {
          const std::size_t k = chosen[j];
          backprop[j] = ws.gradient(tensor)(k / tensor.cols, k % tensor.cols);
          exact[j] = complex_step(complex_net, sample, t, k);
          central[j] = central_difference(real_net, sample, relu, t, k);
        }
      } catch (...) {
        failures[task] = std::current_exception();
      }
    });
    for (const std::exception_ptr& failure : failures)
      if (failure) std::rethrow_exception(failure);
    checks.push_back({.name = tensor.name,
                      .size = tensor.size(),
                      .checked = chosen.size(),
                      .backprop = relative_difference(backprop, exact),
                      .central = relative_difference(central, exact)});
  }
  return checks;
}

}  // namespace inkling
