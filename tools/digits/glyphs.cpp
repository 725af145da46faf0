#include "tools/digits/glyphs.h"

#include <array>
#include <cmath>
#include <numbers>
#include <string_view>

namespace made {
namespace {

using inkling::papers::glyph_of;
using inkling::papers::Point;
using inkling::papers::Stroke;

constexpr std::array<std::array<std::string_view, 3>, 10> kOwnDigits = {{
    {"32,1 14,14 4,46 12,84 30,98 50,86 58,50 50,14 32,1", "26,4 10,26 8,60 22,94 40,95 52,66 50,30 36,6 20,8",
     "40,8 22,4 8,24 6,66 20,95 44,90 56,60 52,22 36,6"},
    {"32,1! 31,99!", "20,18! 34,1! 33,99!", "38,2! 27,99!"},
    {"8,24 20,4 42,5 52,24 40,52 8,96! 56,96!", "7,18 24,2 46,10 44,36 22,70 5,95 20,86 38,94 57,92",
     "10,22 26,6 46,16 42,44 10,94! 30,90 56,94"},
    {"9,12 28,2 48,12 44,34 26,46! 50,54 54,80 32,98 7,88", "10,6! 50,6! 30,40! 52,56 50,84 30,98 8,90",
     "7,14 30,4 46,20 36,42 22,46 44,52 52,74 34,96 6,92"},
    {"16,3! 8,56! 56,54!; 42,22! 41,99!", "40,3! 5,66! 58,66!; 41,3! 41,99!", "12,6 8,34 18,50 48,44!; 50,4! 45,98!"},
    {"52,5! 16,5! 13,42! 36,38 53,60 44,90 22,98 5,86", "14,6! 12,44! 36,40 52,62 42,92 18,97 5,88; 14,6! 52,5!",
     "50,8 18,7! 14,40! 40,42 50,66 36,94 8,94"},
    {"42,2 20,26 8,60 14,90 34,98 52,82 44,60 24,58 10,74", "48,8 26,14 10,46 8,80 26,97 48,88 50,66 34,56 14,66",
     "34,2 16,34 8,70 22,96 44,92 50,72 36,58 12,70"},
    {"6,4! 55,4! 28,98!", "5,7! 54,6! 38,46 26,98; 18,48! 50,47!", "6,14! 10,5! 55,6! 36,40 28,97"},
    {"44,12 26,2 10,16 20,38 44,56 52,78 34,97 12,86 14,64 38,42 48,22 42,10",
     "30,47 13,34 14,12 31,2 47,14 45,36 30,47 9,64 8,86 30,98 52,86 51,62 30,47",
     "48,14 30,3 14,14 20,36 42,54 50,76 36,95 16,92 10,72 28,50 46,30 48,12"},
    {"50,18 32,3 12,14 9,38 26,50 46,38 50,18! 47,60 43,99", "47,14 26,3 9,20 14,44 36,46 48,22! 47,98!",
     "48,20 30,4 12,16 14,42 36,46 49,22! 46,70 30,95 12,92"},
}};

constexpr std::array kSymbols = std::to_array<std::string_view>({
    // Cyrillic without the letters that Latin has: Г Д Ж И Л П Ф Ц Ш Щ Ы Ю Я Э Б
    "8,98! 8,3! 52,3!",
    "12,80! 22,4! 46,4! 48,80!; 2,98! 4,80! 56,80! 58,98!",
    "30,3! 30,97!; 4,4! 30,50! 4,97!; 56,4! 30,50! 56,97!",
    "8,4! 8,96! 52,4! 52,96!",
    "4,97 16,84! 20,4! 50,4! 50,97!",
    "8,97! 8,4! 52,4! 52,97!",
    "30,2! 30,98!; 30,24 8,30 6,56 30,66 54,56 52,30 30,24",
    "8,4! 8,84! 46,84!; 46,4! 46,84! 56,84! 56,99!",
    "6,4! 6,96! 54,96! 54,4!; 30,4! 30,96!",
    "8,4! 8,97! 30,94 32,66 8,54!; 50,4! 50,97!",
    "8,4! 8,97!; 8,50! 26,50!; 42,4 26,30 26,70 42,97 58,70 58,30 42,4",
    "50,97! 50,4! 20,8 12,28 24,46 50,48!; 30,48! 8,97!",
    // Greek: Delta Lambda Xi Pi Sigma Phi Psi Omega gamma lambda pi psi omega alpha xi
    "30,4! 4,96! 56,96! 30,4!",
    "4,98! 30,3! 56,98!",
    "6,6! 54,6!; 14,50! 46,50!; 6,95! 54,95!",
    "2,30! 58,30!; 18,30! 14,96!; 42,30 42,80 50,97",
    "52,5! 8,5! 34,50! 8,96! 54,96!",
    "30,3! 30,98!; 6,10 8,50 30,60 52,50 54,10",
    "4,97! 20,97! 8,60 8,24 30,4 52,24 52,60 40,97! 56,97!",
    "4,6 22,30 30,60 26,96 20,80 32,50 54,6",
    "8,4 22,12 54,97!; 28,46! 6,97!",
    "6,30 8,80 22,92 30,60 38,92 52,80 54,30",
    "40,4 16,12 34,26 14,42 36,50 8,70 30,88 44,92 36,104",
    // Japanese syllables
    "6,8! 54,8! 30,44!; 32,26 28,70 12,98",
    "50,4 28,40 4,60; 32,38! 32,98!",
    "30,2! 30,20!; 8,40! 8,20! 54,20! 50,60 24,98",
    "6,28! 54,26 52,80 42,92; 30,3 24,60 4,96",
    "6,26! 54,20!; 4,60! 58,54!; 26,2! 36,98!",
    "4,30! 58,30!; 16,8! 16,58!; 42,8! 42,50 20,98",
    "8,14 14,36; 28,8 32,32; 52,10 44,60 18,98",
    "20,2! 20,98!; 20,40! 50,60!",
    "4,34! 56,34!; 32,2 30,60 8,98",
    "20,20 14,60 2,90; 38,14 48,50 58,90",
    "4,26! 58,26!; 30,3! 30,97!; 16,50 4,84; 44,50 58,84",
    "4,16! 54,16! 26,64; 18,46! 40,84!",
    "30,4 14,60 6,92! 52,86!; 40,60! 56,98!",
    "4,36! 58,36!; 4,8 8,12",
    "8,8! 8,92! 54,92! 54,8! 8,8!",
    "6,8! 6,50!; 6,8! 54,8! 50,60 20,98",
    "6,10 20,24; 54,20 40,70 6,96",
    // signs
    "30,20! 30,80!; 2,50! 58,50!",
    "4,36! 56,36!; 4,64! 56,64!",
    "20,2! 14,98!; 46,2! 40,98!; 2,32! 58,32!; 0,66! 56,66!",
    "4,70! 30,30! 56,70!",
    "2,56 16,40 30,52 44,64 58,46",
    "10,16 28,4 48,16 44,36 28,52 28,70!; 28,90! 29,96!",
    "52,30! 8,50! 52,70!",
    "2,50! 58,50!; 38,26! 58,50! 38,74!",
    "30,98! 30,4!; 10,30! 30,4! 50,30!",
    "30,30 16,12 4,30 30,90! 56,30 44,12 30,30",
    "30,2! 44,96! 2,36! 58,36! 16,96! 30,2!",
    "4,50! 30,10! 56,50!; 10,46! 10,98! 50,98! 50,46!",
    "4,96! 56,4!; 10,6 4,20 14,26 20,12 10,6; 46,74 40,88 50,96 56,82 46,74",
    "6,60! 24,92! 56,10!",
    "40,2 24,16 34,40 20,50 34,60 24,84 40,98",
    "30,6! 6,48! 30,94! 54,48! 30,6!",
    "2,50 16,30 30,50 44,70 58,50 44,30 30,50 16,70 2,50",
});

constexpr double kTurn = 2 * std::numbers::pi;

Stroke arc(Point middle, double radius, double flat, double from, double turn) {
  Stroke out;
  for (int i = 0; i <= 24; ++i) {
    const double angle = from + turn * i / 24;
    out.push_back({middle.x + radius * std::cos(angle), middle.y + flat * radius * std::sin(angle)});
  }
  return out;
}

Point grid_point(Dice& dice) {
  return {30 * static_cast<double>(dice.below(3)) + dice.normal(4),
          33 * static_cast<double>(dice.below(4)) + dice.normal(4)};
}

Stroke bent(Point from, Point to, double bend) {
  Stroke out;
  for (int i = 0; i <= 16; ++i) {
    const double t = i / 16.0, aside = bend * 4 * t * (1 - t);
    out.push_back({from.x + t * (to.x - from.x) - aside * (to.y - from.y),
                   from.y + t * (to.y - from.y) + aside * (to.x - from.x)});
  }
  return out;
}

}  // namespace

Glyph own_digit(std::size_t digit, Dice& dice) { return glyph_of(kOwnDigits[digit][dice.below(3)]); }

Glyph symbol(Dice& dice) { return glyph_of(kSymbols[dice.below(kSymbols.size())]); }

Glyph invented(Dice& dice) {
  Glyph glyph;
  const std::size_t strokes = dice.from_to(2, 4);
  while (glyph.size() < strokes) {
    const Point from = grid_point(dice);
    switch (dice.below(4)) {
      case 0:
      case 1: {
        const Point to = grid_point(dice);
        if (std::hypot(to.x - from.x, to.y - from.y) < 25) continue;
        glyph.push_back(bent(from, to, dice.chance(0.6) ? 0 : dice.between(-0.45, 0.45)));
        break;
      }
      case 2:
        glyph.push_back(arc(from, dice.between(12, 28), dice.between(0.8, 1.4), dice.between(0, kTurn),
                            dice.between(0.4, 0.8) * kTurn));
        break;
      default: {
        Stroke stroke = bent(from, grid_point(dice), dice.normal(0.1));
        const Point corner = stroke.back();
        const Stroke second = bent(corner, grid_point(dice), dice.normal(0.15));
        stroke.insert(stroke.end(), second.begin(), second.end());
        glyph.push_back(stroke);
      }
    }
  }
  return glyph;
}

Glyph scrawl(Dice& dice) {
  Glyph glyph;
  Stroke stroke;
  switch (dice.below(4)) {
    case 0: {  // a walk whose direction drifts
      Point at{50, 50};
      double angle = dice.between(0, kTurn), turn = dice.normal(0.3);
      const std::size_t steps = dice.from_to(40, 160);
      for (std::size_t i = 0; i < steps; ++i) {
        turn = 0.9 * turn + dice.normal(0.16);
        angle += turn;
        at = {at.x + 5 * std::cos(angle), at.y + 5 * std::sin(angle)};
        if (at.x < 0 || at.x > 100 || at.y < 0 || at.y > 100) angle += std::numbers::pi / 2;
        stroke.push_back(at);
      }
      break;
    }
    case 1: {  // to and fro
      const std::size_t turns = dice.from_to(3, 9);
      const double lean = dice.normal(20);
      for (std::size_t i = 0; i <= turns; ++i)
        stroke.push_back({(i % 2 == 0 ? 5 : 95) + dice.normal(12),
                          100.0 * static_cast<double>(i) / static_cast<double>(turns) + (i % 2 == 0 ? lean : 0)});
      if (dice.chance(0.5))
        for (Point& p : stroke) p = {p.y, p.x};
      break;
    }
    case 2: {  // loops in a row
      const double loops = dice.between(2, 5), radius = dice.between(10, 30), way = dice.between(20, 90);
      for (double t = 0; t <= 1; t += 0.01)
        stroke.push_back(
            {way * t + radius * std::cos(kTurn * loops * t), radius * std::sin(kTurn * loops * t) + 20 * t});
      break;
    }
    default: {  // dashes and dots
      const std::size_t dashes = dice.from_to(2, 7);
      for (std::size_t i = 0; i < dashes; ++i) {
        const Point from{dice.between(0, 100), dice.between(0, 100)};
        const double angle = dice.between(0, kTurn), length = dice.between(4, 60);
        glyph.push_back({from, {from.x + length * std::cos(angle), from.y + length * std::sin(angle)}});
      }
      return glyph;
    }
  }
  glyph.push_back(stroke);
  return glyph;
}

}  // namespace made
