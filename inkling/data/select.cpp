#include "inkling/data/select.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "inkling/core/error.h"
#include "inkling/core/rng.h"

namespace inkling {
namespace {

Dataset empty_like(const Dataset& data) {
  return {.height = data.height, .width = data.width, .pixels = {}, .labels = {}, .class_names = data.class_names};
}

void append(Dataset& to, const Dataset& from, std::size_t j) {
  const auto image = from.pixels.begin() + static_cast<std::ptrdiff_t>(j * from.image_size());
  to.pixels.insert(to.pixels.end(), image, image + static_cast<std::ptrdiff_t>(from.image_size()));
  to.labels.push_back(from.labels[j]);
}

}  // namespace

Dataset first_images(const Dataset& data, std::size_t count) {
  const std::size_t n = std::min(count, data.count());
  Dataset part = empty_like(data);
  part.pixels.assign(data.pixels.begin(), data.pixels.begin() + static_cast<std::ptrdiff_t>(n * data.image_size()));
  part.labels.assign(data.labels.begin(), data.labels.begin() + static_cast<std::ptrdiff_t>(n));
  return part;
}

Dataset spread_images(const Dataset& data, std::size_t count) {
  const std::size_t n = std::min(count, data.count());
  Dataset part = empty_like(data);
  part.pixels.reserve(n * data.image_size());
  for (std::size_t k = 0; k < n; ++k) append(part, data, k * data.count() / n);
  return part;
}

Dataset without_class(const Dataset& data, std::size_t which) {
  Dataset part = empty_like(data);
  if (which < part.class_names.size()) part.class_names.erase(part.class_names.begin() + static_cast<std::ptrdiff_t>(which));
  for (std::size_t j = 0; j < data.count(); ++j) {
    if (data.labels[j] == which) continue;
    append(part, data, j);
    if (data.labels[j] > which) --part.labels.back();
  }
  if (part.labels.empty())
    fail(ErrorKind::shape, "all {} images are of the class '{}': no other is left", data.count(),
         data.class_names.at(which));
  return part;
}

HeldOut hold_out(const Dataset& data, double share, std::uint64_t seed) {
  if (!(share > 0 && share < 1))
    fail(ErrorKind::config, "validation {}; expected a share of the training images, between 0 and 1", share);
  std::vector<std::uint32_t> order;
  shuffled_indices(data.count(), Rng(seed, streams::kSplit), order);
  std::vector<std::size_t> left(data.class_count());  // of each class, still to be held out
  for (const std::uint8_t label : data.labels) ++left[label];
  for (std::size_t& n : left) n = static_cast<std::size_t>(std::lround(share * static_cast<double>(n)));
  std::vector<bool> out(data.count());
  for (const std::uint32_t j : order)
    if (left[data.labels[j]] > 0) {
      --left[data.labels[j]];
      out[j] = true;
    }

  HeldOut parts{.rest = empty_like(data), .held_out = empty_like(data)};
  const auto held = static_cast<std::size_t>(std::ranges::count(out, true));
  if (held == 0 || held == data.count())
    fail(ErrorKind::config,
         "validation {} of {} images leaves {} to train on and {} to validate with; choose another share", share,
         data.count(), data.count() - held, held);
  parts.held_out.pixels.reserve(held * data.image_size());
  parts.rest.pixels.reserve((data.count() - held) * data.image_size());
  for (std::size_t j = 0; j < data.count(); ++j) append(out[j] ? parts.held_out : parts.rest, data, j);
  return parts;
}

}  // namespace inkling
