// Keras' mnist.npz: what NumPy writes is read, and each way an archive can be wrong has its own refusal.
#include "inkling/data/npz.h"

#include "tests/data/scratch.h"
#include "tests/data/zip_writer.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

const Dataset kTrain = tiny_set(3);
const Dataset kTest = tiny_set(2, 50);

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
    const SourceParts data = parse_npz(zip(members(deflated)), "a.npz");
    EXPECT_TRUE(same(data.train, kTrain));
    EXPECT_TRUE(same(data.test.value(), kTest));
  }
}

TEST(Npz, AFileIsRead) {
  Scratch folder;
  write_file_atomically(folder / "a.npz", zip(members()));
  EXPECT_TRUE(same(load_npz(folder / "a.npz").test.value(), kTest));
  EXPECT_TRUE(refuses(ErrorKind::io, "cannot be opened", [&] { load_npz(folder / "no.npz"); }));
}

TEST(Npz, ArraysLargerThanTheHeadersLimitAreRead) {
  const Dataset large = tiny_set(5000);  // so that the first read ends inside the elements
  auto list = members(true);
  list[0].content = npy(npy_dictionary("|u1", "(5000, 2, 3)"), large.pixels);
  list[1].content = npy(npy_dictionary("|u1", "(5000,)"), large.labels);
  EXPECT_TRUE(same(parse_npz(zip(list), "a.npz").train, large));
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
  const std::string says[] = {
      "a.npz: y_train is there, and its images are missing", "a.npz: x_train is there, and its labels are missing",
      "a.npz: y_test is there, and its images are missing", "a.npz: x_test is there, and its labels are missing"};
  for (std::size_t i = 0; i < 4; ++i) {
    auto list = members();
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_TRUE(refuses(ErrorKind::format, says[i], parsing(list)));
  }
}
TEST(Npz, ASetWithoutATestPartHasNone) {
  auto list = members();
  list.resize(2);
  const SourceParts data = parse_npz(zip(list), "a.npz");
  EXPECT_TRUE(same(data.train, kTrain));
  EXPECT_FALSE(data.test.has_value());
}
TEST(Npz, OtherMembersArePassedOverWithARemark) {
  auto list = members();
  list.push_back({"x_val.npy", Bytes(10)});
  list.push_back({"class_names.npy", Bytes(10)});
  list.push_back({"README.txt", Bytes(10)});
  std::string said;
  const SourceParts data =
      parse_npz(zip(list), "a.npz", 0, kMaxInflated, [&](const std::string& text) { said += text; });
  EXPECT_TRUE(same(data.train, kTrain));
  EXPECT_EQ(said, "a.npz: passed over: x_val, class_names");
}
TEST(Npz, AnArchiveOfTooManyMembersIsRefused) {
  auto list = members();
  while (list.size() < 1001) list.push_back({fmt::format("m{}", list.size()), {}});
  EXPECT_TRUE(refuses(ErrorKind::limit, "1001 members, more than the 1000", parsing(list)));
}
TEST(Npz, ABadDirectoryIsRefused) {
  // Where the end of the archive says that its directory is; the members themselves are right.
  const Bytes right = zip(members());
  for (const std::size_t place : {10u, 12u, 16u}) {  // entries, bytes of the directory, its place
    Bytes wrong = right;
    wrong[wrong.size() - 22 + place] ^= 0x55;
    EXPECT_TRUE(refuses(ErrorKind::format, "a.npz: the .npz (zip) file is truncated or corrupt", [&] {
      parse_npz(wrong, "a.npz");
    })) << place;
  }
  Bytes wrong = right;  // a member's place in the directory leads nowhere
  const std::size_t directory = right[right.size() - 6] | std::size_t{right[right.size() - 5]} << 8;
  wrong[directory + 42] ^= 0x01;
  EXPECT_THROW(parse_npz(wrong, "a.npz"), Error);
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
  EXPECT_NO_THROW(parsing(members(), kTrain.pixels.size())());
  EXPECT_TRUE(refuses(ErrorKind::limit, "x_train.npy: 18 elements, more than the 17",
                      parsing(members(), kTrain.pixels.size() - 1)));
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
TEST(Npz, FortranOrderIsRefused) {
  EXPECT_TRUE(refuses(ErrorKind::format, "Fortran order", parsing_header(npy_dictionary("|u1", "(3, 2, 3)", "True"))));
}
TEST(Npz, AWrongNumberOfDimensionsIsRefused) {
  EXPECT_TRUE(refuses(ErrorKind::format, "shape (18); expected (count, height, width)",
                      parsing_header(npy_dictionary("|u1", "(18,)"))));
  EXPECT_TRUE(refuses(ErrorKind::format, "shape (); expected (count, height, width)",
                      parsing_header(npy_dictionary("|u1", "()"))));
  EXPECT_TRUE(refuses(ErrorKind::format, "expected (count)",
                      parsing_labels(npy(npy_dictionary("|u1", "(1, 3)"), kTrain.labels))));
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
  EXPECT_TRUE(refuses(ErrorKind::format, "label 1 is out of range: it is -1",
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
