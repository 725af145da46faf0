#include "inkling/core/draft.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "inkling/core/error.h"

namespace inkling {
namespace {

namespace fs = std::filesystem;

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

fs::path temporary_name(const fs::path& path, std::string_view kind) {
  static std::atomic<unsigned> counter{0};
  return folder_of(path) / fmt::format(".{}.{}-{}.{}", path.filename().string(), ::getpid(), counter++, kind);
}

bool write_all(int descriptor, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

// Flushes a folder's own list of names, or with `all` everything of the file system that it is on.
void flush_folder(const fs::path& folder, bool all) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  if (all) ::syncfs(descriptor);
  ::fsync(descriptor);
  ::close(descriptor);
}

// "sub/" names the folder that "sub" does.
fs::path without_slash(fs::path path) { return path.has_filename() ? path : path.parent_path(); }

}  // namespace

FileDraft::FileDraft(fs::path path) : path_(std::move(path)), temporary_(temporary_name(path_, "part")) {
  std::error_code ignored;
  if (fs::is_directory(path_, ignored)) fail(ErrorKind::io, "{}: cannot be written: it is a directory", path_.string());
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor_ < 0)
    fail(ErrorKind::io, "{}: cannot be written: {} (folder {})", path_.string(), std::strerror(errno),
         folder_of(path_).string());
}

FileDraft::~FileDraft() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void FileDraft::fail_to_write() {
  fail(ErrorKind::io, "{}: cannot be written: {}; what was there before is unchanged", path_.string(),
       std::strerror(errno));
}

void FileDraft::append(std::span<const std::uint8_t> bytes) {
  if (!write_all(descriptor_, bytes)) fail_to_write();
}

void FileDraft::append(std::string_view text) {
  append(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

void FileDraft::finish() {
  if (::fsync(descriptor_) != 0 || ::close(std::exchange(descriptor_, -1)) != 0 ||
      ::rename(temporary_.c_str(), path_.c_str()) != 0)
    fail_to_write();
  temporary_.clear();
  flush_folder(folder_of(path_), false);
}

FolderDraft::FolderDraft(fs::path path)
    : path_(without_slash(std::move(path))), temporary_(temporary_name(path_, "part")) {
  std::error_code error;
  if (!fs::create_directory(temporary_, error))
    fail(ErrorKind::io, "{}: cannot be written: {} (folder {})", path_.string(), error.message(),
         folder_of(path_).string());
}

FolderDraft::~FolderDraft() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove_all(temporary_, ignored);
}

void FolderDraft::finish() {
  flush_folder(temporary_, true);
  std::error_code error;
  fs::path before;
  if (fs::exists(fs::symlink_status(path_, error))) {
    before = temporary_name(path_, "old");
    fs::rename(path_, before, error);
    if (error) fail(ErrorKind::io, "{}: cannot be replaced: {}", path_.string(), error.message());
  }
  fs::rename(temporary_, path_, error);
  if (error) {
    std::error_code ignored;
    if (!before.empty()) fs::rename(before, path_, ignored);
    fail(ErrorKind::io, "{}: cannot be written: {}; what was there before is unchanged", path_.string(),
         error.message());
  }
  temporary_.clear();
  if (!before.empty()) fs::remove_all(before, error);
  flush_folder(folder_of(path_), false);
}

void write_file_plainly(const fs::path& path, std::span<const std::uint8_t> bytes) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) fail(ErrorKind::io, "{}: cannot be written: {}", path.string(), std::strerror(errno));
  const bool written = write_all(descriptor, bytes);
  const int reason = errno;
  if (::close(descriptor) != 0 || !written)
    fail(ErrorKind::io, "{}: cannot be written: {}", path.string(), std::strerror(written ? errno : reason));
}

}  // namespace inkling
