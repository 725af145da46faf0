#include "inkling/data/npy_array.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "inkling/core/error.h"
#include "inkling/data/npy.h"

namespace inkling {
namespace {

// What NumPy calls dtype: "<f4" is a little-endian ('<') float ('f') of 4 bytes.
struct ElementType {
  char kind = 0;
  std::size_t size = 0;
  bool swapped = false;  // its bytes stand the other way round than this machine's
};

// Half precision (IEEE 754 binary16), as its bits.
struct Half {
  std::uint16_t bits = 0;
};

ElementType element_type(const NpyHeader& header, std::string_view where) {
  const std::string& text = header.type;
  if (text.size() < 2 || std::string_view("<>|=").find(text[0]) == std::string_view::npos)
    fail(ErrorKind::format, "{}: unknown element type '{}'", where, text);
  const char kind = text[1];
  if (kind == 'O')
    fail(ErrorKind::format,
         "{}: an array of Python objects (dtype=object); such a file holds a program and is not read: save it with "
         "astype('uint8')",
         where);
  if (kind == 'U' || kind == 'S' || kind == 'a')
    fail(ErrorKind::format, "{}: an array of text ('{}'); expected numbers: classes are counted from 0", where, text);
  const std::string_view digits = std::string_view(text).substr(2);
  const bool one_digit = digits.size() == 1 && digits[0] >= '1' && digits[0] <= '8';
  const std::size_t size = one_digit ? static_cast<std::size_t>(digits[0] - '0') : 0;
  const bool known = (kind == 'b' && size == 1) || ((kind == 'u' || kind == 'i') && std::has_single_bit(size)) ||
                     (kind == 'f' && (size == 2 || size == 4 || size == 8));
  if (!known)
    fail(ErrorKind::format, "{}: element type '{}'; expected bytes (|u1), other integers, booleans or floats", where,
         text);
  const bool other_order = std::endian::native == std::endian::little ? text[0] == '>' : text[0] == '<';
  return {.kind = kind, .size = size, .swapped = other_order && size > 1};
}

// Calls f with a value of the element's C++ type.
template <typename F>
void with_type(const ElementType& type, const F& f) {
  switch (type.kind) {
    case 'b': return f(bool{});
    case 'f': return type.size == 2 ? f(Half{}) : type.size == 4 ? f(float{}) : f(double{});
    case 'u':
      return type.size == 1   ? f(std::uint8_t{})
             : type.size == 2 ? f(std::uint16_t{})
             : type.size == 4 ? f(std::uint32_t{})
                              : f(std::uint64_t{});
    default:
      return type.size == 1   ? f(std::int8_t{})
             : type.size == 2 ? f(std::int16_t{})
             : type.size == 4 ? f(std::int32_t{})
                              : f(std::int64_t{});
  }
}

double to_double(Half half) {
  const int exponent = half.bits >> 10 & 31;
  const int fraction = half.bits & 1023;
  const double size = exponent == 31  ? (fraction == 0 ? HUGE_VAL : std::nan(""))
                      : exponent == 0 ? std::ldexp(fraction, -24)
                                      : std::ldexp(1024 + fraction, exponent - 25);
  return (half.bits & 0x8000) != 0 ? -size : size;
}
double to_double(std::floating_point auto number) { return number; }

// The next elements of a stream of bytes, a piece at a time.
template <typename T>
class Elements {
 public:
  Elements(const ArrayBytes& bytes, std::span<const std::uint8_t> begun, std::string_view where, bool swapped)
      : bytes_(bytes), begun_(begun), where_(where), swapped_(swapped) {}

  // Calls f(element, index) for each of `count`.
  template <typename F>
  void each(std::size_t count, const F& f) {
    constexpr std::size_t kPiece = 8192;  // guess: elements; they stay in the first cache
    std::vector<std::uint8_t> piece(std::min(kPiece, count) * sizeof(T));
    for (std::size_t done = 0; done < count;) {
      const std::size_t n = std::min(kPiece, count - done);
      take({piece.data(), n * sizeof(T)});
      for (std::size_t i = 0; i < n; ++i) f(element(piece.data() + i * sizeof(T)), done + i);
      done += n;
    }
  }

