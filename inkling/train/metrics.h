// What a network gets right on a data set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "inkling/data/dataset.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/model/workspace.h"

namespace inkling {

struct Metrics {
  std::size_t count = 0;
  std::size_t correct = 0;
  double accuracy = 0;  // correct / count
  double loss = 0;      // mean of the output's plain loss: cross-entropy in nats for softmax

  // sqrt(p (1 - p) / n) of the binomial distribution, with p = (correct + 1) / (count + 2) so that a perfect score has
  // one, too.
  double standard_error() const;
};

// One image's answer.
struct Answer {
  std::uint32_t predicted = 0;
  float probability = 0;  // of the predicted class
};

// Throws Error shape when the data's images or classes do not fit the network. Answers, where wanted, are as many as
// images.
Metrics evaluate(const Runtime& rt, const Mlp& model, const Dataset& data, Workspace& ws,
                 std::vector<Answer>* answers = nullptr);
Metrics evaluate(const Runtime& rt, const Mlp& model, const Dataset& data, std::vector<Answer>* answers = nullptr);

// confusion[label * classes + predicted] counts images.
std::vector<std::size_t> confusion_matrix(const Dataset& data, const std::vector<Answer>& answers, std::size_t classes);

// Throws Error shape: says how images or classes do not fit.
void check_fit(const Config& config, const Dataset& data);

// Logits of every image, (count, outputs). Throws Error shape when the data do not fit the network.
Matrix logits_of(const Runtime& rt, const Mlp& model, const Dataset& data);

}  // namespace inkling
