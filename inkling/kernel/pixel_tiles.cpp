// The exact products of pixel_product.h on Intel's tile unit (AMX), which multiplies 8-bit integers 1024 at a time.
//
// A number q of fixed point is written with digits of 8 bits, q = 65536 d2 + 256 d1 + d0, each from -128 to 127. Pixels
// times one digit of each number is a product of 8-bit matrices with sums of 32 bits, exact up to 65,793 terms; the two
// or three products are put together exactly, too. A tile of pixels is 16 rows of 64; one of digits has 64 rows of B
// and 16 columns, the rows 4g to 4g + 3 side by side in its row g. Eight tile registers: four sums, two tiles of
// pixels, two of digits, so that each tile that is loaded is multiplied twice; loading is what takes the time.
#include "inkling/kernel/pixel_product.h"

#include "inkling/kernel/bf16.h"
#include "inkling/kernel/kernels.h"

#if defined(__x86_64__) && defined(__linux__)
#include <algorithm>
#include <array>
#include <cassert>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"  // GCC 12 sees them in its own header
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#define INKLING_BYTES __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")))
#define INKLING_PRODUCT __attribute__((target("amx-tile,amx-int8,avx512f,avx512bw,avx512dq,avx512vl")))

namespace inkling {
namespace {

// GCC's tile loads and stores do not tell the compiler which memory they touch.
inline void memory_is_touched() { asm volatile("" ::: "memory"); }

constexpr std::size_t kTile = 1024, kRow = 64;     // bytes of a tile and of its row
constexpr std::size_t kHalf = 16;                  // rows, and columns of sums, of a tile
constexpr std::size_t kGroup = 2 * kHalf;          // columns that are computed together
constexpr std::size_t kSums = kPixelRows * kHalf;  // of one digit and kHalf columns
constexpr std::size_t kShort = 256;                // derived: terms; times 255 * (128 * 256 + 128) below 2^31
constexpr std::size_t kPackedSteps = 16;           // guess: 32 KB of pixels, beside the sums in the first cache
constexpr std::size_t kChunksOfInt = 64;           // derived: of 1024 terms; times 255 * 128 below 2^31

std::size_t digits_of(int bits) { return bits == kFixedBitsOfBf16 ? 2 : 3; }
std::size_t steps_of(std::size_t K) { return (K + kPixelBlock - 1) / kPixelBlock; }

// The digits of kGroup columns from n on are 2 * Digits tiles a step: d0, d1, ... of the first kHalf columns, then of
// the others. They lie two by two, the first two of all steps before the next two.
std::uint8_t* group_tiles(const FixedPoint& b, std::size_t n) {
  return b.digits + n / kGroup * steps_of(b.K) * 2 * digits_of(b.bits) * kTile;
}
constexpr std::size_t tile_place(std::size_t tile, std::size_t step, std::size_t steps) {
  return ((tile / 2 * steps + step) * 2 + tile % 2) * kTile;
}

// Of two rows of q, the bytes first and first + 1 of their 16 numbers: those of a column side by side, first of both
// rows, then the others.
constexpr auto interleaving(int first) {
  std::array<std::uint8_t, 64> bytes{};
  for (int k = 0; k < 64; ++k)
    bytes[static_cast<std::size_t>(k)] =
        static_cast<std::uint8_t>((k % 2 != 0 ? 64 : 0) + k / 4 * 4 + first + k % 4 / 2);
  return bytes;
}
alignas(64) constexpr auto kLower = interleaving(0), kUpper = interleaving(2);

// Four rows of q, each 16 numbers whose lower bytes are digits, become a row of each digit's tile.
template <std::size_t Digits>
INKLING_BYTES inline void store_digits(const __m512i (&q)[4], std::uint8_t* const (&to)[Digits]) {
  const __m512i lower = _mm512_load_si512(kLower.data());
  const __m512i a = _mm512_permutex2var_epi8(q[0], lower, q[1]), b = _mm512_permutex2var_epi8(q[2], lower, q[3]);
  _mm512_store_si512(to[0], _mm512_mask_blend_epi16(0xAAAAAAAA, a, _mm512_slli_epi32(b, 16)));
  _mm512_store_si512(to[1], _mm512_mask_blend_epi16(0xAAAAAAAA, _mm512_srli_epi32(a, 16), b));
  if constexpr (Digits == 3) {
    const __m512i upper = _mm512_load_si512(kUpper.data());
    const __m512i c = _mm512_permutex2var_epi8(q[0], upper, q[1]), e = _mm512_permutex2var_epi8(q[2], upper, q[3]);
    _mm512_store_si512(to[2], _mm512_mask_blend_epi16(0xAAAAAAAA, c, _mm512_slli_epi32(e, 16)));
  }
}

// Vectors times kHalf columns from n on.
template <std::size_t Digits, std::size_t Vectors>
INKLING_BYTES void columns_to_fixed(ConstMatrixView m, RowNumbers rows, const FixedPoint& out, std::size_t n) {
  const float* const columns = m.data + n;
  const std::size_t K = out.K, stride = m.stride, steps = steps_of(K);
  const __m512i magnitude = _mm512_set1_epi32(0x7FFFFFFF);
  __m512i largest[Vectors];
#pragma GCC unroll 4
  for (auto& each : largest) each = _mm512_setzero_si512();
  for (std::size_t k = 0; k < m.rows; ++k)
#pragma GCC unroll 4
    for (std::size_t v = 0; v < Vectors; ++v)
      largest[v] = _mm512_max_epi32(largest[v],
                                    _mm512_and_si512(magnitude, _mm512_load_si512(columns + k * stride + v * kHalf)));
  __m512 factors[Vectors];
  __mmask16 finite[Vectors];
  for (std::size_t v = 0; v < Vectors; ++v) {
    alignas(64) std::uint32_t most[kHalf];
    alignas(64) float factor[kHalf];
    _mm512_store_si512(most, largest[v]);
    for (std::size_t j = 0; j < kHalf; ++j) {
      const fixed::Scale scale = fixed::scale_of(most[j], out.bits);
      factor[j] = scale.factor;
      out.units[n + v * kHalf + j] = scale.unit;
    }
    factors[v] = _mm512_load_ps(factor);
    finite[v] = _mm512_cmp_ps_mask(factors[v], _mm512_setzero_ps(), _CMP_NEQ_OQ);
  }

  // Adding this makes each byte its digit plus 128, with its carry gone to the next; the exclusive or takes 128 off.
  const __m512i offset = _mm512_set1_epi32(Digits == 3 ? 0x808080 : 0x8080);
  alignas(64) static constexpr float kZeros[kFixedColumns] = {};
  for (std::size_t row = 0; row < steps * kPixelBlock; row += 4) {
    const float* from[4];
    for (std::size_t i = 0; i < 4; ++i)
      from[i] = row + i < K ? columns + (rows.empty() ? row + i : rows[row + i]) * stride : kZeros;
#pragma GCC unroll 4
    for (std::size_t v = 0; v < Vectors; ++v) {
      __m512i q[4];
#pragma GCC unroll 4
      for (std::size_t i = 0; i < 4; ++i) {
        const __m512 scaled = _mm512_maskz_mul_ps(finite[v], _mm512_load_ps(from[i] + v * kHalf), factors[v]);
        q[i] = _mm512_xor_si512(_mm512_add_epi32(_mm512_cvtps_epi32(scaled), offset), offset);
      }
      const std::size_t column = n + v * kHalf, first = column % kGroup / kHalf * Digits;
      std::uint8_t* const tiles = group_tiles(out, column) + row % kPixelBlock / 4 * kRow;
      std::uint8_t* to[Digits];
      for (std::size_t digit = 0; digit < Digits; ++digit)
        to[digit] = tiles + tile_place(first + digit, row / kPixelBlock, steps);
      store_digits<Digits>(q, to);
    }
  }
}

template <std::size_t Digits>
INKLING_BYTES void panel_to_fixed(ConstMatrixView m, RowNumbers rows, const FixedPoint& out, std::size_t n,
                                  std::size_t n1) {
  switch (std::min(kFixedColumns, round_up(n1 - n, kHalf)) / kHalf) {
    case 1: return columns_to_fixed<Digits, 1>(m, rows, out, n);
    case 2: return columns_to_fixed<Digits, 2>(m, rows, out, n);
    case 3: return columns_to_fixed<Digits, 3>(m, rows, out, n);
    default: return columns_to_fixed<Digits, 4>(m, rows, out, n);
  }
}

INKLING_BYTES void to_fixed(ConstMatrixView m, RowNumbers rows, const FixedPoint& out, std::size_t n0,
                            std::size_t n1) noexcept {
  assert((rows.empty() ? m.rows : rows.size()) == out.K && m.cols == out.N && n0 % kHalf == 0 &&
         m.stride % kColumnUnit == 0);
  for (std::size_t n = n0; n < n1; n += kFixedColumns)
    digits_of(out.bits) == 3 ? panel_to_fixed<3>(m, rows, out, n, n1) : panel_to_fixed<2>(m, rows, out, n, n1);
}

// Copies rows [r, r + 32) of `steps` steps from `first` on to tiles, zero where there are no pixels: the tiles of the
// upper rows, then those of the lower. Asks memory for what is `ahead` bytes behind, which is packed next.
INKLING_BYTES void pack(PixelView X, std::size_t r, std::size_t first, std::size_t steps, std::size_t ahead,
                        std::uint8_t* to) {
  const std::size_t rows = std::min(kPixelRows, X.rows - r), k = first * kPixelBlock;
  const std::size_t rest = std::min(X.cols - k, steps * kPixelBlock) - (steps - 1) * kPixelBlock;
  const __mmask64 last = rest == kPixelBlock ? ~__mmask64{0} : (__mmask64{1} << rest) - 1;
  for (std::size_t i = 0; i < kPixelRows; ++i) {
    const std::uint8_t* from = X.data + (i < rows ? (r + i) * X.stride + k : 0);
    std::uint8_t* at = to + i / kHalf * steps * kTile + i % kHalf * kRow;
    for (std::size_t step = 0; step + 1 < steps; ++step, from += kPixelBlock, at += kTile) {
      _mm_prefetch(reinterpret_cast<const char*>(reinterpret_cast<std::uintptr_t>(from) + ahead), _MM_HINT_T1);
      _mm512_store_si512(at, _mm512_maskz_loadu_epi8(i < rows ? ~__mmask64{0} : 0, from));
    }
    _mm512_store_si512(at, _mm512_maskz_loadu_epi8(i < rows ? last : 0, from));
  }
}

// Brings the next two tiles of digits from the second cache to the first, while those before them are multiplied.
INKLING_PRODUCT inline void fetch_tiles(const std::uint8_t* tiles) {
#pragma GCC unroll 32
  for (std::size_t row = 0; row < 2 * kTile; row += kRow)
    _mm_prefetch(reinterpret_cast<const char*>(reinterpret_cast<std::uintptr_t>(tiles) + row), _MM_HINT_T0);
}

// 32 rows of pixels as tiles: those of a step, upper and lower, and so on step by step.
struct PixelTiles {
  const std::uint8_t* upper = nullptr;
  std::size_t row = 0, lower = 0, step = 0;  // bytes from a tile's row to the next, to the lower tile, to the next step
};

PixelTiles packed_tiles(const std::uint8_t* pixels, std::size_t steps) { return {pixels, kRow, steps * kTile, kTile}; }

// Those of rows that are tiles' rows as they stand, from step `first` on.
PixelTiles tiles_in_place(PixelView X, std::size_t r, std::size_t first) {
  return {X.data + r * X.stride + first * kPixelBlock, X.stride, kHalf * X.stride, kRow};
}

// Asks memory for `steps` steps that stand `ahead` bytes behind these.
INKLING_PRODUCT void fetch_pixels(const PixelTiles& tiles, std::size_t steps, std::size_t ahead) {
  const auto next = reinterpret_cast<std::uintptr_t>(tiles.upper) + ahead;
  for (std::size_t i = 0; i < kPixelRows; ++i)
    for (std::size_t step = 0; step < steps; ++step)
      _mm_prefetch(reinterpret_cast<const char*>(next + i * tiles.row + step * tiles.step), _MM_HINT_T1);
}

// Two tiles of sums of 32 rows: those of `steps` steps of pixels times the pairs of digits' tiles from b on, added to
// the sums that are there, or not.
INKLING_PRODUCT inline void multiply_tiles(const PixelTiles& pixels, const std::uint8_t* b, std::size_t steps,
                                           bool adds, std::int32_t* sums) {
  const std::uint8_t *upper = pixels.upper, *lower = upper + pixels.lower;
  if (adds) {
    _tile_loadd(0, sums, kRow);
    _tile_loadd(1, sums + kSums, kRow);
    _tile_loadd(2, sums + kSums / 2, kRow);
    _tile_loadd(3, sums + kSums + kSums / 2, kRow);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (std::size_t step = 0; step < steps; ++step, upper += pixels.step, lower += pixels.step, b += 2 * kTile) {
    fetch_tiles(b + 2 * kTile);
    _tile_loadd(4, upper, pixels.row);
    _tile_loadd(6, b, kRow);
    _tile_loadd(7, b + kTile, kRow);
    _tile_loadd(5, lower, pixels.row);
    _tile_dpbusd(0, 4, 6);
    _tile_dpbusd(1, 4, 7);
    _tile_dpbusd(2, 5, 6);
    _tile_dpbusd(3, 5, 7);
  }
  _tile_stored(0, sums, kRow);
  _tile_stored(1, sums + kSums, kRow);
  _tile_stored(2, sums + kSums / 2, kRow);
  _tile_stored(3, sums + kSums + kSums / 2, kRow);
}

// fp32(T) of 16 columns of one row, whose digits' sums stand kSums apart.
template <std::size_t Digits, bool Short>
INKLING_PRODUCT inline __m512 to_floats(const std::int32_t* sums) {
  const __m512i s0 = _mm512_load_si512(sums), s1 = _mm512_load_si512(sums + kSums), low = _mm512_set1_epi32(0xFFFF);
  __m512i first, second;  // T = 65536 first + second
  if constexpr (Short) {
    const __m512i t = _mm512_add_epi32(_mm512_slli_epi32(s1, 8), s0);
    first = _mm512_srai_epi32(t, 16);
    second = _mm512_and_si512(t, low);
  } else {
    const __m512i t = _mm512_add_epi32(_mm512_slli_epi32(_mm512_and_si512(s1, _mm512_set1_epi32(0xFF)), 8),
                                       _mm512_and_si512(s0, low));
    first = _mm512_add_epi32(_mm512_add_epi32(_mm512_srai_epi32(s1, 8), _mm512_srai_epi32(s0, 16)),
                             _mm512_srli_epi32(t, 16));
    second = _mm512_and_si512(t, low);
  }
  if constexpr (Digits == 3) first = _mm512_add_epi32(first, _mm512_load_si512(sums + 2 * kSums));
  return _mm512_fmadd_ps(_mm512_cvtepi32_ps(first), _mm512_set1_ps(65536), _mm512_cvtepi32_ps(second));
}

// What becomes of the sums of 32 rows from r on, kHalf columns from n on. before: T of what was summed before them, or
// null.
template <std::size_t Digits, bool Short, Epilogue E>
INKLING_PRODUCT inline void finish(const PixelProduct& p, const std::int32_t* sums, const std::int64_t* before,
                                   std::size_t r, std::size_t n) {
  constexpr bool kBiased = E == Epilogue::bias || E == Epilogue::bias_relu, kDescends = E == Epilogue::descend;
  const __m512 scale = _mm512_mul_ps(_mm512_set1_ps(p.worth), _mm512_load_ps(p.b.units + n));
  const __m512 minus_rate = _mm512_set1_ps(-p.rate), zero = _mm512_setzero_ps();
  const __m512 bias = kBiased ? _mm512_load_ps(p.bias + n) : zero;
  const std::size_t rows = std::min(kPixelRows, p.pixels.rows - r), stride = kDescends ? p.w_stride : p.c_stride;
  const RowNumbers numbers = p.rows;
  float* const columns = (kDescends ? p.w : p.c) + n;
  for (std::size_t i = 0; i < rows; ++i) {
    float* const out = columns + (numbers.empty() ? r + i : numbers[r + i]) * stride;
    __m512 c;
    if (before == nullptr) {
      c = to_floats<Digits, Short>(sums + i * kHalf);
    } else {
      alignas(64) float t[kHalf];
      for (std::size_t j = 0; j < kHalf; ++j) t[j] = fixed::to_float(before[i * kHalf + j]);
      c = _mm512_load_ps(t);
    }
    c = _mm512_mul_ps(c, scale);
    if constexpr (kDescends) c = _mm512_fmadd_ps(minus_rate, c, _mm512_load_ps(out));
    if constexpr (kBiased) c = _mm512_add_ps(c, bias);
    if constexpr (E == Epilogue::bias_relu)  // a NaN stays
      c = _mm512_mask_mov_ps(c, _mm512_cmp_ps_mask(c, zero, _CMP_LT_OQ), zero);
    _mm512_store_ps(out, c);
  }
}

// Adds the sums of kHalf columns to T, which begins as 0.
template <std::size_t Digits>
void move_sums(const std::int32_t* sums, std::int64_t* before, bool begins) {
  for (std::size_t i = 0; i < kSums; ++i) {
    std::int64_t t = sums[i] + std::int64_t{sums[kSums + i]} * 256;
    if (Digits == 3) t += std::int64_t{sums[2 * kSums + i]} * 65536;
    before[i] = begins ? t : before[i] + t;
  }
}

// 32 rows from r on, columns [n0, n1).
template <std::size_t Digits, bool Short, Epilogue E>
INKLING_PRODUCT void rows(const PixelProduct& p, std::size_t r, std::size_t n0, std::size_t n1) {
  alignas(64) std::uint8_t pixels[2 * kPackedSteps * kTile];
  alignas(64) std::int32_t sums[2 * Digits * kSums];
  std::int64_t before[2 * kSums];
  const std::size_t steps = steps_of(p.pixels.cols), chunks = (steps + kPackedSteps - 1) / kPackedSteps;
  const bool is_long = chunks > kChunksOfInt, packs = !p.rows_aligned || p.pixels.rows - r < kPixelRows;
  for (std::size_t n = n0; n < n1; n += kGroup) {
    const std::size_t halves = n + kHalf < n1 ? 2 : 1;
    const std::uint8_t* const tiles = group_tiles(p.b, n);
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
      const std::size_t first = chunk * kPackedSteps, count = std::min(kPackedSteps, steps - first);
      const std::size_t ahead = chunk + 1 < chunks ? kPackedSteps * kPixelBlock : kPixelRows * p.pixels.stride;
      if (packs && (chunks > 1 || n == n0)) pack(p.pixels, r, first, count, ahead, pixels);
      const PixelTiles a = packs ? packed_tiles(pixels, count) : tiles_in_place(p.pixels, r, first);
      if (!packs && n == n0) fetch_pixels(a, count, ahead);
      memory_is_touched();
      for (std::size_t tile = 0; tile < halves * Digits; tile += 2)
        multiply_tiles(a, tiles + tile_place(tile, first, steps), count, chunk % kChunksOfInt != 0,
                       sums + tile * kSums);
      memory_is_touched();
      if (is_long && (chunk + 1 == chunks || (chunk + 1) % kChunksOfInt == 0))
        for (std::size_t half = 0; half < halves; ++half)
          move_sums<Digits>(sums + half * Digits * kSums, before + half * kSums, chunk < kChunksOfInt);
    }
    for (std::size_t half = 0; half < halves; ++half)
      finish<Digits, Short, E>(p, sums + half * Digits * kSums, is_long ? before + half * kSums : nullptr, r,
                               n + half * kHalf);
  }
}

template <std::size_t Digits, bool Short>
INKLING_PRODUCT void product_of(const PixelProduct& p, std::size_t r, std::size_t n0, std::size_t n1) {
  switch (p.epilogue) {
    case Epilogue::bias: return rows<Digits, Short, Epilogue::bias>(p, r, n0, n1);
    case Epilogue::bias_relu: return rows<Digits, Short, Epilogue::bias_relu>(p, r, n0, n1);
    case Epilogue::descend: return rows<Digits, Short, Epilogue::descend>(p, r, n0, n1);
    default: return rows<Digits, Short, Epilogue::none>(p, r, n0, n1);
  }
}

INKLING_PRODUCT void pixel_product(const PixelProduct& p, std::size_t r0, std::size_t r1, std::size_t n0,
                                   std::size_t n1) noexcept {
  assert(p.pixels.cols == p.b.K && r0 % kPixelRows == 0 && r1 <= p.pixels.rows && n0 % kFixedColumns == 0);
  const bool is_short = p.b.K <= kShort;
  TileUnit::configure();
  for (std::size_t r = r0; r < r1; r += kPixelRows) {
    if (digits_of(p.b.bits) == 3)
      is_short ? product_of<3, true>(p, r, n0, n1) : product_of<3, false>(p, r, n0, n1);
    else
      is_short ? product_of<2, true>(p, r, n0, n1) : product_of<2, false>(p, r, n0, n1);
  }
  TileUnit::release();
}

}  // namespace

void add_pixel_tiles(Kernels& table) { table.pixels = {kFixedColumns, kHalf, &to_fixed, &pixel_product}; }

}  // namespace inkling
#else
namespace inkling {
void add_pixel_tiles(Kernels&) {}
}  // namespace inkling
#endif
