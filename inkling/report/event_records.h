// The record format of TensorFlow's event files, and the few words of protobuf that such a record holds.
//
// A record is the data's length (8 bytes, little-endian), that length's checksum, the data, the data's checksum; both
// checksums are CRC-32C, masked (tensorflow/core/lib/io/record_writer.h, tensorflow/core/lib/hash/crc32c.h). A file is
// records one behind the other, so that one cut short by a crash is whole up to its last record. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "inkling/core/file.h"

namespace inkling {

// Castagnoli's CRC of 32 bits (RFC 3720, appendix B.4).
std::uint32_t crc32c(std::span<const std::uint8_t> bytes);

// A record around the data, behind what `file` holds already.
void append_record(Bytes& file, std::string_view data);

// Bytes of the file's beginning that are whole records of events up to this step, and of events without a step. Ends
// before the first record that is cut short, damaged or of a later step.
std::size_t bytes_through_step(std::span<const std::uint8_t> file, std::uint64_t step);

// A protobuf message under construction (protobuf.dev, "Encoding"): fields in the order in which they are added.
class Message {
 public:
  void add_varint(unsigned field, std::uint64_t value);
  void add_float(unsigned field, float value);
  void add_double(unsigned field, double value);
  void add_bytes(unsigned field, std::string_view value);  // also strings and messages
  void add_packed(unsigned field, std::span<const double> values);
  const std::string& bytes() const { return bytes_; }

 private:
  void varint(std::uint64_t value);
  std::string bytes_;
};

}  // namespace inkling
