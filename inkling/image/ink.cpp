#include "inkling/image/ink.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "inkling/core/error.h"
#include "inkling/image/components.h"
#include "inkling/image/lines.h"
#include "inkling/image/paper.h"
#include "inkling/image/strokes.h"

namespace inkling {
namespace {

constexpr double kLeastContrast = 0.06;         // guess: a hard pencil's; paper's own texture has less
constexpr double kFaintest = 0.03;              // guess: what printed lines absorb at least
constexpr std::size_t kSmoothable = 24;         // guess: pixels; strokes of smaller images would be lost
constexpr double kNoisesApart = 4;              // guess: standard deviations between paper and what may be ink
constexpr double kWeak = 0.35, kStrong = 0.55;  // guess: of full ink; weak ink counts where it touches strong ink
constexpr double kTooNoisy = 0.12;              // guess: noise above this part of the contrast is smoothed away first
constexpr double kEdgeContact = 0.35;           // guess: of a side; what lies along it like that is the photo's edge
constexpr double kFull = 0.9;                   // guess: this part of the ink's pixels absorbs less than full ink

// The number that a share of the values lies below, in steps of 1 / 1024.
class Distribution {
 public:
  void add(float value) {
    ++counts_[static_cast<std::size_t>(std::clamp(value + 1, 0.0f, 1.9995f) * kSteps)];
    ++all_;
  }
  bool empty() const { return all_ == 0; }
  double quantile(double share) const {
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(all_ - 1));
    std::size_t step = 0;
    for (std::size_t seen = counts_[0]; seen <= rank; seen += counts_[step]) ++step;
    return (static_cast<double>(step) + 0.5) / kSteps - 1;
  }

 private:
  static constexpr std::size_t kSteps = 1024;
  std::array<std::uint32_t, 2 * kSteps> counts_{};
  std::size_t all_ = 0;
};

// The paper is the lighter part of the pixels: the distance of two of its quantiles, as a normal distribution has it.
double noise_of(const std::vector<float>& absorbed) {
  Distribution values;
  for (const float a : absorbed) values.add(a);
  return (values.quantile(0.3) - values.quantile(0.1)) / (1.2816 - 0.5244);  // derived: the normal quantiles
}

// What full ink absorbs: a quantile of the pixels that are chosen; 0 of none.
template <typename Chosen>
double full_ink(const std::vector<float>& absorbed, const Chosen& chosen) {
  Distribution values;
  for (std::size_t i = 0; i < absorbed.size(); ++i)
    if (chosen(i)) values.add(absorbed[i]);
  return values.empty() ? 0 : values.quantile(kFull);
}

// Each value becomes the mean of its 3x3 neighbours.
void smooth(std::vector<float>& values, std::size_t height, std::size_t width) {
  if (height < 3 || width < 3) return;
  std::vector<float> sums(values.size());
  for (std::size_t r = 0; r < height; ++r)
    for (std::size_t c = 0; c < width; ++c) {
      const float* row = &values[r * width];
      sums[r * width + c] = row[c - (c > 0)] + row[c] + row[c + (c + 1 < width)];
    }
  for (std::size_t r = 0; r < height; ++r) {
    const float *above = &sums[(r - (r > 0)) * width], *here = &sums[r * width],
                *below = &sums[(r + (r + 1 < height)) * width];
    for (std::size_t c = 0; c < width; ++c) values[r * width + c] = (above[c] + here[c] + below[c]) / 9;
  }
}

// Parts of what absorbs more than `weak`, with at least one pixel of more than `strong`.
Image by_hysteresis(const std::vector<float>& absorbed, std::size_t height, std::size_t width, double weak,
                    double strong) {
  Image mask{.height = height, .width = width, .pixels = std::vector<std::uint8_t>(absorbed.size())};
  for (std::size_t i = 0; i < absorbed.size(); ++i) mask.pixels[i] = static_cast<double>(absorbed[i]) > weak ? 255 : 0;
  const Components found = components_of(mask);
  std::vector<bool> kept(found.parts.size() + 1);
  for (std::size_t i = 0; i < absorbed.size(); ++i)
    if (static_cast<double>(absorbed[i]) > strong) kept[found.labels[i]] = true;
  for (std::size_t i = 0; i < absorbed.size(); ++i)
    if (!kept[found.labels[i]]) mask.pixels[i] = 0;
  return mask;
}

// Pixels of each component along the border, as a part of the side's length; the largest of the four sides.
std::vector<double> border_contact(const Components& found, std::size_t height, std::size_t width) {
  std::vector<std::array<std::size_t, 4>> counts(found.parts.size() + 1);
  for (std::size_t c = 0; c < width; ++c)
    ++counts[found.labels[c]][0], ++counts[found.labels[(height - 1) * width + c]][1];
  for (std::size_t r = 0; r < height; ++r)
    ++counts[found.labels[r * width]][2], ++counts[found.labels[(r + 1) * width - 1]][3];
  std::vector<double> contact(counts.size());
  for (std::size_t i = 1; i < counts.size(); ++i)
    contact[i] = std::max(static_cast<double>(std::max(counts[i][0], counts[i][1])) / static_cast<double>(width),
                          static_cast<double>(std::max(counts[i][2], counts[i][3])) / static_cast<double>(height));
  return contact;
}

// Clears specks, and what lies along the photo's edge where there is other ink that does not touch it.
void clear_specks_and_edges(Image& mask, double stroke) {
  const Components found = components_of(mask);
  const std::vector<double> contact = border_contact(found, mask.height, mask.width);
  const double least_side = 0.04 * static_cast<double>(std::max(mask.height, mask.width));
  const auto speck = static_cast<std::size_t>(std::max(3.0, 0.5 * stroke * stroke));
  bool inner = false;
  for (std::size_t i = 0; i < found.parts.size(); ++i) {
    const Component& part = found.parts[i];
    inner |= contact[i + 1] == 0 && part.area >= std::max<std::size_t>(12, speck) &&
             static_cast<double>(std::max(part.box.height, part.box.width)) >= least_side;
  }
  std::vector<bool> dropped(found.parts.size() + 1);
  for (std::size_t i = 0; i < found.parts.size(); ++i)
    dropped[i + 1] = found.parts[i].area < speck || (inner && contact[i + 1] >= kEdgeContact);
  for (std::size_t i = 0; i < mask.pixels.size(); ++i)
    if (dropped[found.labels[i]]) mask.pixels[i] = 0;
}

}  // namespace

