// bf16.h for every instruction set: sums of a block, what becomes of them, and matrices as operands.
//
// A block of 32 x 32 sums is made either by the tile unit or here, out of fp32 multiply-adds; what follows is the same
// code for both. x86 flushes tiny numbers to zero when MXCSR says so, exactly as the tiles do; elsewhere it is done
// by hand.
#include "inkling/kernel/bf16.h"

#include "inkling/kernel/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "inkling/kernel/bf16.cpp"
#include <hwy/cache_control.h>
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

using DU = hn::RebindToUnsigned<D>;
using VU = hn::Vec<DU>;

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
inline constexpr bool kFlushesByItself = true;
// While it lives, this thread's arithmetic takes subnormal numbers as zeros and gives none.
class Flushing {
 public:
  Flushing() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
  ~Flushing() { _mm_setcsr(before_); }
  Flushing(const Flushing&) = delete;
  Flushing& operator=(const Flushing&) = delete;

 private:
  unsigned before_;
};
#else
inline constexpr bool kFlushesByItself = false;
struct Flushing {
  Flushing() {}
};
#endif

inline constexpr std::size_t kHalf = 16;                // rows and columns of a tile
inline constexpr std::size_t kPieces = kHalf / kLanes;  // vectors of a tile's row
inline constexpr std::size_t kSumRows = HWY_TARGET == HWY_AVX3 ? 8 : HWY_TARGET == HWY_AVX2 ? 4 : 2;

HWY_INLINE V flushed(V x) {
  if constexpr (kFlushesByItself) return x;
  const D d;
  const V zero = hn::CopySign(hn::Zero(d), x);
  return hn::IfThenElse(hn::Lt(hn::Abs(x), hn::Set(d, 0x1p-126f)), zero, x);  // a NaN stays
}

HWY_INLINE V flushed_fma(V a, V b, V c) {
  if constexpr (kFlushesByItself) return fma(a, b, c);
  const D d;
  const V r = fma(a, b, c);
  const M small = hn::And(hn::Le(hn::Abs(r), hn::Set(d, 0x1p-126f)), hn::Ne(r, hn::Zero(d)));
  if (HWY_LIKELY(hn::AllFalse(d, small))) return r;
  // The least normal number may have been rounded up from a tiny one. Times 2^64 nothing is tiny, and the product, of
  // 16 bits, is exact: c is small wherever the result is.
  HWY_ALIGN float x[kLanes], y[kLanes], z[kLanes], result[kLanes];
  hn::Store(a, d, x);
  hn::Store(b, d, y);
  hn::Store(c, d, z);
  hn::Store(r, d, result);
  for (std::size_t i = 0; i < kLanes; ++i) {
    if (result[i] == 0 || !(std::abs(result[i]) <= 0x1p-126f)) continue;
    const auto product = static_cast<float>(static_cast<double>(x[i]) * static_cast<double>(y[i]) * 0x1p64);
    const float large = product + z[i] * 0x1p64f;
    if (std::abs(large) < 0x1p-62f) result[i] = std::copysign(0.0f, result[i]);
  }
  return hn::Load(d, result);
}

// The two numbers of each word.
HWY_INLINE V first_of(VU words) { return flushed(hn::BitCast(D(), hn::ShiftLeft<16>(words))); }
HWY_INLINE V second_of(VU words) { return flushed(hn::BitCast(D(), hn::And(words, hn::Set(DU(), 0xFFFF0000u)))); }

// Rows [0, kSumRows) of a tile of 16 x 16 sums, which stand in rows of 32.
HWY_INLINE void add_tile_rows(const std::uint32_t* HWY_RESTRICT a, const std::uint32_t* HWY_RESTRICT b,
                              float* HWY_RESTRICT sums) {
  const D d;
  const DU du;
  for (std::size_t j = 0; j < kPieces; ++j) {
    V even[kSumRows], odd[kSumRows];
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kSumRows; ++r) even[r] = odd[r] = hn::Zero(d);
    for (std::size_t p = 0; p < kHalf; ++p) {
      const VU words = hn::Load(du, b + p * kHalf + j * kLanes);
      const V b_even = first_of(words), b_odd = second_of(words);
#pragma GCC unroll 8
      for (std::size_t r = 0; r < kSumRows; ++r) {
        const VU word = hn::Set(du, a[r * kHalf + p]);
        even[r] = flushed_fma(first_of(word), b_even, even[r]);
        odd[r] = flushed_fma(second_of(word), b_odd, odd[r]);
      }
    }
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kSumRows; ++r) {
      float* at = sums + r * kBf16Block + j * kLanes;
      hn::Store(flushed(hn::Add(hn::Load(d, at), flushed(hn::Add(even[r], odd[r])))), d, at);
    }
  }
}

