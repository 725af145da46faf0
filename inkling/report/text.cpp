#include "inkling/report/text.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <tuple>
#include <vector>

#include "inkling/core/error.h"

#ifdef INKLING_HAVE_FREETYPE
#include <ft2build.h>
#include FT_FREETYPE_H
#endif

// Where the assembler put the files of data/font.
extern "C" {
extern const std::uint8_t inkling_font_regular[], inkling_font_bold[];
extern const std::uint64_t inkling_font_regular_size, inkling_font_bold_size;
}

namespace inkling {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

// One glyph, as it stands on the line.
struct Glyph {
  int left = 0, top = 0;  // of its pixels, from the pen to the right and from the line upwards
  int width = 0, height = 0;
  long advance = 0;                    // of the pen, in 1/64 pixels
  std::vector<std::uint8_t> coverage;  // (height, width)
};

// Characters of UTF-8; a byte that does not belong becomes the replacement sign.
std::u32string characters(std::string_view text) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t k) { return static_cast<std::uint8_t>(text[k]); };
    const std::size_t length = byte(i) < 0x80 ? 1 : byte(i) < 0xC2 ? 0 : byte(i) < 0xE0 ? 2 : byte(i) < 0xF0 ? 3 : 4;
    char32_t c = length == 1 ? byte(i) : byte(i) & (0x7Fu >> length);
    bool whole = length > 0 && i + length <= text.size();
    for (std::size_t k = 1; whole && k < length; ++k) {
      whole = (byte(i + k) & 0xC0) == 0x80;
      c = c << 6 | (byte(i + k) & 0x3F);
    }
    out += whole ? c : kReplacement;
    i += whole ? length : 1;
  }
  return out;
}

#ifdef INKLING_HAVE_FREETYPE

class Fonts {
 public:
  Fonts() {
    if (FT_Init_FreeType(&library_) != 0) fail(ErrorKind::config, "FreeType does not start: pictures have no words");
    open(FontWeight::regular, {inkling_font_regular, inkling_font_regular_size});
    open(FontWeight::bold, {inkling_font_bold, inkling_font_bold_size});
  }
  ~Fonts() { FT_Done_FreeType(library_); }
  Fonts(const Fonts&) = delete;
  Fonts& operator=(const Fonts&) = delete;

  // Stays where it is; the caller holds the mutex while it asks.
  const Glyph& glyph(char32_t c, const TextStyle& style) {
    const auto key = std::tuple(style.weight, style.size, c);
    const auto known = glyphs_.find(key);
    return known != glyphs_.end() ? known->second : glyphs_.emplace(key, render(c, style)).first->second;
  }

  std::mutex mutex;

 private:
  void open(FontWeight weight, std::span<const std::uint8_t> bytes) {
    if (FT_New_Memory_Face(library_, bytes.data(), static_cast<FT_Long>(bytes.size()), 0,
                           &faces_[static_cast<int>(weight)]) != 0)
      fail(ErrorKind::config, "FreeType does not read the font that comes with Inkling: pictures have no words");
  }

  Glyph render(char32_t c, const TextStyle& style) {
    const FT_Face face = faces_[static_cast<int>(style.weight)];
    FT_UInt index = FT_Get_Char_Index(face, c);
    if (index == 0) index = FT_Get_Char_Index(face, kReplacement);
    if (FT_Set_Pixel_Sizes(face, 0, static_cast<FT_UInt>(style.size)) != 0 ||
        FT_Load_Glyph(face, index, FT_LOAD_RENDER | FT_LOAD_NO_HINTING) != 0)
      fail(ErrorKind::config, "FreeType does not draw character U+{:04X} in {} pixels", static_cast<unsigned>(c),
           style.size);
    const FT_GlyphSlot slot = face->glyph;
    Glyph glyph{.left = slot->bitmap_left,
                .top = slot->bitmap_top,
                .width = static_cast<int>(slot->bitmap.width),
                .height = static_cast<int>(slot->bitmap.rows),
                .advance = slot->linearHoriAdvance / 1024,  // from 16.16 to 1/64
                .coverage = {}};
    for (unsigned row = 0; row < slot->bitmap.rows; ++row) {
      const unsigned char* pixels = slot->bitmap.buffer + static_cast<std::ptrdiff_t>(row) * slot->bitmap.pitch;
      glyph.coverage.insert(glyph.coverage.end(), pixels, pixels + slot->bitmap.width);
    }
    return glyph;
  }

  FT_Library library_ = nullptr;
  FT_Face faces_[2] = {};  // by weight; the library closes them
  std::map<std::tuple<FontWeight, int, char32_t>, Glyph> glyphs_;
};

#else

class Fonts {
 public:
  Fonts() {
    fail(
        ErrorKind::config,
        "this build of Inkling has no FreeType, so its pictures would have no words: install Debian's libfreetype-dev, "
        "or its counterpart, and build it anew");
  }
  const Glyph& glyph(char32_t, const TextStyle&) { return none_; }
  std::mutex mutex;

 private:
  Glyph none_;
};

#endif

Fonts& fonts() {
  static Fonts all;
  return all;
}

// Calls plot(x, y, coverage) for each pixel of the text, the pen starting at (0, 0), y upwards. Returns the text's end.
template <typename Plot>
int lay_out(std::string_view text, const TextStyle& style, const Plot& plot) {
  if (style.size < 1) fail(ErrorKind::config, "a text of {} pixels; at least 1 is needed", style.size);
  Fonts& all = fonts();
  const std::lock_guard lock(all.mutex);
  long pen = 0;  // 1/64 pixels
  for (const char32_t c : characters(text)) {
    const Glyph& glyph = all.glyph(c, style);
    const int start = static_cast<int>((pen + 32) >> 6) + glyph.left;
    for (int row = 0; row < glyph.height; ++row)
      for (int column = 0; column < glyph.width; ++column)
        plot(start + column, glyph.top - row, glyph.coverage[static_cast<std::size_t>(row * glyph.width + column)]);
    pen += glyph.advance;
  }
  return static_cast<int>((pen + 32) >> 6);
}

// How far before (x, y) a text begins.
int shift(std::string_view text, const TextStyle& style, Align align) {
  if (align == Align::left) return 0;
  const int width = text_width(text, style);
  return align == Align::right ? width : width / 2;
}

}  // namespace

int text_width(std::string_view text, const TextStyle& style) {
  return lay_out(text, style, [](int, int, std::uint8_t) {});
}

void draw_text(Picture& picture, int x, int y, std::string_view text, const TextStyle& style, Align align) {
  const int begin = x - shift(text, style, align);
  lay_out(text, style, [&](int right, int up, std::uint8_t coverage) {
    picture.blend(begin + right, y - up, style.color, coverage);
  });
}

void draw_text_upwards(Picture& picture, int x, int y, std::string_view text, const TextStyle& style, Align align) {
  const int begin = y + shift(text, style, align);
  lay_out(text, style, [&](int right, int up, std::uint8_t coverage) {
    picture.blend(x - up, begin - right, style.color, coverage);
  });
}

std::string shortened(std::string_view text, const TextStyle& style, int width) {
  if (text_width(text, style) <= width) return std::string(text);
  std::string_view begin = text;
  while (!begin.empty()) {
    do begin.remove_suffix(1);
    while (!begin.empty() && (static_cast<std::uint8_t>(text[begin.size()]) & 0xC0) == 0x80);  // whole characters
    const std::string cut = std::string(begin) + "…";
    if (text_width(cut, style) <= width) return cut;
  }
  return {};
}

}  // namespace inkling
