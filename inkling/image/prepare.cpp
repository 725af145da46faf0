#include "inkling/image/prepare.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "inkling/core/error.h"
#include "inkling/image/components.h"
#include "inkling/image/strokes.h"

namespace inkling {
namespace {

constexpr double kBody = 20.0 / 28;  // derived: of the image's side, the larger side of MNIST's digits
constexpr std::size_t kLeastSide = 8, kMostSide = 1024;
constexpr std::size_t kSearchSide = 800;            // guess: pixels of the scale at which a photo is searched for ink
constexpr std::size_t kReadSide = 240;              // guess: pixels of a digit at the scale at which it is read
constexpr std::size_t kLeastGrid = 60, kGrid = 80;  // guess: smaller ink is scaled up before its strokes are changed
constexpr std::uint8_t kInk = 32;                   // guess: fainter than this is no edge of a digit
constexpr std::uint8_t kBorder = 24;                // guess: what JPEG leaves in the black around an MNIST digit
// Measured: 5th and 95th percentile of MNIST's 60,000 training digits are 1.6 and 3.6 pixels of 28, the median 2.4.
constexpr double kThinnest = 1.9 / 28, kThickest = 3.4 / 28;
constexpr double kMostChange = 4;    // guess: pixels of the digit; what would change more is a blot, and stays one
constexpr double kGap = 0.35;        // guess: of the largest part's side; a part that is nearer belongs to it
constexpr double kPartOf = 0.02;     // guess: of the largest part's ink; less is a speck
constexpr double kAnotherOf = 0.25;  // guess: of the largest part's ink; as much counts wherever it is
constexpr double kLow = 0.12, kHigh = 0.88;  // guess: of full ink; soft edges become this much steeper

void check(const PrepareOptions& options) {
  for (const std::size_t side : {options.height, options.width})
    if (side < kLeastSide || side > kMostSide)
      fail(ErrorKind::config, "images of {} x {} pixels cannot be prepared: {} to {} a side", options.height,
           options.width, kLeastSide, kMostSide);
}

std::size_t body_side(const PrepareOptions& options) {
  return static_cast<std::size_t>(std::lround(kBody * static_cast<double>(std::min(options.height, options.width))));
}

Image empty_image(std::size_t height, std::size_t width) {
  return {.height = height, .width = width, .pixels = std::vector<std::uint8_t>(height * width)};
}

struct Point {
  double y = 0, x = 0;
};

// Of the pixels' centres, which lie at whole numbers, by their grey. Nothing where all is 0.
std::optional<Point> center_of_mass(const Image& image, std::uint8_t least = 1) {
  std::uint64_t sum = 0, rows = 0, columns = 0;
  for (std::size_t r = 0; r < image.height; ++r)
    for (std::size_t c = 0; c < image.width; ++c) {
      const std::uint64_t grey = image.pixels[r * image.width + c];
      if (grey < least) continue;
      sum += grey, rows += grey * r, columns += grey * c;
    }
  if (sum == 0) return std::nullopt;
  return Point{static_cast<double>(rows) / static_cast<double>(sum),
               static_cast<double>(columns) / static_cast<double>(sum)};
}

Box box_from(Image ink, std::uint8_t least) {
  for (std::uint8_t& pixel : ink.pixels) pixel = pixel >= least ? 255 : 0;
  return box_of(ink);
}

Image with_margin(const Image& image, std::size_t margin) {
  Image wide = empty_image(image.height + 2 * margin, image.width + 2 * margin);
  for (std::size_t r = 0; r < image.height; ++r)
    std::copy_n(image.pixels.begin() + static_cast<std::ptrdiff_t>(r * image.width), image.width,
                wide.pixels.begin() + static_cast<std::ptrdiff_t>((r + margin) * wide.width + margin));
  return wide;
}

// To that larger side; the smaller one keeps the shape.
Image scaled_to_side(const Image& image, std::size_t side) {
  const std::size_t larger = std::max(image.height, image.width);
  const auto of = [&](std::size_t length) {
    return std::max<std::size_t>(1, (2 * length * side + larger) / (2 * larger));
  };
  return scaled(image, of(image.height), of(image.width));
}

// Greys between kLow and kHigh are spread over the whole range.
void steepen(Image& image) {
  std::array<std::uint8_t, 256> steep{};
  for (std::size_t grey = 0; grey < steep.size(); ++grey) {
    const double share = (static_cast<double>(grey) / 255 - kLow) / (kHigh - kLow);
    steep[grey] = static_cast<std::uint8_t>(std::lround(std::clamp(share, 0.0, 1.0) * 255));
  }
  for (std::uint8_t& pixel : image.pixels) pixel = steep[pixel];
}

// What but a twentieth of the lit pixels stay below becomes full ink.
void stretch(Image& image) {
  std::vector<std::uint8_t> lit;
  for (const std::uint8_t pixel : image.pixels)
    if (pixel > 0) lit.push_back(pixel);
  if (lit.empty()) return;
  const auto rank = lit.begin() + static_cast<std::ptrdiff_t>(lit.size() - 1 - lit.size() / 20);
  std::nth_element(lit.begin(), rank, lit.end());
  const unsigned full = *rank;
  for (std::uint8_t& pixel : image.pixels)
    pixel = static_cast<std::uint8_t>(std::min(255u, (pixel * 255u + full / 2) / full));
}

// The image's middle as MNIST has it: half a pixel below and right of its centre.
double middle(std::size_t side) { return std::floor(static_cast<double>(side) / 2); }

Image placed(const Image& body, const PrepareOptions& options) {
  Image digit = empty_image(options.height, options.width);
  const std::optional<Point> mass = center_of_mass(body);
  if (!mass) return digit;
  const auto shift = [](double center, std::size_t side, std::size_t length) {
    const auto wanted = static_cast<std::ptrdiff_t>(std::floor(middle(side) - center + 0.5));
    const auto room = static_cast<std::ptrdiff_t>(side) - static_cast<std::ptrdiff_t>(length);
    return static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(wanted, 0, room));
  };
  const std::size_t top = shift(mass->y, options.height, body.height), left = shift(mass->x, options.width, body.width);
  for (std::size_t r = 0; r < body.height; ++r)
    std::copy_n(body.pixels.begin() + static_cast<std::ptrdiff_t>(r * body.width), body.width,
                digit.pixels.begin() + static_cast<std::ptrdiff_t>((top + r) * digit.width + left));
  return digit;
}

struct Placed {
  Image digit;
  double stroke_width = 0;  // before it was changed, in pixels of digit
};

Placed place(const Image& ink, const PrepareOptions& options) {
  const Box box = box_from(ink, kInk);
  if (box.height == 0) return {.digit = empty_image(options.height, options.width)};
  Image body = cropped(ink, box);
  const std::size_t side = body_side(options), larger = std::max(box.height, box.width);
  const double thinnest = kThinnest * static_cast<double>(options.height),
               thickest = kThickest * static_cast<double>(options.height);
  if (larger == side) {  // to scale already: nothing is lost where its strokes are as they should be
    const double width = stroke_width(body);
    if (width >= thinnest && width <= thickest) return {.digit = placed(body, options), .stroke_width = width};
  }
  const std::size_t grid =
      larger < kLeastGrid * side / 20 ? kGrid * side / 20 : std::min(larger, kReadSide * side / 20);
  body = scaled_to_side(body, grid);
  steepen(body);
  const double unit = static_cast<double>(grid) / static_cast<double>(side);
  const double width = stroke_width(body) / unit;
  const double change = std::clamp(std::clamp(width, thinnest, thickest) - width, -kMostChange, kMostChange);
  const double radius = change * unit / 2;
  if (std::fabs(radius) > 0.1) {
    body = thickened(with_margin(body, static_cast<std::size_t>(std::ceil(std::fabs(radius))) + 1), radius);
    const Box grown = box_from(body, kInk);
    if (grown.height > 0) body = cropped(body, grown);
  }
  body = scaled_to_side(body, side);
  stretch(body);
  return {.digit = placed(body, options), .stroke_width = width};
}

// Which components of the mask are the digit: the one with most ink, what lies near it, and what is as large.
Image chosen_parts(const Ink& ink) {
  const Components found = components_of(ink.mask);
  std::vector<std::uint64_t> mass(found.parts.size() + 1);
  for (std::size_t i = 0; i < found.labels.size(); ++i)
    if (found.labels[i] != 0) mass[found.labels[i]] += ink.evened.pixels[i];
  std::vector<bool> kept(mass.size());
  const auto largest = static_cast<std::size_t>(std::max_element(mass.begin(), mass.end()) - mass.begin());
  if (largest > 0) {
    const Box& anchor = found.parts[largest - 1].box;
    const double reach = kGap * static_cast<double>(std::max(anchor.height, anchor.width));
    const auto gap = [](std::size_t a, std::size_t a_length, std::size_t b, std::size_t b_length) {
      return a + a_length < b ? b - a - a_length : b + b_length < a ? a - b - b_length : 0;
    };
    for (std::size_t i = 1; i < mass.size(); ++i) {
      const Box& box = found.parts[i - 1].box;
      const std::size_t away = std::max(gap(anchor.top, anchor.height, box.top, box.height),
                                        gap(anchor.left, anchor.width, box.left, box.width));
      const double share = static_cast<double>(mass[i]) / static_cast<double>(mass[largest]);
      kept[i] = share >= kAnotherOf || (share >= kPartOf && static_cast<double>(away) <= reach);
    }
  }
  Image chosen = ink.mask;
  for (std::size_t i = 0; i < chosen.pixels.size(); ++i)
    if (!kept[found.labels[i]]) chosen.pixels[i] = 0;
  return chosen;
}

// The evened ink of these parts with their soft edges, 0 elsewhere.
Image ink_within(const Ink& ink, const Image& parts) {
  const auto reach = static_cast<std::size_t>(std::max(1.0, std::round(0.3 * ink.stroke_width)));
  Image within = dilated(parts, reach);
  for (std::size_t i = 0; i < within.pixels.size(); ++i) within.pixels[i] &= ink.evened.pixels[i];
  return within;
}

// What a search at a coarse scale found, read at a finer one: the ink that lies where coarse parts are.
struct Finer {
  Ink ink;
  Image parts;
  Box box;  // in the given image
};

std::optional<Finer> read_finer(const Image& given, const Ink& coarse, const Image& parts, std::size_t factor) {
  const Box found = box_of(parts);
  const std::size_t side = std::max(found.height, found.width) * factor;
  const std::size_t finer = std::max<std::size_t>(1, side / kReadSide);
  if (finer >= factor) return std::nullopt;
  const std::size_t margin = side / 4 + 2 * factor;
  const std::size_t top = found.top * factor - std::min(found.top * factor, margin);
  const std::size_t left = found.left * factor - std::min(found.left * factor, margin);
  const std::size_t bottom = std::min(given.height, (found.top + found.height) * factor + margin);
  const std::size_t right = std::min(given.width, (found.left + found.width) * factor + margin);
  const Box crop{.top = top, .left = left, .height = bottom - top, .width = right - left};
  Finer read{.ink = ink_of(shrunk(cropped(given, crop), finer), coarse.inverted), .parts = {}, .box = {}};
  const Image near = dilated(parts, 2);
  read.parts = read.ink.mask;
  for (std::size_t r = 0; r < read.parts.height; ++r)
    for (std::size_t c = 0; c < read.parts.width; ++c) {
      const std::size_t y = std::min(near.height - 1, (top + r * finer) / factor);
      const std::size_t x = std::min(near.width - 1, (left + c * finer) / factor);
      read.parts.pixels[r * read.parts.width + c] &= near.pixels[y * near.width + x];
    }
  const Box fine = box_of(read.parts);
  if (2 * std::max(fine.height, fine.width) * finer < side) return std::nullopt;  // the fine scale lost it
  read.box = {.top = top + fine.top * finer,
              .left = left + fine.left * finer,
              .height = std::min(fine.height * finer, bottom - top - fine.top * finer),
              .width = std::min(fine.width * finer, right - left - fine.left * finer)};
  return read;
}

}  // namespace

