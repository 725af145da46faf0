// The first layer's products of kernels.h, which skip zero pixels: 81 % of MNIST, and exact in fp32.
//
// The ink of a batch is listed once by image and once by pixel (ink_lists.h). Forward, x W, and gradient, x^T dz, are
// then the same sparse product: a row of C is summed in registers over its list. A panel of B, kInkBlock rows by 64
// columns, stays in the first cache while all rows of the call pass over it; unfinished sums wait in memory, which is
// exact. Few vectors make short chains of multiply-adds that wait for one another, so rows with about as much ink are
// summed side by side, as many terms as the longest has: the spare terms behind the shorter lists are 0 * -0, which
// leaves any sum as it is, and one loop for all of them ends in one branch that is hard to foresee instead of many.
#define HWY_WANT_AVX3_DL
#include "inkling/kernel/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "inkling/kernel/sparse_input.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>

#include "inkling/kernel/kernels.h"
#include "inkling/kernel/lanes-inl.h"

#ifndef INKLING_KERNEL_SPARSE_INPUT_ONCE
#define INKLING_KERNEL_SPARSE_INPUT_ONCE
namespace inkling {
// Bytes 0 .. popcount(m) - 1 of element m are the positions of its bits.
inline constexpr auto kBitPositions = [] {
  std::array<std::array<std::uint8_t, 8>, 256> table{};
  for (std::size_t m = 0; m < 256; ++m)
    for (std::size_t bit = 0, n = 0; bit < 8; ++bit)
      if (m >> bit & 1) table[m][n++] = static_cast<std::uint8_t>(bit);
  return table;
}();
alignas(64) inline constexpr auto kPositions = [] {
  std::array<std::uint8_t, 64> table{};
  for (std::size_t i = 0; i < 64; ++i) table[i] = static_cast<std::uint8_t>(i);
  return table;
}();
}  // namespace inkling
#endif

HWY_BEFORE_NAMESPACE();
namespace inkling {
namespace HWY_NAMESPACE {

inline constexpr std::size_t kVectorsPerUnit = kColumnUnit / kLanes;
inline constexpr std::size_t kUnits = kLanes >= 8 ? 4 : kLanes == 4 ? 2 : 1;  // of a panel, as registers allow
inline constexpr std::size_t kMaskBits = 64;

// Bit i is set where bytes[i] is not zero, for 64 bytes.
HWY_INLINE std::uint64_t ink_mask(const std::uint8_t* bytes) {
  std::uint64_t mask = 0;
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t i = 0; i < kMaskBits; ++i) mask |= std::uint64_t{bytes[i] != 0} << i;
#else
  const hn::CappedTag<std::uint8_t, kMaskBits> d8;
  constexpr std::size_t kBytes = hn::MaxLanes(d8);
  for (std::size_t i = 0; i < kMaskBits; i += kBytes) {
    std::uint8_t bits[8] = {};
    hn::StoreMaskBits(d8, hn::Ne(hn::LoadU(d8, bytes + i), hn::Zero(d8)), bits);
    std::uint64_t part = 0;
    std::memcpy(&part, bits, sizeof(part));
    mask |= part << i;
  }
#endif
  return mask;
}

#if HWY_TARGET == HWY_AVX3_DL

// Those of 64 bytes whose bit is set, side by side. Writes 64 bytes.
HWY_INLINE void pick(std::uint64_t mask, const std::uint8_t* bytes, std::uint8_t* out) {
  _mm512_storeu_si512(out, _mm512_maskz_compress_epi8(mask, _mm512_loadu_si512(bytes)));
}
// The positions of the bits, from `first` on. Writes 64 bytes.
HWY_INLINE void pick_positions(std::uint64_t mask, std::uint8_t first, std::uint8_t* out) {
  const __m512i all = _mm512_add_epi8(_mm512_load_si512(kPositions.data()), _mm512_set1_epi8(static_cast<char>(first)));
  _mm512_storeu_si512(out, _mm512_maskz_compress_epi8(mask, all));
}

#else

// The bytes of 8 that are named by `positions`.
HWY_INLINE void pick_8(const std::uint8_t* bytes, const std::uint8_t* positions, std::uint8_t* out) {
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t i = 0; i < 8; ++i) out[i] = bytes[positions[i]];
#else
  const hn::Full128<std::uint8_t> d8;
  const hn::Full128<std::uint64_t> d64;
  const auto load_8 = [&](const std::uint8_t* from) HWY_ATTR {
    std::uint64_t word;
    std::memcpy(&word, from, sizeof(word));
    return hn::BitCast(d8, hn::Set(d64, word));
  };
  const std::uint64_t picked = hn::GetLane(hn::BitCast(d64, hn::TableLookupBytes(load_8(bytes), load_8(positions))));
  std::memcpy(out, &picked, sizeof(picked));
#endif
}

