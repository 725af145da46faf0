// Colours for numbers, for signs and for kinds, all of which colour-blind people can tell apart.
//
// A map goes from a number to a colour by straight lines in sRGB between the colours listed in the source. NaN has a
// colour of its own, so that it is seen. Pure functions, safe from any thread.
#pragma once

#include <array>
#include <cstddef>

#include "inkling/report/picture.h"

namespace inkling {

// For amounts, t from 0 to 1, dark to light: viridis (van der Walt, Smith 2015), at ten of its colours.
Color viridis(double t);
// For amounts on white paper, t from 0 to 1, white to dark blue: ColorBrewer's Blues of nine (Harrower, Brewer 2003).
Color blues(double t);
// For signed numbers, t from -1 to 1: blue below 0, white at 0, red above: ColorBrewer's RdBu of eleven, turned round.
Color diverging(double t);
// Ink on paper, t from 0 to 1: white to black.
Color ink(double t);

// Where there is no number.
inline constexpr Color kNoNumber{255, 0, 255};

// For kinds (Okabe, Ito 2008, "Color Universal Design"), the darkest on white first; yellow is left to the last.
inline constexpr std::array<Color, 8> kOkabeIto = {{{0, 114, 178},     // blue
                                                    {213, 94, 0},      // vermilion
                                                    {0, 158, 115},     // bluish green
                                                    {204, 121, 167},   // reddish purple
                                                    {0, 0, 0},         // black
                                                    {86, 180, 233},    // sky blue
                                                    {230, 159, 0},     // orange
                                                    {240, 228, 66}}};  // yellow
inline Color kind_color(std::size_t kind) { return kOkabeIto[kind % kOkabeIto.size()]; }

// What is right and what is wrong: blue and vermilion, never by colour alone.
inline constexpr Color kRight = kOkabeIto[0], kWrong = kOkabeIto[1];

// Text, lesser text, lines and grounds of pictures.
inline constexpr Color kText{34, 34, 34}, kFaintText{102, 102, 102}, kLine{204, 204, 204}, kGround{242, 242, 242};

// Black or white, whichever is easier to read on the colour (relative luminance as in WCAG 2.1).
Color text_on(Color ground);

}  // namespace inkling
