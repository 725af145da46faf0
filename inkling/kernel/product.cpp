// The dense matrix product of kernels.h: C = epilogue(A B), a block of C at a time.
//
// A group of B's panels, each kPanel columns wide and kDepth rows deep, is copied into contiguous memory, and so is a
// chunk of A, kRows rows in step. A panel stays near the processor while the chunk passes over it, and the chunk in the
// second cache while the panels pass over it. kRows rows of C are computed at once, all in registers. Where K is deeper
// than kDepth, C holds the unfinished sums between two panels: storing and loading a float is exact, so the chain of
// multiply-adds over k stays one chain. (The scheme of Goto and van de Geijn 2008, "Anatomy of high-performance matrix
// multiplication".)
#include "inkling/kernel/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "inkling/kernel/product.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cassert>
#include <cstring>

#include "inkling/core/aligned.h"
#include "inkling/kernel/kernels.h"
#include "inkling/kernel/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace inkling {
namespace HWY_NAMESPACE {

// Rows and column vectors of C in registers: derived from 32 vector registers (AVX-512, NEON) or 16 (AVX2), less what
// holds the row of B and one element of A.
inline constexpr std::size_t kVectorsPerUnit = kColumnUnit / kLanes;
#if HWY_TARGET == HWY_AVX3
inline constexpr std::size_t kRows = 8, kUnits = 3;
#elif HWY_TARGET == HWY_NEON
inline constexpr std::size_t kRows = 6, kUnits = 1;
#elif HWY_TARGET == HWY_AVX2
inline constexpr std::size_t kRows = 6, kUnits = 1;
#else
inline constexpr std::size_t kRows = 1, kUnits = 1;
#endif
inline constexpr std::size_t kPanel = kUnits * kColumnUnit;
// measured (docs/performance.md): a batch of 256 images in one pass gains more than a panel that fits the first cache
inline constexpr std::size_t kDepth = 256;
inline constexpr std::size_t kGroup = 8;    // derived: that many panels, 393 KB, and their C stay in the second cache
inline constexpr std::size_t kChunk = 128;  // rows of A at once, likewise

// Element (r, k) of some rows of A in every lane: where they stand, or as pack_rows() leaves them.
struct StandingRows {
  const float* a;
  std::size_t first, row, column;
  HWY_INLINE V operator()(std::size_t r, std::size_t k) const { return hn::Set(D(), a[first + r * row + k * column]); }
};
struct PackedRows {
  const float* a;
  HWY_INLINE V operator()(std::size_t r, std::size_t k) const { return hn::Set(D(), a[k * kRows + r]); }
};

// The rows of A from m on, columns from k0 on.
struct Standing {
  const Product& p;
  std::size_t k0;
  HWY_INLINE StandingRows from(std::size_t m) const {
    return {p.a, m * p.a_row + k0 * p.a_column, p.a_row, p.a_column};
  }
};
struct Packed {
  const float* chunk;
  std::size_t m0, depth;
  HWY_INLINE PackedRows from(std::size_t m) const {
    const std::size_t r = m - m0;
    return {chunk + r / kRows * kRows * depth + r % kRows};
  }
};

HWY_INLINE V finish(const Product& p, V sum, std::size_t m, std::size_t n) {
  const D d;
  switch (p.epilogue) {
    case Epilogue::none: return sum;
    case Epilogue::bias: return hn::Add(sum, hn::LoadU(d, p.bias + n));
    case Epilogue::bias_relu: {
      const V z = hn::Add(sum, hn::LoadU(d, p.bias + n));
      return hn::IfThenElse(hn::Lt(z, hn::Zero(d)), hn::Zero(d), z);  // a NaN stays
    }
    case Epilogue::relu_gradient: {
      const V gate = hn::LoadU(d, p.gate + m * p.gate_stride + n);
      return hn::IfThenElse(hn::Gt(gate, hn::Zero(d)), sum, hn::Zero(d));
    }
    case Epilogue::multiply: return hn::Mul(sum, hn::LoadU(d, p.gate + m * p.gate_stride + n));
    case Epilogue::descend: return fma(hn::Set(d, -p.rate), sum, hn::LoadU(d, p.w + m * p.c_stride + n));
  }
  return sum;
}

// Zero times a NaN or an infinity of A is a NaN: what stands behind N columns is not left to B's zeros.
HWY_INLINE V without_padding(const Product& p, V c, std::size_t n) {
  if (n + kLanes <= p.N) return c;
  return hn::IfThenElseZero(hn::FirstN(D(), n < p.N ? p.N - n : 0), c);
}

// Rows [m, m + Rows), columns [n, n + Vectors * kLanes), summed over [k0, k1). panel holds B's rows k0.. for these
// columns.
template <std::size_t Rows, std::size_t Vectors, class RowsOfA>
HWY_INLINE void block(const Product& p, const RowsOfA& a, const float* HWY_RESTRICT panel, std::size_t panel_stride,
                      std::size_t m, std::size_t n, std::size_t k0, std::size_t k1) {
  const D d;
  V sum[Rows][Vectors];
#pragma GCC unroll 16
  for (std::size_t r = 0; r < Rows; ++r)
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Vectors; ++v)
      sum[r][v] = k0 == 0 ? hn::Zero(d) : hn::LoadU(d, p.c + (m + r) * p.c_stride + n + v * kLanes);