HWY_NOINLINE void sums_of(const std::uint32_t* a, std::size_t a_next, const std::uint32_t* b, std::size_t b_next,
                          std::size_t steps, float* sums) noexcept {
  const Flushing flushing;
  std::fill_n(sums, kBf16Block * kBf16Block, 0.0f);
  for (std::size_t s = 0; s < steps; ++s, a += kBf16TileWords, b += kBf16TileWords)
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t j = 0; j < 2; ++j)
        for (std::size_t r = 0; r < kHalf; r += kSumRows)
          add_tile_rows(a + i * a_next + r * kHalf, b + j * b_next, sums + (i * kHalf + r) * kBf16Block + j * kHalf);
}

// to_bf16() of each lane, in the upper half; what the lower half has is undefined.
HWY_INLINE VU rounded(V x) {
  const D d;
  const DU du;
  const VU bits = hn::BitCast(du, x);
  const VU up = hn::Add(hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1)), hn::Set(du, 0x7FFF));
  const M tiny = hn::Lt(hn::Abs(x), hn::Set(d, 0x1p-126f));
  VU result = hn::Add(bits, up);
  result = hn::IfThenElse(hn::RebindMask(du, tiny), hn::And(bits, hn::Set(du, 0x80000000u)), result);
  return hn::IfThenElse(hn::RebindMask(du, hn::Eq(x, x)), result, hn::Or(bits, hn::Set(du, 0x400000u)));  // a NaN
}

HWY_INLINE VU pair_of(VU first, VU second) {
  return hn::Or(hn::ShiftRight<16>(first), hn::And(second, hn::Set(DU(), 0xFFFF0000u)));
}

// Words of two numbers that stand side by side: of 2 kLanes numbers.
HWY_INLINE VU neighbours(VU low, VU high) {
#if HWY_TARGET == HWY_SCALAR
  return pair_of(low, high);
#else
  const DU du;
  return pair_of(hn::ConcatEven(du, high, low), hn::ConcatOdd(du, high, low));
#endif
}

HWY_INLINE void transpose_tile(const std::uint32_t* HWY_RESTRICT from, std::uint32_t* HWY_RESTRICT to) {
#if HWY_TARGET == HWY_AVX3
  __m512i x[16], y[16];
#pragma GCC unroll 16
  for (int r = 0; r < 16; ++r) x[r] = _mm512_load_si512(from + 16 * r);
#pragma GCC unroll 8
  for (int r = 0; r < 16; r += 2) {
    y[r] = _mm512_unpacklo_epi32(x[r], x[r + 1]);
    y[r + 1] = _mm512_unpackhi_epi32(x[r], x[r + 1]);
  }
#pragma GCC unroll 4
  for (int r = 0; r < 16; r += 4) {  // x[r + k]: column 4 q + k of rows r to r + 3 in quarter q
    x[r] = _mm512_unpacklo_epi64(y[r], y[r + 2]);
    x[r + 1] = _mm512_unpackhi_epi64(y[r], y[r + 2]);
    x[r + 2] = _mm512_unpacklo_epi64(y[r + 1], y[r + 3]);
    x[r + 3] = _mm512_unpackhi_epi64(y[r + 1], y[r + 3]);
  }
#pragma GCC unroll 4
  for (int k = 0; k < 4; ++k) {
    const __m512i a = _mm512_shuffle_i32x4(x[k], x[4 + k], 0x88), b = _mm512_shuffle_i32x4(x[k], x[4 + k], 0xDD);
    const __m512i c = _mm512_shuffle_i32x4(x[8 + k], x[12 + k], 0x88);
    const __m512i e = _mm512_shuffle_i32x4(x[8 + k], x[12 + k], 0xDD);
    _mm512_store_si512(to + 16 * k, _mm512_shuffle_i32x4(a, c, 0x88));
    _mm512_store_si512(to + 16 * (4 + k), _mm512_shuffle_i32x4(b, e, 0x88));
    _mm512_store_si512(to + 16 * (8 + k), _mm512_shuffle_i32x4(a, c, 0xDD));
    _mm512_store_si512(to + 16 * (12 + k), _mm512_shuffle_i32x4(b, e, 0xDD));
  }
#else
  for (std::size_t r = 0; r < kHalf; ++r)
    for (std::size_t c = 0; c < kHalf; ++c) to[c * kHalf + r] = from[r * kHalf + c];
#endif
}

