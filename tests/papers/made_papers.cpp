// Writes made images into a folder, to be looked at: made_papers FOLDER [SEED] [MNIST_FOLDER]
//
// hands.png: every digit in every hand; letters.png; scribbles.png; papers.png: singles on each kind of paper, a row a
// kind; page_N.png: pages of strokes, and of MNIST's test digits where its folder is given.

#include <fmt/core.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "inkling/core/error.h"
#include "inkling/data/idx.h"
#include "tests/papers/compose.h"

namespace inkling::papers {
namespace {

constexpr std::size_t kCell = 100;

// Images side by side in rows of `columns`, each `kCell` a side.
struct Sheet {
  std::size_t columns, rows;
  Photo photo{rows * kCell, columns* kCell, std::vector<std::uint8_t>(rows* columns* kCell* kCell * 3)};

  void put(std::size_t at, const Photo& cell) {
    const std::size_t top = at / columns * kCell, left = at % columns * kCell;
    for (std::size_t y = 0; y < kCell - 2; ++y) {
      for (std::size_t i = 0; i < 3 * (kCell - 2); ++i) {
        photo.pixels[3 * ((top + y) * photo.width + left) + i] = cell.pixels[3 * y * cell.width + i];
      }
    }
  }
};

Photo single(const Writer& writer, const std::string& paper, Dice& dice) {
  return compose_single(writer, {.height = kCell, .width = kCell, .paper = paper}, dice).photo;
}

void write_all(const std::filesystem::path& folder, std::uint64_t seed, const char* mnist) {
  Dice dice(seed);
  Sheet digits{.columns = 10, .rows = hands()};
  for (std::size_t i = 0; i < 10 * hands(); ++i) {
    digits.put(i, single(glyph_writer(digit_glyph(i % 10, i / 10)), "plain", dice));
  }
  write_colour_png(folder / "hands.png", digits.photo);

  Sheet alphabet{.columns = 13, .rows = 4};
  for (std::size_t i = 0; i < letters().size(); ++i) {
    alphabet.put(i, single(letter_writer(letters()[i]), "plain", dice));
  }
  write_colour_png(folder / "letters.png", alphabet.photo);

  Sheet scribbles{.columns = 10, .rows = 3};
  for (std::size_t i = 0; i < 30; ++i) {
    scribbles.put(i, single(scribble_writer(dice), "", dice));
  }
  write_colour_png(folder / "scribbles.png", scribbles.photo);

  Dataset test;
  DigitSource source = stroke_digits();
  if (mnist != nullptr) {
    test = load_mnist(mnist).test;
    source = image_digits(test.pixels, test.labels, test.height);
  }
  Sheet papers{.columns = 10, .rows = kPaperKinds.size()};
  for (std::size_t i = 0; i < 10 * kPaperKinds.size(); ++i) {
    const DigitSource here = i % 10 < 5 ? stroke_digits() : source;
    papers.put(i, single(here(i % 10, dice), kPaperKinds[i / 10], dice));
  }
  write_colour_png(folder / "papers.png", papers.photo);

  std::size_t number = 0;
  for (const std::size_t count : {1, 6, 20, 45, 60}) {
    for (const double touching : {0.0, 0.3}) {
      const PageOptions options{.height = 900, .width = 1200, .digits = count, .touching = touching, .paper = ""};
      const Page page = compose_page(number % 4 < 2 ? source : stroke_digits(), options, dice);
      write_colour_png(folder / fmt::format("page_{}.png", number++), page.photo);
      fmt::print("page_{}.png, {} digits:\n{}\n", number - 1, count, page.text);
    }
  }
}

}  // namespace
}  // namespace inkling::papers

int main(int count, char** arguments) {
  if (count < 2) {
    fmt::print(stderr, "made_papers FOLDER [SEED] [MNIST_FOLDER]\n");
    return 2;
  }
  try {
    std::filesystem::create_directories(arguments[1]);
    inkling::papers::write_all(arguments[1], count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1,
                               count > 3 ? arguments[3] : nullptr);
  } catch (const inkling::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
