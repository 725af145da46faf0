// make_digits MNIST OUT [SEED]: the data that the model `digits` is trained on, made from MNIST's training digits.
//
// OUT becomes a folder of four IDX files with eleven classes: the digits, and 10, "none". The training part is made
// from MNIST's first 55,000 training digits, the test part from the other 5,000 (to validate with); MNIST's test digits
// have no part in it. Digits come as they are, in other shapes (rasters.h), as ink on photographed papers read by the
// same preparation as a user's photos, and written by a pen (glyphs.h); what is none is broken digits, invented
// characters, scrawls and textures, half of it through the papers, too. The same seed gives the same bytes, whatever
// the machine has of threads.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include "inkling/core/error.h"
#include "inkling/core/file.h"
#include "inkling/data/idx.h"
#include "inkling/image/prepare.h"
#include "inkling/kernel/runtime.h"
#include "tests/papers/compose.h"
#include "tools/digits/glyphs.h"
#include "tools/digits/rasters.h"

namespace {

using inkling::Bytes;
using inkling::Dataset;
using inkling::papers::Writer;
using namespace made;

constexpr std::uint8_t kNone = 10;
constexpr std::size_t kHeldOut = 5000;

// How many of each kind. guess: photos take most of the time, 2 ms each.
struct Amounts {
  std::size_t shapes;  // of each digit, besides the digit as it is
  double photos;       // the others are shares of the digits of a part
  double written;
  double none;
};
constexpr Amounts kTraining{.shapes = 2, .photos = 0.12, .written = 0.08, .none = 0.4};
constexpr Amounts kValidation{.shapes = 1, .photos = 0.25, .written = 0, .none = 0.5};

struct Part {
  Bytes pixels, labels;
};

// As a user's photo of it would come: of any size, on any paper; drawn again where the ink is not found.
Raster photographed(const Writer& writer, Dice& dice) {
  for (;;) {
    const std::size_t side = dice.from_to(22, 76);
    inkling::papers::SingleOptions options{.height = side, .width = side, .paper = {}};
    options.most_degrees = 12;
    const inkling::papers::Single single = inkling::papers::compose_single(writer, options, dice);
    inkling::Prepared prepared = inkling::prepare_digit(inkling::papers::grey_of(single.photo));
    if (!prepared.blank) return std::move(prepared.digit.pixels);
  }
}

// Written by a pen on a clean sheet.
Raster penned(const Writer& writer, Dice& dice) {
  constexpr std::size_t kSheet = 96;
  inkling::papers::InkSheet ink(kSheet, kSheet);
  writer(ink, {.x = 48, .y = 48, .height = 56, .degrees = dice.between(-12, 12)}, 56 * dice.between(0.05, 0.17), dice);
  return centred(ink.amount, kSheet, kSheet);
}

// Of strokes, and not so flat that its height could not be scaled.
Writer a_character(Dice& dice) {
  for (;;) {
    const std::size_t kind = dice.below(10);
    Glyph glyph = kind < 4 ? invented(dice) : kind < 8 ? symbol(dice) : scrawl(dice);
    const inkling::papers::Extent extent = inkling::papers::extent_of(glyph);
    const double height = extent.bottom - extent.top;
    if (height >= 30 && extent.right - extent.left <= 3 * height)
      return inkling::papers::glyph_writer(std::move(glyph));
  }
}

Raster none_image(const Dataset& digits, std::size_t first, std::size_t count, Dice& dice) {
  const auto pick = [&] {
    const std::size_t j = first + dice.below(count);
    return Labelled{.pixels = digits.image(j).row(0), .label = digits.labels[j]};
  };
  const std::size_t kind = dice.below(100);
  if (kind < 10) return texture(pick().pixels, dice);
  if (kind < 45) {
    const Raster raster = broken(pick(), pick(), dice);
    return dice.chance(0.35) ? photographed(inkling::papers::image_writer(raster, kSide), dice) : raster;
  }
  const Writer writer = a_character(dice);
  return dice.chance(0.5) ? photographed(writer, dice) : penned(writer, dice);
}

Part make_part(const inkling::Runtime& rt, const Dataset& digits, std::size_t first, std::size_t count,
               const Amounts& amounts, std::uint64_t seed) {
  const auto share = [&](double of) { return static_cast<std::size_t>(of * static_cast<double>(count)); };
  const std::size_t of_each = 1 + amounts.shapes, known = of_each * count;
  const std::size_t photos_end = known + share(amounts.photos), written_end = photos_end + share(amounts.written);
  const std::size_t total = written_end + share(amounts.none);
  Part part{.pixels = Bytes(total * kPixels), .labels = Bytes(total)};
  rt.pool().run(total, [&](std::size_t k) noexcept {
    Dice dice(seed, k);
    Raster image;
    std::uint8_t& label = part.labels[k];
    if (k < known) {
      const std::size_t j = first + k / of_each, version = k % of_each;
      const Pixels digit = digits.image(j).row(0);
      label = digits.labels[j];
      image = version == 0 ? Raster(digit.begin(), digit.end()) : variant(digit, dice);
    } else if (k < photos_end) {
      const std::size_t j = first + dice.below(count);
      label = digits.labels[j];
      image = photographed(inkling::papers::image_writer(digits.image(j).row(0), kSide), dice);
    } else if (k < written_end) {
      label = static_cast<std::uint8_t>(k % 10);
      const Writer writer = inkling::papers::glyph_writer(own_digit(label, dice));
      image = dice.chance(0.6) ? photographed(writer, dice) : penned(writer, dice);
    } else {
      label = kNone;
      image = none_image(digits, first, count, dice);
    }
    std::ranges::copy(image, part.pixels.begin() + static_cast<std::ptrdiff_t>(k * kPixels));
  });
  return part;
}

void append_count(Bytes& bytes, std::size_t count) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(count >> shift));
}

