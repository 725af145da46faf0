// The dense matrix product of kernels.h: C = epilogue(A B), a block of C at a time.
//
// A group of B's panels, each kPanel columns wide and kDepth rows deep, is copied into contiguous memory; a panel stays
// in the first cache while a chunk of A's rows passes over it, and a chunk in the second while the panels pass over it.
// kRows rows of C are computed at once, all in registers. Where K is deeper than kDepth, C holds the unfinished sums
// between two panels: storing and loading a float is exact, so the chain of multiply-adds over k stays one chain. (The
// scheme of Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication".)
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
inline constexpr std::size_t kDepth = 192;  // derived: kDepth * 48 floats are 36 KB of a first cache of 48 KB
inline constexpr std::size_t kGroup = 8;    // derived: that many panels, 295 KB, and their C stay in the second cache
inline constexpr std::size_t kChunk = 128;  // rows of A at once, likewise

// One element of A in every lane.
struct FloatElements {
  const float* a;
  std::size_t row, column;
  HWY_INLINE V operator()(std::size_t m, std::size_t k) const { return hn::Set(D(), a[m * row + k * column]); }
};
struct PackedElements {  // of rows m0.., columns k0.., as pack_rows() leaves them
  const float* block;
  std::size_t m0, k0;
  HWY_INLINE V operator()(std::size_t m, std::size_t k) const {
    return hn::Set(D(), block[(k - k0) * kChunk + (m - m0)]);
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
template <std::size_t Rows, std::size_t Vectors, class Elements>
HWY_INLINE void block(const Product& p, const Elements& a, const float* HWY_RESTRICT panel, std::size_t panel_stride,
                      std::size_t m, std::size_t n, std::size_t k0, std::size_t k1) {
  const D d;
  V sum[Rows][Vectors];
#pragma GCC unroll 16
  for (std::size_t r = 0; r < Rows; ++r)
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Vectors; ++v)
      sum[r][v] = k0 == 0 ? hn::Zero(d) : hn::LoadU(d, p.c + (m + r) * p.c_stride + n + v * kLanes);

  for (std::size_t k = k0; k < k1; ++k) {
    V b[Vectors];
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Vectors; ++v) b[v] = hn::LoadU(d, panel + (k - k0) * panel_stride + v * kLanes);
#pragma GCC unroll 16
    for (std::size_t r = 0; r < Rows; ++r) {
      const V x = a(m + r, k);
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

template <std::size_t Vectors, class Elements>
void block_rows(const Product& p, const Elements& a, const float* panel, std::size_t panel_stride, std::size_t m0,
                std::size_t m1, std::size_t n, std::size_t k0, std::size_t k1) {
  std::size_t m = m0;
  for (; m + kRows <= m1; m += kRows) block<kRows, Vectors>(p, a, panel, panel_stride, m, n, k0, k1);
  if constexpr (kRows > 4)
    for (; m + 4 <= m1; m += 4) block<4, Vectors>(p, a, panel, panel_stride, m, n, k0, k1);
  for (; m < m1; ++m) block<1, Vectors>(p, a, panel, panel_stride, m, n, k0, k1);
}

// A panel's width is 1, 2 or 3 units; only the last panel of a row is narrower than kUnits.
template <class Elements>
void panel_rows(const Product& p, const Elements& a, const float* panel, std::size_t panel_stride, std::size_t m0,
                std::size_t m1, std::size_t n, std::size_t units, std::size_t k0, std::size_t k1) {
  if constexpr (kUnits >= 3)
    if (units == 3) return block_rows<3 * kVectorsPerUnit>(p, a, panel, panel_stride, m0, m1, n, k0, k1);
  if constexpr (kUnits >= 2)
    if (units == 2) return block_rows<2 * kVectorsPerUnit>(p, a, panel, panel_stride, m0, m1, n, k0, k1);
  block_rows<kVectorsPerUnit>(p, a, panel, panel_stride, m0, m1, n, k0, k1);
}

// Copies B's rows [k0, k1), columns [n, n + width) to panel, rows width apart; columns that B has not are zero.
HWY_INLINE void pack(const Product& p, std::size_t k0, std::size_t k1, std::size_t n, std::size_t width, float* panel) {
  const D d;
  if (!p.b_transposed) {
    for (std::size_t k = k0; k < k1; ++k)
      for (std::size_t j = 0; j < width; j += kLanes)
        hn::StoreU(hn::LoadU(d, p.b + k * p.b_stride + n + j), d, panel + (k - k0) * width + j);
    return;
  }
  const std::size_t there = std::min(width, p.N - n);
  std::size_t j = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::Full128<float> d4;
  const hn::Full128<double> d2;
  for (; j + 4 <= there; j += 4) {  // 4 x 4 floats at a time
    const float* b = p.b + (n + j) * p.b_stride;
    std::size_t k = k0;
    for (; k + 4 <= k1; k += 4) {
      const auto r0 = hn::LoadU(d4, b + k), r1 = hn::LoadU(d4, b + p.b_stride + k);
      const auto r2 = hn::LoadU(d4, b + 2 * p.b_stride + k), r3 = hn::LoadU(d4, b + 3 * p.b_stride + k);
      const auto low01 = hn::BitCast(d2, hn::InterleaveLower(d4, r0, r1));
      const auto low23 = hn::BitCast(d2, hn::InterleaveLower(d4, r2, r3));
      const auto high01 = hn::BitCast(d2, hn::InterleaveUpper(d4, r0, r1));
      const auto high23 = hn::BitCast(d2, hn::InterleaveUpper(d4, r2, r3));
      float* out = panel + (k - k0) * width + j;
      hn::StoreU(hn::BitCast(d4, hn::InterleaveLower(d2, low01, low23)), d4, out);
      hn::StoreU(hn::BitCast(d4, hn::InterleaveUpper(d2, low01, low23)), d4, out + width);
      hn::StoreU(hn::BitCast(d4, hn::InterleaveLower(d2, high01, high23)), d4, out + 2 * width);
      hn::StoreU(hn::BitCast(d4, hn::InterleaveUpper(d2, high01, high23)), d4, out + 3 * width);
    }
    for (; k < k1; ++k)
      for (std::size_t r = 0; r < 4; ++r) panel[(k - k0) * width + j + r] = b[r * p.b_stride + k];
  }
#endif
  for (; j < width; ++j)
    for (std::size_t k = k0; k < k1; ++k)
      panel[(k - k0) * width + j] = j < there ? p.b[(n + j) * p.b_stride + k] : 0.0f;
}

// Copies rows [m, m + rows), columns [k0, k1) of an A that stands transposed: element (r, k) to block[k * kChunk + r].
HWY_INLINE void pack_rows(const Product& p, std::size_t m, std::size_t rows, std::size_t k0, std::size_t k1,
                          float* block) {
  for (std::size_t k = k0; k < k1; ++k)
    std::memcpy(block + (k - k0) * kChunk, p.a + m + k * p.a_column, rows * sizeof(float));
}

template <class Elements>
void product_of(const Product& p, const Elements& a, std::size_t m0, std::size_t m1, std::size_t n0, std::size_t n1) {
  constexpr std::size_t kWorthPacking = 4 * kRows;  // guess: with fewer rows a panel is read too seldom to be copied
  HWY_ALIGN float panels[kGroup * kDepth * kPanel];
  HWY_ALIGN float block[kDepth * kChunk];
  const bool packed = p.b_transposed || m1 - m0 >= kWorthPacking;
  const bool rows_packed = p.a != nullptr && p.a_row == 1 && p.a_column > 1 && n1 - n0 > kPanel;
  for (std::size_t group = n0; group < n1; group += kGroup * kPanel) {
    const std::size_t group_end = std::min(group + kGroup * kPanel, n1);
    std::size_t k0 = 0;
    do {  // once for K == 0, too: the epilogue of an empty sum
      const std::size_t k1 = std::min(k0 + kDepth, p.K);
      const auto width_at = [&](std::size_t n) { return round_up(std::min(kPanel, group_end - n), kColumnUnit); };
      const auto panel_at = [&](std::size_t n) { return panels + (n - group) * kDepth; };
      if (packed)
        for (std::size_t n = group; n < group_end; n += kPanel) pack(p, k0, k1, n, width_at(n), panel_at(n));
      for (std::size_t m = m0; m < m1; m += kChunk) {
        const std::size_t m_end = std::min(m + kChunk, m1);
        if (rows_packed) pack_rows(p, m, m_end - m, k0, k1, block);
        for (std::size_t n = group; n < group_end; n += kPanel) {
          const std::size_t width = width_at(n);
          const float* rows = packed ? panel_at(n) : p.b + k0 * p.b_stride + n;
          const std::size_t stride = packed ? width : p.b_stride, units = width / kColumnUnit;
          if (rows_packed)
            panel_rows(p, PackedElements{block, m, k0}, rows, stride, m, m_end, n, units, k0, k1);
          else
            panel_rows(p, a, rows, stride, m, m_end, n, units, k0, k1);
        }
      }
      k0 = k1;
    } while (k0 < p.K);
  }
}

void product(const Product& p, std::size_t m0, std::size_t m1, std::size_t n0, std::size_t n1) noexcept {
  assert(m1 <= p.M && n0 % kPanel == 0 && p.c_stride % kColumnUnit == 0);
  assert(p.b_transposed || p.b_stride % kColumnUnit == 0);
  product_of(p, FloatElements{p.a, p.a_row, p.a_column}, m0, m1, n0, n1);
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
