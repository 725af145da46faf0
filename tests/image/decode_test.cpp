// Picture files by content: JPEG in all its kinds beside PNG, turned upright, and each damage refused.
#include "inkling/image/decode.h"

#include <turbojpeg.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>

#include "inkling/core/file.h"
#include "inkling/image/exif.h"
#include "inkling/image/jpeg.h"
#include "inkling/image/png.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

// A smooth picture that no turn or mirror leaves as it is.
Image slope(std::size_t height, std::size_t width) {
  Image image{.height = height, .width = width, .pixels = {}};
  for (std::size_t r = 0; r < height; ++r)
    for (std::size_t c = 0; c < width; ++c)
      image.pixels.push_back(static_cast<std::uint8_t>(40 + 120 * r / height + 80 * c / width));
  return image;
}

struct JpegKind {
  int format = TJPF_GRAY;
  int sampling = TJSAMP_GRAY;
  int flags = 0;
};

// Pixels of `format`, whatever number of bytes each has.
Bytes jpeg(const Bytes& pixels, std::size_t height, std::size_t width, const JpegKind& kind) {
  const std::unique_ptr<void, decltype(&tjDestroy)> encoder(tjInitCompress(), &tjDestroy);
  unsigned char* data = nullptr;
  unsigned long size = 0;
  EXPECT_EQ(tjCompress2(encoder.get(), pixels.data(), static_cast<int>(width), 0, static_cast<int>(height), kind.format,
                        &data, &size, kind.sampling, 95, kind.flags),
            0);
  Bytes bytes(data, data + size);
  tjFree(data);
  return bytes;
}

Bytes grey_jpeg(const Image& image, int flags = 0) {
  return jpeg(image.pixels, image.height, image.width, {.flags = flags});
}

// An APP1 segment with one entry of EXIF behind the file's first marker.
Bytes with_exif(const Bytes& file, unsigned orientation, bool little, unsigned tag = 0x0112, unsigned type = 3) {
  Bytes exif = {'E', 'x', 'i', 'f', 0, 0};
  const auto number = [&](unsigned value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
      exif.push_back(static_cast<std::uint8_t>(value >> 8 * (little ? i : size - 1 - i)));
  };
  exif.insert(exif.end(), 2, little ? 'I' : 'M');
  number(42, 2), number(8, 4), number(1, 2);
  number(tag, 2), number(type, 2), number(1, 4), number(orientation, 2), number(0, 2);
  number(0, 4);
  Bytes bytes(file.begin(), file.begin() + 2);
  const std::size_t length = exif.size() + 2;
  for (const std::size_t byte : {std::size_t{0xFF}, std::size_t{0xE1}, length >> 8, length & 255})
    bytes.push_back(static_cast<std::uint8_t>(byte));
  bytes.insert(bytes.end(), exif.begin(), exif.end());
  bytes.insert(bytes.end(), file.begin() + 2, file.end());
  return bytes;
}

int worst_difference(const Image& a, const Image& b) {
  if (a.height != b.height || a.width != b.width) return 255;
  int worst = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i)
    worst = std::max(worst, std::abs(int{a.pixels[i]} - int{b.pixels[i]}));
  return worst;
}

Image decoded(const Bytes& bytes) { return decode_image(bytes, "a.jpg"); }

