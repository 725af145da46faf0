#include "inkling/image/decode.h"

#include <algorithm>

#include "inkling/core/error.h"
#include "inkling/core/file.h"
#include "inkling/image/jpeg.h"
#include "inkling/image/png.h"

namespace inkling {
namespace {

struct Signature {
  std::string_view begins;
  std::size_t at;  // bytes from the start
  std::string_view format;
};

// What people have and we do not read: its name helps more than "something else".
constexpr Signature kOthers[] = {
    {"GIF8", 0, "a GIF"},        {"BM", 0, "a BMP"},         {"WEBP", 8, "a WebP"}, {{"II*\0", 4}, 0, "a TIFF"},
    {{"MM\0*", 4}, 0, "a TIFF"}, {"ftypheic", 4, "an HEIC"}, {"%PDF", 0, "a PDF"},  {"<svg", 0, "an SVG"},
};

bool begins_with(std::span<const std::uint8_t> bytes, std::string_view text, std::size_t at = 0) {
  return bytes.size() >= at + text.size() &&
         std::equal(text.begin(), text.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at),
                    [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
}

}  // namespace

Image decode_image(std::span<const std::uint8_t> bytes, std::string_view where) {
  if (is_jpeg(bytes)) return parse_jpeg(bytes, where);
  if (begins_with(bytes, "\x89PNG")) return parse_png(bytes, where);
  if (bytes.empty()) fail(ErrorKind::format, "{}: expected a PNG or JPEG image, found an empty file", where);
  for (const Signature& other : kOthers)
    if (begins_with(bytes, other.begins, other.at))
      fail(ErrorKind::format, "{}: expected a PNG or JPEG image, found {} file: save it as PNG", where, other.format);
  fail(ErrorKind::format, "{}: expected a PNG or JPEG image, found something else: save it as PNG", where);
}

Image load_image(const std::filesystem::path& path) {
  return decode_image(read_file(path, kMaxImageFileBytes), path.string());
}

}  // namespace inkling
