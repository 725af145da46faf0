#include "inkling/data/gzip.h"

#include <libdeflate.h>

#include <algorithm>
#include <memory>
#include <new>

#include "inkling/core/error.h"

namespace inkling {
namespace {

constexpr std::size_t kSmallestMember = 18;  // derived: RFC 1952's header and trailer
constexpr std::size_t kBelievedRatio =
    16;                    // guess: above what images reach (MNIST: 4.8), so that honest files inflate once
constexpr int kLevel = 9;  // guess: within 2 % of libdeflate's best (12) at a fraction of its time

struct Free {
  void operator()(libdeflate_decompressor* d) const noexcept { libdeflate_free_decompressor(d); }
  void operator()(libdeflate_compressor* c) const noexcept { libdeflate_free_compressor(c); }
};

// The size that the last member of `bytes` claims to have.
std::size_t claimed_size(std::span<const std::uint8_t> bytes) {
  const std::uint8_t* end = bytes.data() + bytes.size();
  return end[-4] | std::size_t{end[-3]} << 8 | std::size_t{end[-2]} << 16 | std::size_t{end[-1]} << 24;
}

}  // namespace

bool is_gzip(std::span<const std::uint8_t> bytes) { return bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b; }

Bytes gunzip(std::span<const std::uint8_t> bytes, std::string_view where, std::size_t max_bytes) {
  if (!is_gzip(bytes)) fail(ErrorKind::format, "{}: expected a gzip file, found something else", where);
  const std::unique_ptr<libdeflate_decompressor, Free> inflater(libdeflate_alloc_decompressor());
  if (!inflater) throw std::bad_alloc();
  const auto corrupt = [&] {
    fail(ErrorKind::format, "{}: the gzip data is truncated or corrupt; get the file anew", where);
  };

  Bytes out;
  std::size_t done = 0;  // bytes of `out` that are final
  while (!bytes.empty()) {
    if (bytes.size() < kSmallestMember) corrupt();
    // Exact for an honest file of one member; for others a first guess, which grows.
    std::size_t room = std::min({claimed_size(bytes), kBelievedRatio * bytes.size(), max_bytes - done});

    for (;;) {
      if (done == 0 && out.capacity() < room) Bytes().swap(out);  // a guess that was too low is not kept beside it
      reserve(out, done + room);
      out.resize(done + room);
      std::size_t used = 0;
      std::size_t written = 0;
      const libdeflate_result result = libdeflate_gzip_decompress_ex(inflater.get(), bytes.data(), bytes.size(),
                                                                     out.data() + done, room, &used, &written);
      if (result == LIBDEFLATE_SUCCESS) {
        bytes = bytes.subspan(used);
        done += written;
        break;
      }
      if (result != LIBDEFLATE_INSUFFICIENT_SPACE) corrupt();
      if (room == max_bytes - done)
        fail(ErrorKind::limit, "{}: inflates to more than the {} bytes that are accepted", where, max_bytes);
      room = std::min(std::max(2 * room, bytes.size()), max_bytes - done);
    }
  }
  out.resize(done);
  return out;
}

Bytes gzip(std::span<const std::uint8_t> bytes) {
  const std::unique_ptr<libdeflate_compressor, Free> deflater(libdeflate_alloc_compressor(kLevel));
  if (!deflater) throw std::bad_alloc();
  Bytes out(libdeflate_gzip_compress_bound(deflater.get(), bytes.size()));
  out.resize(libdeflate_gzip_compress(deflater.get(), bytes.data(), bytes.size(), out.data(), out.size()));
  return out;
}

}  // namespace inkling
