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

constexpr double kLeastContrast = 0.07;          // guess: a hard pencil's; paper's own texture has less
constexpr double kFaintest = 0.03;               // guess: what printed lines absorb at least
constexpr std::size_t kSmoothable = 24;          // guess: pixels; strokes of smaller images would be lost
constexpr double kNoisesApart = 5;               // guess: standard deviations between paper and what may be ink
constexpr double kWeak = 0.35, kStrong = 0.55;   // guess: of full ink; weak ink counts where it touches strong ink
constexpr double kInkAbove = 6;                  // guess: standard deviations of the paper that full ink lies above it
constexpr double kTooNoisy = 0.12;               // guess: noise above this part of the contrast is smoothed away first
constexpr double kEdgeContact = 0.35;            // guess: of a side; what lies along it like that is the photo's edge
constexpr double kWholeSide = 0.8, kBand = 0.2;  // guess: of a side; how long and how deep a band along it is
constexpr double kBroad = 0.2, kFilled = 0.5, kPale = 0.5;  // guess: a shadow's share of image and box; what it absorbs
constexpr double kFull = 0.9;  // guess: this part of the ink's pixels absorbs less than full ink

// The number that a share of the values lies below, in steps of 1 / 1024.
class Distribution {
 public:
  static constexpr std::size_t kSteps = 1024;
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
  std::array<std::uint32_t, 2 * kSteps> counts_{};
  std::size_t all_ = 0;
};