void write_part(const std::filesystem::path& folder, const std::string& name, const Part& part) {
  Bytes labels = {0, 0, 8, 1}, images = {0, 0, 8, 3};
  append_count(labels, part.labels.size());
  labels.insert(labels.end(), part.labels.begin(), part.labels.end());
  inkling::write_file_atomically(folder / (name + "-labels-idx1-ubyte"), labels);
  images.reserve(16 + part.pixels.size());
  append_count(images, part.labels.size());
  append_count(images, kSide);
  append_count(images, kSide);
  images.insert(images.end(), part.pixels.begin(), part.pixels.end());
  inkling::write_file_atomically(folder / (name + "-images-idx3-ubyte"), images);
}

void make(const std::filesystem::path& mnist, const std::filesystem::path& out, std::uint64_t seed) {
  const Dataset digits = inkling::load_idx(mnist).train;
  if (digits.count() <= kHeldOut || digits.height != kSide || digits.width != kSide)
    inkling::fail(inkling::ErrorKind::shape, "{}: expected MNIST's training digits, 28x28", mnist.string());
  std::filesystem::create_directories(out);
  const inkling::Runtime rt;
  const std::size_t training = digits.count() - kHeldOut;
  const Part validation = make_part(rt, digits, training, kHeldOut, kValidation, 2 * seed + 1);
  write_part(out, "t10k", validation);
  const Part train = make_part(rt, digits, 0, training, kTraining, 2 * seed);
  write_part(out, "train", train);
  fmt::print("{}: {} images to train with, {} to validate with\n", out.string(), train.labels.size(),
             validation.labels.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    fmt::print(stderr, "usage: make_digits MNIST_FOLDER OUT_FOLDER [SEED]\n");
    return 2;
  }
  try {
    make(argv[1], argv[2], argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1);
  } catch (const std::exception& error) {
    fmt::print(stderr, "make_digits: {}\n", error.what());
    return 1;
  }
}