// TileUnit::round by fp32 lanes.
HWY_NOINLINE void round_here(const float* block, std::size_t stride, std::uint32_t* const* left,
                             std::uint32_t* const* right) noexcept {
  const D d;
  const DU du;
  constexpr std::size_t kAll = 2 * kPieces;
  for (std::size_t row = 0; row < kBf16Block; row += 2) {
    VU x[2][kAll];
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t v = 0; v < kAll; ++v) x[i][v] = rounded(hn::LoadU(d, block + (row + i) * stride + v * kLanes));
    if (left != nullptr)
      for (std::size_t i = 0; i < 2; ++i)
        for (std::size_t v = 0; v < kAll; v += 2)
          hn::Store(neighbours(x[i][v], x[i][v + 1]), du,
                    left[row / kHalf] + (row % kHalf + i) * kHalf + v / 2 * kLanes);
    if (right != nullptr)
      for (std::size_t v = 0; v < kAll; ++v)
        hn::Store(pair_of(x[0][v], x[1][v]), du, right[v / kPieces] + row / 2 * kHalf + v % kPieces * kLanes);
  }
}

// Everything without the tile unit.
struct Lanes {
  static void configure() noexcept {}
  static void release() noexcept {}
  static void sums(const std::uint32_t* a, std::size_t a_next, const std::uint32_t* b, std::size_t b_next,
                   std::size_t steps, float* sums) noexcept {
    sums_of(a, a_next, b, b_next, steps, sums);
  }
  static void round(const float* block, std::size_t stride, std::uint32_t* const* left,
                    std::uint32_t* const* right) noexcept {
    round_here(block, stride, left, right);
  }
};

std::uint32_t* left_tile(const Bf16Packed& p, std::uint32_t* base, std::size_t r, std::size_t c, std::size_t half) {
  return base + ((2 * r + half) * p.cols + c) * kBf16TileWords;
}
std::uint32_t* right_tile(const Bf16Packed& p, std::uint32_t* base, std::size_t r, std::size_t c, std::size_t half) {
  return base + ((2 * c + half) * p.rows + r) * kBf16TileWords;
}

// Block (r, c) of a matrix, 32 rows of 32 floats that stand `stride` apart. Tiles that nobody wants but for their
// transposes are spare.
template <class Unit>
void pack_block(const float* block, std::size_t stride, const Bf16Packed& out, std::size_t r, std::size_t c) {
  alignas(64) std::uint32_t spare[4][kBf16TileWords];
  std::uint32_t *left[2], *right[2];
  for (std::size_t half = 0; half < 2; ++half) {
    left[half] = out.left != nullptr ? left_tile(out, out.left, r, c, half) : spare[half];
    right[half] = out.right != nullptr ? right_tile(out, out.right, r, c, half) : spare[2 + half];
  }
  Unit::round(block, stride, out.left != nullptr || out.right_t != nullptr ? left : nullptr,
              out.right != nullptr || out.left_t != nullptr ? right : nullptr);
  for (std::size_t half = 0; half < 2; ++half) {
    if (out.right_t != nullptr) transpose_tile(left[half], left_tile(out, out.right_t, r, c, half));
    if (out.left_t != nullptr) transpose_tile(right[half], right_tile(out, out.left_t, r, c, half));
  }
}

template <class Unit>
void pack(ConstMatrixView m, const Bf16Packed& out, std::size_t r0, std::size_t r1) noexcept {
  assert(out.rows == bf16_blocks(m.rows) && out.cols == bf16_blocks(m.cols) && r1 <= out.rows);
  HWY_ALIGN float edge[kBf16Block * kBf16Block];
  for (std::size_t r = r0; r < r1; ++r)
    for (std::size_t c = 0; c < out.cols; ++c) {
      const float* block = m.data + r * kBf16Block * m.stride + c * kBf16Block;
      const std::size_t rows = std::min(kBf16Block, m.rows - r * kBf16Block);
      const std::size_t cols = std::min(kBf16Block, m.cols - c * kBf16Block);
      if (rows == kBf16Block && cols == kBf16Block) {
        pack_block<Unit>(block, m.stride, out, r, c);
        continue;
      }
      std::fill_n(edge, kBf16Block * kBf16Block, 0.0f);
      for (std::size_t i = 0; i < rows; ++i)
        std::memcpy(edge + i * kBf16Block, block + i * m.stride, cols * sizeof(float));
      pack_block<Unit>(edge, kBf16Block, out, r, c);
    }
}

