// Characters as strokes of a pen: what made images are written with. Nothing here comes from MNIST or any font.
//
// A glyph stands in a box 100 high and about 60 wide, y downwards; `glyph_of` reads it from a text of points: a curve
// runs smoothly through them (Catmull and Rom 1974), with a corner at those marked `!`; `;` lifts the pen. Two corners
// in a row are joined by a straight line. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tests/papers/dice.h"

namespace inkling::papers {

struct Point {
  double x = 0;
  double y = 0;
};
using Stroke = std::vector<Point>;  // short straight pieces, one after another
using Glyph = std::vector<Stroke>;  // in the order in which they are written

inline constexpr double kGlyphHeight = 100;

Glyph glyph_of(std::string_view text);

std::size_t hands();                                        // in how many hands every digit is known
Glyph digit_glyph(std::size_t digit, std::size_t hand);     // digit 0..9, hand below hands()
bool has_loose_parts(std::size_t digit, std::size_t hand);  // whether it is written in parts that do not touch
std::string letters();                                      // A to Z, a to z
Glyph letter_glyph(char letter);
bool reads_as_digit(char letter);  // o, l, Z, S ...: nobody could tell it from some hand's digit

// Lines without a meaning: zigzags, spirals, tangles, crosses, hatching. None is a digit in anyone's hand.
Glyph scribble(Dice& dice);

// The same character as a moving hand writes it: sheared by up to `slant` (x per y), stretched, and each point
// displaced smoothly by about `shake` units.
Glyph by_hand(const Glyph& glyph, Dice& dice, double slant = 0.25, double shake = 2.0);

struct Extent {
  double left = 0, top = 0, right = 0, bottom = 0;
};
Extent extent_of(const Glyph& glyph);

}  // namespace inkling::papers
