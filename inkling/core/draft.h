// Files and folders that appear whole or not at all, written piece by piece.
//
// A draft has a name of its own beside the one it is for, and takes that name when it is finished and flushed to the
// disk. One that is not finished, because something failed, is removed; what was there before is unchanged.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace inkling {

class FileDraft {
 public:
  // Throws Error io, as all of it: the folder is missing or cannot be written to, the path is a directory.
  explicit FileDraft(std::filesystem::path path);
  ~FileDraft();
  FileDraft(const FileDraft&) = delete;
  FileDraft& operator=(const FileDraft&) = delete;

  void append(std::span<const std::uint8_t> bytes);
  void append(std::string_view text);
  void finish();

 private:
  [[noreturn]] void fail_to_write();

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

class FolderDraft {
 public:
  // What is at the path, a folder or a file, is replaced when the draft is finished.
  explicit FolderDraft(std::filesystem::path path);
  ~FolderDraft();
  FolderDraft(const FolderDraft&) = delete;
  FolderDraft& operator=(const FolderDraft&) = delete;

  // Where to write until then.
  const std::filesystem::path& path() const { return temporary_; }
  void finish();

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
};

// A file of a draft: nothing is flushed or renamed. Throws Error io. Thread-safe for different paths.
void write_file_plainly(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);

}  // namespace inkling
