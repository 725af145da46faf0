// Any bytes as a table of images: either one inkling::Error, or images that keep the promises of an ImageSet and are
// the same when they are written and read again.
//
// The first byte chooses what is said of the table: nothing, where its label is, its images' size.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "inkling/core/error.h"
#include "inkling/data/csv.h"

namespace {

constexpr std::size_t kMaxPixels = std::size_t{1} << 20;  // guess: keeps a bomb from slowing the search

void require(bool holds) {
  if (!holds) std::abort();
}

// A table in the plainest form, with its label first.
std::string plain(const inkling::ImageSet& images) {
  std::string text;
  const std::size_t size = images.height * images.width;
  for (std::size_t j = 0; j < images.count(); ++j) {
    if (!images.labels.empty()) {
      text += '"';
      for (const char c : images.class_names[images.labels[j]])
        text += c == '"' ? std::string("\"\"") : std::string(1, c);
      text += "\",";
    }
    for (std::size_t i = 0; i < size; ++i)
      text += std::to_string(images.pixels[j * size + i]) + (i + 1 < size ? "," : "\n");
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  inkling::ReadOptions options;
  options.table.label = static_cast<inkling::LabelColumn>(data[0] & 3);
  if ((data[0] & 4) != 0) options.table.size = inkling::ImageSize{static_cast<std::size_t>(data[0] >> 3) % 4 + 1, 2};
  try {
    const inkling::ImageSet images = inkling::parse_csv({data + 1, size - 1}, "fuzz", options, kMaxPixels);
    require(images.count() > 0 && images.pixels.size() == images.count() * images.height * images.width);
    require(images.labels.empty() || images.labels.size() == images.count());
    require(std::ranges::all_of(images.labels, [&](std::uint8_t y) { return y < images.class_names.size(); }));
    options.table = {.label = images.labels.empty() ? inkling::LabelColumn::none : inkling::LabelColumn::first,
                     .size = inkling::ImageSize{images.height, images.width}};
    if (images.height * images.width + (images.labels.empty() ? 0 : 1) < 2) return 0;  // one column: no table
    const std::string text = plain(images);
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    const inkling::ImageSet again = inkling::parse_csv(bytes, "written again", options, kMaxPixels);
    require(again.pixels == images.pixels && again.labels.size() == images.labels.size());
    for (std::size_t j = 0; j < images.labels.size(); ++j)
      require(again.class_names[again.labels[j]] == images.class_names[images.labels[j]]);
  } catch (const inkling::Error&) {
  }
  return 0;
}
