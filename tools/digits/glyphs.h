// What the training set of `digits` writes with a pen: digits in hands of its own, and characters that are none.
//
// None of it is what the tests write (tests/papers): other hands, no Latin letters, scribbles by other rules. Texts of
// points are read as tests/papers/strokes.h says.
#pragma once

#include <cstddef>

#include "tests/papers/dice.h"
#include "tests/papers/strokes.h"

namespace made {

using inkling::papers::Dice;
using inkling::papers::Glyph;

Glyph own_digit(std::size_t digit, Dice& dice);  // in one of three hands
Glyph symbol(Dice& dice);                        // Greek, Cyrillic, Japanese letters and signs, none a digit in shape
Glyph invented(Dice& dice);                      // two to four strokes between the points of a grid: nobody's letter
Glyph scrawl(Dice& dice);                        // a line without aim, a zigzag, loops, dashes

}  // namespace made
