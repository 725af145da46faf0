// Which bytes of a matrix of pixels are not zero: what the first layer's products walk over.
//
// A matrix (rows, cols) of bytes is cut into chunks of kInkRows rows by kInkBlock columns. A chunk holds, for each of
// its rows, the numbers of the row's ink columns within the chunk, ascending, and after them their bytes; behind each
// of the two lists stand kInkSpare terms that add nothing: column kInkBlock with byte 0. The kernels list_rows and
// list_columns (kernels.h) fill chunks in.
#pragma once

#include <cstddef>
#include <cstdint>

#include "inkling/core/aligned.h"

namespace inkling {

inline constexpr std::size_t kInkRows = 64;    // derived: the bits of a mask
inline constexpr std::size_t kInkBlock = 128;  // derived: its rows of 64 floats are 32 KB of a first cache of 32 or 48
inline constexpr std::size_t kInkSpare = 8;    // guess: rows summed together, sorted, seldom differ by more terms

struct InkChunk {
  std::uint8_t counts[kInkRows];  // ink columns of each row
  std::uint8_t order[kInkRows];   // the rows by ascending count
  std::uint16_t starts[kInkRows];
  std::uint8_t terms[kInkRows * 2 * (kInkBlock + kInkSpare) + 64];  // what is stored 64 bytes at a time may end behind

  // Bytes from a list of n columns to that of their bytes.
  static constexpr std::size_t length(std::size_t n) { return round_up(n + kInkSpare, 8); }
};

struct InkLists {
  std::size_t rows = 0, cols = 0;
  InkChunk* chunks = nullptr;  // (blocks of columns, chunks of rows)

  std::size_t blocks() const { return (cols + kInkBlock - 1) / kInkBlock; }
  std::size_t row_chunks() const { return (rows + kInkRows - 1) / kInkRows; }
  InkChunk& chunk(std::size_t block, std::size_t row) const { return chunks[block * row_chunks() + row / kInkRows]; }
};

// The memory behind an InkLists, which grows and never shrinks.
class InkBuffer {
 public:
  // Room for a matrix of these sizes; what was listed before is lost.
  InkLists resize(std::size_t rows, std::size_t cols) {
    InkLists lists{.rows = rows, .cols = cols};
    const std::size_t chunks = lists.blocks() * lists.row_chunks();
    if (memory_.size() < chunks) memory_ = AlignedBuffer<InkChunk>(chunks);
    lists.chunks = memory_.data();
    return current_ = lists;
  }
  const InkLists& current() const { return current_; }

 private:
  AlignedBuffer<InkChunk> memory_;
  InkLists current_;
};

}  // namespace inkling
