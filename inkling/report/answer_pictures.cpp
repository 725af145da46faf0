#include "inkling/report/answer_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "inkling/core/error.h"
#include "inkling/report/sheet.h"

namespace inkling {
namespace {

constexpr int kSide = 168, kTileWidth = 212, kGap = 30, kColumns = 6;
constexpr int kBars = 3, kBarHeight = 32, kBarGap = 4;
constexpr int kTileHeight = kSide + 16 + 36 + kBars * (kBarHeight + kBarGap);
constexpr int kHeading = 50;
constexpr Color kBarGround{238, 238, 238}, kRightBar{184, 214, 235}, kWrongBar{248, 206, 178};

// The classes with the largest probabilities, at most kBars.
std::vector<std::size_t> likeliest(std::span<const float> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t c) { return p[c]; });
  order.resize(std::min<std::size_t>(order.size(), kBars));
  return order;
}

void draw_tile(Picture& picture, const Answers& a, std::size_t image, int x, int y) {
  const bool right = a.right(image);
  const Color color = right ? kRight : kWrong;
  const int left = x + (kTileWidth - kSide) / 2;
  draw_digit(picture, a.data.image(image).row(0), a.data.height, a.data.width, left, y, kSide);
  const int frame = right ? 2 : 7;
  picture.outline({left - frame, y - frame, kSide + 2 * frame, kSide + 2 * frame}, frame, color);

  TextStyle style{.size = 25, .color = kText, .weight = FontWeight::bold};
  const std::string& label = a.classes[a.data.labels[image]];
  const std::string words = right ? fmt::format("✓ {}", label) : fmt::format("✗ is {}", label);
  draw_text(picture, x + kTileWidth / 2, y + kSide + 40, shortened(words, style, kTileWidth), style, Align::center);

  int top = y + kSide + 16 + 36;
  style.weight = FontWeight::regular;
  style.size = 22;
  for (const std::size_t c : likeliest(a.probabilities.row(image))) {
    const auto p = static_cast<double>(a.probabilities(image, c));
    const bool is_label = c == a.data.labels[image];
    picture.fill({x, top, kTileWidth, kBarHeight}, kBarGround);
    picture.fill({x, top, static_cast<int>(std::lround(p * kTileWidth)), kBarHeight}, is_label ? kRightBar : kWrongBar);
    const std::string share = percent_text(p);
    const int room = kTileWidth - 20 - text_width(share, style);
    draw_text(picture, x + 6, top + kBarHeight - 9, shortened(a.classes[c], style, room), style);
    draw_text(picture, x + kTileWidth - 6, top + kBarHeight - 9, share, style, Align::right);
    top += kBarHeight + kBarGap;
  }
}

int height_of(std::size_t tiles) {
  const int rows = (static_cast<int>(tiles) + kColumns - 1) / kColumns;
  return rows * kTileHeight + std::max(rows - 1, 0) * kGap;
}

void draw_tiles(Picture& picture, const Answers& a, std::span<const std::size_t> images, int x, int y) {
  for (std::size_t k = 0; k < images.size(); ++k) {
    const int row = static_cast<int>(k) / kColumns, column = static_cast<int>(k) % kColumns;
    draw_tile(picture, a, images[k], x + column * (kTileWidth + kGap), y + row * (kTileHeight + kGap));
  }
}

constexpr int kBodyWidth = kColumns * kTileWidth + (kColumns - 1) * kGap;
constexpr std::string_view kKey =
    "Below an image: ✓ and its class where it was read right, in a thin blue frame; ✗ and what it is where it was read "
    "wrong, in a thick orange one. Bars: the likeliest classes, blue for the right one.";

}  // namespace

std::vector<std::size_t> mistakes_of(const Answers& a) {
  std::vector<std::size_t> wrong;
  for (std::size_t image = 0; image < a.data.count(); ++image)
    if (!a.right(image)) wrong.push_back(image);
  std::ranges::stable_sort(wrong, std::greater{}, [&](std::size_t image) { return a.confidence(image); });
  return wrong;
}

Picture predictions_picture(const Answers& a, std::string_view model) {
  constexpr std::size_t kSample = 18, kWrongOnes = 6;
  std::vector<std::size_t> sample, wrong;
  const std::size_t shown = std::min(kSample, a.data.count());
  for (std::size_t k = 0; k < shown; ++k) sample.push_back(k * a.data.count() / shown);
  std::size_t all_wrong = 0;
  for (std::size_t image = 0; image < a.data.count(); ++image) {
    if (a.right(image)) continue;
    ++all_wrong;
    if (wrong.size() < kWrongOnes) wrong.push_back(image);
  }
  const int upper = kHeading + height_of(sample.size());
  Sheet sheet = make_sheet(kBodyWidth, upper + (wrong.empty() ? 0 : kGap + kHeading + height_of(wrong.size())),
                           fmt::format("What {} reads", model), kKey);
  const int x = sheet.body.x, y = sheet.body.y;
  draw_text(sheet.picture, x, y + 28,
            fmt::format("{} of {} test images, at equal distances", shown, count_text(a.data.count())), kSection);
  draw_tiles(sheet.picture, a, sample, x, y + kHeading);
  if (!wrong.empty()) {
    draw_text(sheet.picture, x, y + upper + kGap + 28,
              fmt::format("The first {} of the {} that are read wrong", wrong.size(), count_text(all_wrong)), kSection);
    draw_tiles(sheet.picture, a, wrong, x, y + upper + kGap + kHeading);
  }
  return std::move(sheet.picture);
}

Picture mistakes_picture(const Answers& a, std::string_view model) {
  constexpr std::size_t kShown = 24;
  std::vector<std::size_t> wrong = mistakes_of(a);
  if (wrong.empty()) fail(ErrorKind::config, "no test image is read wrong: there is no mistake to show");
  const std::size_t all = wrong.size();
  wrong.resize(std::min(wrong.size(), kShown));
  Sheet sheet =
      make_sheet(kBodyWidth, height_of(wrong.size()), fmt::format("Most confident mistakes of {}", model),
                 fmt::format("The {} of {} wrong answers among {} test images that the model was surest of. "
                             "Below an image: what it is. Bars: the likeliest classes, blue for the right one.",
                             wrong.size(), count_text(all), count_text(a.data.count())));
  draw_tiles(sheet.picture, a, wrong, sheet.body.x, sheet.body.y);
  return std::move(sheet.picture);
}

}  // namespace inkling
