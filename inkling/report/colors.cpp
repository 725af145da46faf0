#include "inkling/report/colors.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace inkling {
namespace {

constexpr Color kViridis[] = {{68, 1, 84},    {72, 40, 120},  {62, 74, 137},  {49, 104, 142}, {38, 130, 142},
                              {31, 158, 137}, {53, 183, 121}, {109, 205, 89}, {180, 222, 44}, {253, 231, 37}};
constexpr Color kBlues[] = {{247, 251, 255}, {222, 235, 247}, {198, 219, 239}, {158, 202, 225}, {107, 174, 214},
                            {66, 146, 198},  {33, 113, 181},  {8, 81, 156},    {8, 48, 107}};
constexpr Color kDiverging[] = {{5, 48, 97},     {33, 102, 172},  {67, 147, 195},  {146, 197, 222},
                                {209, 229, 240}, {247, 247, 247}, {253, 219, 199}, {244, 165, 130},
                                {214, 96, 77},   {178, 24, 43},   {103, 0, 31}};
constexpr Color kInk[] = {kWhite, kBlack};

Color between(std::span<const Color> colors, double t) {
  if (std::isnan(t)) return kNoNumber;
  const double place = std::clamp(t, 0.0, 1.0) * static_cast<double>(colors.size() - 1);
  const std::size_t left = std::min(static_cast<std::size_t>(place), colors.size() - 2);
  const double share = place - static_cast<double>(left);
  const auto mix = [&](std::uint8_t a, std::uint8_t b) {
    return static_cast<std::uint8_t>(std::lround(a + share * (b - a)));
  };
  const Color &a = colors[left], &b = colors[left + 1];
  return {mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)};
}

double linear(std::uint8_t channel) {
  const double c = channel / 255.0;
  return c <= 0.03928 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
}

}  // namespace

Color viridis(double t) { return between(kViridis, t); }
Color blues(double t) { return between(kBlues, t); }
Color diverging(double t) { return between(kDiverging, (t + 1) / 2); }
Color ink(double t) { return between(kInk, t); }

Color text_on(Color ground) {
  const double luminance = 0.2126 * linear(ground.red) + 0.7152 * linear(ground.green) + 0.0722 * linear(ground.blue);
  // The contrasts (luminance + 0.05) / 0.05 with black and 1.05 / (luminance + 0.05) with white.
  return (luminance + 0.05) * (luminance + 0.05) > 1.05 * 0.05 ? kBlack : kWhite;
}

}  // namespace inkling