// What the sums of one vector become: c, bias and gate point at that vector.
template <Epilogue E, bool Steps>
HWY_INLINE V finish(V sum, const float* c, const float* bias, const float* gate, V minus_rate) {
  const D d;
  if constexpr (Steps) return fma(minus_rate, sum, hn::LoadU(d, c));
  if constexpr (E == Epilogue::bias) return hn::Add(sum, hn::LoadU(d, bias));
  if constexpr (E == Epilogue::bias_relu) {
    const V z = hn::Add(sum, hn::LoadU(d, bias));
    return hn::IfThenElse(hn::Lt(z, hn::Zero(d)), hn::Zero(d), z);  // a NaN stays
  }
  if constexpr (E == Epilogue::relu_gradient)
    return hn::IfThenElse(hn::Gt(hn::LoadU(d, gate), hn::Zero(d)), sum, hn::Zero(d));
  if constexpr (E == Epilogue::multiply) return hn::Mul(sum, hn::LoadU(d, gate));
  return sum;
}

// The sums of block (m, n) to C, which they become in place, and to C as operands.
template <class Unit, Epilogue E, bool Steps>
void finish_block(const Bf16Product& p, std::size_t m, std::size_t n, float* HWY_RESTRICT sums) {
  constexpr bool kGated = E == Epilogue::relu_gradient || E == Epilogue::multiply;
  constexpr bool kBiased = E == Epilogue::bias || E == Epilogue::bias_relu;
  const D d;
  const std::size_t rows = std::min(kBf16Block, p.M - m * kBf16Block);
  const std::size_t cols = std::min(kBf16Block, p.N - n * kBf16Block);
  const Bf16Packed out = p.out;
  const bool packs = out.left != nullptr || out.right != nullptr || out.left_t != nullptr || out.right_t != nullptr;
  const std::size_t c_stride = p.c_stride, gate_stride = kGated ? p.gate_stride : 0;
  float* c = p.c + m * kBf16Block * c_stride + n * kBf16Block;
  const float* gate = kGated ? p.gate + m * kBf16Block * gate_stride + n * kBf16Block : c;
  const float* const bias = kBiased ? p.bias + n * kBf16Block : c;
  const V minus_rate = hn::Set(d, -p.rate);
  float* at = sums;
  for (std::size_t i = 0; i < rows; ++i, at += kBf16Block, c += c_stride, gate += gate_stride) {
    if (cols == kBf16Block) {
#pragma GCC unroll 8
      for (std::size_t j = 0; j < kBf16Block; j += kLanes) {
        const V x = finish<E, Steps>(hn::Load(d, at + j), c + j, bias + j, gate + j, minus_rate);
        hn::StoreU(x, d, c + j);
        if (packs) hn::Store(x, d, at + j);
      }
    } else {
      for (std::size_t j = 0; j < cols; j += kLanes)
        hn::Store(finish<E, Steps>(hn::Load(d, at + j), c + j, bias + j, gate + j, minus_rate), d, at + j);
      // Zero times a NaN of A is a NaN: padding is cleared and not left to B's zeros.
      std::fill(at + cols, at + kBf16Block, 0.0f);
      std::memcpy(c, at, round_up(cols, kColumnUnit) * sizeof(float));
    }
  }
  if (!packs) return;
  std::fill(at, sums + kBf16Block * kBf16Block, 0.0f);
  pack_block<Unit>(sums, kBf16Block, out, m, n);
}

// measured (AMX core with 2 MB of second cache, shared, 2026-11): asking for C beforehand saves a third of the time of
// (256, 1024, 1024); where C is near, it costs more than it saves.
constexpr std::size_t kFar = 1u << 17;

