// How gradients change weights: the optimisers, with PyTorch's definitions, so that its numbers are reproduced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "inkling/core/aligned.h"
#include "inkling/core/choice.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/model/workspace.h"

namespace inkling {

// Keeps its moments, laid out as the model's arena. One Optimizer belongs to one model and one thread at a time.
class Optimizer {
 public:
  // w is a parameter, g its gradient, t counts steps from 1; m and v are moments, 0 before the first step.
  enum Kind {
    sgd,       // w -= rate g (Robbins, Monro 1951)
    momentum,  // m = mu m + g; w -= rate m (Polyak 1964)
    nesterov,  // m = mu m + g; w -= rate (g + mu m) (Sutskever et al. 2013)
    rmsprop,   // v = alpha v + (1 - alpha) g^2; w -= rate g / (sqrt v + eps) (Hinton 2012)
    adagrad,   // v += g^2; w -= rate g / (sqrt v + eps) (Duchi, Hazan, Singer 2011)
    adam,      // m = beta1 m + (1 - beta1) g, v likewise of g^2, both over 1 - beta^t (Kingma, Ba 2015)
    adamw,     // the same; weight decay is decoupled in every optimiser here (Loshchilov, Hutter 2019)
    lion,      // w -= rate sign(beta1 m + (1 - beta1) g); m = beta2 m + (1 - beta2) g (Chen et al. 2023)
    muon,      // weight matrices: m = mu m + g, Nesterov's step made orthogonal (Jordan 2024); adamw for the rest
    rprop,     // a step size for each parameter, by the signs of two gradients (Riedmiller, Braun 1993)
    lbfgs,     // limited-memory BFGS, a step halved until the loss falls enough (Nocedal, Wright 2006, 7.2)
  };
  struct Options {
    Kind kind = sgd;
    float learning_rate = 0.1f;
    float momentum = 0.9f;   // mu, of momentum, nesterov and muon
    float beta1 = 0.9f;      // of adam, adamw, lion, and of muon's adamw
    float beta2 = 0.999f;    // likewise; lion's authors take 0.99
    float alpha = 0.99f;     // of rmsprop
    float epsilon = 1e-8f;   // of rmsprop, adagrad, adam, adamw, and of muon's adamw
    float weight_decay = 0;  // decoupled: w -= rate weight_decay w, weight matrices alone, not of lbfgs; L2 is in
                             // model/penalty.h
    float muon_adamw_rate = 0.05f;  // muon's adamw takes the learning rate times this
    std::size_t history = 100;      // pairs that lbfgs remembers

    bool operator==(const Options&) const = default;
  };

  // Throws Error config: a number that is not finite or out of its range.
  Optimizer(const Mlp& model, const Options& options);

  // Applies the gradients in ws to the model, at options().learning_rate or, where a schedule says so, another rate.
  // lbfgs also looks at ws.mean_loss. Throws Error shape when ws was made for another network.
  void step(const Runtime& rt, Mlp& model, const Workspace& ws);
  void step(const Runtime& rt, Mlp& model, const Workspace& ws, float learning_rate);

  // backward() and step() in one, which is faster where fuses() and the same to the last bit: plain descent moves a
  // weight as soon as its gradient is known. What ws.gradients() then holds is of no use.
  bool fuses() const { return options_.kind == sgd && options_.weight_decay == 0; }
  void backward_and_step(const Runtime& rt, Mlp& model, PixelView images, Workspace& ws, float learning_rate);

  const Options& options() const { return options_; }

  // Everything that the next step depends on besides the options: for checkpoints. Numbers are exact, and the first of
  // them is the kind; vectors are as long as the arena. restore() takes what state() gave for the same network and
  // options and throws Error shape for anything else.
  struct State {
    std::uint64_t steps = 0;
    std::vector<double> numbers{};
    std::vector<std::vector<float>> vectors{};
    bool operator==(const State&) const = default;
  };
  State state() const;
  void restore(const State& state);

 private:
  void step_lbfgs(const Runtime& rt, Mlp& model, const Workspace& ws, float rate);
  void step_muon(const Runtime& rt, Mlp& model, const Workspace& ws, const Tensor& t, float rate);

  struct Lbfgs {
    double step = 0;            // length along the direction that is being tried
    double objective = 0;       // loss where it began
    double slope = 0;           // gradient . direction there
    double scale = 1;           // of the first guess at the inverse Hessian
    bool trying = false;        // whether a step has been made whose loss is not yet known
    std::vector<double> rho{};  // 1 / (y . s) of each pair, oldest first
  };

  Options options_;
  std::uint64_t steps_ = 0;
  AlignedBuffer<float> m_, v_;  // (arena), where the kind has them
  Lbfgs lbfgs_;
  AlignedBuffer<float> w_before_, g_before_, direction_;  // (arena), of lbfgs
  std::vector<AlignedBuffer<float>> s_, y_;               // (history)(arena), of lbfgs
};

inline std::span<const std::string_view> choice_names(Optimizer::Kind) {
  static constexpr std::string_view kNames[] = {"sgd",   "momentum", "nesterov", "rmsprop", "adagrad", "adam",
                                                "adamw", "lion",     "muon",     "rprop",   "lbfgs"};
  return kNames;
}

}  // namespace inkling
