// Arrays of images and labels: every element type and shape that is read becomes the same bytes, and each that is not
// has its own refusal.
#include "inkling/data/npy_array.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "tests/data/zip_writer.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

constexpr std::size_t kPlenty = 1u << 20;

// The elements' bytes; swapped, the other way round.
template <typename T>
Bytes elements(const std::vector<T>& values, bool swapped = false) {
  Bytes bytes;
  for (const T value : values) {
    std::uint8_t raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    if (swapped) std::reverse(raw, raw + sizeof(T));
    bytes.insert(bytes.end(), raw, raw + sizeof(T));
  }
  return bytes;
}

ImageArray images(const Bytes& file, std::size_t max_bytes = kPlenty) {
  return read_image_array(array_bytes(file), "x.npy", max_bytes);
}
Bytes labels(const Bytes& file) { return read_label_array(array_bytes(file), "y.npy", kPlenty); }

auto reading_images(const std::string& type, const std::string& shape, const Bytes& bytes) {
  return [=] { images(npy(npy_dictionary(type, shape), bytes)); };
}

template <typename T>
Bytes image_file(const std::string& type, const std::vector<T>& values, bool swapped = false) {
  return npy(npy_dictionary(type, fmt::format("({}, 1, 1)", values.size())), elements(values, swapped));
}

const std::vector<int> kValues = {0, 1, 7, 128, 254, 255};

template <typename T>
std::vector<T> values_as() {
  return {kValues.begin(), kValues.end()};
}

TEST(NpyArray, PixelsOfEveryNumberTypeBecomeTheSameBytes) {
  const Bytes expected(kValues.begin(), kValues.end());
  EXPECT_EQ(images(image_file("|u1", values_as<std::uint8_t>())).pixels, expected);
  EXPECT_EQ(images(image_file("<u2", values_as<std::uint16_t>())).pixels, expected);
  EXPECT_EQ(images(image_file("<i2", values_as<std::int16_t>())).pixels, expected);
  EXPECT_EQ(images(image_file("<u4", values_as<std::uint32_t>())).pixels, expected);
  EXPECT_EQ(images(image_file("<i4", values_as<std::int32_t>())).pixels, expected);
  EXPECT_EQ(images(image_file("<u8", values_as<std::uint64_t>())).pixels, expected);
  EXPECT_EQ(images(image_file("<i8", values_as<std::int64_t>())).pixels, expected);
  EXPECT_EQ(images(image_file("<f4", values_as<float>())).pixels, expected);
  EXPECT_EQ(images(image_file("<f8", values_as<double>())).pixels, expected);
  EXPECT_EQ(images(image_file(">i4", values_as<std::int32_t>(), true)).pixels, expected);
  EXPECT_EQ(images(image_file(">f8", values_as<double>(), true)).pixels, expected);
}

TEST(NpyArray, BooleansAreBlackAndWhite) {
  EXPECT_EQ(images(image_file("|b1", std::vector<std::uint8_t>{0, 1, 1})).pixels, (Bytes{0, 255, 255}));
}

TEST(NpyArray, FloatsFromZeroToOneAreScaled) {
  EXPECT_EQ(images(image_file("<f4", std::vector<float>{0, 1, 0.5f, 1 / 255.0f, 254 / 255.0f})).pixels,
            (Bytes{0, 255, 128, 1, 254}));
  EXPECT_EQ(images(image_file("<f8", std::vector<double>{0, 1.0 / 255, 2.0 / 255, 0.999})).pixels,
            (Bytes{0, 1, 2, 255}));
}

// Every byte survives being divided by 255 and stored, as people do.
TEST(NpyArray, BytesDividedBy255ComeBack) {
  std::vector<float> scaled;
  Bytes bytes;
  for (int i = 0; i < 256; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(i));
    scaled.push_back(static_cast<float>(i) / 255.0f);
  }
  EXPECT_EQ(images(image_file("<f4", scaled)).pixels, bytes);
}

// Values up to 1 that stand before the first larger one have been taken for the other range by then.
TEST(NpyArray, FloatsUpTo255AreRoundedWhereverTheFirstLargeOneStands) {
  std::vector<float> values = {0, 1, 0.49f, 0.5f, 0.51f, 0.004f, 0.99f};
  const Bytes rounded = {0, 1, 0, 1, 1, 0, 1};
  for (std::size_t place = 0; place <= values.size(); ++place) {
    std::vector<float> with = values;
    Bytes expected = rounded;
    with.insert(with.begin() + static_cast<std::ptrdiff_t>(place), 254.6f);
    expected.insert(expected.begin() + static_cast<std::ptrdiff_t>(place), 255);
    EXPECT_EQ(images(image_file("<f4", with)).pixels, expected) << place;
  }
}