// As above, 8 bits at a time, each time writing 8 bytes.
HWY_INLINE void pick(std::uint64_t mask, const std::uint8_t* bytes, std::uint8_t* out) {
#pragma GCC unroll 8
  for (std::size_t j = 0; j < kMaskBits; j += 8) {
    const std::size_t m = mask >> j & 0xFF;
    pick_8(bytes + j, kBitPositions[m].data(), out);
    out += std::popcount(m);
  }
}
HWY_INLINE void pick_positions(std::uint64_t mask, std::uint8_t first, std::uint8_t* out) {
#pragma GCC unroll 8
  for (std::size_t j = 0; j < kMaskBits; j += 8) {
    const std::size_t m = mask >> j & 0xFF;
    std::uint64_t positions;
    std::memcpy(&positions, kBitPositions[m].data(), sizeof(positions));
    positions += (first + j) * 0x0101010101010101ull;
    std::memcpy(out, &positions, sizeof(positions));
    out += std::popcount(m);
  }
}

#endif

// Lists the ink of kInkBlock bytes as row `row` of a chunk, at `start` in its terms; returns where the next row starts.
HWY_INLINE std::size_t list_row(const std::uint8_t* bytes, InkChunk& chunk, std::size_t row, std::size_t start) {
  const std::uint64_t low = ink_mask(bytes), high = ink_mask(bytes + kMaskBits);
  const auto n_low = static_cast<std::size_t>(std::popcount(low));
  const std::size_t n = n_low + static_cast<std::size_t>(std::popcount(high)), length = InkChunk::length(n);
  // Each store may write over what follows it, which is not yet there.
  std::uint8_t* const columns = chunk.terms + start;
  pick_positions(low, 0, columns);
  pick_positions(high, kMaskBits, columns + n_low);
  std::memset(columns + n, kInkBlock, kInkSpare);
  std::uint8_t* const values = columns + length;
  pick(low, bytes, values);
  pick(high, bytes + kMaskBits, values + n_low);
  std::memset(values + n, 0, kInkSpare);
  chunk.counts[row] = static_cast<std::uint8_t>(n);
  chunk.starts[row] = static_cast<std::uint16_t>(start);
  return start + 2 * length;
}

// Counting sort.
HWY_INLINE void sort_rows(InkChunk& chunk, std::size_t rows) {
  std::uint8_t places[kInkBlock + 2] = {};
  for (std::size_t r = 0; r < rows; ++r) ++places[chunk.counts[r] + 1];
  for (std::size_t n = 1; n <= kInkBlock; ++n) places[n] = static_cast<std::uint8_t>(places[n] + places[n - 1]);
  for (std::size_t r = 0; r < rows; ++r) chunk.order[places[chunk.counts[r]]++] = static_cast<std::uint8_t>(r);
}

void list_rows(PixelView X, const InkLists& lists, std::size_t r0, std::size_t r1) noexcept {
  assert(lists.rows == X.rows && lists.cols == X.cols && r0 % kInkRows == 0 && r1 <= X.rows);
  for (std::size_t first = r0; first < r1; first += kInkRows)
    for (std::size_t block = 0; block < lists.blocks(); ++block) {
      InkChunk& chunk = lists.chunk(block, first);
      const std::size_t rows = std::min(kInkRows, r1 - first), c = block * kInkBlock;
      const std::size_t count = std::min(kInkBlock, X.cols - c);
      std::uint8_t whole[kInkBlock] = {};
      for (std::size_t r = 0, start = 0; r < rows; ++r) {
        const std::uint8_t* bytes = X.data + (first + r) * X.stride + c;
        if (count < kInkBlock) {  // the last pixels of an image: nothing behind them may be read
          std::memcpy(whole, bytes, count);
          bytes = whole;
        }
        start = list_row(bytes, chunk, r, start);
      }
      sort_rows(chunk, rows);
    }
}