  // What stood in the first read, then what the source still has.
  void take(std::span<std::uint8_t> to) {
    const std::size_t n = std::min(to.size(), begun_.size());
    std::copy_n(begun_.begin(), n, to.begin());
    begun_ = begun_.subspan(n);
    to = to.subspan(n);
    if (!to.empty() && bytes_.read(to) != to.size())
      fail(ErrorKind::format, "{}: cut short: fewer bytes than its header promises; get the file anew", where_);
  }

 private:
  T element(const std::uint8_t* from) const {
    std::uint8_t raw[sizeof(T)];
    std::memcpy(raw, from, sizeof(T));
    if constexpr (sizeof(T) > 1)
      if (swapped_) std::reverse(raw, raw + sizeof(T));
    if constexpr (std::same_as<T, bool>) return raw[0] != 0;  // any byte but 0 and 1 would be no bool
    T value;
    std::memcpy(&value, raw, sizeof(T));
    return value;
  }

  const ArrayBytes& bytes_;
  std::span<const std::uint8_t> begun_;
  std::string_view where_;
  bool swapped_;
};

// Floats in 0..1 or 0..255 as they come. Which of the two is known at the first value above 1; what was stored before
// is then put right, exactly: v in 0..1 was stored as round(255 v), and round(v) is 1 just where that is 128 or more.
class FloatPixels {
 public:
  FloatPixels(Bytes& pixels, std::string_view where) : pixels_(pixels), where_(where) {}

  void put(double value, std::size_t index) {
    if (!(value >= 0 && value <= 255))
      fail(ErrorKind::format, "{}: the value {} at index {}; expected pixels in 0..1 or in 0..255", where_, value,
           index);
    if (value > 1 && !bytes_) {
      for (std::size_t i = 0; i < index; ++i) pixels_[i] = pixels_[i] >= 128;
      bytes_ = true;
    }
    largest_ = std::max(largest_, value);
    pixels_[index] = static_cast<std::uint8_t>(std::lround(bytes_ ? value : 255 * value));
  }

  void finish() const {
    constexpr double kSurelyBytes = 128;  // guess: no set of images in 0..255 has none that is half bright
    if (largest_ > 1 && largest_ < kSurelyBytes)
      fail(ErrorKind::format,
           "{}: the largest value is {}: neither 0..1 nor 0..255 can be meant; scale it, and save it with "
           "astype('uint8')",
           where_, largest_);
  }

 private:
  Bytes& pixels_;
  std::string_view where_;
  double largest_ = 0;
  bool bytes_ = false;  // whether the values are in 0..255
};

// The header, and the elements that came with it.
class Opened {
 public:
  Opened(const ArrayBytes& bytes, std::string_view where) : bytes_(bytes), where_(where) {
    start_.resize(std::min(bytes.size, kMaxNpyHeader));
    start_.resize(bytes.read(start_));
    header_ = parse_npy_header(start_, where);
    type_ = element_type(header_, where);
    if (header_.fortran_order && header_.shape.size() > 1)
      fail(ErrorKind::format, "{}: in Fortran order; expected C order: save it with numpy.ascontiguousarray", where);
  }

  const std::vector<std::size_t>& shape() const { return header_.shape; }
  const ElementType& type() const { return type_; }
  std::string shape_text() const { return fmt::format("({})", fmt::join(header_.shape, ", ")); }

  // How many elements there are, which is what the shape says and what the bytes hold.
  std::size_t count(std::size_t max_bytes) const {
    std::size_t count = 1;
    bool overflows = false;
    for (const std::size_t size : shape()) overflows = __builtin_mul_overflow(count, size, &count) || overflows;
    const std::size_t follow = bytes_.size - header_.bytes;
    if (overflows || count == 0 || follow % type_.size != 0 || follow / type_.size != count)
      fail(ErrorKind::shape, "{}: shape {} of {} does not match the {} bytes that follow", where_, shape_text(),
           header_.type, follow);
    if (count > max_bytes)
      fail(ErrorKind::limit, "{}: {} elements, more than the {} that are accepted", where_, count, max_bytes);
    return count;
  }

  template <typename T>
  Elements<T> elements() const {
    return {bytes_, std::span(start_).subspan(header_.bytes), where_, type_.swapped};
  }

  void expect_end() const {
    std::uint8_t beyond = 0;
    if (bytes_.read({&beyond, 1}) != 0) fail(ErrorKind::format, "{}: longer than its source promises", where_);
  }

