// Tables of images: every form that circulates gives the same images, and each way to be wrong has its own refusal.
#include "inkling/data/csv.h"

#include <fmt/format.h>

#include <algorithm>

#include "inkling/core/file.h"
#include "inkling/data/csv_layout.h"
#include "inkling/data/folder.h"
#include "inkling/data/gzip.h"
#include "tests/data/scratch.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

Bytes bytes(std::string_view text) { return {text.begin(), text.end()}; }

ImageSet parse(std::string_view text, const TableForm& form = {}) {
  const Bytes file = bytes(text);
  ReadOptions options;
  options.table = form;
  return parse_csv(file, "a.csv", options);
}

auto parsing(std::string_view text, const TableForm& form = {}) {
  return [text = std::string(text), form] { parse(text, form); };
}

// Four images of 2x2 with a dark first and last corner, of the classes 7, 2, 1 and 0.
constexpr std::string_view kPixels[] = {"0,1,2,0", "0,10,20,0", "0,100,200,0", "0,255,9,0"};
constexpr std::string_view kLabels[] = {"7", "2", "1", "0"};
const Bytes kBytes = {0, 1, 2, 0, 0, 10, 20, 0, 0, 100, 200, 0, 0, 255, 9, 0};
const Bytes kNumbers = {7, 2, 1, 0};

std::string label_first(std::string_view end = "\n") {
  std::string text;
  for (std::size_t j = 0; j < 4; ++j) text += fmt::format("{},{}{}", kLabels[j], kPixels[j], end);
  return text;
}

std::string label_last() {
  std::string text;
  for (std::size_t j = 0; j < 4; ++j) text += fmt::format("{},{}\n", kPixels[j], kLabels[j]);
  return text;
}

std::string unlabelled() {
  std::string text;
  for (std::size_t j = 0; j < 4; ++j) text += fmt::format("{}\n", kPixels[j]);
  return text;
}

std::string with(std::string text, char from, std::string_view to) {
  std::string result;
  for (const char c : text) result += c == from ? std::string(to) : std::string(1, c);
  return result;
}

void expect_the_four(const ImageSet& images, bool labels = true) {
  EXPECT_EQ(images.height, 2u);
  EXPECT_EQ(images.width, 2u);
  EXPECT_EQ(images.pixels, kBytes);
  EXPECT_EQ(images.labels, labels ? kNumbers : Bytes{});
  EXPECT_EQ(images.class_names, labels ? digit_names() : std::vector<std::string>{});
}

TEST(Csv, LabelFirstIsFoundByContent) { expect_the_four(parse(label_first())); }
TEST(Csv, LabelLastIsFoundByContent) { expect_the_four(parse(label_last())); }
TEST(Csv, PixelsAloneAreImagesWithoutLabels) { expect_the_four(parse(unlabelled()), false); }

TEST(Csv, KagglesHeaderSaysWhereTheLabelIs) {
  expect_the_four(parse("label,pixel0,pixel1,pixel2,pixel3\n" + label_first()));
  expect_the_four(parse("pixel0,pixel1,pixel2,pixel3\n" + unlabelled()), false);
  expect_the_four(parse("\"pixel1\",\"pixel2\",\"pixel3\",\"pixel4\",\"class\"\n" + label_last()));
}

TEST(Csv, AColumnOfNumbersOfImagesIsPassedOver) {
  std::string test = "id,pixel0,pixel1,pixel2,pixel3\n", train = ",label,p0,p1,p2,p3\n";
  for (std::size_t j = 0; j < 4; ++j) {
    test += fmt::format("{},{}\n", j, kPixels[j]);
    train += fmt::format("{},{},{}\n", 1000 * j, kLabels[j], kPixels[j]);
  }
  expect_the_four(parse(test), false);
  expect_the_four(parse(train));
}