TEST(NpyArray, HalfPrecisionIsRead) {
  // 0, 1, 0.5, the smallest above 0, 0.33325
  EXPECT_EQ(images(image_file("<f2", std::vector<std::uint16_t>{0, 0x3C00, 0x3800, 1, 0x3555})).pixels,
            (Bytes{0, 255, 128, 0, 85}));
  EXPECT_EQ(images(image_file("<f2", std::vector<std::uint16_t>{0x5BF8, 0x4000})).pixels, (Bytes{255, 2}));
}

TEST(NpyArray, AnArrayLargerThanAPieceIsRead) {
  std::vector<double> values;
  Bytes expected;
  for (std::size_t i = 0; i < 20001; ++i) {
    values.push_back(static_cast<double>(i % 256));
    expected.push_back(static_cast<std::uint8_t>(i % 256));
  }
  EXPECT_EQ(images(image_file("<f8", values)).pixels, expected);
}

TEST(NpyArray, ShapesOfImages) {
  const auto sides = [](const std::string& shape) {
    const ImageArray array = images(npy(npy_dictionary("|u1", shape), Bytes(72)));
    return std::vector<std::size_t>{array.count, array.height, array.width};
  };
  using Sides = std::vector<std::size_t>;
  EXPECT_EQ(sides("(2, 4, 9)"), (Sides{2, 4, 9}));
  EXPECT_EQ(sides("(2, 4, 9, 1)"), (Sides{2, 4, 9}));
  EXPECT_EQ(sides("(2, 1, 4, 9)"), (Sides{2, 4, 9}));
  EXPECT_EQ(sides("(2, 36)"), (Sides{2, 6, 6}));
}

TEST(NpyArray, LabelsOfEveryIntegerTypeAreRead) {
  const Bytes expected(kValues.begin(), kValues.end());
  const auto read = [](const std::string& type, const Bytes& bytes) {
    return labels(npy(npy_dictionary(type, "(6,)"), bytes));
  };
  EXPECT_EQ(read("|u1", elements(values_as<std::uint8_t>())), expected);
  EXPECT_EQ(read("<u2", elements(values_as<std::uint16_t>())), expected);
  EXPECT_EQ(read("<i2", elements(values_as<std::int16_t>())), expected);
  EXPECT_EQ(read("<u4", elements(values_as<std::uint32_t>())), expected);
  EXPECT_EQ(read("<i4", elements(values_as<std::int32_t>())), expected);
  EXPECT_EQ(read("<u8", elements(values_as<std::uint64_t>())), expected);
  EXPECT_EQ(read("<i8", elements(values_as<std::int64_t>())), expected);
  EXPECT_EQ(read(">i8", elements(values_as<std::int64_t>(), true)), expected);
  EXPECT_EQ(labels(npy(npy_dictionary("|i1", "(3,)"), {0, 5, 127})), (Bytes{0, 5, 127}));
  EXPECT_EQ(labels(npy(npy_dictionary("|b1", "(3,)"), {0, 1, 1})), (Bytes{0, 1, 1}));
  EXPECT_EQ(labels(npy(npy_dictionary("|u1", "(3, 1)"), {4, 2, 0})), (Bytes{4, 2, 0}));
}

