#include "inkling/data/byte_stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <vector>

#include "inkling/core/error.h"
#include "inkling/data/gzip.h"

namespace inkling {
namespace {

constexpr std::size_t kPackedBytes = std::size_t{1} << 18;  // guess: of a gzip file, read at a time

}  // namespace

struct ByteStream::State {
  std::string where;
  int fd = -1;
  std::span<const std::uint8_t> memory;  // what is left of the bytes, where there is no file
  std::uint64_t taken = 0;
  std::uint64_t total = 0;

  bool packed = false;
  bool ended = false;      // the last member is complete, or the file is empty
  bool in_member = false;  // inflate() wants more of a member that has begun
  z_stream zlib{};
  bool zlib_open = false;
  std::vector<std::uint8_t> input;  // (kPackedBytes)

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (zlib_open) inflateEnd(&zlib);
    if (fd >= 0) ::close(fd);
  }

  // As it lies in the file.
  std::size_t take(std::uint8_t* to, std::size_t count) {
    std::size_t done = 0;
    if (fd < 0) {
      done = std::min(count, memory.size());
      std::copy_n(memory.begin(), done, to);
      memory = memory.subspan(done);
    }
    while (fd >= 0 && done < count) {
      const ssize_t n = ::read(fd, to + done, count - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail(ErrorKind::io, "{}: cannot be read: {}", where, std::strerror(errno));
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    taken += done;
    return done;
  }

  void open_zlib() {
    constexpr int kGzip = 15 + 16;  // derived: zlib's largest window, with gzip's header and checksum
    if (inflateInit2(&zlib, kGzip) != Z_OK) throw std::bad_alloc();
    zlib_open = true;
    input.resize(kPackedBytes);
  }

  // Reads more of the packed bytes when none are left; whether there are any.
  bool refill() {
    if (zlib.avail_in > 0) return true;
    const std::size_t n = take(input.data(), input.size());
    zlib.next_in = input.data();
    zlib.avail_in = static_cast<uInt>(n);
    return n > 0;
  }

  [[noreturn]] void corrupt() const {
    fail(ErrorKind::format, "{}: the gzip data is truncated or corrupt; get the file anew", where);
  }

  std::size_t inflate_into(std::span<std::uint8_t> to) {
    std::size_t done = 0;
    while (done < to.size() && !ended) {
      if (!refill()) {
        if (in_member) corrupt();
        ended = true;
        break;
      }
      if (!in_member && inflateReset(&zlib) != Z_OK) corrupt();
      in_member = true;
      const std::size_t room = std::min<std::size_t>(to.size() - done, kMaxInflated);
      zlib.next_out = to.data() + done;
      zlib.avail_out = static_cast<uInt>(room);
      const int result = inflate(&zlib, Z_NO_FLUSH);
      done += room - zlib.avail_out;
      if (result == Z_STREAM_END)
        in_member = false;
      else if (result == Z_MEM_ERROR)
        throw std::bad_alloc();
      else if (result != Z_OK && result != Z_BUF_ERROR)
        corrupt();
    }
    return done;
  }

  void look_at_start() {
    std::uint8_t start[2];
    const std::size_t n = fd >= 0 ? static_cast<std::size_t>(std::max<ssize_t>(0, ::pread(fd, start, sizeof(start), 0)))
                                  : std::min(memory.size(), sizeof(start));
    if (fd < 0) std::copy_n(memory.begin(), n, start);
    packed = is_gzip({start, n});
    if (packed) open_zlib();
  }
};

ByteStream::ByteStream(const std::filesystem::path& path) : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.where = path.string();
  s.fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a FIFO without a writer must not be waited for
  if (s.fd < 0) fail(ErrorKind::io, "{}: cannot be opened: {}", s.where, std::strerror(errno));
  struct stat info {};
  if (::fstat(s.fd, &info) != 0) fail(ErrorKind::io, "{}: cannot be examined: {}", s.where, std::strerror(errno));
  if (S_ISDIR(info.st_mode)) fail(ErrorKind::io, "{}: expected a file, found a directory", s.where);
  if (!S_ISREG(info.st_mode)) fail(ErrorKind::io, "{}: expected a regular file, found a device or pipe", s.where);
  s.total = static_cast<std::uint64_t>(info.st_size);
  s.look_at_start();
}

ByteStream::ByteStream(std::span<const std::uint8_t> bytes, std::string_view where)
    : state_(std::make_unique<State>()) {
  state_->where = where;
  state_->memory = bytes;
  state_->total = bytes.size();
  state_->look_at_start();
}

ByteStream::~ByteStream() = default;
ByteStream::ByteStream(ByteStream&&) noexcept = default;
ByteStream& ByteStream::operator=(ByteStream&&) noexcept = default;

std::size_t ByteStream::read(std::span<std::uint8_t> to) {
  return state_->packed ? state_->inflate_into(to) : state_->take(to.data(), to.size());
}

std::uint64_t ByteStream::taken() const { return state_->taken; }
std::uint64_t ByteStream::total() const { return state_->total; }

}  // namespace inkling
