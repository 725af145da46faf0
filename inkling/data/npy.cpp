#include "inkling/data/npy.h"

#include <charconv>
#include <optional>

#include "inkling/core/error.h"

namespace inkling {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::string_view kBlanks = " \t\n";

// Reads the dictionary's text from left to right.
class Reader {
 public:
  Reader(std::string_view text, std::string_view where) : text_(text), where_(where) {}

  [[noreturn]] void expected(std::string_view what) const {
    fail(ErrorKind::format, "{}: bad NumPy header: expected {} at character {} of its dictionary", where_, what, at_);
  }

  // Skips blanks, and takes the token if it comes next.
  bool take(std::string_view token) {
    at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  void require(std::string_view token) {
    if (!take(token)) expected(token);
  }
  bool done() { return take("") && at_ == text_.size(); }

  std::string quoted() {
    const char quote = take("'") ? '\'' : take("\"") ? '"' : '\0';
    const std::size_t end = quote == '\0' ? text_.npos : text_.find(quote, at_);
    if (end == text_.npos) expected("a quoted word");
    const std::string word(text_.substr(at_, end - at_));
    at_ = end + 1;
    return word;
  }

  bool boolean() {
    if (take("True")) return true;
    if (take("False")) return false;
    expected("True or False");
  }

  // "(60000, 28, 28)", "(5,)", "()"
  std::vector<std::size_t> tuple() {
    std::vector<std::size_t> numbers;
    require("(");
    while (!take(")")) {
      std::size_t number = 0;
      take("");
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
      if (error != std::errc()) expected("a size of the array (not negative, below 2^64)");
      numbers.push_back(number);
      at_ = static_cast<std::size_t>(end - text_.data());
      if (!take(",")) {
        require(")");
        break;
      }
    }
    return numbers;
  }

 private:
  std::string_view text_;
  std::string_view where_;
  std::size_t at_ = 0;
};

}  // namespace

NpyHeader parse_npy_header(std::span<const std::uint8_t> start, std::string_view where) {
  const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
  if (!text.starts_with(kMagic) || text.size() < 12) fail(ErrorKind::format, "{}: not a NumPy array (.npy)", where);
  const unsigned version = start[6];
  if (version != 1 && version != 2)
    fail(ErrorKind::format, "{}: NumPy array of version {}; expected 1 or 2", where, version);
  const std::size_t offset = version == 1 ? 10 : 12;  // behind the length, which is little-endian in 2 or 4 bytes
  std::size_t size = start[8] | std::size_t{start[9]} << 8;
  if (version == 2) size |= std::size_t{start[10]} << 16 | std::size_t{start[11]} << 24;
  if (size > kMaxNpyHeader - offset || size > start.size() - offset)
    fail(ErrorKind::format, "{}: bad NumPy header: it claims {} bytes, expected at most {}", where, size,
         std::min(kMaxNpyHeader, start.size()) - offset);

  Reader reader(text.substr(offset, size), where);
  std::optional<std::string> type;
  std::optional<bool> fortran_order;
  std::optional<std::vector<std::size_t>> shape;
  reader.require("{");
  while (!reader.take("}")) {
    const std::string key = reader.quoted();
    reader.require(":");
    if (key == "descr" && !type)
      type = reader.quoted();
    else if (key == "fortran_order" && !fortran_order)
      fortran_order = reader.boolean();
    else if (key == "shape" && !shape)
      shape = reader.tuple();
    else
      reader.expected("'descr', 'fortran_order' and 'shape', each once,");
    if (!reader.take(",")) {
      reader.require("}");
      break;
    }
  }
  if (!type || !fortran_order || !shape || !reader.done())
    reader.expected("'descr', 'fortran_order', 'shape' and the end");
  return {*type, *fortran_order, *shape, offset + size};
}

}  // namespace inkling