  for (std::size_t k = 0; k < k1 - k0; ++k) {
    V b[Vectors];
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Vectors; ++v) b[v] = hn::LoadU(d, panel + k * panel_stride + v * kLanes);
#pragma GCC unroll 16
    for (std::size_t r = 0; r < Rows; ++r) {
      const V x = a(r, k);
#pragma GCC unroll 16
      for (std::size_t v = 0; v < Vectors; ++v) sum[r][v] = fma(x, b[v], sum[r][v]);
    }
  }

  const bool last = k1 == p.K;
#pragma GCC unroll 16
  for (std::size_t r = 0; r < Rows; ++r)
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Vectors; ++v) {
      const std::size_t column = n + v * kLanes;
      const V c = last ? without_padding(p, finish(p, sum[r][v], m + r, column), column) : sum[r][v];
      hn::StoreU(c, d, (last && p.epilogue == Epilogue::descend ? p.w : p.c) + (m + r) * p.c_stride + column);
    }
}

template <std::size_t Vectors, class A>
void block_rows(const Product& p, const A& a, const float* panel, std::size_t panel_stride, std::size_t m0,
                std::size_t m1, std::size_t n, std::size_t k0, std::size_t k1) {
  std::size_t m = m0;
  for (; m + kRows <= m1; m += kRows) block<kRows, Vectors>(p, a.from(m), panel, panel_stride, m, n, k0, k1);
  if constexpr (kRows > 4)
    for (; m + 4 <= m1; m += 4) block<4, Vectors>(p, a.from(m), panel, panel_stride, m, n, k0, k1);
  for (; m < m1; ++m) block<1, Vectors>(p, a.from(m), panel, panel_stride, m, n, k0, k1);
}

// A panel's width is 1, 2 or 3 units; only the last panel of a row is narrower than kUnits.
template <class A>
void panel_rows(const Product& p, const A& a, const float* panel, std::size_t panel_stride, std::size_t m0,
                std::size_t m1, std::size_t n, std::size_t units, std::size_t k0, std::size_t k1) {
  if constexpr (kUnits >= 3)
    if (units == 3) return block_rows<3 * kVectorsPerUnit>(p, a, panel, panel_stride, m0, m1, n, k0, k1);
  if constexpr (kUnits >= 2)
    if (units == 2) return block_rows<2 * kVectorsPerUnit>(p, a, panel, panel_stride, m0, m1, n, k0, k1);
  block_rows<kVectorsPerUnit>(p, a, panel, panel_stride, m0, m1, n, k0, k1);
}

