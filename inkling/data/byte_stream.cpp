#include "inkling/data/byte_stream.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <optional>
#include <vector>

#include "inkling/core/error.h"
#include "inkling/core/file.h"
#include "inkling/data/gzip.h"

namespace inkling {
namespace {

constexpr std::size_t kPackedBytes = std::size_t{1} << 18;  // guess: of a gzip file, read at a time

}  // namespace

struct ByteStream::State {
  std::string where;
  std::optional<InputFile> file;
  std::span<const std::uint8_t> memory;  // what is left of the bytes, where there is no file
  std::uint64_t taken = 0;
  std::uint64_t total = 0;

  std::array<std::uint8_t, 2> start{};  // the first bytes, which were looked at and are still to be given out
  std::size_t start_begin = 0;
  std::size_t start_end = 0;

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
  }

  // As it lies in the file.
  std::size_t take(std::span<std::uint8_t> to) {
    std::size_t done = 0;
    while (start_begin < start_end && done < to.size()) to[done++] = start[start_begin++];
    done += raw(to.subspan(done));
    taken += done;
    return done;
  }

  std::size_t raw(std::span<std::uint8_t> to) {
    if (file) return file->read(to);
    const std::size_t n = std::min(to.size(), memory.size());
    std::copy_n(memory.begin(), n, to.begin());
    memory = memory.subspan(n);
    return n;
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
    const std::size_t n = take(input);
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
    start_end = raw(start);
    packed = is_gzip({start.data(), start_end});
    if (packed) open_zlib();
  }
};

ByteStream::ByteStream(const std::filesystem::path& path) : state_(std::make_unique<State>()) {
  state_->where = path.string();
  state_->file.emplace(path, std::numeric_limits<std::size_t>::max());
  state_->total = state_->file->size();
  state_->look_at_start();
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
  return state_->packed ? state_->inflate_into(to) : state_->take(to);
}

std::uint64_t ByteStream::taken() const { return state_->taken; }
std::uint64_t ByteStream::total() const { return state_->total; }

}  // namespace inkling
