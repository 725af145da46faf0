// The page that every picture of pixels is drawn on: title, a line or two that say what is seen, margins, and the
// pieces that the pictures share: images, fields of numbers, colour bars.
//
// Lengths are pixels of a page that is seen at half its size, 192 to an inch. Nothing here is drawn outside of the
// page.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "inkling/core/view.h"
#include "inkling/report/colors.h"
#include "inkling/report/picture.h"
#include "inkling/report/text.h"

namespace inkling {

inline constexpr int kDotsPerInch = 192;
inline constexpr int kMargin = 56;
inline constexpr int kLeastBody = 1000;  // pixels wide, so that a title fits

inline constexpr TextStyle kTitle{.size = 38, .color = kText, .weight = FontWeight::bold};
inline constexpr TextStyle kSection{.size = 28, .color = kText, .weight = FontWeight::bold};
inline constexpr TextStyle kSubtitle{.size = 25, .color = kFaintText};
inline constexpr TextStyle kLabel{.size = 24, .color = kText};
inline constexpr TextStyle kFaintLabel{.size = 22, .color = kFaintText};

struct Sheet {
  Picture picture;
  Rect body;  // where there is room; as wide and high as was asked for
};

// A white page with a title and an explanation, which is broken into lines. Throws Error limit: the page is too large.
Sheet make_sheet(int body_width, int body_height, std::string_view title, std::string_view explanation);

// The text in lines of at most that width, broken at spaces.
std::vector<std::string> broken_into_lines(std::string_view text, const TextStyle& style, int width);

using ColorMap = std::function<Color(double)>;

// Pixels of a square of this side for an image of height x width: each of the image's a square of whole pixels where
// there is room, fewer than the image has where there is not.
int image_scale(std::size_t height, std::size_t width, int side);  // 0: the image is larger than the square

// Numbers (height, width) in the square at (x, y): centred, on a ground of map(0); a number v has the colour map(v /
// limit).
void draw_numbers(Picture& picture, std::span<const float> numbers, std::size_t height, std::size_t width, int x, int y,
                  int side, float limit, const ColorMap& map);
// Pixels of a data set: ink on paper, in a thin frame.
void draw_digit(Picture& picture, std::span<const std::uint8_t> pixels, std::size_t height, std::size_t width, int x,
                int y, int side);

// A bar of the map's colours from left to right (t from low to 1), with words below its ends and its middle.
void draw_color_bar(Picture& picture, const Rect& bar, const ColorMap& map, double low, std::string_view left,
                    std::string_view middle, std::string_view right);

// The number that a share of the numbers' sizes, |v|, lies below; the largest for a share of 1. 0 of no numbers; those
// that are not finite do not count.
float size_quantile(std::span<const float> numbers, double share);

// "99.8 %", "<0.1 %"; "1,234".
std::string percent_text(double share);
// With so many digits behind the point and a real minus sign; no "-0.0".
std::string fixed_text(double value, int digits);
std::string count_text(std::size_t count);

}  // namespace inkling
