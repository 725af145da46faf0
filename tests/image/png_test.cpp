// PNG files in and out: every kind becomes the grey that png.h promises, and each damage has its own refusal.
#include "inkling/image/png.h"

#include <libdeflate.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "tests/format/refusal.h"

namespace inkling {
namespace {

constexpr unsigned kGrey = 0, kColor = 2, kPalette = 3, kGreyAlpha = 4, kColorAlpha = 6;  // IHDR's colour types

void append_32(Bytes& bytes, std::size_t value) {
  for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<std::uint8_t>(value >> shift));
}

Bytes chunk(const std::string& type, const Bytes& data) {
  Bytes bytes;
  append_32(bytes, data.size());
  bytes.insert(bytes.end(), type.begin(), type.end());
  bytes.insert(bytes.end(), data.begin(), data.end());
  append_32(bytes, libdeflate_crc32(0, bytes.data() + 4, bytes.size() - 4));
  return bytes;
}

Bytes deflated(const Bytes& data) {
  const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> compressor(
      libdeflate_alloc_compressor(9), libdeflate_free_compressor);
  Bytes out(libdeflate_zlib_compress_bound(compressor.get(), data.size()));
  out.resize(libdeflate_zlib_compress(compressor.get(), data.data(), data.size(), out.data(), out.size()));
  return out;
}

Bytes header(std::size_t height, std::size_t width, unsigned depth, unsigned color, unsigned interlace = 0) {
  Bytes data;
  append_32(data, width);
  append_32(data, height);
  for (const unsigned field : {depth, color, 0u, 0u, interlace}) data.push_back(static_cast<std::uint8_t>(field));
  return chunk("IHDR", data);
}

Bytes png(const std::vector<Bytes>& chunks) {
  Bytes bytes = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  for (const Bytes& c : chunks) bytes.insert(bytes.end(), c.begin(), c.end());
  return bytes;
}

const Bytes kEnd = chunk("IEND", {});

// `rows` are the image's bytes as the format wants them: each row begins with its filter, 0.
Bytes png(const Bytes& ihdr, const Bytes& rows) { return png({ihdr, chunk("IDAT", deflated(rows)), kEnd}); }

std::vector<std::uint8_t> pixels(const Bytes& bytes) { return parse_png(bytes, "a.png").pixels; }

using Grey = std::vector<std::uint8_t>;

TEST(Image, GreyIsTakenAsItStands) {
  const Image image = parse_png(png(header(2, 3, 8, kGrey), {0, 0, 1, 2, 0, 127, 254, 255}), "a.png");
  EXPECT_EQ(image, (Image{.height = 2, .width = 3, .pixels = {0, 1, 2, 127, 254, 255}}));
}
TEST(Image, FewBitsAreSpreadOverTheWholeRange) {
  EXPECT_EQ(pixels(png(header(1, 3, 1, kGrey), {0, 0b10100000})), (Grey{255, 0, 255}));
  EXPECT_EQ(pixels(png(header(1, 4, 2, kGrey), {0, 0b00011011})), (Grey{0, 85, 170, 255}));
  EXPECT_EQ(pixels(png(header(1, 2, 4, kGrey), {0, 0x1F})), (Grey{17, 255}));
}
TEST(Image, SixteenBitsAreScaledToEight) {
  EXPECT_EQ(pixels(png(header(1, 4, 16, kGrey), {0, 0, 0, 0x80, 0, 0x12, 0x34, 0xFF, 0xFF})), (Grey{0, 128, 18, 255}));
}
TEST(Image, ColourBecomesGreyByTheDocumentedWeights) {
  EXPECT_EQ(pixels(png(header(1, 4, 8, kColor), {0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255})),
            (Grey{76, 150, 29, 255}));
}
TEST(Image, APaletteIsLookedUp) {
  const Bytes palette = chunk("PLTE", {255, 0, 0, 0, 0, 255, 9, 9, 9});
  EXPECT_EQ(pixels(png({header(1, 3, 8, kPalette), palette, chunk("IDAT", deflated({0, 2, 1, 0})), kEnd})),
            (Grey{9, 29, 76}));
}
TEST(Image, TransparentPixelsAreBackground) {
  EXPECT_EQ(pixels(png(header(1, 3, 8, kGreyAlpha), {0, 200, 255, 200, 0, 200, 128})), (Grey{200, 0, 100}));
  EXPECT_EQ(pixels(png(header(1, 2, 8, kColorAlpha), {0, 255, 255, 255, 0, 255, 255, 255, 255})), (Grey{0, 255}));
}
TEST(Image, TheTransparentColourIsBackground) {
  EXPECT_EQ(
      pixels(png({header(1, 2, 8, kGrey), chunk("tRNS", {0, 200}), chunk("IDAT", deflated({0, 200, 201})), kEnd})),
      (Grey{0, 201}));
}
TEST(Image, InterlacedRowsAreSorted) {
  EXPECT_EQ(pixels(png(header(2, 2, 8, kGrey, 1), {0, 10, 0, 20, 0, 30, 40})), (Grey{10, 20, 30, 40}));
}
TEST(Image, GammaIsNotApplied) {
  EXPECT_EQ(
      pixels(png({header(1, 1, 8, kGrey), chunk("gAMA", {0, 1, 0x86, 0xA0}), chunk("IDAT", deflated({0, 100})), kEnd})),
      (Grey{100}));
}
TEST(Image, DataMayComeInManyChunks) {
  const Bytes data = deflated({0, 1, 2, 3});
  std::vector<Bytes> chunks = {header(1, 3, 8, kGrey)};
  for (const std::uint8_t byte : data) chunks.push_back(chunk("IDAT", {byte}));
  chunks.push_back(kEnd);
  EXPECT_EQ(pixels(png(chunks)), (Grey{1, 2, 3}));
}
TEST(Image, BytesBehindTheEndAreIgnored) {
  Bytes bytes = png(header(1, 1, 8, kGrey), {0, 7});
  bytes.insert(bytes.end(), 100, 0xAB);
  EXPECT_EQ(pixels(bytes), (Grey{7}));
}

TEST(ImageFile, ReadsBackWhatItWrites) {
  std::string pattern = (std::filesystem::temp_directory_path() / "inkling-image-XXXXXX").string();
  const std::filesystem::path folder = ::mkdtemp(pattern.data());
  Image image{.height = 5, .width = 7, .pixels = {}};
  for (std::uint8_t i = 0; i < 35; ++i) image.pixels.push_back(static_cast<std::uint8_t>(i * 7));
  write_png(folder / "a.png", image);
  EXPECT_EQ(read_png(folder / "a.png"), image);
  EXPECT_TRUE(refuses(ErrorKind::io, "found a directory", [&] { read_png(folder); }));
  EXPECT_TRUE(refuses(ErrorKind::io, "absent.png: cannot be opened", [&] { read_png(folder / "absent.png"); }));
  write_file_atomically(folder / "large.png", "");
  std::filesystem::resize_file(folder / "large.png", kMaxImageFileBytes + 1);
  EXPECT_TRUE(
      refuses(ErrorKind::limit, "large.png: 67108865 bytes, more than", [&] { read_png(folder / "large.png"); }));
  std::filesystem::remove_all(folder);
}
TEST(ImageFile, WriterRefusesPixelsThatDoNotFitTheSize) {
  EXPECT_TRUE(refuses(ErrorKind::shape, "2 x 2 pixels with 3 values",
                      [] { png_bytes({.height = 2, .width = 2, .pixels = Bytes(3)}); }));
  EXPECT_TRUE(refuses(ErrorKind::shape, "2 x 2 pixels with 6 values",
                      [] { png_bytes({.height = 2, .width = 2, .pixels = Bytes(6)}); }));
  EXPECT_TRUE(refuses(ErrorKind::shape, "2 x 2 pixels with 5 values",
                      [] { png_bytes({.height = 2, .width = 2, .pixels = Bytes(5)}); }));
  EXPECT_TRUE(refuses(ErrorKind::shape, "0 x 0 pixels", [] { png_bytes({}); }));
}
TEST(ImageFile, WriterRefusesWhatItsReaderWouldRefuse) {
  EXPECT_TRUE(refuses(ErrorKind::limit, "more than the 32768 a side", [] {
    png_bytes({.height = 1, .width = kMaxImageSide + 1, .pixels = Bytes(kMaxImageSide + 1)});
  }));
}

testing::AssertionResult png_refused(ErrorKind kind, std::string_view part, const Bytes& bytes) {
  return refuses(kind, part, [&] { parse_png(bytes, "a.png"); });
}

TEST(ImageHostile, NoPng) {
  for (const Bytes& bytes : {Bytes{}, Bytes{0x89, 'P', 'N'}, Bytes{0xFF, 0xD8, 0xFF, 0xE0, 0, 0, 'J', 'F', 'I', 'F'}})
    EXPECT_TRUE(png_refused(ErrorKind::format, "a.png: expected a PNG image", bytes));
}
TEST(ImageHostile, EveryTruncation) {
  const Bytes bytes = png(header(2, 3, 8, kGrey), {0, 0, 1, 2, 0, 127, 254, 255});
  for (std::size_t size = 8; size < bytes.size(); ++size)
    EXPECT_TRUE(
        png_refused(ErrorKind::format, "cut short", {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}))
        << size;
}
TEST(ImageHostile, EveryFlippedBit) {
  const Bytes bytes = png(header(2, 3, 8, kGrey), {0, 0, 1, 2, 0, 127, 254, 255});
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    EXPECT_THROW(parse_png(flipped, "a.png"), Error) << bit;
  }
}
TEST(ImageHostile, WrongChecksum) {
  Bytes bytes = png(header(1, 1, 8, kGrey), {0, 7});
  bytes[bytes.size() - 13] ^= 1;  // the last byte of IDAT
  EXPECT_TRUE(png_refused(ErrorKind::format, "the checksum of chunk IDAT at byte 33 is wrong", bytes));
}
TEST(ImageHostile, ChunkPastTheEnd) {
  Bytes bytes = png(header(1, 1, 8, kGrey), {0, 7});
  bytes[33] = 0xFF;  // IDAT's length
  EXPECT_TRUE(png_refused(ErrorKind::format, "the chunk IDAT at byte 33 announces 42781", bytes));
}
TEST(ImageHostile, HeaderThatIsNotFirst) {
  EXPECT_TRUE(png_refused(ErrorKind::format, "expected the header IHDR first, found chunk IEND", png({kEnd})));
  EXPECT_TRUE(png_refused(ErrorKind::format, "expected the header IHDR first", png({chunk("IHDR", Bytes(12)), kEnd})));
  EXPECT_TRUE(png_refused(ErrorKind::format, "found chunk of unknown type", png({chunk("\x1b[0m", {}), kEnd})));
}
TEST(ImageHostile, NoData) {
  EXPECT_TRUE(png_refused(ErrorKind::format, "0 bytes of data cannot hold", png({header(8, 8, 8, kGrey), kEnd})));
}
TEST(ImageHostile, NoPixels) {
  EXPECT_TRUE(png_refused(ErrorKind::format, "0 x 8 pixels is empty", png(header(0, 8, 8, kGrey), {})));
}
TEST(ImageHostile, TooLarge) {
  EXPECT_TRUE(png_refused(ErrorKind::limit, "1 x 32769 pixels, more than", png(header(1, 32769, 8, kGrey), {0})));
  EXPECT_TRUE(
      png_refused(ErrorKind::limit, "4294967295 x 4294967295", png(header(4294967295, 4294967295, 8, kGrey), {0})));
  EXPECT_TRUE(png_refused(ErrorKind::limit, "32768 x 1025", png(header(32768, 1025, 8, kGrey), {0})));
}
TEST(ImageHostile, MorePixelsThanItsDataCanHold) {
  EXPECT_TRUE(png_refused(ErrorKind::format, "bytes of data cannot hold 5000 x 5000 pixels",
                          png(header(5000, 5000, 8, kColorAlpha), {0, 1})));
}
TEST(ImageHostile, FewerRowsThanAnnounced) {
  EXPECT_TRUE(png_refused(ErrorKind::format, "a.png: damaged: ", png(header(3, 1, 8, kGrey), {0, 1, 0, 2})));
}
TEST(ImageHostile, DataThatIsNotDeflated) {
  EXPECT_TRUE(png_refused(ErrorKind::format,
                          "a.png: damaged: ", png({header(1, 1, 8, kGrey), chunk("IDAT", {1, 2, 3, 4}), kEnd})));
}
TEST(ImageHostile, UnknownDepthColourFilterOrInterlacing) {
  EXPECT_TRUE(png_refused(ErrorKind::format, "damaged: ", png(header(1, 1, 7, kGrey), {0, 1})));
  EXPECT_TRUE(png_refused(ErrorKind::format, "damaged: ", png(header(1, 1, 8, 5), {0, 1})));
  EXPECT_TRUE(png_refused(ErrorKind::format, "damaged: ", png(header(1, 1, 8, kGrey, 2), {0, 1})));
  EXPECT_TRUE(png_refused(ErrorKind::format, "damaged: ", png(header(1, 1, 8, kGrey), {5, 1})));
}
TEST(ImageHostile, UnknownCriticalChunk) {
  EXPECT_TRUE(png_refused(ErrorKind::format, "damaged: ",
                          png({header(1, 1, 8, kGrey), chunk("QQQQ", {}), chunk("IDAT", deflated({0, 1})), kEnd})));
}
TEST(ImageHostile, PaletteThatIsMissing) {
  EXPECT_TRUE(png_refused(ErrorKind::format, "damaged: ", png(header(1, 1, 8, kPalette), {0, 1})));
}
TEST(ImageHostile, NothingReachesStderr) {
  testing::internal::CaptureStderr();
  pixels(png({header(1, 1, 8, kPalette), chunk("PLTE", {9, 9, 9}), chunk("tRNS", {1, 2, 3}),
              chunk("IDAT", deflated({0, 5, 6, 7, 8})), kEnd}));
  EXPECT_TRUE(png_refused(ErrorKind::format, "damaged: ", png(header(3, 1, 8, kGrey), {0, 1})));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace inkling
