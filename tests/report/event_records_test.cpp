#include "inkling/report/event_records.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace inkling {
namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

TEST(Crc32c, GivesThePublishedValues) {
  EXPECT_EQ(crc32c(bytes_of("123456789")), 0xE3069283u);  // the catalogues' check value
  // RFC 3720, appendix B.4.
  EXPECT_EQ(crc32c(std::vector<std::uint8_t>(32, 0)), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::vector<std::uint8_t>(32, 0xFF)), 0x62A8AB43u);
  std::vector<std::uint8_t> rising(32);
  for (std::uint8_t k = 0; k < 32; ++k) rising[k] = k;
  EXPECT_EQ(crc32c(rising), 0x46DD794Eu);
  EXPECT_EQ(crc32c({}), 0u);
}

// The examples of protobuf.dev, "Encoding".
TEST(ProtobufMessage, IsWrittenAsThePublishedExamples) {
  Message varint;
  varint.add_varint(1, 150);
  EXPECT_EQ(varint.bytes(), "\x08\x96\x01");
  Message text;
  text.add_bytes(2, "testing");
  EXPECT_EQ(text.bytes(), "\x12\x07testing");
  Message nested;
  nested.add_bytes(3, varint.bytes());
  EXPECT_EQ(nested.bytes(), "\x1a\x03\x08\x96\x01");
  Message large;
  large.add_varint(16, UINT64_MAX);
  EXPECT_EQ(large.bytes(), "\x80\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  Message numbers;
  numbers.add_float(1, 1.0f);
  numbers.add_double(2, -2.0);
  EXPECT_EQ(numbers.bytes(), std::string("\x0d\0\0\x80\x3f\x11\0\0\0\0\0\0\0\xc0", 14));
}

std::string event_of_step(std::uint64_t step) {
  Message event;
  event.add_double(1, 1.5);
  if (step > 0) event.add_varint(2, step);
  event.add_bytes(5, std::string(200, 'x'));
  return event.bytes();
}

class Records : public testing::Test {
 protected:
  Records() {
    for (const std::uint64_t step : {0u, 10u, 20u, 30u}) {
      append_record(file_, event_of_step(step));
      ends_.push_back(file_.size());
    }
  }
  Bytes file_;
  std::vector<std::size_t> ends_;
};

TEST_F(Records, AreCutBehindAStep) {
  EXPECT_EQ(bytes_through_step(file_, 0), ends_[0]);
  EXPECT_EQ(bytes_through_step(file_, 19), ends_[1]);
  EXPECT_EQ(bytes_through_step(file_, 20), ends_[2]);
  EXPECT_EQ(bytes_through_step(file_, 1000), file_.size());
  EXPECT_EQ(bytes_through_step({}, 5), 0u);
}

TEST_F(Records, EndWhereTheFileIsCutShort) {
  for (std::size_t size = 0; size < file_.size(); ++size) {
    std::size_t whole = 0;
    for (const std::size_t end : ends_)
      if (end <= size) whole = end;
    ASSERT_EQ(bytes_through_step(std::span(file_).first(size), 1000), whole) << size;
  }
}

TEST_F(Records, EndBeforeAnyByteThatIsDamaged) {
  for (std::size_t at = 0; at < file_.size(); ++at) {
    Bytes damaged = file_;
    damaged[at] ^= 0x10;
    std::size_t whole = 0;
    for (const std::size_t end : ends_)
      if (end <= at) whole = end;
    ASSERT_EQ(bytes_through_step(damaged, 1000), whole) << at;
  }
}

TEST(RecordsFromOutside, WithRightChecksumsButNoMessageInsideEndTheFile) {
  const std::string no_messages[] = {
      std::string("\x12\x7f", 2),                                       // a text of 127 bytes that are not there
      std::string("\x80", 1),                                           // a key that does not end
      std::string(11, '\xff'),                                          // a key of more than 64 bits
      std::string("\x0b", 1),                                           // a wire type that is no more
      std::string("\x09\0\0", 3),                                       // a double of two bytes
      std::string("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11),  // a length near 2^64
  };
  for (const std::string& content : no_messages) {
    Bytes file;
    append_record(file, content);
    EXPECT_EQ(bytes_through_step(file, 1000), 0u);
  }
}

}  // namespace
}  // namespace inkling