// Row c, column r of out = in(r, c) for rows [0, rows) and columns [0, cols), at most 16 by kMaskBits; zero for other
// rows.
HWY_INLINE void transpose_16(const std::uint8_t* in, std::size_t stride, std::size_t rows, std::size_t cols,
                             std::uint8_t* out) {
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t c = 0; c < cols; ++c)
    for (std::size_t r = 0; r < 16; ++r) out[c * kInkBlock + r] = r < rows ? in[r * stride + c] : 0;
#else
  const hn::CappedTag<std::uint8_t, kMaskBits> d8;
  using V8 = hn::Vec<decltype(d8)>;
  constexpr std::size_t kBytes = hn::MaxLanes(d8);
  for (std::size_t c = 0; c < cols; c += kBytes) {
    V8 a[16], b[16];
    for (std::size_t r = 0; r < 16; ++r) {
      if (r >= rows) {
        a[r] = hn::Zero(d8);
      } else if (c + kBytes <= cols) {
        a[r] = hn::LoadU(d8, in + r * stride + c);
      } else {
        HWY_ALIGN std::uint8_t whole[kBytes] = {};
        std::memcpy(whole, in + r * stride + c, cols - c);
        a[r] = hn::Load(d8, whole);
      }
    }
    // Interleaving the lower half of the rows with the upper one, four times, transposes 16 x 16 bytes.
    for (std::size_t stage = 0; stage < 2; ++stage) {
      for (std::size_t r = 0; r < 8; ++r) {
        b[2 * r] = hn::InterleaveLower(d8, a[r], a[r + 8]);
        b[2 * r + 1] = hn::InterleaveUpper(d8, a[r], a[r + 8]);
      }
      for (std::size_t r = 0; r < 8; ++r) {
        a[2 * r] = hn::InterleaveLower(d8, b[r], b[r + 8]);
        a[2 * r + 1] = hn::InterleaveUpper(d8, b[r], b[r + 8]);
      }
    }
    for (std::size_t j = 0; j < 16; ++j) {
      HWY_ALIGN std::uint8_t bytes[kBytes];
      hn::Store(a[j], d8, bytes);
      for (std::size_t q = 0; q < kBytes && c + q + j < cols; q += 16)
        std::memcpy(out + (c + q + j) * kInkBlock, bytes + q, 16);
    }
  }
#endif
}

void list_columns(PixelView X, const InkLists& lists, std::size_t c0, std::size_t c1) noexcept {
  assert(lists.rows == X.cols && lists.cols == X.rows && c0 % kInkRows == 0 && c1 <= X.cols);
  alignas(64) std::uint8_t tile[kInkRows * kInkBlock];
  for (std::size_t block = 0; block < lists.blocks(); ++block) {
    const std::size_t first = block * kInkBlock;
    const std::size_t count = std::min(kInkBlock, X.rows - first);
    if (count < kInkBlock) std::memset(tile, 0, sizeof(tile));
    for (std::size_t c = c0; c < c1; c += kInkRows) {
      const std::size_t cols = std::min(kInkRows, c1 - c);
      for (std::size_t r = 0; r < count; r += 16)
        transpose_16(X.data + (first + r) * X.stride + c, X.stride, count - r, cols, tile + r);
      InkChunk& chunk = lists.chunk(block, c);
      for (std::size_t j = 0, start = 0; j < cols; ++j) start = list_row(tile + j * kInkBlock, chunk, j, start);
      sort_rows(chunk, cols);
    }
  }
}

// A block of B's rows, copied to a panel whose rows are Vectors * kLanes floats apart, with a row of -0 behind them for
// the spare terms.
template <std::size_t Vectors>
HWY_INLINE void pack(const float* b, std::size_t stride, std::size_t rows, float* panel) {
  constexpr std::size_t kWidth = Vectors * kLanes;
  const D d;
  for (std::size_t k = 0; k < rows; ++k)
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Vectors; ++v)
      hn::Store(hn::Load(d, b + k * stride + v * kLanes), d, panel + k * kWidth + v * kLanes);
  for (std::size_t j = 0; j < kWidth; ++j) panel[kInkBlock * kWidth + j] = -0.0f;
}

