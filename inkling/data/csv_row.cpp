#include "inkling/data/csv_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "inkling/core/error.h"
#include "inkling/data/classes.h"

namespace inkling {
namespace {

constexpr std::size_t kMaxShown = 24;  // guess: characters of a wrong field that a message quotes

std::string shown(std::string_view field) {
  std::string text(field.substr(0, kMaxShown));
  for (char& c : text)
    if (c < 0x20 || c > 0x7e) c = '?';
  return fmt::format("'{}{}'", text, field.size() > kMaxShown ? "..." : "");
}

// Where a line that begins at `text` ends, without its '\r'.
const char* line_end(const char* text) {
  const char* end = text;
  while (*end != '\n') ++end;
  return end > text && end[-1] == '\r' ? end - 1 : end;
}

// 0 to 255 as 7, 007 or 7.0; -1 for anything else.
int small_number(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0) return -1;
  const std::string_view fraction = text.substr(digits);
  if (!fraction.empty() && (fraction[0] != '.' || fraction.find_first_not_of('0', 1) != std::string_view::npos))
    return -1;
  int value = 0;
  for (const char c : text.substr(0, digits)) {
    value = 10 * value + (c - '0');
    if (value > 255) return -1;
  }
  return value;
}

class RowReader {
 public:
  RowReader(const char* text, const CsvLayout& layout, LabelNames& names)
      : p_(text), layout_(layout), separator_(layout.separator), columns_(layout.columns()), names_(names) {}

  const char* read(const CsvRow& to) {
    for (const CsvColumn role : layout_.before) other(role, to.first);
    read_pixels(to.pixels);
    for (const CsvColumn role : layout_.after) {
      other(role, to.last);
      if (role == CsvColumn::maybe_label) to.pixels[layout_.pixels] = static_cast<std::uint8_t>(*to.last);
    }
    return p_;
  }

 private:
  const char* p_;
  const CsvLayout& layout_;
  const char separator_;
  const std::size_t columns_;
  std::size_t column_ = 0;  // the one that is read, from 0
  LabelNames& names_;

  void read_pixels(std::uint8_t* to) {
    // Most of an image is background: eight zeros with their separators are compared at once.
    char zeros[16];
    for (std::size_t i = 0; i < sizeof(zeros); i += 2) zeros[i] = '0', zeros[i + 1] = separator_;
    constexpr std::size_t kAtOnce = sizeof(zeros) / 2;
    const std::size_t end = column_ + layout_.pixels;
    while (column_ < end) {
      if (end - column_ > kAtOnce && std::memcmp(p_, zeros, sizeof(zeros)) == 0) {
        std::memset(to, 0, kAtOnce);
        to += kAtOnce;
        column_ += kAtOnce;
        p_ += sizeof(zeros);
        continue;
      }
      *to++ = pixel();
    }
  }

  std::uint8_t pixel() {
    const auto digit = [](char c) { return static_cast<unsigned>(static_cast<unsigned char>(c)) - '0'; };
    const bool in_quotes = *p_ == '"';
    const char* q = p_ + (in_quotes ? 1 : 0);
    unsigned value = digit(*q);
    if (value <= 9) {
      for (++q; digit(*q) <= 9 && value <= 255; ++q) value = 10 * value + digit(*q);
      const bool closed = !in_quotes || *q++ == '"';
      if (closed && value <= 255 && ends_field(*q)) {
        p_ = q;
        finish_field();
        return static_cast<std::uint8_t>(value);
      }
    }
    const std::string field = next_field();
    const int number = small_number(field);
    if (number < 0) wrong_pixel(field);
    finish_field();
    return static_cast<std::uint8_t>(number);
  }

  bool ends_field(char c) const { return c == separator_ || c == '\n' || c == '\r'; }

  [[noreturn]] void wrong_pixel(const std::string& field) const {
    if (field.empty()) throw CsvFault{column_ + 1, "an empty field; expected a whole number from 0 to 255"};
    const bool scaled = field.starts_with("0.");
    throw CsvFault{column_ + 1, fmt::format("{} is no whole number from 0 to 255{}", shown(field),
                                            scaled ? "; pixels scaled to 0..1 are to be multiplied by 255" : "")};
  }

  // The text of the field at p_, which then points behind it.
  std::string next_field() {
    const char* end = line_end(p_);
    if (column_ > 0 && p_[-1] != separator_) too_short();
    const auto skip_blanks = [&] {
      while (p_ < end && *p_ == ' ') ++p_;
    };
    std::string field;
    skip_blanks();
    if (p_ < end && *p_ == '"') {
      for (++p_;; ++p_) {
        if (p_ == end) throw CsvFault{column_ + 1, "a quote is opened and not closed in its line"};
        if (*p_ == '"' && *++p_ != '"') break;
        field += *p_;
      }
    }
    for (; p_ < end && *p_ != separator_; ++p_) field += *p_;
    while (!field.empty() && field.back() == ' ') field.pop_back();
    return field;
  }

  [[noreturn]] void too_short() const {
    throw CsvFault{column_ + 1, fmt::format("the row ends after {} column{}; expected {}, as in the first row", column_,
                                            column_ == 1 ? "" : "s", columns_)};
  }

  // Steps over what is behind a field: a separator, or behind the last the line's end.
  void finish_field() {
    ++column_;
    if (column_ < columns_) {
      if (*p_ != separator_) too_short();
      ++p_;
      return;
    }
    const char* end = p_;
    if (*end == '\r') ++end;
    if (*end != '\n') {
      if (*p_ != separator_) throw CsvFault{column_, "a carriage return within a line"};
      throw CsvFault{column_ + 1, fmt::format("the row goes on; expected {} columns, as in the first row", columns_)};
    }
    p_ = end + 1;
  }

  void other(CsvColumn role, std::uint16_t* to) {
    const std::string field = next_field();
    if (role != CsvColumn::ignored) *to = label(field);
    finish_field();
  }

  std::uint16_t label(const std::string& field) {
    const int number = small_number(field);
    if (number >= 0) return static_cast<std::uint16_t>(number);
    const std::size_t start = !field.empty() && (field[0] == '-' || field[0] == '+') ? 1 : 0;
    if (field.size() > start && field.find_first_not_of("0123456789.", start) == std::string::npos)
      throw CsvFault{column_ + 1,
                     fmt::format("label {}; expected a whole number from 0 to 255, or a name", shown(field))};
    try {
      check_class_name(field, "label");
    } catch (const Error& error) {
      throw CsvFault{column_ + 1, error.what()};
    }
    if (names_.list().size() >= kMaxLabelNames)
      throw CsvFault{column_ + 1, fmt::format("label {}: more than {} names; is this column the label?", shown(field),
                                              kMaxLabelNames)};
    return names_.code(field);
  }
};

}  // namespace

std::uint16_t LabelNames::code(const std::string& name) {
  const auto [at, is_new] = numbers_.try_emplace(name, static_cast<std::uint16_t>(kFirstName + list_.size()));
  if (is_new) list_.push_back(name);
  return at->second;
}

const char* read_csv_row(const char* text, const CsvLayout& layout, const CsvRow& to, LabelNames& names) {
  return RowReader(text, layout, names).read(to);
}

}  // namespace inkling
