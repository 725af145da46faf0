// The safetensors format by itself: what is written is read back, and each way a file can be wrong has its own refusal.
#include "inkling/format/safetensors.h"

#include <cstring>
#include <limits>
#include <string>

#include "tests/format/refusal.h"

namespace inkling {
namespace {

Bytes with_length(std::uint64_t length, const std::string& rest) {
  Bytes bytes(sizeof length + rest.size());
  std::memcpy(bytes.data(), &length, sizeof length);
  std::memcpy(bytes.data() + sizeof length, rest.data(), rest.size());
  return bytes;
}

// A file of this header with `data_size` zero bytes behind it.
Bytes file_of(const std::string& header, std::size_t data_size = 0) {
  return with_length(header.size(), header + std::string(data_size, '\0'));
}

testing::AssertionResult header_refused(ErrorKind kind, std::string_view part, const std::string& header,
                                        std::size_t data_size = 0) {
  return refuses(kind, part, [&] { parse_safetensors(file_of(header, data_size), "a.safetensors"); });
}

constexpr const char* kGood = R"({"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}})";

TensorFile example() {
  return {.tensors = {{"b", {2, 3}, {1, 2, 3, 4, 5, -6.5f}},
                      {"a", {2}, {0.25f, -0.0f}},
                      {"scalar", {}, {7}},
                      {"none", {0, 5}, {}}},
          .metadata = {{"key", "a \"text\" \xC3\xA9"}, {"other", ""}}};
}

TEST(Safetensors, ReadsBackWhatItWrites) {
  const TensorFile file = example();
  const TensorFile read = parse_safetensors(to_safetensors(file), "a.safetensors");
  EXPECT_EQ(read.metadata, file.metadata);
  ASSERT_EQ(read.tensors.size(), file.tensors.size());
  for (std::size_t i = 0; i < file.tensors.size(); ++i) {
    EXPECT_EQ(read.tensors[i].name, file.tensors[i].name);
    EXPECT_EQ(read.tensors[i].shape, file.tensors[i].shape);
    EXPECT_EQ(read.tensors[i].values, file.tensors[i].values);
  }
}

TEST(Safetensors, KeepsEveryBitOfEveryFloat) {
  const std::vector<float> values = {std::numeric_limits<float>::denorm_min(), -0.0f,
                                     std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()};
  const TensorFile read = parse_safetensors(to_safetensors({.tensors = {{"w", {4}, values}}, .metadata = {}}), "a");
  EXPECT_EQ(std::memcmp(read.tensors.at(0).values.data(), values.data(), 4 * sizeof(float)), 0);
}

TEST(Safetensors, EqualContentMakesEqualBytes) { EXPECT_EQ(to_safetensors(example()), to_safetensors(example())); }

TEST(Safetensors, WritesTheBytesOfTheSpecification) {
  const Bytes bytes = to_safetensors({.tensors = {{"w", {1}, {1}}}, .metadata = {{"k", "v"}}});
  const std::string header = R"({"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  Bytes expected = with_length(120, header + std::string(120 - header.size(), ' '));
  expected.insert(expected.end(), {0x00, 0x00, 0x80, 0x3F});
  EXPECT_EQ(bytes, expected);
}

TEST(Safetensors, TensorsBeginOnACacheLine) {
  for (std::size_t length = 1; length < 70; ++length) {
    const Bytes bytes = to_safetensors({.tensors = {{std::string(length, 'w'), {1}, {1}}}, .metadata = {}});
    EXPECT_EQ((bytes.size() - sizeof(float)) % 64, 0u) << length;
  }
}

TEST(Safetensors, OrdersTensorsByTheirBytesNotByTheirKeys) {
  const TensorFile read = parse_safetensors(
      file_of(
          R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"z":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
          8),
      "a");
  EXPECT_EQ(read.tensors.at(0).name, "z");
  EXPECT_EQ(read.tensors.at(1).name, "a");
}

TEST(Safetensors, ReadsAnUnpaddedHeaderOfAnotherProgram) {
  EXPECT_EQ(parse_safetensors(file_of(kGood, 8), "a").tensors.at(0).shape, (std::vector<std::size_t>{2, 1}));
}

