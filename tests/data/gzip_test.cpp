// Gzip in memory: every damage is refused, and no file takes more memory than it is worth.
#include "inkling/data/gzip.h"

#include <sys/resource.h>

#include <random>

#include "tests/format/refusal.h"

namespace inkling {
namespace {

Bytes noise(std::size_t size) {
  std::mt19937 random(1);
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

void claim_size(Bytes& file, std::uint32_t size) {
  for (std::size_t i = 0; i < 4; ++i) file[file.size() - 4 + i] = static_cast<std::uint8_t>(size >> (8 * i));
}

std::size_t peak_kilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss);
}

TEST(Gzip, WhatIsPackedComesBackAndTheSameBytesAreWritten) {
  for (const std::size_t size : {0u, 1u, 1000u, 100000u}) {
    const Bytes content = noise(size);
    EXPECT_EQ(gunzip(gzip(content), "a.gz"), content);
    EXPECT_EQ(gzip(content), gzip(content));
  }
}

TEST(Gzip, EveryMemberIsRead) {
  const Bytes small = noise(10);
  const Bytes large(100000, 7);  // packs to less than the other's first guess at its size would hold
  for (const auto& [first, second] : {std::pair{small, large}, {large, small}, {Bytes{}, large}, {large, Bytes{}}}) {
    Bytes file = gzip(first);
    const Bytes rest = gzip(second);
    file.insert(file.end(), rest.begin(), rest.end());
    Bytes both = first;
    both.insert(both.end(), second.begin(), second.end());
    EXPECT_EQ(gunzip(file, "a.gz"), both);
    EXPECT_EQ(gunzip(file, "a.gz", both.size()), both);
    EXPECT_TRUE(refuses(ErrorKind::limit, "inflates to more than", [&] { gunzip(file, "a.gz", both.size() - 1); }));
  }
}

TEST(Gzip, SomethingElseIsRefused) {
  EXPECT_TRUE(refuses(ErrorKind::format, "a.gz: expected a gzip file", [] { gunzip(noise(100), "a.gz"); }));
  EXPECT_TRUE(refuses(ErrorKind::format, "expected a gzip file", [] { gunzip(Bytes{}, "a.gz"); }));
}

TEST(Gzip, TruncationAtAnyByteIsRefused) {
  const Bytes file = gzip(noise(100));
  for (std::size_t size = 2; size < file.size(); ++size)
    EXPECT_TRUE(refuses(ErrorKind::format, "truncated or corrupt", [&] {
      gunzip(Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)), "a.gz");
    })) << size;
}

TEST(Gzip, AChangedByteIsRefused) {
  const Bytes file = gzip(noise(1000));
  for (std::size_t i = 11; i < file.size(); ++i) {  // before that: names and dates, and the padding of a stored block
    Bytes damaged = file;
    damaged[i] ^= 0x10;
    EXPECT_THROW(gunzip(damaged, "a.gz"), Error) << i;
  }
}

TEST(Gzip, BytesBehindTheEndAreRefused) {
  Bytes file = gzip(noise(100));
  file.insert(file.end(), 30, 0);
  EXPECT_TRUE(refuses(ErrorKind::format, "truncated or corrupt", [&] { gunzip(file, "a.gz"); }));
}

TEST(Gzip, InflatingPastTheLimitIsRefused) {
  const Bytes file = gzip(Bytes(5000, 0));
  EXPECT_EQ(gunzip(file, "a.gz", 5000).size(), 5000u);
  EXPECT_TRUE(refuses(ErrorKind::limit, "more than the 4999 bytes", [&] { gunzip(file, "a.gz", 4999); }));
}

TEST(Gzip, InflatingPastTheLimitIsRefusedWhenTheFileClaimsLess) {
  Bytes file = gzip(Bytes(5000, 0));
  claim_size(file, 10);
  EXPECT_TRUE(refuses(ErrorKind::limit, "more than the 4999 bytes", [&] { gunzip(file, "a.gz", 4999); }));
  EXPECT_TRUE(refuses(ErrorKind::format, "truncated or corrupt", [&] { gunzip(file, "a.gz"); }));
}

TEST(Gzip, ALyingSizeTakesNoMemory) {
  Bytes file = gzip(noise(100));
  claim_size(file, 1u << 30);
  const std::size_t before = peak_kilobytes();
  EXPECT_TRUE(refuses(ErrorKind::format, "truncated or corrupt", [&] { gunzip(file, "a.gz"); }));
  claim_size(file, 0xffffffff);
  EXPECT_TRUE(refuses(ErrorKind::format, "truncated or corrupt", [&] { gunzip(file, "a.gz"); }));
  EXPECT_LT(peak_kilobytes(), before + 100 * 1024);
}

}  // namespace
}  // namespace inkling