bool is_prepared(const Image& image, const PrepareOptions& options) {
  if (image.height != options.height || image.width != options.width) return false;
  const std::optional<Point> mass = center_of_mass(image, kBorder);
  if (!mass || std::fabs(mass->y - middle(image.height)) > 0.6 || std::fabs(mass->x - middle(image.width)) > 0.6)
    return false;
  const Box box = box_from(image, kBorder);
  const std::size_t side = body_side(options), larger = std::max(box.height, box.width);
  const std::size_t slack = std::max<std::size_t>(1, side / 20);
  if (larger > side || larger + 2 * slack < side) return false;
  const std::uint8_t brightest = *std::max_element(image.pixels.begin(), image.pixels.end());
  return brightest >= 200;
}

Prepared prepare_digit(const Image& given, const PrepareOptions& options) {
  check(options);
  if (given.height * given.width != given.pixels.size())
    fail(ErrorKind::shape, "an image of {} x {} pixels with {} values", given.height, given.width, given.pixels.size());
  const auto as_it_is = [&](const Image& image, bool was_inverted) {
    return Prepared{.digit = image,
                    .unchanged = !was_inverted,
                    .inverted = was_inverted,
                    .ink = box_from(image, kBorder),
                    .stroke_width = stroke_width(image),
                    .contrast = 1};
  };
  if (is_prepared(given, options)) return as_it_is(given, false);
  if (given.height == options.height && given.width == options.width)
    if (const Image turned = inverted(given); is_prepared(turned, options)) return as_it_is(turned, true);

  const std::size_t larger = std::max(given.height, given.width);
  const std::size_t factor = std::max<std::size_t>(1, (larger + kSearchSide - 1) / kSearchSide);
  const Ink ink = ink_of(factor > 1 ? shrunk(given, factor) : given);
  Prepared prepared;
  prepared.inverted = ink.inverted;
  prepared.contrast = ink.contrast;
  prepared.lines = ink.lines;
  if (ink.blank) {
    prepared.digit = empty_image(options.height, options.width);
    prepared.blank = true;
    return prepared;
  }
  const Image parts = chosen_parts(ink);
  Placed result;
  if (const std::optional<Finer> finer = read_finer(given, ink, parts, factor)) {
    result = place(ink_within(finer->ink, finer->parts), options);
    prepared.ink = finer->box;
  } else {
    result = place(ink_within(ink, parts), options);
    const Box box = box_of(parts);
    prepared.ink = {.top = box.top * factor,
                    .left = box.left * factor,
                    .height = std::min(box.height * factor, given.height - box.top * factor),
                    .width = std::min(box.width * factor, given.width - box.left * factor)};
  }
  prepared.digit = std::move(result.digit);
  prepared.stroke_width = result.stroke_width;
  return prepared;
}

Image place_digit(const Image& ink, const PrepareOptions& options) {
  check(options);
  if (ink.height * ink.width != ink.pixels.size())
    fail(ErrorKind::shape, "an image of {} x {} pixels with {} values", ink.height, ink.width, ink.pixels.size());
  return place(ink, options).digit;
}

}  // namespace inkling
