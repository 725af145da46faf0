// Words on pictures, in the font that the program carries (DejaVu Sans, by FreeType, with soft edges).
//
// Text is UTF-8 of Latin or Greek; any other character, and every broken byte, is drawn as a replacement sign. Sizes
// are in pixels. Functions are safe from many threads, and the same calls give the same pixels. A build without
// FreeType has no words: then all of these throw Error config, which says what to install.
#pragma once

#include <string>
#include <string_view>

#include "inkling/report/colors.h"
#include "inkling/report/picture.h"

namespace inkling {

enum class FontWeight { regular, bold };
enum class Align { left, center, right };  // where x is: the text's beginning, its middle or its end

struct TextStyle {
  int size = 24;  // pixels from one line to the next, nearly; capitals are 0.73 of it high
  Color color = kText;
  FontWeight weight = FontWeight::regular;
};

// Pixels from a text's beginning to its end.
int text_width(std::string_view text, const TextStyle& style);

// On one line, y being what its letters stand on.
void draw_text(Picture& picture, int x, int y, std::string_view text, const TextStyle& style,
               Align align = Align::left);
// The same from the bottom upwards, turned by a quarter: letters stand to the left of x, (x, y) is where they begin.
void draw_text_upwards(Picture& picture, int x, int y, std::string_view text, const TextStyle& style,
                       Align align = Align::left);

// The text, or its beginning with an ellipsis, in at most that many pixels.
std::string shortened(std::string_view text, const TextStyle& style, int width);

}  // namespace inkling
