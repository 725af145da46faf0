// measure_digits MNIST FASHION [MODEL] [COUNT]: what a model of digits reads and what it refuses, on everything that
// the goals speak of. MODEL is a file, or digits, the bundled one.
//
// Read: MNIST's test digits as they are, and COUNT of them as ink on each kind of paper; digits written by the pens of
// tests/papers; the bundled sample, another hand's. Refused: blank sheets, scribbles, letters (each letter's share, and
// the total with and without those that are digits in shape), two digits side by side, Fashion-MNIST. The dice are
// fixed: the same model gives the same figures.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>

#include "inkling/core/error.h"
#include "inkling/data/idx.h"
#include "inkling/data/sample.h"
#include "inkling/format/bundled_model.h"
#include "inkling/image/prepare.h"
#include "inkling/reader/reader.h"
#include "tests/papers/compose.h"

namespace {

using inkling::Dataset;
using inkling::Reader;
using inkling::Reading;
using inkling::papers::Dice;
using inkling::papers::Writer;

struct Tally {
  std::size_t images = 0, right = 0, refused = 0, kept_wrong = 0;

  void add(const Reading& r, std::size_t label) {
    ++images;
    if (r.best == label) ++right;
    if (r.refused)
      ++refused;
    else if (r.best != label)
      ++kept_wrong;
  }
};

double percent(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

void print_read(const std::string& what, const Tally& t) {
  fmt::print("{:<34}{:>8}{:>9.2f} %{:>9.2f} %{:>9.2f} %\n", what, t.images, percent(t.right, t.images),
             percent(t.refused, t.images), percent(t.kept_wrong, t.images - t.refused));
}
void print_refused(const std::string& what, const Tally& t) {
  fmt::print("{:<34}{:>8}{:>31.1f} %\n", what, t.images, percent(t.refused, t.images));
}

inkling::Image photo_of(const Writer& writer, const std::string& paper, Dice& dice) {
  const std::size_t side = dice.from_to(40, 160);
  const inkling::papers::SingleOptions options{.height = side, .width = side, .paper = paper};
  return inkling::papers::grey_of(inkling::papers::compose_single(writer, options, dice).photo);
}

Tally as_they_are(const inkling::Runtime& rt, Reader& reader, const Dataset& data) {
  Tally t;
  for (std::size_t j = 0; j < data.count(); ++j) t.add(reader.read_as_is(rt, data.image(j)), data.labels[j]);
  return t;
}

void measure_papers(const inkling::Runtime& rt, Reader& reader, const Dataset& test, std::size_t count) {
  Tally clean, all;
  for (const char* kind : inkling::papers::kPaperKinds) {
    Tally t;
    for (std::size_t j = 0; j < std::min(count, test.count()); ++j) {
      Dice dice(20, j);
      const Reading r = reader.read(rt, photo_of(inkling::papers::image_writer(test.image(j).row(0), 28), kind, dice));
      t.add(r, test.labels[j]);
      all.add(r, test.labels[j]);
    }
    print_read(fmt::format("MNIST's on paper: {}", kind), t);
  }
  for (std::size_t j = 0; j < std::min(count, test.count()); ++j)
    clean.add(reader.read_as_is(rt, test.image(j)), test.labels[j]);
  print_read("MNIST's on all papers", all);
  print_read("the same digits, clean", clean);
}

void measure_strokes(const inkling::Runtime& rt, Reader& reader, std::size_t count) {
  Tally t;
  for (std::size_t k = 0; k < count; ++k) {
    Dice dice(21, k);
    t.add(reader.read(rt, photo_of(inkling::papers::digit_writer(k % 10, dice), "", dice)), k % 10);
  }
  print_read("digits of pens", t);
}

void measure_letters(const inkling::Runtime& rt, Reader& reader, std::size_t count) {
  Tally all, no_digits;
  std::map<char, Tally> each;
  const std::string letters = inkling::papers::letters();
  for (std::size_t k = 0; k < count; ++k) {
    Dice dice(22, k);
    const char letter = letters[k % letters.size()];
    const Reading r = reader.read(rt, photo_of(inkling::papers::letter_writer(letter), "", dice));
    all.add(r, SIZE_MAX);
    each[letter].add(r, SIZE_MAX);
    if (!inkling::papers::reads_as_digit(letter)) no_digits.add(r, SIZE_MAX);
  }
  print_refused("letters, all", all);
  print_refused("letters, but digits in shape", no_digits);
  std::size_t column = 0;
  for (const auto& [letter, t] : each) {
    fmt::print("  {}{} {:>3.0f} %{}", letter, inkling::papers::reads_as_digit(letter) ? '*' : ' ',
               percent(t.refused, t.images), ++column % 8 == 0 ? "\n" : "");
  }
  fmt::print("{}  *: a digit in shape\n", column % 8 == 0 ? "" : "\n");
}

void measure_others(const inkling::Runtime& rt, Reader& reader, const Dataset& test, std::size_t count) {
  Tally blank, scribbles, pairs;
  for (std::size_t k = 0; k < count; ++k) {
    Dice dice(23, k);
    const std::size_t side = dice.from_to(20, 160);
    const inkling::papers::InkSheet sheet(side, side);
    blank.add(reader.read(rt, inkling::papers::grey_of(inkling::papers::photograph(
                                  sheet, inkling::papers::any_paper(static_cast<double>(side) / 2, dice), dice))),
              SIZE_MAX);
    scribbles.add(reader.read(rt, photo_of(inkling::papers::scribble_writer(dice), "", dice)), SIZE_MAX);
    // Two digits of one size, a little apart, in one box.
    inkling::Image two{.height = 40, .width = 60, .pixels = std::vector<std::uint8_t>(2400)};
    for (std::size_t side_of = 0; side_of < 2; ++side_of) {
      const std::span<const std::uint8_t> digit = test.image(dice.below(test.count())).row(0);
      for (std::size_t i = 0; i < 784; ++i) {
        std::uint8_t& p = two.pixels[(6 + i / 28) * 60 + 4 + side_of * 22 + i % 28];
        p = std::max(p, digit[i]);
      }
    }
    pairs.add(reader.read(rt, two), SIZE_MAX);
  }
  print_refused("blank sheets", blank);
  print_refused("scribbles", scribbles);
  print_refused("two digits in a box", pairs);
}

void measure(const std::string& mnist, const std::string& fashion, const std::string& model, std::size_t count) {
  const inkling::Runtime rt({.threads = 1});
  Reader reader(inkling::is_bundled_model(model) ? inkling::load_bundled_model(model) : inkling::load_model(model));
  const Dataset test = inkling::load_idx(mnist).test;
  fmt::print("{:<34}{:>8}{:>11}{:>11}{:>11}\n", "", "images", "right", "refused", "wrong, kept");
  print_read("MNIST's test digits", as_they_are(rt, reader, test));
  const inkling::DataSplit sample = inkling::load_sample();
  print_read("the bundled sample, train", as_they_are(rt, reader, sample.train));
  print_read("the bundled sample, test", as_they_are(rt, reader, sample.test));
  measure_papers(rt, reader, test, count);
  measure_strokes(rt, reader, count);
  measure_others(rt, reader, test, count);
  measure_letters(rt, reader, count);
  print_refused("Fashion-MNIST's test images", as_they_are(rt, reader, inkling::load_idx(fashion).test));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 5) {
    fmt::print(stderr, "usage: measure_digits MNIST_FOLDER FASHION_FOLDER [MODEL] [COUNT]\n");
    return 2;
  }
  try {
    measure(argv[1], argv[2], argc > 3 ? argv[3] : "digits", argc > 4 ? std::strtoull(argv[4], nullptr, 10) : 2000);
  } catch (const std::exception& error) {
    fmt::print(stderr, "measure_digits: {}\n", error.what());
    return 1;
  }
}
