#include "app/read_picture.h"

#include <algorithm>
#include <cmath>

#include "inkling/image/ink.h"
#include "inkling/report/colors.h"
#include "inkling/report/text.h"

namespace {

constexpr std::size_t kLargestSide = 2400,
                      kSmallestSide = 600;  // pixels: what a screen shows whole, and what can be read
constexpr double kSure = 0.9;               // less is marked

inkling::Picture grey_picture(const inkling::Image& page, int enlarged) {
  inkling::Picture small(page.width, page.height);
  for (std::size_t y = 0; y < page.height; ++y)
    for (std::size_t x = 0; x < page.width; ++x) {
      const std::uint8_t v = page.pixels[y * page.width + x];
      small.set(static_cast<int>(x), static_cast<int>(y), {v, v, v});
    }
  if (enlarged == 1) return small;
  const auto factor = static_cast<std::size_t>(enlarged);
  inkling::Picture large(page.width * factor, page.height * factor);
  large.paste(small, 0, 0, enlarged);
  return large;
}

std::string tag_of(const inkling::Reading& reading, const std::vector<std::string>& class_names) {
  if (reading.refused) return "?";
  const std::string& name = class_names.at(reading.best);
  return static_cast<double>(reading.evidence.probability) >= kSure ? name : name + "~";
}

// On a ground of the box's colour, above the box; inside it where the page ends above.
void draw_tag(inkling::Picture& picture, const inkling::Rect& box, const std::string& tag, int size,
              inkling::Color color) {
  const inkling::TextStyle style{.size = size, .color = inkling::text_on(color), .weight = inkling::FontWeight::bold};
  const int pad = std::max(2, size / 6), width = inkling::text_width(tag, style) + 2 * pad, height = size + pad / 2;
  const int most = std::max(0, static_cast<int>(picture.width()) - width);
  const inkling::Rect ground{
      .x = std::clamp(box.x, 0, most), .y = std::max(0, box.y - height), .width = width, .height = height};
  picture.fill(ground, color);
  draw_text(picture, ground.x + pad, ground.y + static_cast<int>(0.86 * size), tag, style);
}

}  // namespace

inkling::Picture picture_of(const inkling::Image& page, const inkling::PageReading& reading,
                            const std::vector<std::string>& class_names) {
  const std::size_t side = std::max(page.height, page.width);
  const std::size_t shrink = (side + kLargestSide - 1) / kLargestSide;
  const auto enlarge = static_cast<int>(side < kSmallestSide ? (kSmallestSide + side - 1) / side : 1);
  inkling::Picture picture = grey_picture(shrink > 1 ? inkling::shrunk(page, shrink) : page, enlarge);

  const auto shown = [&](std::size_t pixels) {
    return static_cast<int>(pixels * static_cast<std::size_t>(enlarge) / shrink);
  };
  const int line = std::max(2, static_cast<int>(std::max(picture.width(), picture.height()) / 600));
  // Boxes first: no tag is crossed by a neighbour's.
  std::vector<inkling::Rect> boxes;
  for (const inkling::PageDigit& digit : reading.digits) {
    const inkling::Box& b = digit.box;
    boxes.push_back({.x = shown(b.left) - 2 * line,
                     .y = shown(b.top) - 2 * line,
                     .width = shown(b.width) + 4 * line,
                     .height = shown(b.height) + 4 * line});
    picture.outline(boxes.back(), line, digit.reading.refused ? inkling::kWrong : inkling::kRight);
  }
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const inkling::Reading& answer = reading.digits[i].reading;
    const int size = std::clamp(boxes[i].height / 3, 13, 48);
    draw_tag(picture, boxes[i], tag_of(answer, class_names), size, answer.refused ? inkling::kWrong : inkling::kRight);
  }
  return picture;
}
