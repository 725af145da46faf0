#include "inkling/report/tensorboard.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "inkling/report/colors.h"
#include "inkling/report/event_records.h"
#include "inkling/report/picture.h"
#include "inkling/report/sheet.h"

namespace inkling {
namespace {

// Field numbers of the messages, as published.
namespace event {
constexpr unsigned kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7;
}
namespace session_log {
constexpr unsigned kStatus = 1;
constexpr std::uint64_t kStart = 1;
}  // namespace session_log
namespace summary {
constexpr unsigned kValue = 1;
}
namespace value {
constexpr unsigned kTag = 1, kSimpleValue = 2, kImage = 4, kHistogram = 5;
}
namespace image {
constexpr unsigned kHeight = 1, kWidth = 2, kColorspace = 3, kEncoded = 4;
constexpr std::uint64_t kRgb = 3;
}  // namespace image
namespace histogram {
constexpr unsigned kMin = 1, kMax = 2, kCount = 3, kSum = 4, kSumOfSquares = 5, kLimits = 6, kBuckets = 7;
}

constexpr std::size_t kBins = 64;       // guess: TensorBoard itself shows 30
constexpr std::size_t kMostUnits = 64;  // guess: 8 x 8 tiles can be looked at, and an epoch stays near 100 KB
constexpr std::size_t kUnitsInARow = 8;
constexpr std::size_t kMostPixels = 1u << 20;  // of the picture; guess

std::string_view text_of(const Bytes& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

void append_event(Bytes& file, double wall_seconds, std::uint64_t step, unsigned field, std::string_view content) {
  Message message;
  message.add_double(event::kWallTime, wall_seconds);
  if (step != 0) message.add_varint(event::kStep, step);
  message.add_bytes(field, content);
  append_record(file, message.bytes());
}

void add_scalar(Message& all, const std::string& tag, double number) {
  Message one;
  one.add_bytes(value::kTag, tag);
  one.add_float(value::kSimpleValue, static_cast<float>(number));
  all.add_bytes(summary::kValue, one.bytes());
}

// Equal bins from the smallest weight to the largest; a tensor of one number alone has one bin.
std::string histogram_of(ConstMatrixView weights) {
  double low = INFINITY, high = -INFINITY, sum = 0, squares = 0;
  for (std::size_t r = 0; r < weights.rows; ++r)
    for (const float each : weights.row(r)) {
      const auto w = static_cast<double>(each);
      low = std::min(low, w);
      high = std::max(high, w);
      sum += w;
      squares += w * w;
    }
  std::vector<double> limits(low < high ? kBins : 1), counts(limits.size());
  const double width = (high - low) / static_cast<double>(limits.size());
  for (std::size_t k = 0; k < limits.size(); ++k) limits[k] = low + width * static_cast<double>(k + 1);
  limits.back() = high;
  for (std::size_t r = 0; r < weights.rows; ++r)
    for (const float each : weights.row(r)) {
      const double place = width > 0 ? (static_cast<double>(each) - low) / width : 0;
      ++counts[std::min(static_cast<std::size_t>(place), counts.size() - 1)];
    }
  Message message;
  message.add_double(histogram::kMin, low);
  message.add_double(histogram::kMax, high);
  message.add_double(histogram::kCount, static_cast<double>(weights.rows * weights.cols));
  message.add_double(histogram::kSum, sum);
  message.add_double(histogram::kSumOfSquares, squares);
  message.add_packed(histogram::kLimits, limits);
  message.add_packed(histogram::kBuckets, counts);
  return message.bytes();
}

// What each of the first units looks for: a tile a unit, in the order of the units, so that epochs can be compared.
// Blue below 0, white at 0, red above; one scale for all tiles, symmetric about 0.
Picture first_layer_picture(ConstMatrixView weights, std::size_t height, std::size_t width) {
  const std::size_t units = std::min(weights.cols, kMostUnits);
  const std::size_t columns = std::min(units, kUnitsInARow), rows = (units + columns - 1) / columns;
  std::vector<float> shown;
  for (std::size_t i = 0; i < weights.rows; ++i)
    shown.insert(shown.end(), weights.row(i).begin(), weights.row(i).begin() + static_cast<std::ptrdiff_t>(units));
  constexpr double kScaleShare = 0.998;  // guess: the few largest weights would make all others pale
  const double largest = static_cast<double>(size_quantile(shown, kScaleShare));
  const double scale = largest > 0 ? 1 / largest : 0;
  Picture picture(columns * (width + 1) - 1, rows * (height + 1) - 1, kGround);
  for (std::size_t u = 0; u < units; ++u)
    for (std::size_t i = 0; i < weights.rows; ++i)
      picture.set(static_cast<int>(u % columns * (width + 1) + i % width),
                  static_cast<int>(u / columns * (height + 1) + i / width),
                  diverging(scale * static_cast<double>(weights(i, u))));
  return picture;
}

std::string image_of(const Picture& picture) {
  Message message;
  message.add_varint(image::kHeight, picture.height());
  message.add_varint(image::kWidth, picture.width());
  message.add_varint(image::kColorspace, image::kRgb);
  message.add_bytes(image::kEncoded, text_of(png_bytes(picture)));
  return message.bytes();
}

void add_losses(Message& all, const EpochReport& r) {
  add_scalar(all, "loss/train", r.train_loss);
  if (r.validation) add_scalar(all, "loss/validation", r.validation->loss);
  add_scalar(all, "loss/test", r.test.loss);
  add_scalar(all, "accuracy/train", r.train_accuracy);
  if (r.validation) add_scalar(all, "accuracy/validation", r.validation->accuracy);
  add_scalar(all, "accuracy/test", r.test.accuracy);
}

}  // namespace

Bytes first_events(double wall_seconds, std::uint64_t resumed_at) {
  Bytes file;
  append_event(file, wall_seconds, 0, event::kFileVersion, "brain.Event:2");
  Message status;
  status.add_varint(session_log::kStatus, session_log::kStart);
  append_event(file, wall_seconds, resumed_at + 1, event::kSessionLog, status.bytes());  // the first step to forget
  return file;
}

Bytes epoch_events(const EpochReport& r, const Mlp& model, const EpochFacts& facts) {
  Bytes file;
  Message scalars;
  add_losses(scalars, r);
  add_scalar(scalars, "epoch", static_cast<double>(r.epoch));
  add_scalar(scalars, "learning_rate", static_cast<double>(r.learning_rate));
  for (const TensorHealth& each : r.health) add_scalar(scalars, "gradient_norm/" + each.name, each.gradient_norm);
  for (const TensorHealth& each : r.health) add_scalar(scalars, "update_ratio/" + each.name, each.update_ratio);
  add_scalar(scalars, "images_per_second", facts.images_per_second);
  append_event(file, facts.wall_seconds, r.steps, event::kSummary, scalars.bytes());

  Message drawings;
  for (const Tensor& tensor : model.table()) {
    Message one;
    one.add_bytes(value::kTag, "weights/" + tensor.name);
    one.add_bytes(value::kHistogram, histogram_of(model.tensor(tensor)));
    drawings.add_bytes(summary::kValue, one.bytes());
  }
  const ConstMatrixView first = model.weight(0);
  if (facts.image_height * facts.image_width == first.rows && first.rows <= kMostPixels / kMostUnits) {
    Message one;
    one.add_bytes(value::kTag, "first_layer/weights");
    one.add_bytes(value::kImage, image_of(first_layer_picture(first, facts.image_height, facts.image_width)));
    drawings.add_bytes(summary::kValue, one.bytes());
  }
  append_event(file, facts.wall_seconds, r.steps, event::kSummary, drawings.bytes());
  return file;
}

}  // namespace inkling
