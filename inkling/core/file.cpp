#include "inkling/core/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "inkling/core/aligned.h"
#include "inkling/core/error.h"

namespace inkling {
namespace {

// An open file that is closed when it goes out of scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  // Closing is where some file systems first report a full disk, so its result counts.
  bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

std::string reason() { return std::strerror(errno); }

bool write_all(int fd, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

// The folder holds the new name only once it is flushed itself. A file system that cannot do that is no reason to fail.
void flush_folder(const std::filesystem::path& folder) {
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() >= 0) ::fsync(fd.get());
}

}  // namespace

void reserve(Bytes& bytes, std::size_t size) {
  bytes.reserve(size);
  prefer_huge_pages(bytes.data(), bytes.capacity());
}

void give_back_rest(Bytes& bytes) noexcept {
  constexpr std::size_t kPage = 4096, kMany = 64 * kPage;  // guess: less is not worth a system call
  const auto begin = round_up(reinterpret_cast<std::uintptr_t>(bytes.data()) + bytes.size(), kPage);
  const auto end = (reinterpret_cast<std::uintptr_t>(bytes.data()) + bytes.capacity()) / kPage * kPage;
  if (end > begin && end - begin >= kMany) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

InputFile::InputFile(std::filesystem::path path, std::size_t max_bytes) : path_(std::move(path)) {
  // O_NONBLOCK: a FIFO without a writer must be refused, not waited for.
  Descriptor fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) fail(ErrorKind::io, "{}: cannot be opened: {}", path_.string(), reason());
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) fail(ErrorKind::io, "{}: cannot be examined: {}", path_.string(), reason());
  if (S_ISDIR(info.st_mode)) fail(ErrorKind::io, "{}: expected a file, found a directory", path_.string());
  if (!S_ISREG(info.st_mode))
    fail(ErrorKind::io, "{}: expected a regular file, found a device or pipe", path_.string());
  if (static_cast<std::uintmax_t>(info.st_size) > max_bytes)
    fail(ErrorKind::limit, "{}: {} bytes, more than the {} that are read at most", path_.string(), info.st_size,
         max_bytes);
  size_ = static_cast<std::size_t>(info.st_size);
  descriptor_ = fd.release();
}

InputFile::~InputFile() { ::close(descriptor_); }

std::size_t InputFile::read(std::span<std::uint8_t> to) {
  std::size_t done = 0;
  while (done < to.size()) {
    const ssize_t n = ::read(descriptor_, to.data() + done, to.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(ErrorKind::io, "{}: cannot be read: {}", path_.string(), reason());
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

Bytes read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  InputFile file(path, max_bytes);
  Bytes bytes;
  reserve(bytes, file.size());
  bytes.resize(file.size());
  bytes.resize(file.read(bytes));  // where it shrank while it was read, whoever parses it sees the missing bytes
  return bytes;
}

void write_file_atomically(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  static std::atomic<unsigned> counter{0};  // two threads that write the same path must not share a temporary file
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const std::filesystem::path temporary =
      folder / fmt::format(".{}.{}-{}.part", path.filename().string(), ::getpid(), counter++);

  // The parent's error is clearer than the temporary file's, and a target that is a folder is found before any work.
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    fail(ErrorKind::io, "{}: cannot be written: it is a directory", path.string());
  Descriptor fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (fd.get() < 0)
    fail(ErrorKind::io, "{}: cannot be written: {} (folder {})", path.string(), reason(), folder.string());

  const bool written = write_all(fd.get(), bytes) && ::fsync(fd.get()) == 0 && fd.close() &&
                       ::rename(temporary.c_str(), path.c_str()) == 0;
  if (!written) {
    const std::string why = reason();
    ::unlink(temporary.c_str());
    fail(ErrorKind::io, "{}: cannot be written: {}; what was there before is unchanged", path.string(), why);
  }
  flush_folder(folder);
}

void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  write_file_atomically(path, std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

}  // namespace inkling