TEST(Csv, SeparatorsLineEndsMarksAndQuotesMakeNoDifference) {
  expect_the_four(parse(with(label_first(), ',', ";")));
  expect_the_four(parse(with(label_last(), ',', "\t")));
  expect_the_four(parse(with(label_first(), ',', ", ")));
  expect_the_four(parse(label_first("\r\n")));
  expect_the_four(parse(label_first("\n\n")));
  expect_the_four(parse("\n\r\n" + label_first("\r\n\r\n") + "\n"));
  expect_the_four(parse("\xef\xbb\xbf" + label_first()));
  std::string unended = label_first();
  unended.pop_back();
  expect_the_four(parse(unended));
  const std::string quoted = "\"" + with(with(label_first(), ',', "\",\""), '\n', "\"\n\"");
  expect_the_four(parse(quoted.substr(0, quoted.size() - 1)));
}

TEST(Csv, WholeNumbersMayBeWrittenAsPandasDoes) {
  expect_the_four(parse(with(label_first(), ',', ".0,")));
  expect_the_four(parse(with(label_first(), ',', ",0")));
}

TEST(Csv, GzipIsReadOfAnyNumberOfMembers) {
  const std::string text = label_first();
  Bytes packed = gzip(bytes(text.substr(0, 15)));
  const Bytes second = gzip(bytes(text.substr(15)));
  packed.insert(packed.end(), second.begin(), second.end());
  expect_the_four(parse_csv(packed, "a.csv.gz"));
}

TEST(Csv, WordsAreClassesInTheirOrder) {
  const ImageSet images = parse("pear,0,0,0,1\napple,0,0,0,2\n\"a, b\",0,0,0,3\npear,0,0,0,4\n");
  EXPECT_EQ(images.class_names, (std::vector<std::string>{"a, b", "apple", "pear"}));
  EXPECT_EQ(images.labels, (Bytes{2, 1, 0, 2}));
  EXPECT_EQ(parse("0,0,0,1,pear\n0,0,0,2,apple\n").labels, (Bytes{1, 0}));
}

TEST(Csv, OneWordAmongNumbersMakesAllLabelsWords) {
  const ImageSet images = parse("9,0,1,2,0\n10,0,1,2,0\nA,0,1,2,0\n2,0,1,2,0\n");
  EXPECT_EQ(images.class_names, (std::vector<std::string>{"2", "9", "10", "A"}));
  EXPECT_EQ(images.labels, (Bytes{1, 2, 3, 0}));
  EXPECT_EQ(images.pixels.size(), 16u);
}

TEST(Csv, WordsThatComeLateSayWhichEndTheLabelIsAt) {
  const ImageSet images = parse("0,1,2,0,3\n0,1,2,0,4\n5,6,7,8,A\n");
  EXPECT_EQ(images.pixels, (Bytes{0, 1, 2, 0, 0, 1, 2, 0, 5, 6, 7, 8}));
  EXPECT_EQ(images.class_names, (std::vector<std::string>{"3", "4", "A"}));
}

TEST(Csv, LettersThatCountFromOneBeginWithTheFirst) {
  std::string text;
  for (int label = 1; label <= 26; ++label) text += fmt::format("{},0,1,2,0\n", label);
  const ImageSet images = parse(text);
  EXPECT_EQ(images.class_names.size(), 26u);
  EXPECT_EQ(images.class_names.front(), "1");
  EXPECT_EQ(images.labels[25], 25);
}

TEST(Csv, SizesThatAreNoSquareAreSaidOrStandInTheHeader) {
  const TableForm three_by_two{.label = LabelColumn::first, .size = ImageSize{3, 2}};
  const std::string row = "7,1,2,3,4,5,6\n";
  EXPECT_EQ(parse(row, three_by_two).height, 3u);
  EXPECT_EQ(parse("label,1x1,1x2,2x1,2x2,3x1,3x2\n" + row).width, 2u);
  EXPECT_TRUE(refuses(ErrorKind::shape, "--image-size HEIGHTxWIDTH", parsing(row + row)));
  EXPECT_TRUE(refuses(ErrorKind::shape, "images of 3x2",
                      parsing("1,2,3,4\n", {.label = LabelColumn::none, .size = ImageSize{3, 2}})));
  EXPECT_EQ(parse("1,2,3,4,5,6\n", {.size = ImageSize{3, 2}}).labels.size(), 0u) << "six columns are the pixels";
}

