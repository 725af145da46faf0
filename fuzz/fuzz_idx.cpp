// Any bytes as an IDX file, and as gzip: either one inkling::Error, or content that is written and read back unchanged.
//
// Raw and packed input both reach the header's checks: bytes that are not gzip are tried as they are.
#include <cstdlib>

#include "inkling/core/error.h"
#include "inkling/data/gzip.h"
#include "inkling/data/idx.h"

namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;  // guess: keeps a bomb from slowing the search

template <typename Work>
void try_to(const Work& work) {
  try {
    work();
  } catch (const inkling::Error&) {
  }
}

void require(bool holds) {
  if (!holds) std::abort();
}

// What was read, written again, is the file.
void check(inkling::Bytes header, const inkling::Bytes& elements, const inkling::Bytes& file) {
  header.insert(header.end(), elements.begin(), elements.end());
  require(header == file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  inkling::Bytes file(data, data + size);
  if (inkling::is_gzip(file)) {
    try_to([&] {
      inkling::Bytes content = inkling::gunzip(file, "fuzz", kMaxBytes);
      require(inkling::gunzip(inkling::gzip(content), "packed again", kMaxBytes) == content);
      file = std::move(content);
    });
  }
  try_to([&] {
    const inkling::IdxImages images = inkling::parse_idx_images(file, "fuzz");
    inkling::Dataset set{.height = images.height, .width = images.width, .pixels = {}, .labels = {}, .class_names = {}};
    set.labels.resize(images.count);
    check(inkling::idx_images_header(set), images.pixels, file);
  });
  try_to([&] {
    inkling::Dataset set;
    set.labels = inkling::parse_idx_labels(file, "fuzz");
    const bool bytes = file[2] == 8 && file[3] == 1;  // wider labels, and those in columns, are written as bytes
    if (bytes) check(inkling::idx_labels_header(set), set.labels, file);
    require(set.labels.size() <= file.size());
  });
  return 0;
}
