#include "inkling/data/select.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "inkling/core/error.h"
#include "inkling/core/file.h"
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

Dataset first_images(Dataset&& data, std::size_t count) {
  const std::size_t n = std::min(count, data.count());
  data.pixels.resize(n * data.image_size());
  data.labels.resize(n);
  give_back_rest(data.pixels);
  return std::move(data);
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
  if (which < part.class_names.size())
    part.class_names.erase(part.class_names.begin() + static_cast<std::ptrdiff_t>(which));
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

HeldOut hold_out(Dataset data, double share, std::uint64_t seed, Hold purpose) {
  const bool test = purpose == Hold::test;
  const std::string_view what = test ? "test" : "validation";
  if (!(share > 0 && share < 1))
    fail(ErrorKind::config, "{} {}; expected a share of the {}images, between 0 and 1", what, share,
         test ? "" : "training ");
  std::vector<std::uint32_t> order;
  shuffled_indices(data.count(), Rng(seed, test ? streams::kTestSplit : streams::kSplit), order);
  std::vector<std::size_t> left(data.class_count());  // of each class, still to be held out
  for (const std::uint8_t label : data.labels) ++left[label];
  for (std::size_t& n : left) {
    const auto held = static_cast<std::size_t>(std::lround(share * static_cast<double>(n)));
    n = test && held == n ? n - std::min<std::size_t>(n, 1) : held;  // no class is tested that nobody has learned
  }
  std::vector<bool> out(data.count());
  for (const std::uint32_t j : order)
    if (left[data.labels[j]] > 0) {
      --left[data.labels[j]];
      out[j] = true;
    }

  HeldOut parts{.rest = std::move(data), .held_out = {}};
  Dataset& rest = parts.rest;
  parts.held_out = empty_like(rest);
  const auto held = static_cast<std::size_t>(std::ranges::count(out, true));
  if (held == 0 || held == rest.count())
    fail(ErrorKind::config, "{} {} of {} images leaves {} to train on and {} to {} with; choose another share", what,
         share, rest.count(), rest.count() - held, held, test ? "test" : "validate");
  const std::size_t size = rest.image_size();
  reserve(parts.held_out.pixels, held * size);
  parts.held_out.labels.reserve(held);
  std::size_t kept = 0;
  for (std::size_t j = 0; j < out.size(); ++j) {
    const auto image = rest.pixels.begin() + static_cast<std::ptrdiff_t>(j * size);
    if (out[j]) {
      parts.held_out.pixels.insert(parts.held_out.pixels.end(), image, image + static_cast<std::ptrdiff_t>(size));
      parts.held_out.labels.push_back(rest.labels[j]);
    } else {
      std::copy_n(image, size, rest.pixels.begin() + static_cast<std::ptrdiff_t>(kept * size));
      rest.labels[kept++] = rest.labels[j];
    }
  }
  rest.pixels.resize(kept * size);
  rest.labels.resize(kept);
  give_back_rest(rest.pixels);
  return parts;
}

}  // namespace inkling