// The sums of Group rows of a chunk, which `rows` names, over the chunk's columns; they begin at from[g], or at 0.
template <std::size_t Group, std::size_t Vectors>
HWY_INLINE void sum_rows(const InkChunk& chunk, const std::uint8_t* rows, const float* values,
                         const float* HWY_RESTRICT panel, const float* const (&from)[Group], V (&sum)[Group][Vectors]) {
  constexpr std::size_t kWidth = Vectors * kLanes;
  const D d;
  const std::uint8_t* columns[Group];
  const std::uint8_t* bytes[Group];
  std::size_t counts[Group];
  for (std::size_t g = 0; g < Group; ++g) {
    counts[g] = chunk.counts[rows[g]];
    columns[g] = chunk.terms + chunk.starts[rows[g]];
    bytes[g] = columns[g] + InkChunk::length(counts[g]);
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Vectors; ++v)
      sum[g][v] = from[g] == nullptr ? hn::Zero(d) : hn::Load(d, from[g] + v * kLanes);
  }
  const auto add = [&](std::size_t g, std::size_t t) HWY_ATTR {
    const float* row = panel + columns[g][t] * kWidth;
    const V x = hn::Set(d, values[bytes[g][t]]);
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Vectors; ++v) sum[g][v] = fma(x, hn::Load(d, row + v * kLanes), sum[g][v]);
  };
  // The rows are sorted: the first is the shortest.
  const std::size_t together = std::min(counts[Group - 1], counts[0] + kInkSpare);
  for (std::size_t t = 0; t < together; ++t)
#pragma GCC unroll 4
    for (std::size_t g = 0; g < Group; ++g) add(g, t);
  if constexpr (Group > 1)
    if (together < counts[Group - 1])
      for (std::size_t g = 0; g < Group; ++g)
        for (std::size_t t = together; t < counts[g]; ++t) add(g, t);
}

// What becomes of a sum of C's row r, column n.
template <std::size_t Vectors>
HWY_INLINE void finish_row(const SparseProduct& p, const V (&sum)[Vectors], std::size_t r, std::size_t n) {
  const D d;
#pragma GCC unroll 16
  for (std::size_t v = 0; v < Vectors; ++v) {
    const std::size_t at = r * p.c_stride + n + v * kLanes;
    V z = sum[v];
    if (!p.more) {
      if (p.epilogue == Epilogue::descend) {
        float* w = p.w + n + r * p.w_stride + v * kLanes;
        hn::Store(fma(hn::Set(d, -p.rate), z, hn::Load(d, w)), d, w);
        continue;
      }
      if (p.epilogue != Epilogue::none) z = hn::Add(z, hn::Load(d, p.bias + n + v * kLanes));
      if (p.epilogue == Epilogue::bias_relu) z = hn::IfThenElse(hn::Lt(z, hn::Zero(d)), hn::Zero(d), z);
    }
    hn::Store(z, d, p.c + at);
  }
}

// derived: eight chains of multiply-adds keep the units busy, and longer loops end in fewer branches that are hard to
// foresee.
template <std::size_t Vectors>
inline constexpr std::size_t kGroup = kLanes == 16  ? 4
                                      : Vectors > 4 ? 1
                                      : Vectors > 2 ? 2
                                                    : 4;
inline constexpr std::size_t kRowsAtOnce = 512;  // guess: their unfinished sums, 128 KB, stay in the second cache