// out(c, r) = in(r, c) for as many rows as the vectors of `d` have lanes; rows are in_stride and out_stride apart.
template <class Any>
HWY_INLINE void transpose(Any d, const float* in, std::size_t in_stride, std::size_t columns, float* out,
                          std::size_t out_stride) {
  std::size_t c = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::Repartition<double, Any> pairs;
  // Four columns of rows r, r + 4, r + 8, ..., each in a block of its own.
  const auto load = [&](std::size_t r) HWY_ATTR {
    auto rows = hn::LoadDup128(d, in + r * in_stride + c);
    for (std::size_t lane = 4; lane < hn::MaxLanes(d); lane += 4)
      rows = hn::IfThenElse(hn::FirstN(d, lane), rows, hn::LoadDup128(d, in + (r + lane) * in_stride + c));
    return rows;
  };
  for (; c + 4 <= columns; c += 4) {  // 4 x 4 floats in each block
    const auto r0 = load(0), r1 = load(1), r2 = load(2), r3 = load(3);
    const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, r0, r1));
    const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, r2, r3));
    const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, r0, r1));
    const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, r2, r3));
    float* to = out + c * out_stride;
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23)), d, to);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23)), d, to + out_stride);
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23)), d, to + 2 * out_stride);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23)), d, to + 3 * out_stride);
  }
#endif
  for (; c < columns; ++c)
    for (std::size_t r = 0; r < hn::MaxLanes(d); ++r) out[c * out_stride + r] = in[r * in_stride + c];
}

// The same for any number of rows.
HWY_INLINE void transpose_rows(const float* in, std::size_t in_stride, std::size_t rows, std::size_t columns,
                               float* out, std::size_t out_stride) {
  const hn::CappedTag<float, 16> d16;
  const hn::CappedTag<float, 8> d8;
  const hn::CappedTag<float, 4> d4;
  std::size_t r = 0;
  const auto take = [&](auto d) HWY_ATTR {
    for (; r + hn::MaxLanes(d) <= rows; r += hn::MaxLanes(d))
      transpose(d, in + r * in_stride, in_stride, columns, out + r, out_stride);
  };
  take(d16);
  take(d8);
  take(d4);
  for (; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) out[c * out_stride + r] = in[r * in_stride + c];
}

HWY_INLINE std::size_t width_of(std::size_t n, std::size_t n1) {
  return round_up(std::min(kPanel, n1 - n), kColumnUnit);
}

// Copies B's rows [k0, k1), columns [n0, n1), to panels, one behind another: each is (kDepth, kPanel), its rows as far
// apart as it is wide; columns that B has not are zero.
HWY_INLINE void pack(const Product& p, std::size_t k0, std::size_t k1, std::size_t n0, std::size_t n1, float* panels) {
  const D d;
  if (!p.b_transposed) {
    for (std::size_t k = k0; k < k1; ++k)
      for (std::size_t n = n0; n < n1; n += kPanel) {
        const std::size_t width = width_of(n, n1);
        const float* from = p.b + k * p.b_stride + n;
        float* to = panels + (n - n0) * kDepth + (k - k0) * width;
        for (std::size_t j = 0; j < width; j += kLanes) hn::StoreU(hn::LoadU(d, from + j), d, to + j);
      }
    return;
  }
  for (std::size_t n = n0; n < n1; n += kPanel) {
    const std::size_t width = width_of(n, n1), there = std::min(width, p.N - n);
    float* panel = panels + (n - n0) * kDepth;
    transpose_rows(p.b + n * p.b_stride + k0, p.b_stride, there, k1 - k0, panel, width);
    for (std::size_t k = 0; k < k1 - k0; ++k) std::fill(panel + k * width + there, panel + (k + 1) * width, 0.0f);
  }
}

