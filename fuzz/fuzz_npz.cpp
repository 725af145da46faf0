// Any bytes as Keras' mnist.npz: either one inkling::Error, or a data set that keeps dataset.h's promises.
//
// Each input is tried twice: as an archive, and as the arrays of a right archive (its first half as images, its second
// as labels), so that the array parser behind the archive's checksums is reached too.
#include <libdeflate.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "inkling/core/error.h"
#include "inkling/data/npz.h"

namespace {

using inkling::Bytes;

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;  // guess: keeps a bomb from slowing the search

void put(Bytes& to, std::size_t count, std::uint64_t value) {
  for (std::size_t i = 0; i < count; ++i) to.push_back(static_cast<std::uint8_t>(i < 8 ? value >> (8 * i) : 0));
}

template <typename Text>
void append(Bytes& to, const Text& text) {
  to.insert(to.end(), text.begin(), text.end());
}

// A zip archive of one stored member after the other.
class Archive {
 public:
  void add(std::string_view name, std::span<const std::uint8_t> content) {
    Bytes facts;  // the same in the member's own header and in the directory
    put(facts, 10, 20);
    put(facts, 4, libdeflate_crc32(0, content.data(), content.size()));
    put(facts, 4, content.size());
    put(facts, 4, content.size());
    put(facts, 4, name.size());
    put(directory_, 6, 0x001402014b50);
    append(directory_, facts);
    put(directory_, 10, 0);
    put(directory_, 4, bytes_.size());
    append(directory_, name);
    put(bytes_, 4, 0x04034b50);
    append(bytes_, facts);
    append(bytes_, name);
    append(bytes_, content);
    ++count_;
  }
  Bytes finish() {
    const std::size_t start = bytes_.size();
    append(bytes_, directory_);
    put(bytes_, 8, 0x06054b50);
    put(bytes_, 2, count_);
    put(bytes_, 2, count_);
    put(bytes_, 4, directory_.size());
    put(bytes_, 4, start);
    put(bytes_, 2, 0);
    return bytes_;
  }

 private:
  Bytes bytes_;
  Bytes directory_;
  std::size_t count_ = 0;
};

void check(const inkling::Dataset& data) {
  const bool kept = data.count() > 0 && data.pixels.size() == data.count() * data.height * data.width &&
                    std::ranges::all_of(data.labels, [&](std::uint8_t label) { return label < data.class_count(); });
  if (!kept) std::abort();
}

void try_npz(std::span<const std::uint8_t> bytes) {
  try {
    const inkling::SourceParts data = inkling::parse_npz(bytes, "fuzz", 0, kMaxBytes);
    check(data.train);
    if (data.test) check(*data.test);
  } catch (const inkling::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> input(data, size);
  try_npz(input);
  Archive archive;
  for (const std::string_view part : {"train.npy", "test.npy"}) {
    archive.add("x_" + std::string(part), input.first(size / 2));
    archive.add("y_" + std::string(part), input.subspan(size / 2));
  }
  try_npz(archive.finish());
  return 0;
}