// Rows [r0, r1), at most kRowsAtOnce, columns [n, n + Vectors * kLanes).
template <std::size_t Vectors>
void sum_columns(const SparseProduct& product, std::size_t r0, std::size_t r1, std::size_t n) {
  constexpr std::size_t kWidth = Vectors * kLanes;
  const D d;
  const SparseProduct p = product;  // a copy, which no store of a vector can be taken to change
  HWY_ALIGN float panel[(kInkBlock + 1) * kWidth];
  HWY_ALIGN float unfinished[kRowsAtOnce * kWidth];
  for (std::size_t block = 0; block < p.a.blocks(); ++block) {
    const bool first = block == 0, last = block + 1 == p.a.blocks();
    pack<Vectors>(p.b + n + block * kInkBlock * p.b_stride, p.b_stride,
                  std::min(kInkBlock, p.a.cols - block * kInkBlock), panel);
    for (std::size_t chunk_row = r0; chunk_row < r1; chunk_row += kInkRows) {
      const InkChunk& chunk = p.a.chunk(block, chunk_row);
      const std::size_t rows = std::min(kInkRows, r1 - chunk_row);
      const auto sum_group = [&]<std::size_t Group>(std::size_t k) HWY_ATTR {
        const std::uint8_t* order = chunk.order + k;
        const float* from[Group];
        for (std::size_t g = 0; g < Group; ++g) {
          const std::size_t r = chunk_row + order[g];
          from[g] = !first ? unfinished + (r - r0) * kWidth : p.resume ? p.c + r * p.c_stride + n : nullptr;
        }
        V sum[Group][Vectors];
        sum_rows<Group, Vectors>(chunk, order, p.pixel_values, panel, from, sum);
        for (std::size_t g = 0; g < Group; ++g) {
          const std::size_t r = chunk_row + order[g];
          if (last) {
            finish_row<Vectors>(p, sum[g], r, n);
          } else {
#pragma GCC unroll 16
            for (std::size_t v = 0; v < Vectors; ++v)
              hn::Store(sum[g][v], d, unfinished + (r - r0) * kWidth + v * kLanes);
          }
        }
      };
      std::size_t k = 0;
      if (!first && !last)  // rows without ink here stay as they are
        while (k < rows && chunk.counts[chunk.order[k]] == 0) ++k;
      for (; k + kGroup<Vectors> <= rows; k += kGroup<Vectors>) sum_group.template operator()<kGroup<Vectors>>(k);
      for (; k < rows; ++k) sum_group.template operator()<1>(k);
    }
  }
}

void sparse_product(const SparseProduct& p, std::size_t r0, std::size_t r1, std::size_t n0, std::size_t n1) noexcept {
  assert(r0 % kInkRows == 0 && r1 <= p.a.rows && p.a.cols > 0 && p.pixel_values[0] == 0);
  assert(n0 % (kUnits * kColumnUnit) == 0 && p.b_stride % kColumnUnit == 0 && p.c_stride % kColumnUnit == 0);
  for (std::size_t n = n0; n < n1; n += kUnits * kColumnUnit) {
    const std::size_t units = std::min(kUnits, (n1 - n + kColumnUnit - 1) / kColumnUnit);
    for (std::size_t r = r0; r < r1; r += kRowsAtOnce) {
      const std::size_t end = std::min(r + kRowsAtOnce, r1);
      if constexpr (kUnits >= 4) {
        if (units == 4) sum_columns<4 * kVectorsPerUnit>(p, r, end, n);
        if (units == 3) sum_columns<3 * kVectorsPerUnit>(p, r, end, n);
      }
      if constexpr (kUnits >= 2)
        if (units == 2) sum_columns<2 * kVectorsPerUnit>(p, r, end, n);
      if (units == 1) sum_columns<kVectorsPerUnit>(p, r, end, n);
    }
  }
}

std::size_t count_nonzero(const std::uint8_t* bytes, std::size_t n) noexcept {
  std::size_t count = 0, i = 0;
  for (; i + kMaskBits <= n; i += kMaskBits) count += static_cast<std::size_t>(std::popcount(ink_mask(bytes + i)));
  for (; i < n; ++i) count += bytes[i] != 0;
  return count;
}

void describe_sparse_input(Kernels& table) noexcept {
  table.list_rows = &list_rows;
  table.list_columns = &list_columns;
  table.sparse_product = &sparse_product;
  table.sparse_panel = kUnits * kColumnUnit;
  table.count_nonzero = &count_nonzero;
}

}  // namespace HWY_NAMESPACE
}  // namespace inkling
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inkling {
void add_sparse_input(Isa isa, Kernels& table) {
#if HWY_TARGETS & HWY_AVX3_DL
  if (isa == Isa::avx512 && has_avx512_of_2019()) return N_AVX3_DL::describe_sparse_input(table);
#endif
  INKLING_CHOOSE(isa, describe_sparse_input)(table);
}
}  // namespace inkling
#endif