TEST(Safetensors, WriterRefusesAShapeThatDoesNotFitItsValues) {
  EXPECT_TRUE(refuses(ErrorKind::shape, "does not fit its 5 values", [] {
    to_safetensors({.tensors = {{"w", {2, 3}, {1, 2, 3, 4, 5}}}, .metadata = {}});
  }));
}
TEST(Safetensors, WriterRefusesANameThatStandsTwice) {
  EXPECT_TRUE(refuses(ErrorKind::config, "twice", [] {
    to_safetensors({.tensors = {{"w", {1}, {1}}, {"w", {1}, {1}}}, .metadata = {}});
  }));
}
TEST(Safetensors, WriterRefusesTheReservedName) {
  EXPECT_TRUE(refuses(ErrorKind::config, "reserved", [] {
    to_safetensors({.tensors = {{"__metadata__", {1}, {1}}}, .metadata = {}});
  }));
}
TEST(Safetensors, WriterRefusesTextThatIsNotUtf8) {
  EXPECT_TRUE(refuses(ErrorKind::config, "not UTF-8", [] {
    to_safetensors({.tensors = {}, .metadata = {{"k", "\xFF"}}});
  }));
}
TEST(Safetensors, WriterRefusesAHeaderThatItsReaderWouldRefuse) {
  EXPECT_TRUE(refuses(ErrorKind::limit, "more than", [] {
    to_safetensors({.tensors = {}, .metadata = {{"k", std::string(kMaxHeaderBytes, 'x')}}});
  }));
}

TEST(SafetensorsHostile, EmptyFile) {
  EXPECT_TRUE(refuses(ErrorKind::format, "0 bytes are too few", [] { parse_safetensors({}, "a"); }));
}
TEST(SafetensorsHostile, ShorterThanItsLength) {
  EXPECT_TRUE(refuses(ErrorKind::format, "7 bytes are too few", [] { parse_safetensors(Bytes(7), "a"); }));
}
TEST(SafetensorsHostile, HeaderPastTheEnd) {
  EXPECT_TRUE(refuses(ErrorKind::format, "3 bytes is announced and 2 bytes follow",
                      [] { parse_safetensors(with_length(3, "{}"), "a"); }));
}
TEST(SafetensorsHostile, HeaderLengthThatOverflows) {
  for (const std::uint64_t length : {std::uint64_t{1} << 63, ~std::uint64_t{0}, ~std::uint64_t{0} - 7})
    EXPECT_TRUE(refuses(ErrorKind::format, "is announced and 2 bytes follow",
                        [&] { parse_safetensors(with_length(length, "{}"), "a"); }));
}
TEST(SafetensorsHostile, HeaderOverTheLimit) {
  EXPECT_TRUE(
      header_refused(ErrorKind::limit, "a header of 1048577 bytes", "{}" + std::string(kMaxHeaderBytes - 1, ' ')));
  EXPECT_NO_THROW(parse_safetensors(file_of("{}" + std::string(kMaxHeaderBytes - 2, ' ')), "a"));
}
TEST(SafetensorsHostile, HeaderThatIsNotJson) {
  EXPECT_TRUE(header_refused(ErrorKind::format, "not JSON at byte 2", "{]}"));
  EXPECT_TRUE(header_refused(ErrorKind::format, "not JSON", R"({"w":)"));
  EXPECT_TRUE(header_refused(ErrorKind::format, "not JSON", R"({} {})"));
}
TEST(SafetensorsHostile, HeaderThatIsNoObject) {
  for (const char* header : {"[]", "1", "null", "\"w\"", " {}", "\xEF\xBB\xBF{}", ""})
    EXPECT_TRUE(header_refused(ErrorKind::format, "expected a JSON object", header)) << header;
}
TEST(SafetensorsHostile, HeaderThatIsNotUtf8) {
  EXPECT_TRUE(header_refused(ErrorKind::format, "not UTF-8", "{\"\xC3(\":{}}"));
  EXPECT_TRUE(header_refused(ErrorKind::format, "not UTF-8", "{\"\xED\xA0\x80\":{}}"));  // half of a surrogate pair
}
TEST(SafetensorsHostile, BytesHiddenBehindANul) {
  EXPECT_TRUE(header_refused(ErrorKind::format, "a NUL at byte 2", std::string("{}\0junk", 7)));
}
TEST(SafetensorsHostile, TensorThatStandsTwice) {
  EXPECT_TRUE(header_refused(ErrorKind::format, "\"w\" stands twice",
                             R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                             R"("w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                             4));
}
TEST(SafetensorsHostile, FieldThatStandsTwice) {
  EXPECT_TRUE(header_refused(ErrorKind::format, "\"shape\" stands twice",
                             R"({"w":{"dtype":"F32","shape":[1],"shape":[2],"data_offsets":[0,8]}})", 8));
}
TEST(SafetensorsHostile, DeepNesting) {
  EXPECT_TRUE(header_refused(ErrorKind::limit, "nested deeper than the 3",
                             R"({"w":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}})", 4));
  EXPECT_TRUE(header_refused(ErrorKind::limit, "nested deeper", R"({"w":)" + std::string(500000, '[')));
}
TEST(SafetensorsHostile, NumberTooLargeForAnyType) {
  EXPECT_TRUE(header_refused(ErrorKind::format, "a number is too large",
                             R"({"w":{"dtype":"F32","shape":[1e999],"data_offsets":[0,4]}})", 4));
}

