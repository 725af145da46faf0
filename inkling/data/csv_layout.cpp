#include "inkling/data/csv_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

#include "inkling/core/error.h"

namespace inkling {
namespace {

constexpr std::size_t kSmallestImage = 4;  // derived: 2x2, below which any table would be images

constexpr std::array<std::string_view, 9> kLabelNames = {"label", "labels", "class",     "target", "y",
                                                         "digit", "letter", "character", "classes"};
constexpr std::array<std::string_view, 5> kIgnoredNames = {"", "id", "imageid", "index", "unnamed: 0"};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool is_one_of(std::span<const std::string_view> names, const std::string& name) {
  return std::ranges::find(names, lower(name)) != names.end();
}

// 7, 007 and 7.0, as programs write whole numbers.
bool is_whole(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0) return false;
  text.remove_prefix(digits);
  return text.empty() || (text[0] == '.' && text.find_first_not_of('0', 1) == std::string_view::npos);
}

std::optional<std::size_t> square_root(std::size_t n) {
  const auto root = static_cast<std::size_t>(std::llround(std::sqrt(static_cast<double>(n))));
  return root * root == n ? std::optional(root) : std::nullopt;
}

char separator_of(std::string_view line, std::string_view where) {
  std::array<std::pair<char, std::size_t>, 3> counts = {{{',', 0}, {';', 0}, {'\t', 0}}};
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    for (auto& [separator, count] : counts) count += c == separator ? 1 : 0;
  }
  const auto most = std::ranges::max_element(counts, {}, [](const auto& each) { return each.second; });
  if (most->second == 0)
    fail(ErrorKind::format,
         "{}: no table of images: expected fields with commas, semicolons or tabs between them in its first line",
         where);
  return most->first;
}

// "28x28", the last of pixels named by row and column.
std::optional<ImageSize> size_in(std::string_view name) {
  ImageSize size;
  const char* end = name.data() + name.size();
  const auto height = std::from_chars(name.data(), end, size.height);
  if (height.ec != std::errc() || height.ptr == end || *height.ptr != 'x') return std::nullopt;
  const auto width = std::from_chars(height.ptr + 1, end, size.width);
  if (width.ec != std::errc() || width.ptr != end) return std::nullopt;
  return size;
}

bool fits(const ImageSize& size, std::size_t pixels) {
  std::size_t product = 0;
  return !__builtin_mul_overflow(size.height, size.width, &product) && product == pixels;
}

ImageSize size_of(std::size_t pixels, const std::vector<std::string>& pixel_names, const ReadOptions& options,
                  std::string_view where) {
  if (options.table.size) {
    if (!fits(*options.table.size, pixels))
      fail(ErrorKind::shape, "{}: {} pixels in a row; images of {}x{} have another number", where, pixels,
           options.table.size->height, options.table.size->width);
    return *options.table.size;
  }
  if (!pixel_names.empty())
    if (const auto named = size_in(pixel_names.back()); named && fits(*named, pixels)) return *named;
  if (const auto side = square_root(pixels); side && pixels >= kSmallestImage) return {*side, *side};
  fail(ErrorKind::shape,
       "{}: {} pixels in a row are no square: say the images' size by --image-size HEIGHTxWIDTH, and where the label "
       "is by --label first, last or none",
       where, pixels);
}

// Whether `count` columns are pixels alone.
bool are_pixels(std::size_t count, const ReadOptions& options) {
  if (options.table.size) return fits(*options.table.size, count);
  return count >= kSmallestImage && square_root(count).has_value();
}

}  // namespace

std::vector<std::string> split_csv_line(std::string_view line, char separator, std::string_view where) {
  std::vector<std::string> fields;
  const auto skip_blanks = [&] {
    while (!line.empty() && line[0] == ' ') line.remove_prefix(1);
  };
  for (;;) {
    skip_blanks();
    std::string field;
    if (!line.empty() && line[0] == '"') {
      line.remove_prefix(1);
      for (;;) {
        const std::size_t quote = line.find('"');
        if (quote == std::string_view::npos)
          fail(ErrorKind::format, "{}: column {}: a quote is opened and not closed in its line", where,
               fields.size() + 1);
        field += line.substr(0, quote);
        line.remove_prefix(quote + 1);
        if (line.empty() || line[0] != '"') break;
        field += '"';
        line.remove_prefix(1);
      }
    }
    const std::size_t end = std::min(line.find(separator), line.size());
    field += line.substr(0, end);
    while (!field.empty() && field.back() == ' ') field.pop_back();
    fields.push_back(std::move(field));
    if (end == line.size()) return fields;
    line.remove_prefix(end + 1);
  }
}