TEST(NpyArray, ObjectsAreRefused) {
  EXPECT_TRUE(refuses(ErrorKind::format, "x.npy: an array of Python objects",
                      reading_images("|O", "(3, 2, 3)", Bytes(18 * 8))));
  EXPECT_TRUE(refuses(ErrorKind::format, "y.npy: an array of Python objects",
                      [] { labels(npy(npy_dictionary("|O", "(3,)"), Bytes(24))); }));
}
TEST(NpyArray, TextIsRefused) {
  for (const std::string type : {"<U1", "|S3"})
    EXPECT_TRUE(refuses(ErrorKind::format, "an array of text", reading_images(type, "(1, 1, 1)", Bytes(4)))) << type;
}
TEST(NpyArray, OtherElementTypesAreRefused) {
  for (const std::string type : {"<c8", "<i3", "<i16", "|V4", "<M8", "|u1x", "<f1", "<f16", "|b2"})
    EXPECT_TRUE(
        refuses(ErrorKind::format, "element type '" + type + "'; expected", reading_images(type, "(1, 1, 1)", {0})))
        << type;
  for (const std::string type : {"", "u1", "u"})
    EXPECT_TRUE(refuses(ErrorKind::format, "unknown element type", reading_images(type, "(1, 1, 1)", {0}))) << type;
}
TEST(NpyArray, FortranOrderIsRefused) {
  EXPECT_TRUE(refuses(ErrorKind::format, "x.npy: in Fortran order",
                      [] { images(npy(npy_dictionary("|u1", "(1, 2, 3)", "True"), Bytes(6))); }));
  EXPECT_EQ(labels(npy(npy_dictionary("|u1", "(2,)", "True"), {1, 0})),
            (Bytes{1, 0}));  // of one dimension it says nothing
}
TEST(NpyArray, FloatsWhoseRangeIsOpenAreRefused) {
  EXPECT_TRUE(refuses(ErrorKind::format, "the largest value is 16: neither 0..1 nor 0..255",
                      reading_images("<f8", "(2, 1, 1)", elements<double>({3, 16}))));
}
TEST(NpyArray, ValuesThatAreNoPixelsAreRefused) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinite = std::numeric_limits<double>::infinity();
  for (const double wrong : {-0.1, 255.5, nan, infinite, -infinite})
    EXPECT_TRUE(refuses(ErrorKind::format, "at index 1; expected pixels",
                        reading_images("<f8", "(2, 1, 1)", elements<double>({0, wrong}))))
        << wrong;
  EXPECT_TRUE(refuses(ErrorKind::format, "the value -1 at index 0",
                      reading_images("<i2", "(2, 1, 1)", elements<std::int16_t>({-1, 0}))));
  EXPECT_TRUE(refuses(ErrorKind::format, "the value 256 at index 1",
                      reading_images("<i8", "(2, 1, 1)", elements<std::int64_t>({3, 256}))));
  EXPECT_TRUE(refuses(ErrorKind::format, "at index 0; expected pixels",
                      reading_images("<f2", "(1, 1, 1)", elements<std::uint16_t>({0x7E00}))));  // NaN
}
TEST(NpyArray, ColourIsRefused) {
  for (const std::string shape : {"(2, 4, 3, 3)", "(2, 3, 4, 3)"})
    EXPECT_TRUE(refuses(ErrorKind::format, "images in colour", reading_images("|u1", shape, Bytes(72)))) << shape;
}
TEST(NpyArray, RowsThatAreNoSquaresAreRefused) {
  EXPECT_TRUE(
      refuses(ErrorKind::format, "images of 35 pixels are no squares", reading_images("|u1", "(2, 35)", Bytes(70))));
}
TEST(NpyArray, OneHotLabelsAreRefusedWithAdvice) {
  EXPECT_TRUE(refuses(ErrorKind::format, "one-hot", [] { labels(npy(npy_dictionary("|u1", "(2, 10)"), Bytes(20))); }));
}
TEST(NpyArray, FloatsAsLabelsAreRefused) {
  EXPECT_TRUE(
      refuses(ErrorKind::format, "floats as labels", [] { labels(npy(npy_dictionary("<f4", "(2,)"), Bytes(8))); }));
}
TEST(NpyArray, LabelsThatNoByteHoldsAreRefused) {
  EXPECT_TRUE(refuses(ErrorKind::format, "label 1 is out of range: it is 256", [] {
    labels(npy(npy_dictionary("<i4", "(2,)"), elements<std::int32_t>({0, 256})));
  }));
  EXPECT_TRUE(refuses(ErrorKind::format, "label 0 is out of range: it is -3",
                      [] { labels(npy(npy_dictionary("|i1", "(1,)"), elements<std::int8_t>({-3}))); }));
}
TEST(NpyArray, TruncationAtAnyByteIsRefused) {
  const Bytes file = image_file("<f4", values_as<float>());
  for (std::size_t size = 0; size < file.size(); ++size)
    EXPECT_THROW(images(Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size))), Error) << size;
}
TEST(NpyArray, ASourceThatEndsEarlyIsRefused) {
  const Bytes file = image_file("|u1", std::vector<std::uint8_t>(5000));
  ArrayBytes bytes = array_bytes(std::span(file).first(file.size() - 1));
  bytes.size = file.size();  // as it promised
  EXPECT_TRUE(refuses(ErrorKind::format, "x.npy: cut short", [&] { read_image_array(bytes, "x.npy", kPlenty); }));
}
TEST(NpyArray, ASourceThatIsLongerThanItSaysIsRefused) {
  const Bytes file = image_file("|u1", std::vector<std::uint8_t>(5000));
  Bytes longer = file;
  longer.push_back(0);
  ArrayBytes bytes = array_bytes(longer);
  bytes.size = file.size();
  EXPECT_TRUE(refuses(ErrorKind::format, "x.npy: longer than", [&] { read_image_array(bytes, "x.npy", kPlenty); }));
}
TEST(NpyArray, MoreThanTheLimitIsRefusedBeforeMemoryIsTaken) {
  Bytes file = npy(npy_dictionary("|u1", "(1099511627776, 1, 1)"), {});
  ArrayBytes bytes = array_bytes(file);
  bytes.size = file.size() + (std::size_t{1} << 40);
  EXPECT_TRUE(refuses(ErrorKind::limit, "more than the 1048576 that are accepted",
                      [&] { read_image_array(bytes, "x.npy", kPlenty); }));
}

}  // namespace
}  // namespace inkling
