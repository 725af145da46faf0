// Made images whose truth is known: one character on a paper, and pages of digits in lines.
//
// Everything follows from the dice: the same seed, the same bytes. What writes a character is a function, so that
// strokes, MNIST digits and outsiders (letters, scribbles) go through the same camera.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tests/papers/dice.h"
#include "tests/papers/ink.h"
#include "tests/papers/paper.h"

namespace inkling::papers {

// Writes one character with a pen of so many pixels; gives its box. May be called many times.
using Writer = std::function<Box(InkSheet&, const Place&, double pen, Dice&)>;

Writer glyph_writer(Glyph glyph);                    // as it is, by a moving hand (by_hand)
Writer digit_writer(std::size_t digit, Dice& dice);  // strokes, in one of the hands
Writer letter_writer(char letter);
Writer scribble_writer(Dice& dice);
Writer image_writer(std::span<const std::uint8_t> pixels, std::size_t side);  // MNIST's; the pixels must live on

struct SingleOptions {
  std::size_t height = 96;
  std::size_t width = 96;
  double least_fill = 0.45;  // the character's height as a part of the smaller side
  double most_fill = 0.85;
  double most_degrees = 15;
  double thin_pen = 0.05;  // of the character's height
  double thick_pen = 0.16;
  std::string paper{};  // one of kPaperKinds; empty: any mixture
};

struct Single {
  Photo photo;
  Box box;  // where its ink is
};

// Off the centre, turned, whole on the sheet.
Single compose_single(const Writer& writer, const SingleOptions& options, Dice& dice);

// A character of a digit d, 0 to 9, for pages.
using DigitSource = std::function<Writer(std::size_t digit, Dice&)>;
DigitSource stroke_digits();
// One of the images with that label, (count, side, side); a label that is not there throws Error config. The pixels and
// labels must live on.
DigitSource image_digits(std::span<const std::uint8_t> pixels, std::span<const std::uint8_t> labels, std::size_t side);

struct PageOptions {
  std::size_t height = 1000;
  std::size_t width = 1400;
  std::size_t digits = 20;  // 1 to 60
  double most_degrees = 8;  // of each digit
  double most_skew = 2;     // of all lines, degrees
  double touching = 0;      // how many of the neighbours within a number touch, 0 to 1
  double thin_pen = 0.07;
  double thick_pen = 0.14;
  std::string paper{};  // one of kPaperKinds; empty: any mixture
};

struct TrueDigit {
  Box box;
  std::size_t digit = 0;
  std::size_t line = 0;
  bool touches = false;  // the one before it
};

struct Page {
  Photo photo;
  std::vector<TrueDigit> digits;  // in reading order
  std::string text;               // a line of the page a line; numbers of 1 to 4 digits, a space between them
};

// Throws Error config: not 1 to 60 digits, or more than fit.
Page compose_page(const DigitSource& source, const PageOptions& options, Dice& dice);

}  // namespace inkling::papers