// From the differences of neighbours in a row: most of them lie both on paper or both in ink.
double noise_of(const std::vector<float>& absorbed, std::size_t width) {
  Distribution values;
  for (std::size_t i = 1; i < absorbed.size(); ++i)
    if (i % width != 0) values.add(std::fabs(absorbed[i] - absorbed[i - 1]));
  if (values.empty()) return 0;
  // Derived: the quantile of |x - y| for x, y normal with deviation 1 is sqrt(2) * 0.3853; half a step is no noise.
  return std::max(0.0, values.quantile(0.3) - 0.5 / Distribution::kSteps) / 0.5449;
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
  for (std::size_t i = 0; i < absorbed.size(); ++i) mask.pixels[i] = absorbed[i] > static_cast<float>(weak) ? 255 : 0;
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

// Keeps the components that are wanted, by number from 1.
template <typename Wanted>
void keep(Image& mask, const Components& found, const Wanted& wanted) {
  std::vector<std::uint8_t> kept(found.parts.size() + 1);
  for (std::size_t i = 1; i < kept.size(); ++i) kept[i] = wanted(i) ? 255 : 0;
  for (std::size_t i = 0; i < mask.pixels.size(); ++i) mask.pixels[i] &= kept[found.labels[i]];
}

// Clears what lies along the photo's edge: where there is other ink that does not touch it, and always what is no
// stroke (a band along a whole side; a broad shadow, which is paler than ink).
void clear_edges(Image& mask, const std::vector<float>& absorbed) {
  const Components found = components_of(mask);
  const std::vector<double> contact = border_contact(found, mask.height, mask.width);
  if (*std::max_element(contact.begin(), contact.end()) < kEdgeContact) return;
  const double least_side = 0.03 * static_cast<double>(std::max(mask.height, mask.width));
  bool inner = false;
  for (std::size_t i = 1; i < contact.size(); ++i) {
    const Component& part = found.parts[i - 1];
    inner |= contact[i] == 0 && part.area >= 12 &&
             static_cast<double>(std::max(part.box.height, part.box.width)) >= least_side;
  }
  std::vector<double> sums(contact.size());
  for (std::size_t i = 0; i < absorbed.size(); ++i) sums[found.labels[i]] += static_cast<double>(absorbed[i]);
  const auto is_edge = [&](std::size_t i) {
    if (contact[i] < kEdgeContact) return false;
    const Component& part = found.parts[i - 1];
    const double deep = std::min(static_cast<double>(part.box.height) / static_cast<double>(mask.height),
                                 static_cast<double>(part.box.width) / static_cast<double>(mask.width));
    const double area = static_cast<double>(part.area) / static_cast<double>(mask.pixels.size());
    const double filled = static_cast<double>(part.area) / static_cast<double>(part.box.height * part.box.width);
    const bool band = contact[i] >= kWholeSide && deep <= kBand;
    const bool shadow = area >= kBroad && filled >= kFilled && sums[i] < kPale * static_cast<double>(part.area);
    return inner || band || shadow;
  };
  keep(mask, found, [&](std::size_t i) { return !is_edge(i); });
}

void clear_specks(Image& mask) {
  const double stroke = stroke_width(mask);
  const auto speck = static_cast<std::size_t>(std::max(3.0, 0.5 * stroke * stroke));
  const Components found = components_of(mask);
  keep(mask, found, [&](std::size_t i) { return found.parts[i - 1].area >= speck; });
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
  const auto measure = [&](double correlated) {
    ink.noise = noise_of(absorbed, width) * correlated;
    apart = std::max(kLeastContrast, kNoisesApart * ink.noise);
    contrast = full_ink(absorbed, [&](std::size_t i) { return static_cast<double>(absorbed[i]) > apart; });
  };
  double correlated = 1;
  measure(correlated);
  if (ink.noise > kTooNoisy * contrast && std::min(height, width) >= kSmoothable) {
    smooth(absorbed, height, width);
    correlated = std::sqrt(3.0);  // derived: neighbouring means of 3 columns share 2 of them
    measure(correlated);
  }
  const auto faint = static_cast<float>(std::max(kFaintest, 3 * ink.noise));
  for (std::size_t i = 0; i < absorbed.size(); ++i) ink.mask.pixels[i] = absorbed[i] > faint ? 255 : 0;
  ink.lines = remove_lines(ink.mask, absorbed);
  if (ink.lines > 0) measure(correlated);
  if (contrast > apart) {
    ink.mask =
        by_hysteresis(absorbed, height, width, std::max(kWeak * contrast, std::min(0.5 * contrast, 3 * ink.noise)),
                      std::max(kStrong * contrast, apart));
    clear_edges(ink.mask, absorbed);
    clear_specks(ink.mask);
    contrast = full_ink(absorbed, [&](std::size_t i) { return ink.mask.pixels[i] != 0; });
  } else {
    contrast = 0;
  }
  if (contrast < std::max(kLeastContrast, kInkAbove * ink.noise)) {
    ink.mask.pixels.assign(ink.mask.pixels.size(), 0);
    return ink;
  }

  const double paper = std::min(1.5 * ink.noise, 0.2 * contrast);
  const auto scale = static_cast<float>(255 / (contrast - paper));
  for (std::size_t i = 0; i < absorbed.size(); ++i) {
    const float rounded = (absorbed[i] - static_cast<float>(paper)) * scale + 0.5f;
    ink.evened.pixels[i] = static_cast<std::uint8_t>(std::clamp(rounded, 0.0f, 255.0f));
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
  std::size_t top = mask.height, bottom = 0;
  std::vector<std::uint8_t> columns(mask.width);  // whether any pixel of each is set
  for (std::size_t r = 0; r < mask.height; ++r) {
    const std::uint8_t* row = &mask.pixels[r * mask.width];
    std::uint8_t any = 0;
    for (std::size_t c = 0; c < mask.width; ++c) columns[c] |= row[c], any |= row[c];
    if (any == 0) continue;
    top = std::min(top, r), bottom = r + 1;
  }
  if (bottom == 0) return {};
  const auto is_set = [](std::uint8_t column) { return column != 0; };
  const auto left = std::find_if(columns.begin(), columns.end(), is_set) - columns.begin();
  const auto behind = std::find_if(columns.rbegin(), columns.rend(), is_set) - columns.rbegin();
  return {.top = top,
          .left = static_cast<std::size_t>(left),
          .height = bottom - top,
          .width = mask.width - static_cast<std::size_t>(left + behind)};
}

}  // namespace inkling