TEST(Csv, WhichEndHasTheLabelIsAskedWhereItCannotBeTold) {
  const std::string both = "7,1,2,3,1\n2,1,2,3,5\n1,1,2,3,8\n";
  EXPECT_TRUE(refuses(ErrorKind::format, "say --label first or --label last", parsing(both)));
  EXPECT_TRUE(refuses(ErrorKind::format, "say --label first or --label last", parsing("7,0,0,0,7\n")));
  EXPECT_EQ(parse(both, {.label = LabelColumn::first}).labels, (Bytes{7, 2, 1}));
  EXPECT_EQ(parse(both, {.label = LabelColumn::last}).labels, (Bytes{1, 5, 8}));
  EXPECT_EQ(parse(both, {.label = LabelColumn::last}).pixels, (Bytes{7, 1, 2, 3, 2, 1, 2, 3, 1, 1, 2, 3}));
}

TEST(Csv, ABrightCornerIsNoLabel) {
  const ColumnLook label{.rows = 1000, .most = 120, .distinct = 10, .highest = 9};
  const ColumnLook dark{.rows = 1000, .most = 990, .distinct = 5, .highest = 200};
  const ColumnLook noise{.rows = 1000, .most = 100, .distinct = 26, .highest = 255};
  const ColumnLook letters{.rows = 1000, .most = 50, .distinct = 60, .highest = 61};
  EXPECT_EQ(choose_label_end(label, dark), LabelEnd::first);
  EXPECT_EQ(choose_label_end(dark, letters), LabelEnd::last);
  EXPECT_EQ(choose_label_end(noise, dark), LabelEnd::open);
  EXPECT_EQ(choose_label_end(label, label), LabelEnd::open);
  EXPECT_EQ(choose_label_end(dark, dark), LabelEnd::open);
}

TEST(Csv, ARaggedRowIsNamedByLineAndColumn) {
  const std::string header = "label,a,b,c,d\n";
  EXPECT_TRUE(refuses(ErrorKind::format, "a.csv: line 3, column 4: the row ends after 3 columns; expected 5",
                      parsing(header + "1,0,1,2,0\n2,0,1\n")));
  EXPECT_TRUE(refuses(ErrorKind::format, "line 3, column 6: the row goes on; expected 5",
                      parsing(header + "1,0,1,2,0\r\n2,0,1,2,0,7\r\n")));
  EXPECT_TRUE(
      refuses(ErrorKind::format, "line 3, column 6: the row goes on", parsing(header + "1,0,1,2,0\n2,0,1,2,0,\n")));
  EXPECT_TRUE(refuses(ErrorKind::format, "line 5, column 2: the row ends after 1 column;",
                      parsing(header + "\n1,0,1,2,0\n\n2\n")))
      << "empty lines count";
}

TEST(Csv, WhatIsNoWholeNumberIsNamedByLineAndColumn) {
  const auto refuses_pixel = [](std::string_view field, std::string_view says) {
    return refuses(ErrorKind::format, says, parsing(fmt::format("1,0,1,2,0\n2,0,{},2,0\n", field)));
  };
  EXPECT_TRUE(refuses_pixel("abc", "line 2, column 3: 'abc' is no whole number from 0 to 255"));
  EXPECT_TRUE(refuses_pixel("", "line 2, column 3: an empty field"));
  EXPECT_TRUE(refuses_pixel("256", "line 2, column 3: '256' is no whole number"));
  EXPECT_TRUE(refuses_pixel("99999999999999999999", "line 2, column 3: '99999999999999999999'"));
  EXPECT_TRUE(refuses_pixel("-1", "'-1' is no whole number"));
  EXPECT_TRUE(refuses_pixel("1e2", "'1e2' is no whole number"));
  EXPECT_TRUE(refuses_pixel("0.5", "are to be multiplied by 255"));
  EXPECT_TRUE(refuses_pixel("1 2", "'1 2' is no whole number"));
  EXPECT_TRUE(refuses_pixel(std::string(1, '\0'), "'?' is no whole number"));
  EXPECT_TRUE(refuses_pixel("\"1", "column 3: a quote is opened and not closed"));
  EXPECT_TRUE(refuses_pixel("nan", "'nan' is no whole number"));
}

