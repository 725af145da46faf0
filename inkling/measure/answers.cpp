#include "inkling/measure/answers.h"

#include <algorithm>

#include "inkling/measure/samples.h"
#include "inkling/model/backprop.h"

namespace inkling {

Answerer::Answerer(const Runtime& rt, const Mlp& model, PixelView images, std::size_t max_batch)
    : model_(&model), images_(images), ws_(model, max_batch), probabilities_(max_batch, model.config().outputs()) {
  freeze(rt, model, ws_);
}

std::vector<double> Answerer::one_by_one(const Runtime& rt) {
  std::vector<double> seconds(images_.rows);
  for (std::size_t b = 0; b < images_.rows; ++b) seconds[b] = seconds_of([&] { answer(rt, b, 1); });
  return seconds;
}

void Answerer::in_batches(const Runtime& rt) {
  for (std::size_t b = 0; b < images_.rows; b += ws_.max_batch())
    answer(rt, b, std::min(ws_.max_batch(), images_.rows - b));
}

void Answerer::answer(const Runtime& rt, std::size_t first, std::size_t count) {
  predict(rt, *model_, images_.middle_rows(first, count), ws_, probabilities_.view().middle_rows(0, count));
}

}  // namespace inkling
