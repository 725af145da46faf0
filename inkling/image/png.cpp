#include "inkling/image/png.h"

#include <libdeflate.h>
#include <png.h>

#include <algorithm>
#include <array>
#include <string>

#include "inkling/core/error.h"
#include "inkling/image/transparency.h"

namespace inkling {
namespace {

constexpr std::array<std::uint8_t, 8> kSignature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
constexpr std::size_t kChunkFrame = 12;         // derived: length, type and checksum around a chunk's data
constexpr std::size_t kHeaderBytes = 13;        // derived: IHDR's data
constexpr std::size_t kMaxDeflateRatio = 1032;  // derived: deflate spends at least 2 bits on 258 bytes

std::size_t big_endian_32(const std::uint8_t* p) {
  return std::size_t{p[0]} << 24 | std::size_t{p[1]} << 16 | std::size_t{p[2]} << 8 | std::size_t{p[3]};
}

// A chunk's type for an error; anything but letters is damage.
std::string name_of(std::string_view type) {
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  return std::all_of(type.begin(), type.end(), letter) ? std::string(type) : "of unknown type";
}

// What the image's header promises, against the limits and against the compressed bytes that are there.
void check_size(const std::uint8_t* header, std::size_t compressed, std::string_view where) {
  const std::size_t width = big_endian_32(header), height = big_endian_32(header + 4);
  const std::size_t depth = header[8], color = header[9];
  if (width == 0 || height == 0)
    fail(ErrorKind::format, "{}: an image of {} x {} pixels is empty", where, height, width);
  if (width > kMaxImageSide || height > kMaxImageSide || width * height > kMaxImagePixels)
    fail(ErrorKind::limit,
         "{}: {} x {} pixels, more than the {} a side or {} in all that are read: scale the image down", where, height,
         width, kMaxImageSide, kMaxImagePixels);
  const std::size_t channels = color == PNG_COLOR_TYPE_RGB          ? 3
                               : color == PNG_COLOR_TYPE_RGB_ALPHA  ? 4
                               : color == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                                                    : 1;
  if (width * height * channels * depth / 8 > compressed * kMaxDeflateRatio)
    fail(ErrorKind::format, "{}: {} bytes of data cannot hold {} x {} pixels: cut short or damaged", where, compressed,
         height, width);
}

// The file's chunks without those that only describe the image (profiles, gamma, texts), so that the pixels' values
// stay as they are stored and the decoder sees no more than it needs. Everything else is checked and kept.
Bytes essential_chunks(std::span<const std::uint8_t> bytes, std::string_view where) {
  if (bytes.size() < kSignature.size() || !std::equal(kSignature.begin(), kSignature.end(), bytes.begin()))
    fail(ErrorKind::format, "{}: expected a PNG image, found something else: convert it to PNG first", where);
  Bytes kept(kSignature.begin(), kSignature.end());
  std::size_t compressed = 0;
  std::size_t at = kSignature.size();
  for (std::string_view type; type != "IEND";) {
    const std::size_t left = bytes.size() - at;
    if (left < kChunkFrame)
      fail(ErrorKind::format, "{}: cut short: it stops at byte {} without an end", where, bytes.size());
    const std::uint8_t* chunk = bytes.data() + at;
    const std::size_t length = big_endian_32(chunk);
    type = {reinterpret_cast<const char*>(chunk) + 4, 4};
    if (length > left - kChunkFrame)
      fail(ErrorKind::format, "{}: cut short: the chunk {} at byte {} announces {} bytes and {} are there", where,
           name_of(type), at, length, left - kChunkFrame);
    if (libdeflate_crc32(0, chunk + 4, length + 4) != big_endian_32(chunk + 8 + length))
      fail(ErrorKind::format, "{}: damaged: the checksum of chunk {} at byte {} is wrong", where, name_of(type), at);
    const bool first = at == kSignature.size();
    if (first && (type != "IHDR" || length != kHeaderBytes))
      fail(ErrorKind::format, "{}: damaged: expected the header IHDR first, found chunk {} of {} bytes", where,
           name_of(type), length);
    if (type == "IDAT") compressed += length;
    const bool critical = (type[0] & 0x20) == 0;  // a decoder must know it (PNG specification, section 5.4)
    if (critical || type == "tRNS") kept.insert(kept.end(), chunk, chunk + kChunkFrame + length);
    at += kChunkFrame + length;
  }
  check_size(bytes.data() + kSignature.size() + 8, compressed, where);
  return kept;
}

// libpng's simplified interface: it keeps its errors and long jumps to itself, and prints nothing.
struct PngImage : png_image {
  PngImage() : png_image{} { version = PNG_IMAGE_VERSION; }
  ~PngImage() { png_image_free(this); }
  PngImage(const PngImage&) = delete;
  PngImage& operator=(const PngImage&) = delete;
};

}  // namespace

Image parse_png(std::span<const std::uint8_t> bytes, std::string_view where) {
  const Bytes chunks = essential_chunks(bytes, where);
  PngImage png;
  if (png_image_begin_read_from_memory(&png, chunks.data(), chunks.size()) == 0)
    fail(ErrorKind::format, "{}: damaged: {}", where, png.message);
  png.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // 16 bits are scaled, not taken as linear light
  if (png.format == PNG_FORMAT_GRAY) {     // up to 8 bits and nothing clear: no detour by colour
    Image image{.height = png.height, .width = png.width, .pixels = Bytes(PNG_IMAGE_SIZE(png))};
    if (png_image_finish_read(&png, nullptr, image.pixels.data(), 0, nullptr) == 0)
      fail(ErrorKind::format, "{}: damaged: {}", where, png.message);
    return image;
  }
  png.format = PNG_FORMAT_RGBA;
  Bytes rgba(PNG_IMAGE_SIZE(png));  // (height, width, 4)
  if (png_image_finish_read(&png, nullptr, rgba.data(), 0, nullptr) == 0)
    fail(ErrorKind::format, "{}: damaged: {}", where, png.message);
  return over_paper(rgba, png.height, png.width);
}

Image read_png(const std::filesystem::path& path) {
  return parse_png(read_file(path, kMaxImageFileBytes), path.string());
}

Bytes png_bytes(const Image& image) {
  if (image.height == 0 || image.width == 0 || image.pixels.size() / image.width != image.height ||
      image.pixels.size() % image.width != 0)
    fail(ErrorKind::shape, "an image of {} x {} pixels with {} values cannot be written", image.height, image.width,
         image.pixels.size());
  if (image.height > kMaxImageSide || image.width > kMaxImageSide || image.pixels.size() > kMaxImagePixels)
    fail(ErrorKind::limit, "{} x {} pixels, more than the {} a side or {} in all that are written", image.height,
         image.width, kMaxImageSide, kMaxImagePixels);
  PngImage png;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = PNG_FORMAT_GRAY;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  Bytes bytes(size);
  if (png_image_write_to_memory(&png, bytes.data(), &size, 0, image.pixels.data(), 0, nullptr) == 0)
    fail(ErrorKind::limit, "an image of {} x {} pixels cannot be written: {}", image.height, image.width, png.message);
  bytes.resize(size);
  return bytes;
}

void write_png(const std::filesystem::path& path, const Image& image) { write_file_atomically(path, png_bytes(image)); }

}  // namespace inkling