 private:
  const ArrayBytes& bytes_;
  std::string_view where_;
  Bytes start_;
  NpyHeader header_;
  ElementType type_;
};

// Height and width of (count, ...).
void take_sides(ImageArray& images, const Opened& array, std::string_view where) {
  const std::vector<std::size_t>& shape = array.shape();
  images.count = shape.empty() ? 0 : shape[0];
  if (shape.size() == 2) {
    const auto side = static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(shape[1]))));
    if (side * side != shape[1])
      fail(ErrorKind::format, "{}: shape {}: images of {} pixels are no squares; reshape it to (count, height, width)",
           where, array.shape_text(), shape[1]);
    images.height = images.width = side;
  } else if (shape.size() == 3 || (shape.size() == 4 && shape[3] == 1)) {
    images.height = shape[1];
    images.width = shape[2];
  } else if (shape.size() == 4 && shape[1] == 1) {
    images.height = shape[2];
    images.width = shape[3];
  } else if (shape.size() == 4 && (shape[3] == 3 || shape[3] == 4 || shape[1] == 3)) {
    fail(ErrorKind::format, "{}: shape {}: images in colour; make them grey first: (count, height, width)", where,
         array.shape_text());
  } else {
    fail(ErrorKind::format,
         "{}: shape {}; expected (count, height, width), (count, height * width) or (count, height, width, 1)", where,
         array.shape_text());
  }
}

}  // namespace

ImageArray read_image_array(const ArrayBytes& bytes, std::string_view where, std::size_t max_bytes) {
  const Opened array(bytes, where);
  ImageArray images;
  take_sides(images, array, where);
  const std::size_t count = array.count(max_bytes);
  reserve(images.pixels, count);
  images.pixels.resize(count);
  with_type(array.type(), [&]<typename T>(T) {
    auto elements = array.elements<T>();
    if constexpr (std::same_as<T, std::uint8_t>) {
      elements.take(images.pixels);
    } else if constexpr (std::same_as<T, bool>) {
      elements.each(count, [&](bool set, std::size_t i) { images.pixels[i] = set ? 255 : 0; });
    } else if constexpr (std::integral<T>) {
      elements.each(count, [&](T value, std::size_t i) {
        if (!std::in_range<std::uint8_t>(value))
          fail(ErrorKind::format, "{}: the value {} at index {}; expected pixels in 0..255", where, value, i);
        images.pixels[i] = static_cast<std::uint8_t>(value);
      });
    } else {
      FloatPixels pixels(images.pixels, where);
      elements.each(count, [&](T value, std::size_t i) { pixels.put(to_double(value), i); });
      pixels.finish();
    }
  });
  array.expect_end();
  return images;
}

Bytes read_label_array(const ArrayBytes& bytes, std::string_view where, std::size_t max_bytes) {
  const Opened array(bytes, where);
  const std::vector<std::size_t>& shape = array.shape();
  if (shape.size() != 1 && !(shape.size() == 2 && shape[1] == 1))
    fail(ErrorKind::format, "{}: shape {}; expected (count): a class for each image, counted from 0{}", where,
         array.shape_text(), shape.size() == 2 ? " (of one-hot rows, numpy.argmax(y, 1))" : "");
  if (array.type().kind == 'f')
    fail(ErrorKind::format, "{}: floats as labels; expected integers: save it with astype('uint8')", where);
  const std::size_t count = array.count(max_bytes);
  Bytes labels(count);
  with_type(array.type(), [&]<typename T>(T) {
    if constexpr (std::integral<T>) {
      array.elements<T>().each(count, [&](T value, std::size_t i) {
        if constexpr (!std::same_as<T, bool>)
          if (!std::in_range<std::uint8_t>(value))
            fail(ErrorKind::format, "{}: label {} is out of range: it is {}, and 0 to 255 can be", where, i, value);
        labels[i] = static_cast<std::uint8_t>(value);
      });
    }
  });
  array.expect_end();
  return labels;
}

ArrayBytes array_bytes(std::span<const std::uint8_t> file) {
  return {.size = file.size(), .read = [file](std::span<std::uint8_t> to) mutable {
            const std::size_t n = std::min(to.size(), file.size());
            std::copy_n(file.begin(), n, to.begin());
            file = file.subspan(n);
            return n;
          }};
}

}  // namespace inkling