// Copies A's rows [m, m + rows), columns [k0, k1) to chunk, kRows rows in step: of each column their elements side by
// side. Rows that A has not are left as they are: nothing reads them.
HWY_INLINE void pack_rows(const Product& p, std::size_t m, std::size_t rows, std::size_t k0, std::size_t k1,
                          float* chunk) {
  const std::size_t depth = k1 - k0;
  const float* a = p.a + m * p.a_row + k0 * p.a_column;
  std::size_t r = 0;
  if (p.a_row == 1)
    for (; r + 2 * kRows <= rows; r += 2 * kRows)  // two steps at once: they share cache lines
      for (std::size_t k = 0; k < depth; ++k) {
        float* to = chunk + r * depth + k * kRows;
        std::memcpy(to, a + r + k * p.a_column, kRows * sizeof(float));
        std::memcpy(to + kRows * depth, a + r + kRows + k * p.a_column, kRows * sizeof(float));
      }
  for (; r < rows; r += kRows) {
    const std::size_t there = std::min(kRows, rows - r);
    const float* from = a + r * p.a_row;
    float* to = chunk + r * depth;
    if (p.a_column == 1) {
      transpose_rows(from, p.a_row, there, depth, to, kRows);
    } else {
      for (std::size_t k = 0; k < depth; ++k)
        for (std::size_t i = 0; i < there; ++i) to[k * kRows + i] = from[i * p.a_row + k * p.a_column];
    }
  }
}

void product(const Product& p, std::size_t m0, std::size_t m1, std::size_t n0, std::size_t n1) noexcept {
  assert(m1 <= p.M && n0 % kPanel == 0 && p.c_stride % kColumnUnit == 0);
  assert(p.b_transposed || p.b_stride % kColumnUnit == 0);
  constexpr std::size_t kWorthPacking = 4 * kRows;  // guess: with fewer rows a panel is read too seldom to be copied
  HWY_ALIGN float panels[kGroup * kDepth * kPanel];
  HWY_ALIGN float chunk[kDepth * round_up(kChunk, kRows)];
  const bool packed = p.b_transposed || m1 - m0 >= kWorthPacking;
  const bool rows_packed = p.a != nullptr && n1 - n0 > kPanel;  // for one panel they would be read but once
  for (std::size_t group = n0; group < n1; group += kGroup * kPanel) {
    const std::size_t group_end = std::min(group + kGroup * kPanel, n1);
    std::size_t k0 = 0;
    do {  // once for K == 0, too: the epilogue of an empty sum
      const std::size_t k1 = std::min(k0 + kDepth, p.K);
      if (packed) pack(p, k0, k1, group, group_end, panels);
      for (std::size_t m = m0; m < m1; m += kChunk) {
        const std::size_t m_end = std::min(m + kChunk, m1);
        if (rows_packed) pack_rows(p, m, m_end - m, k0, k1, chunk);
        for (std::size_t n = group; n < group_end; n += kPanel) {
          const std::size_t width = width_of(n, group_end);
          const float* rows = packed ? panels + (n - group) * kDepth : p.b + k0 * p.b_stride + n;
          const std::size_t stride = packed ? width : p.b_stride, units = width / kColumnUnit;
          if (rows_packed)
            panel_rows(p, Packed{chunk, m, k1 - k0}, rows, stride, m, m_end, n, units, k0, k1);
          else
            panel_rows(p, Standing{p, k0}, rows, stride, m, m_end, n, units, k0, k1);
        }
      }
      k0 = k1;
    } while (k0 < p.K);
  }
}

void describe_product(Kernels& table) noexcept {
  table.product = &product;
  table.row_unit = kRows;
  table.panel_width = kPanel;
}

}  // namespace HWY_NAMESPACE
}  // namespace inkling
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inkling {
void add_product(Isa isa, Kernels& table) { INKLING_CHOOSE(isa, describe_product)(table); }
}  // namespace inkling
#endif
