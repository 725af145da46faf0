// What the training set of `digits` makes of MNIST's images: other shapes of the same digit, and images that are none.
//
// An image is 28x28, light ink on black, as MNIST's. Everything follows from the dice.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tests/papers/dice.h"

namespace made {

using inkling::papers::Dice;

inline constexpr std::size_t kSide = 28, kPixels = kSide * kSide;
using Raster = std::vector<std::uint8_t>;  // (kPixels)
using Pixels = std::span<const std::uint8_t>;

// Turned, sheared, stretched, bent, thicker or thinner; then its larger side is about 20 pixels and its centre of mass
// about the middle, as in MNIST.
Raster variant(Pixels digit, Dice& dice);

struct Labelled {
  Pixels pixels;
  std::uint8_t label;
};

// Two digits as one: halves of two, one over the other, two side by side; or one that is turned or mirrored so that it
// is no digit any more, as `a` allows.
Raster broken(const Labelled& a, const Labelled& b, Dice& dice);

// No strokes at all: noise, stripes, filled shapes with an edge or a pattern, specks, a digit with ink and paper
// swapped.
Raster texture(Pixels digit, Dice& dice);

// Ink of any size (height * width) scaled so that its larger side is 20 pixels, its centre of mass in the middle.
Raster centred(std::span<const std::uint8_t> ink, std::size_t height, std::size_t width);

}  // namespace made
