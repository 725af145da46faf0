// A file's content from its beginning to its end, piece by piece, inflated where the file is gzip.
//
// Memory is a buffer of a fixed size, whatever the file claims or inflates to: the caller decides how much to take.
// Gzip's checksums are compared at the end of each member; members may follow each other, other bytes may not. One
// stream belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace inkling {

class ByteStream {
 public:
  // Throws Error io: missing, a directory, no regular file, unreadable.
  explicit ByteStream(const std::filesystem::path& path);
  // Bytes that others keep alive; `where` names them in errors.
  ByteStream(std::span<const std::uint8_t> bytes, std::string_view where);
  ~ByteStream();
  ByteStream(ByteStream&&) noexcept;
  ByteStream& operator=(ByteStream&&) noexcept;

  // Fills `to` as far as there is content, and returns how much that was: less than asked for only at the end. Throws
  // Error: io (unreadable), format (gzip data that is cut short or altered).
  std::size_t read(std::span<std::uint8_t> to);

  std::uint64_t taken() const;  // bytes of the file (as it lies there) that were read
  std::uint64_t total() const;  // the file's size

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace inkling
