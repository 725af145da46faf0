#include "inkling/train/metrics.h"

#include <algorithm>
#include <cmath>

#include "inkling/core/error.h"
#include "inkling/model/backprop.h"
#include "inkling/model/loss.h"
#include "inkling/model/output.h"

namespace inkling {

double Metrics::standard_error() const {
  const double n = static_cast<double>(count);
  const double p = (static_cast<double>(correct) + 1) / (n + 2);
  return std::sqrt(p * (1 - p) / n);
}

void check_fit(const Config& config, const Dataset& data) {
  if (data.image_size() != config.inputs())
    fail(ErrorKind::shape, "images of {}x{} = {} pixels do not fit {}, which has {} inputs", data.height, data.width,
         data.image_size(), describe(config), config.inputs());
  if (data.class_count() > config.outputs())
    fail(ErrorKind::shape, "{} classes in the data do not fit {}, which has {} outputs", data.class_count(),
         describe(config), config.outputs());
}

Metrics evaluate(const Runtime& rt, const Mlp& model, const Dataset& data, Workspace& ws,
                 std::vector<Answer>* answers) {
  check_fit(model.config(), data);
  Metrics m;
  m.count = data.count();
  Matrix probabilities(answers ? std::min(ws.max_batch(), m.count) : 0, model.config().outputs());
  if (answers) answers->clear();

  const LossOptions plain{.kind = plain_loss(model.config().output), .class_weights = {}};
  double total = 0;
  for (std::size_t first = 0; first < m.count; first += ws.max_batch()) {
    const std::size_t B = std::min(ws.max_batch(), m.count - first);
    forward(rt, model, data.images().middle_rows(first, B), ws);
    compute_loss(rt, plain, {.labels = {data.labels.data() + first, B}, .partners = {}}, ws);
    for (const double loss : ws.loss()) total += loss;
    m.correct += ws.correct;
    if (!answers) continue;
    const MatrixView p = probabilities.view().middle_rows(0, B);
    class_probabilities(rt, model.config(), ws.logits(), p);
    const std::vector<std::size_t> best = argmax(ws.logits(), Axis::cols);
    for (std::size_t b = 0; b < B; ++b)
      answers->push_back({.predicted = static_cast<std::uint32_t>(best[b]), .probability = p(b, best[b])});
  }
  m.accuracy = static_cast<double>(m.correct) / static_cast<double>(m.count);
  m.loss = total / static_cast<double>(m.count);
  return m;
}

Metrics evaluate(const Runtime& rt, const Mlp& model, const Dataset& data, std::vector<Answer>* answers) {
  constexpr std::size_t kBatch = 2048;  // guess: some blocks of forward()'s for each thread, and a few megabytes
  Workspace ws(model, std::min(kBatch, std::max<std::size_t>(1, data.count())));
  return evaluate(rt, model, data, ws, answers);
}

std::vector<std::size_t> confusion_matrix(const Dataset& data, const std::vector<Answer>& answers,
                                          std::size_t classes) {
  std::vector<std::size_t> counts(classes * classes);
  for (std::size_t j = 0; j < answers.size(); ++j) ++counts[data.labels[j] * classes + answers[j].predicted];
  return counts;
}

Matrix logits_of(const Runtime& rt, const Mlp& model, const Dataset& data) {
  check_fit(model.config(), data);
  constexpr std::size_t kBatch = 2048;  // guess: as in evaluate
  Workspace ws(model, std::min(kBatch, std::max<std::size_t>(1, data.count())));
  Matrix logits(data.count(), model.config().outputs());
  for (std::size_t first = 0; first < data.count(); first += ws.max_batch()) {
    const std::size_t B = std::min(ws.max_batch(), data.count() - first);
    forward(rt, model, data.images().middle_rows(first, B), ws);
    for (std::size_t b = 0; b < B; ++b) std::ranges::copy(ws.logits().row(b), logits.view().row(first + b).begin());
  }
  return logits;
}

}  // namespace inkling
