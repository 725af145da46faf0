// Images in a terminal: half blocks in grey where it has colours, plain characters where it does not.
#pragma once

#include <string>
#include <vector>

#include "inkling/core/view.h"

// True when stdout is a terminal with at least 256 colours and NO_COLOR is not set.
bool stdout_has_color();

// One image of height x width pixels (0 background, 255 ink) as text, a newline behind each line. With colour: two
// pixel rows a line, drawn by half blocks in 24 greys. Without: one character of a ramp from ' ' to '@' a pixel, two a
// column so that shapes keep their proportion, one line a pixel row.
std::string draw_image(inkling::PixelView image, std::size_t height, std::size_t width, bool color);

// Several drawings side by side: texts of equal line count, `gap` spaces between.
std::string side_by_side(const std::vector<std::string>& drawings, std::size_t gap);
