#include "tests/papers/paper.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "inkling/core/error.h"

namespace inkling::papers {
namespace {

constexpr double kSoftEdge = 0.01;  // of the way across: a hard shadow's edge is that wide

// Noise close to normal: the sum of four of a cipher block's bytes. 147.8 is its standard deviation.
class Noise {
 public:
  Noise(std::uint64_t seed, double deviation) : rng_(seed, 0), scale_(deviation / 147.8) {}
  double next() {
    if (used_ == 4) {
      block_ = rng_.block(index_++);
      used_ = 0;
    }
    const std::uint32_t bits = block_[used_++];
    const auto sum = static_cast<double>((bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24));
    return scale_ * (sum - 510);
  }

 private:
  Rng rng_;
  double scale_;
  std::array<std::uint32_t, 4> block_{};
  std::uint64_t index_ = 0;
  std::size_t used_ = 4;
};

// How bright it is at (x, y), each -0.5 to 0.5 across the sheet.
double light_at(const Paper& paper, double x, double y, double cosine, double sine) {
  const double across = std::clamp(cosine * x + sine * y + 0.5, 0.0, 1.0);
  switch (paper.light) {
    case Light::even: return 1;
    case Light::gradient: return 1 - (1 - paper.shade) * across;
    case Light::hard_shadow: {
      const double inside = std::clamp((across - paper.edge) / kSoftEdge + 0.5, 0.0, 1.0);
      return 1 - (1 - paper.shade) * inside;
    }
    case Light::lamp: {  // brightest at a point off the middle
      const double dx = x - 0.3 * cosine, dy = y - 0.3 * sine;
      return paper.shade + (1 - paper.shade) * std::exp(-3 * (dx * dx + dy * dy));
    }
  }
  return 1;
}

// How much of a pixel one of the printed lines covers; `at` is its place across them.
double line_cover(double at, double spacing, double line_width) {
  const double off = std::abs(at - spacing * std::round(at / spacing));
  return std::clamp(line_width / 2 + 0.5 - off, 0.0, std::min(1.0, line_width));
}

Colour near(const Colour& colour, double by, Dice& dice) {
  Colour out = colour;
  for (double& part : out) {
    part = std::clamp(part + dice.between(-by, by), 0.0, 255.0);
  }
  return out;
}

// Pens as people have them: black, blue, pencil, red, green.
Colour any_pen(Dice& dice) {
  static constexpr Colour kPens[] = {{25, 25, 30}, {30, 45, 130}, {85, 85, 88}, {150, 30, 40}, {30, 100, 60}};
  return near(kPens[dice.below(std::size(kPens))], 12, dice);
}

void colour_it(Paper& paper, Dice& dice) {
  static constexpr Colour kSheets[] = {
      {250, 235, 140}, {190, 225, 190}, {180, 205, 240}, {245, 190, 200}, {205, 175, 135}};
  paper.paper = near(kSheets[dice.below(std::size(kSheets))], 10, dice);
  paper.ink = near({25, 25, 35}, 15, dice);
}

void rule_it(Paper& paper, Lines lines, double spacing, Dice& dice) {
  static constexpr Colour kPrints[] = {{150, 180, 220}, {190, 190, 195}, {225, 170, 170}, {170, 205, 180}};
  paper.lines = lines;
  paper.spacing = lines == Lines::squared ? spacing / 2 : spacing;
  paper.line_width = std::clamp(spacing / 50, 0.8, 6.0);
  paper.line = near(kPrints[dice.below(std::size(kPrints))], 10, dice);
}

void light_it(Paper& paper, Light light, Dice& dice) {
  paper.light = light;
  paper.shade = light == Light::hard_shadow ? dice.between(0.45, 0.75) : dice.between(0.35, 0.7);
  paper.direction = dice.between(0, 360);
  paper.edge = dice.between(0.25, 0.75);
}

}  // namespace

Photo photograph(const InkSheet& ink, const Paper& paper, Dice& dice) {
  Photo photo{.height = ink.height, .width = ink.width, .pixels = {}};
  photo.pixels.resize(3 * ink.height * ink.width);
  Noise noise(dice.seed(), paper.noise);
  const double cosine = std::cos(paper.direction * std::numbers::pi / 180);
  const double sine = std::sin(paper.direction * std::numbers::pi / 180);
  const double shift_y = dice.between(0, paper.spacing), shift_x = dice.between(0, paper.spacing);
  for (std::size_t y = 0; y < ink.height; ++y) {
    const double row = static_cast<double>(y) + 0.5;
    const double ruled = paper.lines == Lines::none ? 0 : line_cover(row + shift_y, paper.spacing, paper.line_width);
    for (std::size_t x = 0; x < ink.width; ++x) {
      const double column = static_cast<double>(x) + 0.5;
      const double squared =
          paper.lines == Lines::squared ? line_cover(column + shift_x, paper.spacing, paper.line_width) : 0;
      const double printed = std::max(ruled, squared);
      const double light = light_at(paper, column / static_cast<double>(ink.width) - 0.5,
                                    row / static_cast<double>(ink.height) - 0.5, cosine, sine);
      const double written = ink.amount[y * ink.width + x] / 255.0;
      const double grain = paper.noise > 0 ? noise.next() : 0;
      for (std::size_t c = 0; c < 3; ++c) {
        const double sheet = paper.paper[c] + printed * (paper.line[c] - paper.paper[c]);
        const double value = light * (sheet + written * (paper.ink[c] - sheet)) + grain;
        photo.pixels[3 * (y * ink.width + x) + c] = static_cast<std::uint8_t>(std::clamp(value + 0.5, 0.0, 255.0));
      }
    }
  }
  if (paper.jpeg_quality > 0) {
    add_jpeg_noise(photo, paper.jpeg_quality);
  }
  return photo;
}

Paper paper_of_kind(const std::string& kind, double line_spacing, Dice& dice) {
  Paper paper;
  paper.ink = any_pen(dice);
  paper.paper = near({245, 245, 243}, 8, dice);
  if (kind == "plain") {
    return paper;
  }
  if (kind == "gradient" || kind == "hard_shadow" || kind == "lamp") {
    light_it(paper, kind == "gradient" ? Light::gradient : kind == "lamp" ? Light::lamp : Light::hard_shadow, dice);
  } else if (kind == "coloured") {
    colour_it(paper, dice);
  } else if (kind == "ruled" || kind == "squared") {
    rule_it(paper, kind == "ruled" ? Lines::ruled : Lines::squared, line_spacing, dice);
  } else if (kind == "noisy") {
    paper.noise = dice.between(4, 14);
  } else if (kind == "jpeg") {
    paper.noise = dice.between(0, 4);
    paper.jpeg_quality = static_cast<int>(dice.from_to(25, 80));
  } else if (kind == "dark") {
    paper.paper = near({35, 45, 42}, 15, dice);
    paper.ink = near({230, 230, 225}, 15, dice);
    paper.noise = dice.between(0, 5);
  } else {
    fail(ErrorKind::config, "no paper is called '{}'", kind);
  }
  return paper;
}

Paper any_paper(double line_spacing, Dice& dice) {
  Paper paper = paper_of_kind(dice.chance(0.1) ? "dark" : "plain", line_spacing, dice);
  const bool dark = paper.paper[0] < paper.ink[0];
  if (!dark && dice.chance(0.3)) {
    colour_it(paper, dice);
  }
  if (!dark && dice.chance(0.35)) {
    rule_it(paper, dice.chance(0.5) ? Lines::ruled : Lines::squared, line_spacing, dice);
  }
  if (dice.chance(0.6)) {
    static constexpr Light kLights[] = {Light::gradient, Light::hard_shadow, Light::lamp};
    light_it(paper, kLights[dice.below(3)], dice);
  }
  if (dice.chance(0.6)) {
    paper.noise = dice.between(1, 9);
  }
  if (dice.chance(0.4)) {
    paper.jpeg_quality = static_cast<int>(dice.from_to(35, 92));
  }
  return paper;
}

}  // namespace inkling::papers