TEST(Decode, FindsPngAndJpegByContent) {
  const Image image = slope(24, 40);
  EXPECT_EQ(decode_image(png_bytes(image), "a.jpg"), image);
  EXPECT_LE(worst_difference(decoded(grey_jpeg(image)), image), 3);
}
TEST(Decode, ProgressiveGrey) {
  const Image image = slope(50, 33);
  EXPECT_LE(worst_difference(decoded(grey_jpeg(image, TJFLAG_PROGRESSIVE)), image), 3);
}
TEST(Decode, ColourBecomesItsLuminance) {
  for (const int sampling : {TJSAMP_444, TJSAMP_422, TJSAMP_420, TJSAMP_440, TJSAMP_411}) {
    Bytes rgb;
    for (std::size_t i = 0; i < 32 * 48; ++i) rgb.insert(rgb.end(), {200, 40, 120});
    for (const std::uint8_t pixel : decoded(jpeg(rgb, 32, 48, {.format = TJPF_RGB, .sampling = sampling})).pixels)
      EXPECT_NEAR(pixel, (299 * 200 + 587 * 40 + 114 * 120) / 1000, 2);
  }
}
TEST(Decode, PrintersColours) {
  for (const auto& [ink, grey] : {std::pair<Bytes, int>{{255, 255, 255, 255}, 255},
                                  {{255, 255, 255, 0}, 0},
                                  {{255, 255, 255, 128}, 128},
                                  {{0, 255, 255, 255}, 179}}) {  // stored as light, by Adobe
    Bytes pixels;
    for (std::size_t i = 0; i < 16 * 16; ++i) pixels.insert(pixels.end(), ink.begin(), ink.end());
    for (const std::uint8_t pixel : decoded(jpeg(pixels, 16, 16, {.format = TJPF_CMYK, .sampling = TJSAMP_444})).pixels)
      EXPECT_NEAR(pixel, grey, 3);
  }
}
TEST(Decode, APhotoIsTurnedUpright) {
  const Image image = slope(24, 40);
  const auto from = [&](std::size_t height, std::size_t width, const auto& where) {  // (row, column) in the file
    Image turned{.height = height, .width = width, .pixels = {}};
    for (std::size_t r = 0; r < height; ++r)
      for (std::size_t c = 0; c < width; ++c) {
        const auto [y, x] = where(r, c);
        turned.pixels.push_back(image.pixels[y * 40 + x]);
      }
    return turned;
  };
  using Where = std::pair<std::size_t, std::size_t>;
  const Image upright[] = {
      image,
      from(24, 40,
           [](auto r, auto c) {
             return Where{r, 39 - c};
           }),  // mirrored
      from(24, 40,
           [](auto r, auto c) {
             return Where{23 - r, 39 - c};
           }),  // upside down
      from(24, 40,
           [](auto r, auto c) {
             return Where{23 - r, c};
           }),
      from(40, 24,
           [](auto r, auto c) {
             return Where{c, r};
           }),
      from(40, 24,
           [](auto r, auto c) {
             return Where{23 - c, r};
           }),  // the camera was held upright: a quarter clockwise
      from(40, 24,
           [](auto r, auto c) {
             return Where{23 - c, 39 - r};
           }),
      from(40, 24,
           [](auto r, auto c) {
             return Where{c, 39 - r};
           }),
  };
  for (unsigned orientation = 1; orientation <= 8; ++orientation)
    for (const bool little : {true, false}) {
      const Image got = decoded(with_exif(grey_jpeg(image), orientation, little));
      EXPECT_LE(worst_difference(got, upright[orientation - 1]), 3) << orientation;
    }
}
TEST(Decode, ATagThatSaysNothingTurnsNothing) {
  const Image image = slope(24, 40);
  const Bytes file = grey_jpeg(image);
  for (const Bytes& odd : {with_exif(file, 0, true), with_exif(file, 9, true), with_exif(file, 6, true, 0x0113),
                           with_exif(file, 6, true, 0x0112, 4)})
    EXPECT_EQ(decoded(odd), decoded(file));
}
TEST(Decode, ExifThatIsDamagedCountsAsNone) {
  const Bytes file = with_exif(grey_jpeg(slope(8, 8)), 6, true);
  const Bytes app1(file.begin() + 6, file.begin() + 6 + 32);
  ASSERT_EQ(exif_orientation(app1), 6u);
  for (std::size_t size = 0; size < 26; ++size) EXPECT_EQ(exif_orientation({app1.data(), size}), 1u) << size;
  Bytes many = app1;
  many[14] = many[15] = 255;  // entries
  EXPECT_EQ(exif_orientation(many), 6u);
  many[16] = 0;  // the tag
  EXPECT_EQ(exif_orientation(many), 1u);
  Bytes far = app1;
  far[10] = far[11] = far[12] = far[13] = 255;  // where the directory is
  EXPECT_EQ(exif_orientation(far), 1u);
}
TEST(Decode, StrayBytesBetweenSegmentsAreIgnored) {
  const Image image = slope(16, 16);
  Bytes bytes = grey_jpeg(image);
  bytes.insert(bytes.begin() + 20, {0x00, 0x12, 0x34});  // behind APP0, which is 18 bytes long
  EXPECT_LE(worst_difference(decoded(bytes), image), 3);
}
TEST(Decode, BytesBehindTheEndAreIgnored) {
  const Image image = slope(16, 16);
  Bytes bytes = grey_jpeg(image);
  bytes.insert(bytes.end(), 100, 0xAB);
  EXPECT_LE(worst_difference(decoded(bytes), image), 3);
}

testing::AssertionResult refused(ErrorKind kind, std::string_view part, const Bytes& bytes) {
  return refuses(kind, part, [&] { decode_image(bytes, "a.jpg"); });
}

// Where a marker's segment begins: behind the marker.
std::size_t behind(const Bytes& bytes, std::uint8_t marker) {
  for (std::size_t i = 0; i + 1 < bytes.size(); ++i)
    if (bytes[i] == 0xFF && bytes[i + 1] == marker) return i + 2;
  return bytes.size();
}

