// Pages are read with the model that Inkling brings along; what they should read is known, as the tests write them.
#include "inkling/reader/page.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "inkling/core/error.h"
#include "inkling/data/idx.h"
#include "inkling/format/bundled_model.h"
#include "tests/papers/page_score.h"

namespace inkling {
namespace {

using papers::Dice;
using papers::DigitSource;
using papers::Page;
using papers::PageScore;

Reader& digits_reader() {
  static Reader reader(load_bundled_model());
  return reader;
}

// Another network stands in until `digits` is trained: it reads no pages.
bool stands_in() { return digits_reader().model().config().inputs() != 28 * 28; }

// A page of 1 to 60 digits on each kind of paper, `rounds` times.
PageScore read_pages(const DigitSource& source, double touching, std::size_t rounds, std::uint64_t seed) {
  const Runtime rt({.threads = 1, .isa = {}});
  std::vector<std::string> kinds(papers::kPaperKinds.begin(), papers::kPaperKinds.end());
  kinds.push_back("");
  PageScore all;
  for (std::size_t i = 0; i < rounds * kinds.size(); ++i) {
    Dice dice(seed + i);
    const Page page = compose_page(source,
                                   {.height = 560,
                                    .width = 800,
                                    .digits = dice.from_to(1, 60),
                                    .touching = touching,
                                    .paper = kinds[i % kinds.size()]},
                                   dice);
    all += score(page, read_page(rt, digits_reader(), grey_of(page.photo)), digits_reader().info().class_names);
  }
  return all;
}

// Of few pages: bounds that hold with any fair model. The goals, 98 % and all in order, are what measure_pages counts.
constexpr double kRightOfStrokes = 0.96, kRightOfScans = 0.95, kInOrder = 0.9, kFoundTouching = 0.8;

double share(std::size_t part, std::size_t whole) { return static_cast<double>(part) / static_cast<double>(whole); }

TEST(ReadPage, PagesOfStrokesAreReadInOrder) {
  if (stands_in()) GTEST_SKIP() << "models/digits.safetensors is not trained yet";
  const PageScore s = read_pages(papers::stroke_digits(), 0, 2, 900);
  EXPECT_GE(share(s.right, s.truths), kRightOfStrokes) << s.found << " found, " << s.right << " right of " << s.truths;
  EXPECT_GE(share(s.in_order, s.pages), kInOrder);
  EXPECT_LE(share(s.extra, s.truths), 0.01);
}

TEST(ReadPage, PagesOfMnistsTestDigitsAreReadInOrder) {
  const char* folder = std::getenv("INKLING_DATA");
  if (stands_in()) GTEST_SKIP() << "models/digits.safetensors is not trained yet";
  if (folder == nullptr) GTEST_SKIP() << "INKLING_DATA names no folder with MNIST";
  const Dataset test = load_mnist(folder).test;
  const PageScore s = read_pages(papers::image_digits(test.pixels, test.labels, test.height), 0, 2, 800);
  EXPECT_GE(share(s.right, s.truths), kRightOfScans) << s.found << " found, " << s.right << " right of " << s.truths;
  EXPECT_GE(share(s.in_order, s.pages), kInOrder);
}

TEST(ReadPage, TouchingDigitsAreSplit) {
  if (stands_in()) GTEST_SKIP() << "models/digits.safetensors is not trained yet";
  const PageScore s = read_pages(papers::stroke_digits(), 0.3, 1, 700);
  EXPECT_GE(share(s.found, s.truths), kFoundTouching) << s.found << " found, " << s.right << " right of " << s.truths;
}

TEST(ReadPage, ABlankPageHasNoDigits) {
  const Runtime rt({.threads = 1, .isa = {}});
  const Image page{.height = 400, .width = 300, .pixels = std::vector<std::uint8_t>(120000, 230)};
  const PageReading reading = read_page(rt, digits_reader(), page);
  EXPECT_TRUE(reading.digits.empty());
  EXPECT_EQ(text_of(reading, digits_reader().info().class_names), "");
}

TEST(ReadPage, SameAnswersForAnyNumberOfThreads) {
  if (stands_in()) GTEST_SKIP() << "models/digits.safetensors is not trained yet";
  Dice dice(600);
  const Page page =
      compose_page(papers::stroke_digits(), {.height = 400, .width = 600, .digits = 9, .touching = 0.5}, dice);
  const auto answers = [&](std::size_t threads) {
    const Runtime rt({.threads = threads, .isa = {}});
    std::vector<float> out;
    for (const PageDigit& digit : read_page(rt, digits_reader(), grey_of(page.photo)).digits)
      out.insert(out.end(), digit.reading.probabilities.begin(), digit.reading.probabilities.end());
    return out;
  };
  EXPECT_EQ(answers(1), answers(3));
}

PageDigit digit_of(std::size_t best, std::size_t line, bool space = false) {
  PageDigit digit{.box = {}, .line = line, .space_before = space, .cut = false, .reading = {}};
  digit.reading.best = best;
  return digit;
}

TEST(TextOfPage, HasLinesSpacesAndQuestionMarks) {
  PageReading page;
  page.digits = {digit_of(1, 0), digit_of(2, 0), digit_of(3, 0, true), digit_of(0, 1), digit_of(2, 1)};
  page.digits[3].reading.refused = "unsure (41 %)";
  EXPECT_EQ(text_of(page, {"0", "1", "2", "3"}), "12 3\n?2");
  EXPECT_EQ(text_of(page, {"zero", "one", "two", "three"}), "one two three\n? two");
}

}  // namespace
}  // namespace inkling
