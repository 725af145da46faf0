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

// Throws Error: io (missing, a directory, unreadable), limit (more than max_bytes).
Bytes read_file(const std::filesystem::path& path, std::size_t max_bytes);

// Throws Error io: the folder is missing or unwritable, the disk is full. Thread-safe for different paths.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace inkling
