// A file's content piece by piece, inflated where it is gzip.
#include "inkling/data/byte_stream.h"

#include "inkling/core/file.h"
#include "inkling/data/gzip.h"
#include "tests/data/scratch.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

Bytes numbers(std::size_t count) {
  Bytes bytes;
  for (std::size_t i = 0; i < count; ++i) bytes.push_back(static_cast<std::uint8_t>(i * i >> 3));
  return bytes;
}

Bytes read_all(ByteStream stream, std::size_t piece) {
  Bytes all, part(piece);
  for (;;) {
    const std::size_t n = stream.read(part);
    all.insert(all.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(n));
    if (n < piece) return all;
  }
}

TEST(ByteStream, ContentDoesNotDependOnPiecesOrPacking) {
  const Scratch folder;
  const Bytes content = numbers(300001);
  Bytes packed = gzip(std::span(content).first(100000));
  const Bytes second = gzip(std::span(content).subspan(100000));
  packed.insert(packed.end(), second.begin(), second.end());
  write_file_atomically(folder / "raw", content);
  write_file_atomically(folder / "packed", packed);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{997}, std::size_t{1} << 20}) {
    EXPECT_TRUE(read_all(ByteStream(folder / "raw"), piece) == content);
    EXPECT_TRUE(read_all(ByteStream(folder / "packed"), piece) == content);
    EXPECT_TRUE(read_all(ByteStream(packed, "a"), piece) == content);
  }
  EXPECT_TRUE(read_all(ByteStream(Bytes{}, "a"), 10).empty());
  EXPECT_EQ(read_all(ByteStream(Bytes{7}, "a"), 10), Bytes{7});
}

TEST(ByteStream, DamagedPackingIsRefused) {
  const Bytes packed = gzip(numbers(5000));
  const auto refuses_bytes = [](const Bytes& bytes) {
    return refuses(ErrorKind::format, "truncated or corrupt", [&] { read_all(ByteStream(bytes, "a"), 997); });
  };
  Bytes changed = packed;
  changed[changed.size() - 6] ^= 1;  // the checksum
  EXPECT_TRUE(refuses_bytes(changed));
  changed = packed;
  changed.resize(changed.size() - 1);
  EXPECT_TRUE(refuses_bytes(changed));
  changed = packed;
  changed.push_back(7);
  EXPECT_TRUE(refuses_bytes(changed));
}

TEST(ByteStream, SaysHowMuchOfTheFileIsTaken) {
  const Bytes content = numbers(1000);
  ByteStream stream(content, "a");
  Bytes part(400);
  stream.read(part);
  EXPECT_EQ(stream.taken(), 400u);
  EXPECT_EQ(stream.total(), 1000u);
}

TEST(ByteStream, WhatIsNoFileIsRefused) {
  const Scratch folder;
  EXPECT_TRUE(refuses(ErrorKind::io, "cannot be opened", [&] { ByteStream(folder / "nowhere"); }));
  EXPECT_TRUE(refuses(ErrorKind::io, "directory", [&] { ByteStream(folder.path()); }));
}

}  // namespace
}  // namespace inkling