TEST(SafetensorsHostile, MissingField) {
  EXPECT_TRUE(header_refused(ErrorKind::format, "tensor \"w\": 'dtype' is missing",
                             R"({"w":{"shape":[1],"data_offsets":[0,4]}})", 4));
  EXPECT_TRUE(header_refused(ErrorKind::format, "tensor \"w\": 'shape' is missing",
                             R"({"w":{"dtype":"F32","data_offsets":[0,4]}})", 4));
  EXPECT_TRUE(header_refused(ErrorKind::format, "tensor \"w\": 'data_offsets' is missing",
                             R"({"w":{"dtype":"F32","shape":[1]}})", 4));
}
TEST(SafetensorsHostile, FieldOfTheWrongType) {
  EXPECT_TRUE(header_refused(ErrorKind::format, "tensor \"w\": expected an object, found 1", R"({"w":1})"));
  EXPECT_TRUE(header_refused(ErrorKind::format, "dtype: expected a text, found 32",
                             R"({"w":{"dtype":32,"shape":[1],"data_offsets":[0,4]}})", 4));
  EXPECT_TRUE(header_refused(ErrorKind::format, "shape: expected an array, found string",
                             R"({"w":{"dtype":"F32","shape":"1","data_offsets":[0,4]}})", 4));
  EXPECT_TRUE(header_refused(ErrorKind::format, "data_offsets: expected an array, found object",
                             R"({"w":{"dtype":"F32","shape":[1],"data_offsets":{"0":0}}})", 4));
  EXPECT_TRUE(header_refused(ErrorKind::format,
                             "data_offsets: expected a whole number that is not negative, found null",
                             R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,null]}})", 4));
}
TEST(SafetensorsHostile, NegativeOrFractionalNumber) {
  for (const char* size : {"-1", "-0", "1.0", "1e0", "18446744073709551616"}) {
    const std::string number = size;
    EXPECT_TRUE(header_refused(ErrorKind::format, "shape: expected a whole number",
                               R"({"w":{"dtype":"F32","shape":[)" + number + R"(],"data_offsets":[0,4]}})", 4));
    EXPECT_TRUE(header_refused(ErrorKind::format, "data_offsets: expected a whole number",
                               R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[)" + number + R"(,4]}})", 4));
  }
}
TEST(SafetensorsHostile, OtherNumbersThanF32) {
  for (const std::string type : {"F16", "BF16", "F64", "I64"})
    EXPECT_TRUE(header_refused(ErrorKind::format, "the numbers are " + type + ", and only F32 is read: convert",
                               R"({"w":{"dtype":")" + type + R"(","shape":[1],"data_offsets":[0,4]}})", 4));
}
TEST(SafetensorsHostile, UnknownType) {
  EXPECT_TRUE(header_refused(ErrorKind::format, R"(the type "f32" is not known)",
                             R"({"w":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}})", 4));
}
TEST(SafetensorsHostile, ShapeWhoseProductOverflows) {
  for (const char* shape :
       {"4294967296,4294967296", "4611686018427387904", "18446744073709551615,18446744073709551615"})
    EXPECT_TRUE(
        header_refused(ErrorKind::limit, "the shape's product is too large",
                       std::string(R"({"w":{"dtype":"F32","shape":[)") + shape + R"(],"data_offsets":[0,0]}})"));
}
TEST(SafetensorsHostile, ShapeThatDoesNotFitItsOffsets) {
  EXPECT_TRUE(header_refused(ErrorKind::format, "its shape needs 8 bytes, its data_offsets span 4",
                             R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4));
  EXPECT_TRUE(header_refused(ErrorKind::format, "its shape needs 4 bytes, its data_offsets span 5",
                             R"({"w":{"dtype":"F32","shape":[],"data_offsets":[0,5]}})", 5));
}
TEST(SafetensorsHostile, OffsetsThatAreNotTwo) {
  for (const char* offsets : {"[]", "[4]", "[0,4,8]"})
    EXPECT_TRUE(header_refused(ErrorKind::format, "expected two data_offsets",
                               std::string(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":)") + offsets + "}}", 8));
}
TEST(SafetensorsHostile, BeginBehindEnd) {
  EXPECT_TRUE(header_refused(ErrorKind::format, "begins at byte 8, behind its end at byte 4",
                             R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}})", 8));
}
TEST(SafetensorsHostile, EndBehindTheFile) {
  EXPECT_TRUE(header_refused(ErrorKind::format, "ends at byte 8 of 7 bytes of data", kGood, 7));
  EXPECT_TRUE(header_refused(ErrorKind::format, "ends at byte 18446744073709551612 of 4",
                             R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551612]}})", 4));
}
TEST(SafetensorsHostile, HoleBetweenTensors) {
  EXPECT_TRUE(header_refused(ErrorKind::format, "bytes 4 to 8 of the data belong to no tensor",
                             R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                             R"("b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})",
                             12));
}
TEST(SafetensorsHostile, HoleBeforeTheFirstTensor) {
  EXPECT_TRUE(header_refused(ErrorKind::format, "bytes 0 to 4 of the data",
                             R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8));
}
TEST(SafetensorsHostile, TensorsThatOverlap) {
  EXPECT_TRUE(header_refused(ErrorKind::format,
                             "\"b\" begins at byte 4, inside the tensor before it, which ends at byte 8",
                             R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                             R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
                             12));
  EXPECT_TRUE(header_refused(ErrorKind::format, "inside the tensor before it",
                             R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                             R"("b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                             4));
}
TEST(SafetensorsHostile, BytesBehindTheLastTensor) {
  EXPECT_TRUE(header_refused(ErrorKind::format, "1 bytes behind the last tensor", kGood, 9));
  EXPECT_TRUE(header_refused(ErrorKind::format, "3 bytes behind the last tensor", "{}", 3));
}
TEST(SafetensorsHostile, MetadataThatIsNotTexts) {
  EXPECT_TRUE(
      header_refused(ErrorKind::format, "__metadata__: expected an object, found array", R"({"__metadata__":[]})"));
  EXPECT_TRUE(header_refused(ErrorKind::format, "__metadata__: \"k\": expected a text, found 1",
                             R"({"__metadata__":{"k":1}})"));
}
TEST(SafetensorsHostile, NamesAreEscapedAndCutInErrors) {
  EXPECT_TRUE(header_refused(ErrorKind::format, R"(tensor "\x1b[31m")", R"({"\u001b[31m":1})"));
  EXPECT_TRUE(header_refused(ErrorKind::format, "tensor \"" + std::string(64, 'x') + "\"...: expected",
                             "{\"" + std::string(1000, 'x') + "\":1}"));
}

}  // namespace
}  // namespace inkling
