#include "inkling/reader/reader.h"

#include <algorithm>
#include <span>
#include <utility>

#include "inkling/core/error.h"
#include "inkling/model/backprop.h"

namespace inkling {

Reader::Reader(LoadedModel model) : Reader(std::make_shared<const LoadedModel>(std::move(model))) {}

Reader::Reader(std::shared_ptr<const LoadedModel> model)
    : model_(std::move(model)), ws_(model_->model, 1), p_(1, model_->model.config().outputs()) {}

Reading Reader::answer(const Runtime& rt, PixelView image, bool blank) {
  if (!std::exchange(frozen_, true)) freeze(rt, model_->model, ws_);
  predict(rt, model_->model, image, ws_, p_);
  const std::span<const float> logits = ws_.logits().row(0), p = std::as_const(p_).view().row(0);
  static const RefusalRule kNone;
  const std::optional<RefusalRule>& rule = info().refusal;
  Reading reading{.best = 0,
                  .logits = {logits.begin(), logits.end()},
                  .probabilities = {p.begin(), p.end()},
                  .evidence = evidence_of(model_->model, rule ? *rule : kNone, ws_, p_, 0),
                  .refused = {},
                  .prepared = {}};
  reading.best = reading.evidence.best;
  if (blank)
    reading.refused = "blank";
  else if (rule)
    reading.refused = refusal_reason(*rule, reading.evidence);
  return reading;
}

Reading Reader::read(const Runtime& rt, const Image& given) {
  return read(rt, prepare_digit(given, {.height = info().image_height, .width = info().image_width}));
}

Reading Reader::read(const Runtime& rt, Prepared prepared) {
  if (prepared.digit.height != info().image_height || prepared.digit.width != info().image_width)
    fail(ErrorKind::shape, "a prepared image of {}x{}; the model reads {}x{}", prepared.digit.height,
         prepared.digit.width, info().image_height, info().image_width);
  const PixelView pixels{prepared.digit.pixels.data(), 1, prepared.digit.pixels.size()};
  Reading reading = answer(rt, pixels, prepared.blank);
  reading.prepared = std::move(prepared);
  return reading;
}

Reading Reader::read_as_is(const Runtime& rt, PixelView image) {
  if (image.rows != 1 || image.cols != model().config().inputs())
    fail(ErrorKind::shape, "{} images of {} pixels; expected one of {}", image.rows, image.cols,
         model().config().inputs());
  const std::span<const std::uint8_t> pixels = image.row(0);
  Reading reading = answer(rt, image, std::ranges::all_of(pixels, [](std::uint8_t p) { return p == 0; }));
  reading.prepared.digit = {
      .height = info().image_height, .width = info().image_width, .pixels = {pixels.begin(), pixels.end()}};
  reading.prepared.unchanged = true;
  reading.prepared.blank = reading.refused == "blank";
  return reading;
}

}  // namespace inkling
