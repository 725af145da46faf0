// What the ink stands on and how it is photographed: paper of some colour, printed lines, light, the camera's noise.
//
// The photo is light * (paper, its lines, ink), a linear mix by the ink's amount, plus noise, plus a JPEG's errors. A
// dark paper carries light ink (chalk, a night screen).
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "tests/papers/dice.h"
#include "tests/papers/ink.h"
#include "tests/papers/photo.h"

namespace inkling::papers {

using Colour = std::array<double, 3>;  // red, green, blue: 0 to 255

enum class Light { even, gradient, hard_shadow, lamp };
enum class Lines { none, ruled, squared };

struct Paper {
  Colour paper = {250, 250, 250};
  Colour ink = {25, 25, 30};
  Light light = Light::even;
  double shade = 0.5;     // the darkest light, of the brightest 1
  double direction = 30;  // degrees: where the light falls off, or how the shadow's edge runs
  double edge = 0.5;      // the shadow's edge: at which part of the way across
  Lines lines = Lines::none;
  double spacing = 40;      // pixels between lines
  double line_width = 1.2;  // pixels
  Colour line = {150, 180, 220};
  double noise = 0;      // standard deviation of the camera's noise, grey levels
  int jpeg_quality = 0;  // 0: no JPEG
};

Photo photograph(const InkSheet& ink, const Paper& paper, Dice& dice);

// The kinds of the issue, by name, and one of a kind with its other properties drawn. `line_spacing` (pixels) is that
// of ruled and squared sheets.
inline constexpr std::array<const char*, 10> kPaperKinds = {"plain", "gradient", "hard_shadow", "lamp", "coloured",
                                                            "ruled", "squared",  "noisy",       "jpeg", "dark"};
Paper paper_of_kind(const std::string& kind, double line_spacing, Dice& dice);
// Any mixture: a colour, some light, perhaps lines, noise, JPEG; a tenth dark.
Paper any_paper(double line_spacing, Dice& dice);

}  // namespace inkling::papers
