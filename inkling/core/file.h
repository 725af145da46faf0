// Whole files, in and out.
//
// Reading refuses what is not a regular file and what is larger than the caller's limit, before memory is taken.
// Writing is all or nothing: the bytes go to a file of another name in the same folder, are flushed to the disk, and
// only then take the name. A failure at any point (a full disk, a folder without permission, a crash) leaves what was
// there before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace inkling {

using Bytes = std::vector<std::uint8_t>;

// Makes room for `size` bytes in all, in huge pages where they are many and the system has them: 47 MB of small pages
// take 25 ms to be handed out. Throws std::bad_alloc.
void reserve(Bytes& bytes, std::size_t size);

// Gives the memory behind a buffer's size back to the system, where that is many pages: what shrank is as small as one
// that was never larger, and its bytes were not copied for it.
void give_back_rest(Bytes& bytes) noexcept;

// A regular file, read from front to back, so that its pieces can go straight to where they belong.
class InputFile {
 public:
  // Throws Error: io (missing, a directory, a pipe, unreadable), limit (more than max_bytes).
  InputFile(std::filesystem::path path, std::size_t max_bytes);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  std::size_t size() const { return size_; }  // when it was opened
  // The next bytes; fewer than asked for only at the file's end. Throws Error io.
  std::size_t read(std::span<std::uint8_t> to);

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::size_t size_ = 0;
};

// Throws Error: io (missing, a directory, unreadable), limit (more than max_bytes).
Bytes read_file(const std::filesystem::path& path, std::size_t max_bytes);

// Throws Error io: the folder is missing or unwritable, the disk is full. Thread-safe for different paths.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace inkling