TEST(Csv, LabelsThatAreNeitherClassNorNameAreRefused) {
  const auto refuses_label = [](std::string_view field, std::string_view says) {
    return refuses(ErrorKind::format, says, parsing(fmt::format("label,a,b,c,d\n1,0,1,2,0\n{},0,1,2,0\n", field)));
  };
  EXPECT_TRUE(refuses_label("256", "line 3, column 1: label '256'"));
  EXPECT_TRUE(refuses_label("-1", "line 3, column 1: label '-1'"));
  EXPECT_TRUE(refuses_label("", "a class without a name"));
  EXPECT_TRUE(refuses_label(std::string(100, 'x'), "a class name of 100 bytes"));
  EXPECT_TRUE(refuses_label("\xff", "not printable UTF-8"));
  std::string many = "label,a,b,c,d\n";
  for (int i = 0; i < 300; ++i) many += fmt::format("n{},0,1,2,0\n", i);
  EXPECT_TRUE(refuses(ErrorKind::limit, "300 classes", parsing(many)));
  for (int i = 300; i < 2000; ++i) many += fmt::format("n{},0,1,2,0\n", i);
  EXPECT_TRUE(refuses(ErrorKind::format, "is this column the label?", parsing(many)));
}

TEST(Csv, NothingToReadIsRefused) {
  EXPECT_TRUE(refuses(ErrorKind::shape, "empty", parsing("")));
  EXPECT_TRUE(refuses(ErrorKind::shape, "empty", parsing("\n\r\n\n")));
  EXPECT_TRUE(refuses(ErrorKind::shape, "a header and no rows", parsing("label,pixel0,pixel1,pixel2,pixel3\n")));
  EXPECT_TRUE(refuses(ErrorKind::format, "no table of images", parsing("hello\nworld\n")));
  EXPECT_TRUE(refuses(ErrorKind::shape, "neither the pixels of a square image nor", parsing("1,2,3\n4,5,6\n")));
  EXPECT_TRUE(refuses(ErrorKind::format, "UTF-16",
                      parsing(std::string("\xff\xfe"
                                          "1\0,\0",
                                          6))));
  EXPECT_TRUE(refuses(ErrorKind::format, "carriage returns alone", parsing(label_first("\r"))));
}

TEST(Csv, AHeaderThatNamesTwoLabelsOrOneInTheMiddleIsRefused) {
  EXPECT_TRUE(refuses(ErrorKind::format, "both have a label's name", parsing("label,a,b,c,class\n1,0,1,2,0\n")));
  EXPECT_TRUE(refuses(ErrorKind::format, "the label is column 3 of 5", parsing("a,b,label,c,d\n1,0,1,2,0\n")));
}

TEST(Csv, ALineWithoutEndIsRefusedBeforeMemoryIsTaken) {
  const std::string endless(kMaxCsvLine + (std::size_t{1} << 24), '0');
  EXPECT_TRUE(refuses(ErrorKind::limit, "a line of more than", parsing(endless)));
  EXPECT_TRUE(refuses(ErrorKind::limit, "a line of more than", parsing("1,0,1,2,0\n" + endless)));
}

TEST(Csv, MorePixelsThanAllowedAreRefused) {
  const Bytes file = bytes(label_first());
  EXPECT_TRUE(refuses(ErrorKind::limit, "read at most 3 images", [&] { parse_csv(file, "a.csv", {}, 15); }));
  EXPECT_EQ(parse_csv(file, "a.csv", {}, 16).count(), 4u);
}

