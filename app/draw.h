// Images in a terminal: half blocks in true colour or in 256 colours, plain characters where there are none.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "app/terminal.h"
#include "inkling/core/view.h"

// Columns that a drawing of `width` pixels takes; `scale` pixels in each direction are drawn as one, their mean.
std::size_t drawn_columns(std::size_t width, ColorLevel level, std::size_t scale = 1);
// The smallest scale with which the drawing takes at most so many columns.
std::size_t scale_to_fit(std::size_t width, ColorLevel level, std::size_t columns);

// One image of height x width pixels (0 background, 255 ink) as text, a newline behind each line. With colours: two
// pixel rows a line, drawn by half blocks in greys. Without: one character of a ramp from ' ' to '@' a pixel, two a
// column so that shapes keep their proportion, one line a pixel row.
std::string draw_image(inkling::PixelView image, std::size_t height, std::size_t width, ColorLevel level,
                       std::size_t scale = 1);

// Numbers with a sign, height x width of them, such as weights: blue below 0, white at 0, red above, `largest` and what
// is beyond it in full colour; 0 stands for the largest that is drawn. Without colours: a sign and the tenths of
// `largest`, "+3", "-9", blank below half a tenth.
std::string draw_signed(std::span<const float> values, std::size_t height, std::size_t width, float largest,
                        ColorLevel level, std::size_t scale = 1);

// Several drawings side by side: texts of equal line count, `gap` spaces between.
std::string side_by_side(const std::vector<std::string>& drawings, std::size_t gap);
