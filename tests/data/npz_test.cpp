// Keras' mnist.npz: what NumPy writes is read, and each way an archive can be wrong has its own refusal.
#include "inkling/data/npz.h"

#include "tests/data/scratch.h"
#include "tests/data/zip_writer.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

const Dataset kTrain = tiny_set(3);
const Dataset kTest = tiny_set(2, 50);

// Little-endian elements of `width` bytes.
Bytes widened(const std::vector<std::uint8_t>& values, std::size_t width) {
  Bytes bytes;
  for (const std::uint8_t value : values) {
    bytes.push_back(value);
    bytes.insert(bytes.end(), width - 1, 0);
  }
  return bytes;
}

// A right archive, of which a test changes one detail.
std::vector<ZipMember> members(bool deflated = false) {
  return {{"x_train.npy", npy(npy_dictionary("|u1", "(3, 2, 3)"), kTrain.pixels), deflated},
          {"y_train.npy", npy(npy_dictionary("|u1", "(3,)"), kTrain.labels), deflated},
          {"x_test.npy", npy(npy_dictionary("|u1", "(2, 2, 3)"), kTest.pixels), deflated},
          {"y_test.npy", npy(npy_dictionary("|u1", "(2,)"), kTest.labels), deflated}};
}

auto parsing(std::vector<ZipMember> list, std::size_t max_bytes = kMaxInflated) {
  return [=] { parse_npz(zip(list), "a.npz", kDigitClasses, max_bytes); };
}
auto parsing_images(const Bytes& x_train) {
  auto list = members();
  list[0].content = x_train;
  return parsing(list);
}
auto parsing_labels(const Bytes& y_train) {
  auto list = members();
  list[1].content = y_train;
  return parsing(list);
}
auto parsing_header(const std::string& dictionary) { return parsing_images(npy(dictionary, kTrain.pixels)); }

TEST(Npz, StoredAndDeflatedMembersAreRead) {
  for (const bool deflated : {false, true}) {
    const TrainTest data = parse_npz(zip(members(deflated)), "a.npz");
    EXPECT_TRUE(same(data.train, kTrain));
    EXPECT_TRUE(same(data.test, kTest));
  }
}

TEST(Npz, AFileIsRead) {
  Scratch folder;
  write_file_atomically(folder / "a.npz", zip(members()));
  EXPECT_TRUE(same(load_npz(folder / "a.npz").test, kTest));
  EXPECT_TRUE(refuses(ErrorKind::io, "cannot be opened", [&] { load_npz(folder / "no.npz"); }));
}

TEST(Npz, ArraysLargerThanTheHeadersLimitAreRead) {
  const Dataset large = tiny_set(5000);  // so that the first read ends inside the elements
  auto list = members(true);
  list[0].content = npy(npy_dictionary("|u1", "(5000, 2, 3)"), large.pixels);
  list[1].content = npy(npy_dictionary("|u1", "(5000,)"), large.labels);
  EXPECT_TRUE(same(parse_npz(zip(list), "a.npz").train, large));
}

TEST(Npz, LabelsOfEveryIntegerTypeAreRead) {
  for (const std::string type : {"|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8"}) {
    auto list = members();
    list[1].content =
        npy(npy_dictionary(type, "(3,)"), widened(kTrain.labels, static_cast<std::size_t>(type[2] - '0')));
    EXPECT_EQ(parse_npz(zip(list), "a.npz").train.labels, kTrain.labels) << type;
  }
}

TEST(Npz, Version2HeadersAndAnyOrderOfKeysAreRead) {
  auto list = members();
  list[0].content = npy("{\"shape\":(3,2,3),'fortran_order':False,'descr':'|u1'}", kTrain.pixels, 2);
  EXPECT_TRUE(same(parse_npz(zip(list), "a.npz").train, kTrain));
}