TEST(Csv, AGzipBombOfRowsIsBounded) {
  std::string rows;
  for (int i = 0; i < 200000; ++i) rows += "1,0,1,2,0\n";
  const Bytes packed = gzip(bytes(rows));
  EXPECT_TRUE(refuses(ErrorKind::limit, "more than 1000 pixels", [&] { parse_csv(packed, "a.csv.gz", {}, 1000); }));
}

TEST(Csv, DamagedGzipIsRefused) {
  Bytes packed = gzip(bytes(label_first()));
  packed[packed.size() - 6] ^= 1;
  EXPECT_TRUE(refuses(ErrorKind::format, "truncated or corrupt", [&] { parse_csv(packed, "a.csv.gz"); }));
  packed.resize(packed.size() / 2);
  EXPECT_TRUE(refuses(ErrorKind::format, "truncated or corrupt", [&] { parse_csv(packed, "a.csv.gz"); }));
}

// More than one block, and shares of different lengths: rows keep their order, and faults their line.
TEST(Csv, LargeTablesKeepTheirOrder) {
  constexpr std::size_t kRows = 60000, kSize = 64;
  std::string text;
  Bytes pixels;
  for (std::size_t j = 0; j < kRows; ++j) {
    text += std::to_string(j % 10);
    for (std::size_t i = 0; i < kSize; ++i) {
      const auto pixel = static_cast<std::uint8_t>((i * 7 + j * 13) % 97 < 60 ? 0 : (i * j) % 256);
      pixels.push_back(pixel);
      text += "," + std::to_string(pixel);
    }
    text += j % 1000 == 0 ? "\n\n" : "\n";
  }
  ASSERT_GT(text.size(), std::size_t{1} << 23);
  const ImageSet images = parse(text, {.label = LabelColumn::first});
  EXPECT_EQ(images.count(), kRows);
  EXPECT_TRUE(images.pixels == pixels);
  EXPECT_EQ(images.labels[12345], 5);
  text += "1,2,x\n";
  const auto lines = std::ranges::count(text, '\n');
  EXPECT_TRUE(refuses(ErrorKind::format, fmt::format("line {}, column 3: 'x'", lines),
                      parsing(text, {.label = LabelColumn::first})));
}

TEST(Csv, WhatIsWrittenIsRead) {
  const Scratch folder;
  ImageSet images{.height = 3, .width = 2, .pixels = {}, .labels = {0, 2, 1}, .class_names = {"a;\"b\"", "c", "d, e"}};
  for (std::size_t i = 0; i < 18; ++i) images.pixels.push_back(static_cast<std::uint8_t>(i * 15));
  for (const char* name : {"a.csv", "a.csv.gz"}) {
    write_csv(folder / name, images);
    const ImageSet read = read_csv(folder / name);
    EXPECT_EQ(read.height, 3u);
    EXPECT_EQ(read.pixels, images.pixels);
    EXPECT_EQ(read.labels, images.labels);
    EXPECT_EQ(read.class_names, images.class_names);
  }
  EXPECT_TRUE(is_gzip(read_file(folder / "a.csv.gz", 1000)));
  images.labels.clear();
  write_csv(folder / "b.csv", images);
  EXPECT_EQ(read_csv(folder / "b.csv").pixels, images.pixels);
  EXPECT_TRUE(read_csv(folder / "b.csv").labels.empty());
}

TEST(Csv, TheTextIsAsOthersWriteIt) {
  const Scratch folder;
  const Bytes start = bytes("label,1x1,1x2,2x1,2x2\n7,0,1,2,0\n");
  write_csv(folder / "a.csv",
            {.height = 2, .width = 2, .pixels = {0, 1, 2, 0}, .labels = {7}, .class_names = digit_names()});
  EXPECT_EQ(read_file(folder / "a.csv", 1000), start);
}

}  // namespace
}  // namespace inkling