TEST(DecodeHostile, OtherFormatsAreNamed) {
  const auto text = [](std::string_view words) { return Bytes(words.begin(), words.end()); };
  EXPECT_TRUE(refused(ErrorKind::format, "a.jpg: expected a PNG or JPEG image, found an empty file", {}));
  EXPECT_TRUE(refused(ErrorKind::format, "found a GIF file: save it as PNG", text("GIF89a.....")));
  EXPECT_TRUE(refused(ErrorKind::format, "found a WebP file", text("RIFF\x01\x01\x01\x01WEBPVP8 ")));
  EXPECT_TRUE(refused(ErrorKind::format, "found a TIFF file", text({"II*\0....", 8})));
  EXPECT_TRUE(refused(ErrorKind::format, "found an HEIC file", text("....ftypheic....")));
  EXPECT_TRUE(refused(ErrorKind::format, "found a PDF file", text("%PDF-1.7")));
  EXPECT_TRUE(refused(ErrorKind::format, "found something else", text("no picture")));
  EXPECT_TRUE(refused(ErrorKind::format, "", {0xFF, 0xD8, 0xFF}));
}
TEST(DecodeHostile, EveryTruncation) {
  for (const int flags : {0, int{TJFLAG_PROGRESSIVE}}) {
    const Bytes bytes = grey_jpeg(slope(16, 24), flags);
    for (std::size_t size = 3; size < bytes.size(); ++size)
      EXPECT_TRUE(
          refused(ErrorKind::format, "cut short", {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}))
          << size;
  }
}
TEST(DecodeHostile, RowsThatAreMissing) {  // a truncated file whose end somebody put back
  Bytes bytes = grey_jpeg(slope(200, 200));
  bytes.erase(bytes.end() - static_cast<std::ptrdiff_t>(bytes.size() / 3), bytes.end() - 2);
  EXPECT_TRUE(refused(ErrorKind::format, "a.jpg: damaged: ", bytes));
}
TEST(DecodeHostile, ABombOfManyPixels) {
  Bytes bytes = grey_jpeg(slope(16, 24));
  const std::size_t frame = behind(bytes, 0xC0);
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(frame + 3), 4, 0xFF);
  bytes[frame + 4] = bytes[frame + 6] = 0xDC;
  EXPECT_TRUE(refused(ErrorKind::limit, "65500 x 65500 pixels, more than", bytes));
  const Bytes large = {0x20, 0x00, 0x10, 0x00};  // 8192 x 4096: allowed, were there bytes for it
  std::copy(large.begin(), large.end(), bytes.begin() + static_cast<std::ptrdiff_t>(frame + 3));
  EXPECT_TRUE(refused(ErrorKind::format, "cannot hold 8192 x 4096 pixels", bytes));
}
TEST(DecodeHostile, NoPixels) {
  Bytes bytes = grey_jpeg(slope(16, 24));
  const std::size_t frame = behind(bytes, 0xC0);
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(frame + 3), 2, 0);
  EXPECT_TRUE(refused(ErrorKind::format, "a.jpg: ", bytes));
}
TEST(DecodeHostile, NoFrameNoTablesNoScan) {
  const Bytes whole = grey_jpeg(slope(16, 24));
  for (const std::uint8_t marker : {0xC0, 0xDB}) {
    Bytes bytes = whole;
    for (std::size_t at; (at = behind(bytes, marker)) < bytes.size();) bytes[at - 1] = 0xFE;  // a comment
    EXPECT_TRUE(refused(ErrorKind::format, "a.jpg: damaged: ", bytes)) << int{marker};
  }
  EXPECT_TRUE(refused(ErrorKind::format, "ends before its pixels", {0xFF, 0xD8, 0xFF, 0xD9}));
}
TEST(DecodeHostile, SegmentsThatLie) {
  EXPECT_TRUE(refused(ErrorKind::format, "a segment of 1 bytes", {0xFF, 0xD8, 0xFF, 0xE0, 0, 1, 0xFF, 0xD9}));
  EXPECT_TRUE(refused(ErrorKind::format, "cut short", {0xFF, 0xD8, 0xFF, 0xE0, 0xFF, 0xFF, 0xFF, 0xD9}));
}
TEST(DecodeHostile, TwelveBits) {
  Bytes bytes = grey_jpeg(slope(16, 24));
  bytes[behind(bytes, 0xC0) + 2] = 12;
  EXPECT_TRUE(refused(ErrorKind::format, "a.jpg: damaged: Unsupported JPEG data precision 12", bytes));
}
TEST(DecodeHostile, EveryFlippedBitIsAnImageOrAnError) {
  const Bytes bytes = grey_jpeg(slope(16, 24), TJFLAG_PROGRESSIVE);
  testing::internal::CaptureStderr();
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    try {
      const Image image = decode_image(flipped, "a.jpg");
      EXPECT_EQ(image.pixels.size(), image.height * image.width);
    } catch (const Error&) {
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}
TEST(DecodeHostile, FilesThatCannotBeRead) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path();
  EXPECT_TRUE(refuses(ErrorKind::io, "found a directory", [&] { load_image(folder); }));
  EXPECT_TRUE(refuses(ErrorKind::io, "absent.jpg", [&] { load_image(folder / "absent.jpg"); }));
}

}  // namespace
}  // namespace inkling