TEST(Npz, WhatIsNoZipIsRefused) {
  EXPECT_TRUE(
      refuses(ErrorKind::format, "a.npz: expected an .npz (zip) file", [] { parse_npz(Bytes(100, 1), "a.npz"); }));
  EXPECT_TRUE(refuses(ErrorKind::format, "expected an .npz (zip) file", [] { parse_npz(Bytes{}, "a.npz"); }));
}
TEST(Npz, TruncationAtAnyByteIsRefused) {
  const Bytes file = zip(members(true));
  for (std::size_t size = 0; size < file.size(); ++size)
    EXPECT_THROW(parse_npz(std::span(file).first(size), "a.npz"), Error) << size;
}
TEST(Npz, EachMissingMemberIsNamed) {
  for (std::size_t i = 0; i < 4; ++i) {
    auto list = members();
    const std::string name = list[i].name;
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_TRUE(refuses(ErrorKind::format, "a.npz: " + name + ": missing", parsing(list)));
  }
}
TEST(Npz, AMemberWithAWrongChecksumIsRefused) {
  for (const bool deflated : {false, true})
    for (std::size_t i = 0; i < 4; ++i) {
      auto list = members(deflated);
      list[i].wrong_checksum = true;
      EXPECT_TRUE(refuses(ErrorKind::format, "corrupt: CRC error", parsing(list))) << list[i].name;
    }
}
TEST(Npz, AMemberLargerThanTheLimitIsRefused) {
  const std::size_t size = members()[0].content.size();
  EXPECT_NO_THROW(parsing(members(), size)());
  EXPECT_TRUE(refuses(ErrorKind::limit, "x_train.npy: inflates to", parsing(members(), size - 1)));
}
TEST(Npz, ASizeThatTheArchiveLiesAboutIsRefused) {
  for (const std::int64_t lie : {-1, 1, 1 << 29}) {
    auto list = members(true);
    list[0].claimed_more = lie;
    EXPECT_THROW(parsing(list)(), Error) << lie;
  }
  auto list = members(true);  // the array's own header agrees with the lie
  list[0].content = npy(npy_dictionary("|u1", "(100, 2, 3)"), kTrain.pixels);
  list[0].claimed_more = 97 * 6;
  EXPECT_TRUE(refuses(ErrorKind::format, "x_train.npy", parsing(list)));
}
TEST(Npz, ImagesThatAreNotBytesAreRefused) {
  for (const std::string type : {"<f4", "|i1", "<u2", "|b1", "|O", "", "|u1x"})
    EXPECT_TRUE(refuses(ErrorKind::format, "expected |u1", parsing_header(npy_dictionary(type, "(3, 2, 3)")))) << type;
}
TEST(Npz, LabelsThatAreNotLittleEndianIntegersAreRefused) {
  for (const std::string type : {"<f4", ">i8", "<i3", "<i16", "|S1"})
    EXPECT_TRUE(refuses(ErrorKind::format, "expected little-endian integers",
                        parsing_labels(npy(npy_dictionary(type, "(3,)"), Bytes(24)))))
        << type;
}
TEST(Npz, FortranOrderIsRefused) {
  EXPECT_TRUE(refuses(ErrorKind::format, "Fortran order", parsing_header(npy_dictionary("|u1", "(3, 2, 3)", "True"))));
}
TEST(Npz, AWrongNumberOfDimensionsIsRefused) {
  EXPECT_TRUE(refuses(ErrorKind::format, "shape (18); expected (count, height, width)",
                      parsing_header(npy_dictionary("|u1", "(18,)"))));
  EXPECT_TRUE(refuses(ErrorKind::format, "shape (); expected (count, height, width)",
                      parsing_header(npy_dictionary("|u1", "()"))));
  EXPECT_TRUE(refuses(ErrorKind::format, "expected (count)",
                      parsing_labels(npy(npy_dictionary("|u1", "(3, 1)"), kTrain.labels))));
}
TEST(Npz, AShapeThatDoesNotMatchTheBytesIsRefused) {
  for (const std::string shape : {"(4, 2, 3)", "(2, 2, 3)", "(3, 2, 4)"})
    EXPECT_TRUE(refuses(ErrorKind::shape, "does not match the 18 bytes", parsing_header(npy_dictionary("|u1", shape))))
        << shape;
}
TEST(Npz, AShapeWithAZeroIsRefused) {
  for (const std::string shape : {"(0, 2, 3)", "(3, 0, 3)"})
    EXPECT_TRUE(
        refuses(ErrorKind::shape, "does not match the 0 bytes", parsing_images(npy(npy_dictionary("|u1", shape), {}))))
        << shape;
}
TEST(Npz, ANegativeOrOverflowingShapeIsRefused) {
  EXPECT_TRUE(
      refuses(ErrorKind::format, "expected a size of the array", parsing_header(npy_dictionary("|u1", "(-3, 2, 3)"))));
  EXPECT_TRUE(refuses(ErrorKind::format, "expected a size of the array",
                      parsing_header(npy_dictionary("|u1", "(18446744073709551616, 2, 3)"))));
  // 2^63 * 2 * 9 and 18 + 2^64 are 0 and 18 modulo 2^64.
  EXPECT_TRUE(refuses(ErrorKind::shape, "does not match",
                      parsing_header(npy_dictionary("|u1", "(9223372036854775808, 2, 9)"))));
  EXPECT_TRUE(refuses(ErrorKind::shape, "does not match",
                      parsing_header(npy_dictionary("|u1", "(9223372036854775817, 2, 1)"))));
}
TEST(Npz, LabelsOutOfRangeAreRefused) {
  EXPECT_TRUE(refuses(ErrorKind::format, "label 10 of image 2 is out of range",
                      parsing_labels(npy(npy_dictionary("|u1", "(3,)"), {0, 1, 10}))));
  EXPECT_TRUE(refuses(ErrorKind::format, "label 1 is out of range: negative",
                      parsing_labels(npy(npy_dictionary("|i1", "(3,)"), {0, 0xff, 1}))));
  EXPECT_TRUE(refuses(ErrorKind::format, "label 2 is out of range",
                      parsing_labels(npy(npy_dictionary("<i2", "(3,)"), {0, 0, 1, 0, 2, 1}))));
}
TEST(Npz, AnotherNumberOfLabelsThanOfImagesIsRefused) {
  EXPECT_TRUE(
      refuses(ErrorKind::shape, "3 images, but 2 labels", parsing_labels(npy(npy_dictionary("|u1", "(2,)"), {0, 1}))));
}
TEST(Npz, TestImagesOfAnotherSizeAreRefused) {
  auto list = members();
  list[2].content = npy(npy_dictionary("|u1", "(2, 3, 2)"), kTest.pixels);
  EXPECT_TRUE(refuses(ErrorKind::shape, "training images are 2x3 and the test images 3x2", parsing(list)));
}
TEST(Npz, WhatIsNoArrayIsRefused) {
  EXPECT_TRUE(refuses(ErrorKind::format, "not a NumPy array", parsing_images({})));
  EXPECT_TRUE(refuses(ErrorKind::format, "not a NumPy array", parsing_images(Bytes(200, 'x'))));
}
TEST(Npz, AnArrayOfAnotherVersionIsRefused) {
  EXPECT_TRUE(refuses(ErrorKind::format, "version 3",
                      parsing_images(npy(npy_dictionary("|u1", "(3, 2, 3)"), kTrain.pixels, 3))));
}
TEST(Npz, AHeaderLongerThanTheFileOrTheLimitIsRefused) {
  Bytes file = npy(npy_dictionary("|u1", "(3, 2, 3)"), kTrain.pixels);
  file[8] = static_cast<std::uint8_t>(file[8] + 19);  // the elements are 18 bytes
  EXPECT_TRUE(refuses(ErrorKind::format, "bad NumPy header: it claims", parsing_images(file)));
  file[9] = 0xff;
  EXPECT_TRUE(refuses(ErrorKind::format, "bad NumPy header: it claims", parsing_images(file)));
  EXPECT_TRUE(refuses(ErrorKind::format, "bad NumPy header: it claims",
                      parsing_images(npy(npy_dictionary("|u1", "(3, 2, 3)") + std::string(5000, ' '), kTrain.pixels))));
}
TEST(Npz, EachFlawOfTheDictionaryIsRefused) {
  const std::string right = npy_dictionary("|u1", "(3, 2, 3)");
  EXPECT_NO_THROW(parsing_header(right)());
  for (const std::string wrong : {"", "{", "{}", "[]", "{'descr': '|u1', 'fortran_order': False}",
                                  "{'descr': '|u1, 'fortran_order': False, 'shape': (3, 2, 3)}",
                                  "{'descr': '|u1', 'fortran_order': Maybe, 'shape': (3, 2, 3)}",
                                  "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 3}",
                                  "{'descr': '|u1', 'fortran_order': False, 'shape': (3 2 3)}",
                                  "{'descr' '|u1', 'fortran_order': False, 'shape': (3, 2, 3)}",
                                  "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 3)}",
                                  "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 3), 'more': 1}",
                                  "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 3)} x"})
    EXPECT_TRUE(refuses(ErrorKind::format, "bad NumPy header: expected", parsing_header(wrong))) << wrong;
}

}  // namespace
}  // namespace inkling
