#include "inkling/report/event_records.h"

#include <array>
#include <bit>
#include <optional>

namespace inkling {
namespace {

// Fields of tensorflow.Event (tensorflow/core/util/event.proto) that are read again.
constexpr unsigned kStep = 2;
// Protobuf's wire types.
constexpr unsigned kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5;
constexpr std::size_t kHead = 12, kTail = 4;  // derived: bytes of a record before and behind its data

constexpr std::array<std::uint32_t, 256> kTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t n = 0; n < 256; ++n) {
    std::uint32_t rest = n;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) * 0x82F63B78u);  // the polynomial, reflected
    table[n] = rest;
  }
  return table;
}();

// A CRC of data that contains its own CRC would be a weak check: hence the mask.
std::uint32_t masked(std::span<const std::uint8_t> bytes) { return std::rotr(crc32c(bytes), 15) + 0xA282EAD8u; }

template <typename Target>
void append_little_endian(Target& out, std::uint64_t value, std::size_t bytes) {
  for (std::size_t k = 0; k < bytes; ++k)
    out.push_back(static_cast<typename Target::value_type>(static_cast<std::uint8_t>(value >> (8 * k))));
}

std::uint64_t little_endian(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (std::size_t k = 0; k < bytes.size(); ++k) value |= std::uint64_t{bytes[k]} << (8 * k);
  return value;
}

// Takes a varint off the front; nothing where it is cut short or longer than 64 bits.
std::optional<std::uint64_t> take_varint(std::span<const std::uint8_t>& rest) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !rest.empty(); shift += 7) {
    const std::uint8_t byte = rest.front();
    rest = rest.subspan(1);
    value |= std::uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

// The step of an event, 0 where it has none; nothing where the bytes are no message.
std::optional<std::uint64_t> step_of(std::span<const std::uint8_t> event) {
  std::uint64_t step = 0;
  while (!event.empty()) {
    const auto key = take_varint(event);
    if (!key) return std::nullopt;
    std::uint64_t skipped = 0;
    switch (*key & 7) {
      case kVarint: {
        const auto value = take_varint(event);
        if (!value) return std::nullopt;
        if (*key >> 3 == kStep) step = *value;
        break;
      }
      case kFixed64: skipped = 8; break;
      case kFixed32: skipped = 4; break;
      case kLengthDelimited: {
        const auto length = take_varint(event);
        if (!length) return std::nullopt;
        skipped = *length;
        break;
      }
      default: return std::nullopt;
    }
    if (skipped > event.size()) return std::nullopt;
    event = event.subspan(skipped);
  }
  return step;
}

}  // namespace

std::uint32_t crc32c(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const std::uint8_t byte : bytes) crc = (crc >> 8) ^ kTable[(crc ^ byte) & 0xFF];
  return ~crc;
}

void append_record(Bytes& file, std::string_view data) {
  const std::size_t start = file.size();
  append_little_endian(file, data.size(), 8);
  append_little_endian(file, masked({file.data() + start, 8}), 4);
  const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(data.data()), data.size());
  file.insert(file.end(), bytes.begin(), bytes.end());
  append_little_endian(file, masked(bytes), 4);
}

std::size_t bytes_through_step(std::span<const std::uint8_t> file, std::uint64_t step) {
  std::size_t at = 0;
  while (file.size() - at >= kHead + kTail) {
    const auto head = file.subspan(at, kHead);
    const std::uint64_t length = little_endian(head.first(8));
    if (little_endian(head.subspan(8)) != masked(head.first(8)) || length > file.size() - at - kHead - kTail) break;
    const auto data = file.subspan(at + kHead, length);
    if (little_endian(file.subspan(at + kHead + length, kTail)) != masked(data)) break;
    const auto found = step_of(data);
    if (!found || *found > step) break;
    at += kHead + length + kTail;
  }
  return at;
}

void Message::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(0x80 | (value & 0x7F)));
  bytes_.push_back(static_cast<char>(value));
}

void Message::add_varint(unsigned field, std::uint64_t value) {
  varint(field << 3 | kVarint);
  varint(value);
}

void Message::add_float(unsigned field, float value) {
  varint(field << 3 | kFixed32);
  append_little_endian(bytes_, std::bit_cast<std::uint32_t>(value), 4);
}

void Message::add_double(unsigned field, double value) {
  varint(field << 3 | kFixed64);
  append_little_endian(bytes_, std::bit_cast<std::uint64_t>(value), 8);
}

void Message::add_bytes(unsigned field, std::string_view value) {
  varint(field << 3 | kLengthDelimited);
  varint(value.size());
  bytes_ += value;
}

void Message::add_packed(unsigned field, std::span<const double> values) {
  varint(field << 3 | kLengthDelimited);
  varint(8 * values.size());
  for (const double value : values) append_little_endian(bytes_, std::bit_cast<std::uint64_t>(value), 8);
}

}  // namespace inkling
