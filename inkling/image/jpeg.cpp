#include "inkling/image/jpeg.h"

#include <turbojpeg.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "inkling/core/error.h"
#include "inkling/core/file.h"
#include "inkling/image/exif.h"

namespace inkling {
namespace {

// Derived: a block of 64 pixels takes a bit of a scan or more, and one component may be sampled 16 times as densely.
constexpr std::size_t kMaxPixelsPerByte = std::size_t{8} * 64 * 16;
constexpr std::uint8_t kStart = 0xD8, kEnd = 0xD9, kScan = 0xDA, kApp1 = 0xE1, kApp14 = 0xEE;

using Handle = std::unique_ptr<void, decltype(&tjDestroy)>;

// What stands before the pixels: segments of a marker, a length and data.
struct Segments {
  unsigned orientation = 1;
  bool adobe = false;  // CMYK is stored as light, not as ink
};

[[noreturn]] void cut_short(std::string_view where, std::size_t size) {
  fail(ErrorKind::format, "{}: cut short: it stops at byte {} without an end", where, size);
}

Segments read_segments(std::span<const std::uint8_t> bytes, std::string_view where) {
  Segments segments;
  std::size_t at = 2;
  for (;;) {
    while (at < bytes.size() && bytes[at] != 0xFF) ++at;  // stray bytes
    while (at < bytes.size() && bytes[at] == 0xFF) ++at;  // any number of them may fill the gap before a marker
    if (at == bytes.size()) cut_short(where, bytes.size());
    const std::uint8_t marker = bytes[at++];
    if (marker == kScan) break;
    if (marker == kEnd) fail(ErrorKind::format, "{}: damaged: a JPEG that ends before its pixels", where);
    if (marker == 0 || marker == 1 || (marker >= 0xD0 && marker <= kStart)) continue;  // no data behind these
    if (bytes.size() - at < 2) cut_short(where, bytes.size());
    const std::size_t length = std::size_t{bytes[at]} << 8 | bytes[at + 1];
    if (length < 2) fail(ErrorKind::format, "{}: damaged: a segment of {} bytes at byte {}", where, length, at);
    if (length > bytes.size() - at) cut_short(where, bytes.size());
    const std::span<const std::uint8_t> data = bytes.subspan(at + 2, length - 2);
    if (marker == kApp1 && segments.orientation == 1) segments.orientation = exif_orientation(data);
    const std::string_view name = "Adobe";
    if (marker == kApp14 && data.size() >= name.size())
      segments.adobe |= std::equal(name.begin(), name.end(), data.begin());
    at += length;
  }
  for (;; ++at) {  // inside a scan FF is followed by 0 or a number; the end's marker comes once
    if (bytes.size() - at < 2) cut_short(where, bytes.size());
    if (bytes[at] == 0xFF && bytes[at + 1] == kEnd) return segments;
  }
}

void check_size(int height, int width, std::size_t bytes, std::string_view where) {
  if (height <= 0 || width <= 0)
    fail(ErrorKind::format, "{}: an image of {} x {} pixels is empty", where, height, width);
  const auto h = static_cast<std::size_t>(height), w = static_cast<std::size_t>(width);
  if (h > kMaxImageSide || w > kMaxImageSide || h * w > kMaxImagePixels)
    fail(ErrorKind::limit,
         "{}: {} x {} pixels, more than the {} a side or {} in all that are read: scale the image down", where, h, w,
         kMaxImageSide, kMaxImagePixels);
  if (h * w / kMaxPixelsPerByte > bytes)
    fail(ErrorKind::format, "{}: {} bytes of data cannot hold {} x {} pixels: cut short or damaged", where, bytes, h,
         w);
}

// Throws for everything that the decoder had to make up; stray bytes between segments cost nothing.
void check_decoded(const Handle& decoder, int status, std::string_view where) {
  if (status == 0) return;
  const std::string said = tjGetErrorStr2(decoder.get());
  if (tjGetErrorCode(decoder.get()) == TJERR_WARNING && said.find("extraneous bytes before marker") != said.npos)
    return;
  fail(ErrorKind::format, "{}: damaged: {}", where, said);
}

std::uint8_t grey_of_cmyk(const std::uint8_t* cmyk, bool stored_as_light) {
  unsigned light[4];
  for (std::size_t i = 0; i < 4; ++i) light[i] = stored_as_light ? cmyk[i] : 255u - cmyk[i];
  const unsigned color = 299u * light[0] + 587u * light[1] + 114u * light[2];
  return static_cast<std::uint8_t>((color * light[3] + 127'500u) / 255'000u);
}

}  // namespace

bool is_jpeg(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 3 && bytes[0] == 0xFF && bytes[1] == kStart && bytes[2] == 0xFF;
}

Image parse_jpeg(std::span<const std::uint8_t> bytes, std::string_view where) {
  if (!is_jpeg(bytes)) fail(ErrorKind::format, "{}: expected a JPEG image, found something else", where);
  const Segments segments = read_segments(bytes, where);
  const Handle decoder(tjInitDecompress(), &tjDestroy);
  if (decoder == nullptr) fail(ErrorKind::limit, "{}: no memory for the JPEG decoder", where);
  int width = 0, height = 0, sampling = 0, space = 0;
  const auto size = static_cast<unsigned long>(bytes.size());
  if (tjDecompressHeader3(decoder.get(), bytes.data(), size, &width, &height, &sampling, &space) != 0 &&
      tjGetErrorCode(decoder.get()) != TJERR_WARNING)
    fail(ErrorKind::format, "{}: damaged: {}", where, tjGetErrorStr2(decoder.get()));
  check_size(height, width, bytes.size(), where);

  Image image{.height = static_cast<std::size_t>(height), .width = static_cast<std::size_t>(width), .pixels = {}};
  image.pixels.resize(image.height * image.width);
  const bool print = space == TJCS_CMYK || space == TJCS_YCCK;
  Bytes cmyk(print ? 4 * image.pixels.size() : 0);  // (height, width, 4)
  const int status = tjDecompress2(decoder.get(), bytes.data(), size, print ? cmyk.data() : image.pixels.data(), width,
                                   0, height, print ? TJPF_CMYK : TJPF_GRAY, TJFLAG_LIMITSCANS | TJFLAG_ACCURATEDCT);
  check_decoded(decoder, status, where);
  for (std::size_t i = 0; i < cmyk.size() / 4; ++i) image.pixels[i] = grey_of_cmyk(&cmyk[4 * i], segments.adobe);
  return turned_upright(std::move(image), segments.orientation);
}

}  // namespace inkling