Ink ink_of(const Image& given, bool dark_ink) {
  if (given.height * given.width != given.pixels.size())
    fail(ErrorKind::shape, "an image of {} x {} pixels with {} values", given.height, given.width, given.pixels.size());
  const std::size_t height = given.height, width = given.width;
  Ink ink{.evened = {.height = height, .width = width, .pixels = std::vector<std::uint8_t>(given.pixels.size())},
          .mask = {.height = height, .width = width, .pixels = std::vector<std::uint8_t>(given.pixels.size())},
          .inverted = dark_ink};
  if (given.pixels.empty()) return ink;
  std::vector<float> absorbed = absorbed_light(dark_ink ? given : inverted(given));
  double contrast = 0, apart = 0;
  const auto measure = [&] {
    ink.noise = noise_of(absorbed);
    apart = std::max(kLeastContrast, kNoisesApart * ink.noise);
    contrast = full_ink(absorbed, [&](std::size_t i) { return static_cast<double>(absorbed[i]) > apart; });
  };
  measure();
  if (ink.noise > kTooNoisy * contrast && std::min(height, width) >= kSmoothable) {
    smooth(absorbed, height, width);
    measure();
  }
  const double faint = std::max(kFaintest, 3 * ink.noise);
  for (std::size_t i = 0; i < absorbed.size(); ++i)
    ink.mask.pixels[i] = static_cast<double>(absorbed[i]) > faint ? 255 : 0;
  ink.lines = remove_lines(ink.mask, absorbed);
  if (ink.lines > 0) measure();
  if (contrast > apart) {
    ink.mask =
        by_hysteresis(absorbed, height, width, std::max(kWeak * contrast, std::min(0.5 * contrast, 3 * ink.noise)),
                      std::max(kStrong * contrast, apart));
    clear_specks_and_edges(ink.mask, stroke_width(ink.mask));
    contrast = full_ink(absorbed, [&](std::size_t i) { return ink.mask.pixels[i] != 0; });
  } else {
    contrast = 0;
  }
  if (contrast == 0) {
    ink.mask.pixels.assign(ink.mask.pixels.size(), 0);
    return ink;
  }

  const double paper = std::min(1.5 * ink.noise, 0.2 * contrast);
  for (std::size_t i = 0; i < absorbed.size(); ++i) {
    const double share = (static_cast<double>(absorbed[i]) - paper) / (contrast - paper);
    ink.evened.pixels[i] = static_cast<std::uint8_t>(std::lround(std::clamp(share, 0.0, 1.0) * 255));
  }
  ink.blank = false;
  ink.contrast = contrast;
  Image masked = ink.evened;
  for (std::size_t i = 0; i < masked.pixels.size(); ++i) masked.pixels[i] &= ink.mask.pixels[i];
  ink.stroke_width = stroke_width(masked);
  return ink;
}

Ink ink_of(const Image& given) {
  if (given.height * given.width != given.pixels.size())
    fail(ErrorKind::shape, "an image of {} x {} pixels with {} values", given.height, given.width, given.pixels.size());
  return ink_of(given, ink_is_dark(given));
}

Box box_of(const Image& mask) {
  std::size_t top = mask.height, bottom = 0, left = mask.width, right = 0;
  for (std::size_t r = 0; r < mask.height; ++r)
    for (std::size_t c = 0; c < mask.width; ++c) {
      if (mask.pixels[r * mask.width + c] == 0) continue;
      top = std::min(top, r), bottom = r + 1;
      left = std::min(left, c), right = std::max(right, c + 1);
    }
  if (bottom == 0) return {};
  return {.top = top, .left = left, .height = bottom - top, .width = right - left};
}

}  // namespace inkling