CsvLayout csv_layout(std::string_view first, std::string_view second, const ReadOptions& options,
                     std::string_view where) {
  CsvLayout layout;
  layout.separator = separator_of(first, where);
  const std::vector<std::string> fields = split_csv_line(first, layout.separator, where);
  layout.has_header = std::ranges::count_if(fields, [](const auto& each) { return !is_whole(each); }) > 1;
  if (layout.has_header && second.empty())
    fail(ErrorKind::shape, "{}: a header and no rows: expected at least one image", where);
  const std::vector<std::string> row = layout.has_header ? split_csv_line(second, layout.separator, where) : fields;
  const std::size_t count = fields.size();

  // Columns at the ends that the header names as neither label nor pixel, and where it names the label.
  std::size_t begin = 0, end = count;
  bool named_first = false, named_last = false;
  if (layout.has_header) {
    while (begin < end && is_one_of(kIgnoredNames, fields[begin])) ++begin;
    if (begin == end) fail(ErrorKind::shape, "{}: no column of pixels in the header", where);
    named_first = is_one_of(kLabelNames, fields[begin]);
    named_last = end - begin > 1 && is_one_of(kLabelNames, fields[end - 1]);
    if (named_first && named_last && options.table.label == LabelColumn::automatic)
      fail(ErrorKind::format,
           "{}: columns {} and {} both have a label's name; say which it is by --label first or last", where, begin + 1,
           end);
    for (std::size_t c = begin + 1; c + 1 < end; ++c)
      if (is_one_of(kLabelNames, fields[c]) && options.table.label == LabelColumn::automatic)
        fail(ErrorKind::format, "{}: the label is column {} of {}; expected it first or last", where, c + 1, count);
  }

  LabelColumn label = options.table.label;
  const std::size_t rest = end - begin;
  if (label == LabelColumn::automatic && (named_first || named_last))
    label = named_first ? LabelColumn::first : LabelColumn::last;
  if (label == LabelColumn::automatic && row.size() == count && rest > 1) {
    // A name among numbers is a label.
    const bool first_is_name = !is_whole(row[begin]), last_is_name = !is_whole(row[end - 1]);
    if (first_is_name != last_is_name) label = first_is_name ? LabelColumn::first : LabelColumn::last;
  }
  if (label == LabelColumn::automatic) {
    // Pixels that the header numbers by row and column are all there is.
    const std::optional<ImageSize> named = layout.has_header ? size_in(fields[end - 1]) : std::nullopt;
    const bool without = are_pixels(rest, options) || (named && fits(*named, rest));
    const bool with = rest > 1 && are_pixels(rest - 1, options);
    if (without) {
      label = LabelColumn::none;
    } else if (with) {
      layout.open_end = true;
    } else {
      fail(ErrorKind::shape,
           "{}: {} columns are neither the pixels of a square image nor those and a label: say the images' size by "
           "--image-size HEIGHTxWIDTH, and where the label is by --label first, last or none",
           where, rest);
    }
  }

  layout.before.assign(begin, CsvColumn::ignored);
  std::size_t pixels_begin = begin, pixels_end = end;
  if (label == LabelColumn::first || layout.open_end) {
    layout.before.push_back(layout.open_end ? CsvColumn::maybe_label : CsvColumn::label);
    ++pixels_begin;
  }
  if (label == LabelColumn::last || layout.open_end) {
    layout.after.push_back(layout.open_end ? CsvColumn::maybe_label : CsvColumn::label);
    --pixels_end;
  }
  if (pixels_begin >= pixels_end) fail(ErrorKind::shape, "{}: {} columns hold no pixels", where, count);
  layout.pixels = pixels_end - pixels_begin;
  const std::vector<std::string> names =
      layout.has_header ? std::vector<std::string>(fields.begin() + static_cast<std::ptrdiff_t>(pixels_begin),
                                                   fields.begin() + static_cast<std::ptrdiff_t>(pixels_end))
                        : std::vector<std::string>();
  layout.size = size_of(layout.pixels + (layout.open_end ? 1 : 0), names, options, where);
  return layout;
}

LabelEnd choose_label_end(const ColumnLook& first, const ColumnLook& last) {
  // guess: a class of more than half of all images is rare, and so is ink in the corner of more than a tenth
  const auto is_label = [](const ColumnLook& c) {
    return 2 * c.most <= c.rows && (c.highest < kDigitClasses || 2 * c.distinct > c.highest);
  };
  const auto is_corner = [](const ColumnLook& c) { return 10 * c.most >= 9 * c.rows; };
  if (is_label(first) && is_corner(last)) return LabelEnd::first;
  if (is_label(last) && is_corner(first)) return LabelEnd::last;
  return LabelEnd::open;
}

}  // namespace inkling