// What the epilogue of block (m, n) will read and write, asked of memory while its sums are made.
HWY_INLINE void prefetch_floats(const Bf16Product& p, const float* matrix, std::size_t stride, std::size_t m,
                                std::size_t n) {
  constexpr std::size_t kLine = kAlignment / sizeof(float);
  const std::size_t rows = std::min(kBf16Block, p.M - m * kBf16Block);
  const float* row = matrix + m * kBf16Block * stride + n * kBf16Block;
  for (std::size_t i = 0; i < rows; ++i, row += stride) {
    hwy::Prefetch(row);
    if (n * kBf16Block + kLine < p.N) hwy::Prefetch(row + kLine);
  }
}

HWY_INLINE void prefetch_tiles(const Bf16Packed& out, std::size_t r, std::size_t c) {
  constexpr std::size_t kLine = kAlignment / sizeof(std::uint32_t);
  const auto tile = [](const std::uint32_t* words) {
    for (std::size_t k = 0; k < kBf16TileWords; k += kLine) hwy::Prefetch(words + k);
  };
  for (std::size_t half = 0; half < 2; ++half) {
    if (out.left != nullptr) tile(left_tile(out, out.left, r, c, half));
    if (out.right != nullptr) tile(right_tile(out, out.right, r, c, half));
    if (out.left_t != nullptr) tile(right_tile(out, out.left_t, r, c, half));
    if (out.right_t != nullptr) tile(left_tile(out, out.right_t, r, c, half));
  }
}

template <class Unit, Epilogue E, bool Steps>
void blocks(const Bf16Product& p, std::size_t m0, std::size_t m1, std::size_t n0, std::size_t n1) {
  const std::size_t steps = bf16_blocks(p.K), next = steps * kBf16TileWords;
  const bool far = p.M * p.N >= kFar;
  HWY_ALIGN float sums[kBf16Block * kBf16Block];
  const auto block = [&](std::size_t m, std::size_t n) {
    if (far) {
      if constexpr (E == Epilogue::relu_gradient || E == Epilogue::multiply)
        prefetch_floats(p, p.gate, p.gate_stride, m, n);
      prefetch_floats(p, p.c, p.c_stride, m, n);
      prefetch_tiles(p.out, m, n);
    }
    Unit::sums(p.a + 2 * m * next, next, p.b + 2 * n * next, next, steps, sums);
    finish_block<Unit, E, Steps>(p, m, n, sums);
  };
  // The shorter operand passes again and again and stays in the second cache.
  if (n1 - n0 > m1 - m0) {
    for (std::size_t n = n0; n < n1; ++n)
      for (std::size_t m = m0; m < m1; ++m) block(m, n);
  } else {
    for (std::size_t m = m0; m < m1; ++m)
      for (std::size_t n = n0; n < n1; ++n) block(m, n);
  }
}

template <class Unit>
void product(const Bf16Product& p, std::size_t m0, std::size_t m1, std::size_t n0, std::size_t n1) noexcept {
  assert(m1 <= bf16_blocks(p.M) && n1 <= bf16_blocks(p.N) && p.c_stride % kColumnUnit == 0);
  Unit::configure();
  switch (p.epilogue) {
    case Epilogue::none: blocks<Unit, Epilogue::none, false>(p, m0, m1, n0, n1); break;
    case Epilogue::descend: blocks<Unit, Epilogue::none, true>(p, m0, m1, n0, n1); break;
    case Epilogue::bias: blocks<Unit, Epilogue::bias, false>(p, m0, m1, n0, n1); break;
    case Epilogue::bias_relu: blocks<Unit, Epilogue::bias_relu, false>(p, m0, m1, n0, n1); break;
    case Epilogue::relu_gradient: blocks<Unit, Epilogue::relu_gradient, false>(p, m0, m1, n0, n1); break;
    case Epilogue::multiply: blocks<Unit, Epilogue::multiply, false>(p, m0, m1, n0, n1); break;
  }
  Unit::release();
}

template <class Unit>
constexpr Bf16Kernels kernels_of() {
  return {.product = &product<Unit>, .pack = &pack<Unit>};
}

void describe_bf16(bool by_tiles, Bf16Kernels& table) noexcept {
#if HWY_TARGET == HWY_AVX3
  table = by_tiles ? kernels_of<TileUnit>() : kernels_of<Lanes>();
#else
  (void)by_tiles;
  table = kernels_of<Lanes>();
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace inkling
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inkling {
void add_bf16(Isa isa, bool by_tiles, Bf16Kernels& table) { INKLING_CHOOSE(isa, describe_bf16)(by_tiles, table); }
}  // namespace inkling
#endif
