// The exact products of pixel_product.h on every instruction set: pairs of pixels, and pairs that are zero are skipped.
//
// A number q of fixed point is split in two, q = 4096 high + low, each of which fits 16 bits; instructions that
// multiply pairs of 16-bit numbers and add them up then take two pixels at once. Sums of 32 bits hold 2048 pixels'
// products. In MNIST three pairs of four are zero: a bit mask names the others.
#include "inkling/kernel/pixel_product.h"

#define HWY_WANT_AVX3_DL
#include "inkling/kernel/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "inkling/kernel/pixel_product.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <limits>

#include "inkling/kernel/kernels.h"
#include "inkling/kernel/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace inkling {
namespace HWY_NAMESPACE {

using DI = hn::RebindToSigned<D>;
using VI = hn::Vec<DI>;

inline constexpr int kLowBits = 12;
inline constexpr std::size_t kPairs = 64;  // of a block: the bits of a mask
inline constexpr std::size_t kBlock = 2 * kPairs;
inline constexpr std::size_t kBlocksOfInt = 16;  // derived: 2048 * 255 * 2048 < 2^30
// Vectors of a panel, whose sums stay in registers: for batches, a block of which stays in the first cache, and for an
// image that comes alone.
inline constexpr std::size_t kUnitVectors = kColumnUnit / kLanes;
inline constexpr std::size_t kOfBatches = kLanes == 1 ? 16 : 4, kOfOne = kLanes == 16 ? 8 : kOfBatches;

// The panel of at most Most vectors that begins at column n: whole vectors, in multiples of the padding. For each pair
// of pixels it has words of `high`, then those of `low`.
template <std::size_t Most>
struct Panel {
  Panel(const FixedPoint& b, std::size_t n)
      : vectors(std::min(Most * kLanes, round_up(b.N, kColumnUnit) - n) / kLanes),
        words(reinterpret_cast<std::int32_t*>(b.digits) + n * round_up(b.K, 2)) {}
  std::size_t vectors;
  std::int32_t* words;
};

// Two numbers of 16 bits, the first one lower.
HWY_INLINE VI pair_of(VI first, VI second) {
  return hn::Or(hn::And(first, hn::Set(DI(), 0xFFFF)), hn::ShiftLeft<16>(second));
}

template <std::size_t Most>
void to_fixed(ConstMatrixView m, RowNumbers rows, const FixedPoint& out, std::size_t n0, std::size_t n1) noexcept {
  assert((rows.empty() ? m.rows : rows.size()) == out.K && m.cols == out.N);
  assert(n0 % (Most * kLanes) == 0 && m.stride % kColumnUnit == 0);
  const D d;
  const DI di;
  for (std::size_t n = n0; n < n1; n += Most * kLanes) {
    const Panel<Most> panel(out, n);
    const std::size_t vectors = panel.vectors, width = vectors * kLanes;
    HWY_ALIGN std::int32_t largest[Most * kLanes];
    HWY_ALIGN float factors[Most * kLanes];
    for (std::size_t v = 0; v < vectors; ++v) {
      VI most = hn::Zero(di);
      const float* at = m.data + n + v * kLanes;
      for (std::size_t k = 0; k < m.rows; ++k, at += m.stride)
        most = hn::Max(most, hn::And(hn::BitCast(di, hn::Load(d, at)), hn::Set(di, 0x7FFFFFFF)));
      hn::Store(most, di, largest + v * kLanes);
    }
    for (std::size_t j = 0; j < width; ++j) {
      const fixed::Scale scale = fixed::scale_of(static_cast<std::uint32_t>(largest[j]), out.bits);
      factors[j] = scale.factor;
      out.units[n + j] = scale.unit;
    }
    const auto fix = [&](std::size_t k, std::size_t v) HWY_ATTR {
      const V factor = hn::Load(d, factors + v * kLanes);
      const std::size_t row = rows.empty() ? k : rows[k];
      const V scaled = hn::Mul(hn::Load(d, m.data + row * m.stride + n + v * kLanes), factor);
      return hn::NearestInt(hn::IfThenElseZero(hn::Ne(factor, hn::Zero(d)), scaled));
    };
    std::int32_t* to = panel.words;
    for (std::size_t k = 0; k < out.K; k += 2, to += 2 * width)
      for (std::size_t v = 0; v < vectors; ++v) {
        const VI a = fix(k, v), b = k + 1 < out.K ? fix(k + 1, v) : hn::Zero(di);
        const VI half = hn::Set(di, 1 << (kLowBits - 1));
        const VI a_high = hn::ShiftRight<kLowBits>(hn::Add(a, half)),
                 b_high = hn::ShiftRight<kLowBits>(hn::Add(b, half));
        hn::Store(pair_of(a_high, b_high), di, to + v * kLanes);
        hn::Store(pair_of(hn::Sub(a, hn::ShiftLeft<kLowBits>(a_high)), hn::Sub(b, hn::ShiftLeft<kLowBits>(b_high))), di,
                  to + width + v * kLanes);
      }
  }
}

// A vector of sums is kept in two, of which some processors use the first alone. In each lane, adds the products of x's
// and w's first and second numbers.
HWY_INLINE void add_pairs(VI (&sum)[2], VI x, VI w) {
#if HWY_TARGET == HWY_SCALAR
  const auto first = [](std::int32_t pair) { return std::int32_t{static_cast<std::int16_t>(pair & 0xFFFF)}; };
  sum[0].raw += first(x.raw) * first(w.raw) + (x.raw >> 16) * (w.raw >> 16);
#elif HWY_TARGET == HWY_AVX3_DL
  // Highway's target has this instruction and does not tell the compiler so.
  asm("vpdpwssd %2, %1, %0" : "+v"(sum[0].raw) : "v"(x.raw), "vm"(w.raw));
#else
  const hn::Repartition<std::int16_t, DI> d16;
  sum[0] = hn::ReorderWidenMulAccumulate(DI(), hn::BitCast(d16, x), hn::BitCast(d16, w), sum[0], sum[1]);
#endif
}
HWY_INLINE VI value_of(const VI (&sum)[2]) {
#if HWY_TARGET == HWY_SCALAR
  return sum[0];
#else
  return hn::RearrangeToOddPlusEven(sum[0], sum[1]);
#endif
}

// Bit t is set where pair t of 2 * kPairs bytes is not zero.
HWY_INLINE std::uint64_t ink_mask(const std::uint8_t* bytes) {
  std::uint64_t mask = 0;
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t t = 0; t < kPairs; ++t) mask |= std::uint64_t{(bytes[2 * t] | bytes[2 * t + 1]) != 0} << t;
#else
  const hn::Repartition<std::uint16_t, DI> d16;
  constexpr std::size_t kAtOnce = hn::MaxLanes(d16);
  for (std::size_t t = 0; t < kPairs; t += kAtOnce) {
    std::uint8_t bits[8] = {};
    hn::StoreMaskBits(d16, hn::Ne(hn::LoadU(d16, reinterpret_cast<const std::uint16_t*>(bytes + 2 * t)), hn::Zero(d16)),
                      bits);
    std::uint64_t part = 0;
    std::memcpy(&part, bits, sizeof(part));
    mask |= part << t;
  }
#endif
  return mask;
}

// The sums of a row's `high` and `low`.
template <std::size_t Vectors>
using Sums = VI[2][Vectors][2];

// Adds a block of a row: bytes are its pixels, words those of the block in the panel.
template <std::size_t Vectors>
HWY_INLINE void add_block(Sums<Vectors>& sums, const std::uint8_t* bytes, const std::int32_t* HWY_RESTRICT words) {
  constexpr std::size_t kWidth = Vectors * kLanes;
  const DI di;
  for (std::uint64_t mask = ink_mask(bytes); mask != 0; mask &= mask - 1) {
    const auto t = static_cast<std::size_t>(std::countr_zero(mask));
    const VI x = hn::Set(di, bytes[2 * t] | bytes[2 * t + 1] << 16);
    const std::int32_t* w = words + t * 2 * kWidth;
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Vectors; ++v) {
      add_pairs(sums[0][v], x, hn::Load(di, w + v * kLanes));
      add_pairs(sums[1][v], x, hn::Load(di, w + kWidth + v * kLanes));
    }
  }
}

// T = 65536 first + second, second being in [0, 65536), of T = 4096 high + low.
struct Split {
  VI first, second;
};
HWY_INLINE Split split(VI high, VI low) {
  const DI di;
  constexpr int kRest = 16 - kLowBits;
  const VI rest = hn::Add(hn::ShiftLeft<kLowBits>(hn::And(high, hn::Set(di, (1 << kRest) - 1))), low);
  return {hn::Add(hn::ShiftRight<kRest>(high), hn::ShiftRight<16>(rest)), hn::And(rest, hn::Set(di, 0xFFFF))};
}
HWY_INLINE V to_floats(const Split& t) {
  const D d;
  return fma(hn::ConvertTo(d, t.first), hn::Set(d, 65536.0f), hn::ConvertTo(d, t.second));
}

// What becomes of T of row r, columns [n, n + kLanes).
HWY_INLINE void finish(const PixelProduct& p, V t, std::size_t r, std::size_t n) {
  const D d;
  const V c = hn::Mul(t, hn::Mul(hn::Set(d, p.worth), hn::Load(d, p.b.units + n)));
  if (p.epilogue == Epilogue::descend) {
    float* w = p.w + p.row(r) * p.w_stride + n;
    hn::Store(fma(hn::Set(d, -p.rate), c, hn::Load(d, w)), d, w);
    return;
  }
  V z = c;
  if (p.epilogue != Epilogue::none) z = hn::Add(c, hn::Load(d, p.bias + n));
  if (p.epilogue == Epilogue::bias_relu) z = hn::IfThenElse(hn::Lt(z, hn::Zero(d)), hn::Zero(d), z);  // a NaN stays
  hn::Store(z, d, p.c + p.row(r) * p.c_stride + n);
}

inline constexpr std::size_t kRowsAtOnce = 64;  // guess: over which a block of the panel stays in the first cache

// Rows [r0, r1), at most kRowsAtOnce, of the panel that begins at n.
template <std::size_t Vectors>
void panel_rows(const PixelProduct& p, const std::int32_t* words, std::size_t r0, std::size_t r1, std::size_t n) {
  constexpr std::size_t kWidth = Vectors * kLanes;
  const DI di;
  HWY_ALIGN std::int32_t unfinished[kRowsAtOnce * 2 * kWidth];
  std::int64_t before[kRowsAtOnce * kWidth];  // what more than kBlocksOfInt blocks have summed up to
  const std::size_t K = p.pixels.cols, blocks = (K + kBlock - 1) / kBlock;
  const bool is_long = blocks > kBlocksOfInt;
  const auto begin = [](Sums<Vectors>& s) HWY_ATTR {
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Vectors; ++v)
      for (std::size_t half = 0; half < 2; ++half) s[0][v][half] = s[1][v][half] = hn::Zero(DI());
  };
  HWY_ALIGN std::uint8_t whole[kBlock] = {};
  const auto add = [&](Sums<Vectors>& s, std::size_t r, std::size_t block) HWY_ATTR {
    const std::size_t k = block * kBlock, count = std::min(kBlock, K - k);
    const std::uint8_t* bytes = p.pixels.data + r * p.pixels.stride + k;
    if (count < kBlock) {  // nothing behind the last pixel may be read
      std::memcpy(whole, bytes, count);
      bytes = whole;
    }
    add_block<Vectors>(s, bytes, words + k * kWidth);
  };
  if (r1 - r0 == 1 && !is_long) {  // one image: its sums stay in registers
    Sums<Vectors> s;
    begin(s);
    for (std::size_t block = 0; block < blocks; ++block) add(s, r0, block);
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Vectors; ++v)
      finish(p, to_floats(split(value_of(s[0][v]), value_of(s[1][v]))), r0, n + v * kLanes);
    return;
  }
  for (std::size_t block = 0; block < blocks; ++block) {
    const bool first = block % kBlocksOfInt == 0, last = block + 1 == blocks;
    for (std::size_t r = r0; r < r1; ++r) {
      Sums<Vectors> s;
      begin(s);
      add(s, r, block);
      std::int32_t* kept = unfinished + (r - r0) * 2 * kWidth;
#pragma GCC unroll 16
      for (std::size_t v = 0; v < Vectors; ++v) {
        VI high = value_of(s[0][v]), low = value_of(s[1][v]);
        if (!first) {
          high = hn::Add(high, hn::Load(di, kept + v * kLanes));
          low = hn::Add(low, hn::Load(di, kept + kWidth + v * kLanes));
        }
        if (last && !is_long) {
          finish(p, to_floats(split(high, low)), r, n + v * kLanes);
        } else {
          hn::Store(high, di, kept + v * kLanes);
          hn::Store(low, di, kept + kWidth + v * kLanes);
        }
      }
    }
    if (!is_long || !(last || (block + 1) % kBlocksOfInt == 0)) continue;
    for (std::size_t r = 0; r < r1 - r0; ++r)
      for (std::size_t j = 0; j < kWidth; ++j) {
        const std::int32_t* kept = unfinished + r * 2 * kWidth + j;
        std::int64_t& sum = before[r * kWidth + j];
        sum = (block < kBlocksOfInt ? 0 : sum) + (std::int64_t{kept[0]} << kLowBits) + kept[kWidth];
      }
  }
  for (std::size_t r = r0; r < r1 && is_long; ++r)
    for (std::size_t v = 0; v < Vectors; ++v) {
      HWY_ALIGN float t[kLanes];
      for (std::size_t j = 0; j < kLanes; ++j) t[j] = fixed::to_float(before[(r - r0) * kWidth + v * kLanes + j]);
      finish(p, hn::Load(D(), t), r, n + v * kLanes);
    }
}

template <std::size_t Most>
void pixel_product(const PixelProduct& p, std::size_t r0, std::size_t r1, std::size_t n0, std::size_t n1) noexcept {
  assert(p.pixels.cols == p.b.K && r1 <= p.pixels.rows && n0 % (Most * kLanes) == 0 && n1 <= p.b.N);
  for (std::size_t n = n0; n < n1; n += Most * kLanes)
    for (std::size_t r = r0; r < r1; r += kRowsAtOnce) {
      const Panel<Most> panel(p.b, n);
      const auto rows = [&]<std::size_t Vectors>() HWY_ATTR {
        if constexpr (Vectors <= Most && Vectors % kUnitVectors == 0)
          if (panel.vectors == Vectors) panel_rows<Vectors>(p, panel.words, r, std::min(r + kRowsAtOnce, r1), n);
      };
      rows.template operator()<1>();
      rows.template operator()<2>();
      rows.template operator()<3>();
      rows.template operator()<4>();
      rows.template operator()<5>();
      rows.template operator()<6>();
      rows.template operator()<7>();
      rows.template operator()<8>();
      rows.template operator()<16>();
    }
}

// Row c, column r of out = in(r, c) for rows [0, rows) and columns [0, cols), at most 16 by 64; zero for other rows.
HWY_INLINE void transpose_16(const std::uint8_t* in, std::size_t stride, std::size_t rows, std::size_t cols,
                             std::uint8_t* out, std::size_t out_stride) {
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t c = 0; c < cols; ++c)
    for (std::size_t r = 0; r < 16; ++r) out[c * out_stride + r] = r < rows ? in[r * stride + c] : 0;
#else
  const hn::CappedTag<std::uint8_t, 64> d8;
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
        std::memcpy(out + (c + q + j) * out_stride, bytes + q, 16);
    }
  }
#endif
}

void transpose_pixels(PixelView X, View<std::uint8_t> out, std::size_t c0, std::size_t c1) noexcept {
  assert(out.rows == X.cols && out.cols == X.rows && out.stride >= round_up(X.rows, kPixelBlock) && c1 <= X.cols);
  for (std::size_t c = c0; c < c1; c += kPixelBlock)
    for (std::size_t r = 0; r < round_up(X.rows, kPixelBlock); r += 16)
      transpose_16(X.data + r * X.stride + c, X.stride, r < X.rows ? X.rows - r : 0, std::min(kPixelBlock, c1 - c),
                   out.data + c * out.stride + r, out.stride);
}

void find_ink(PixelView X, std::uint8_t* any) noexcept {
  const hn::CappedTag<std::uint8_t, kPixelBlock> d8;
  constexpr std::size_t kBytes = hn::MaxLanes(d8);
  std::size_t c = 0;
  for (; c + kBytes <= X.cols; c += kBytes) {
    auto ink = hn::Zero(d8);
    for (std::size_t r = 0; r < X.rows; ++r) ink = hn::Or(ink, hn::LoadU(d8, X.data + r * X.stride + c));
    hn::StoreU(ink, d8, any + c);
  }
  for (; c < X.cols; ++c) {
    any[c] = 0;
    for (std::size_t r = 0; r < X.rows; ++r) any[c] = static_cast<std::uint8_t>(any[c] | X.data[r * X.stride + c]);
  }
  std::fill(any + X.cols, any + round_up(X.cols, kPixelBlock), std::uint8_t{0});
}

void take_columns(PixelView X, const std::uint8_t* any, View<std::uint8_t> out, std::size_t r0,
                  std::size_t r1) noexcept {
  assert(out.rows == X.rows && out.stride >= round_up(out.cols, kPixelBlock));
  for (std::size_t r = r0; r < r1; ++r) {
    const std::uint8_t* from = X.data + r * X.stride;
    std::uint8_t* to = out.data + r * out.stride;
#if HWY_TARGET == HWY_AVX3_DL
    for (std::size_t c = 0; c < X.cols; c += kPixelBlock) {
      const __m512i mask_bytes = _mm512_loadu_si512(any + c);  // zero behind the last pixel
      const __mmask64 mask = _mm512_test_epi8_mask(mask_bytes, mask_bytes);
      const __m512i pixels = _mm512_maskz_compress_epi8(mask, _mm512_maskz_loadu_epi8(mask, from + c));
      const auto count = static_cast<unsigned>(std::popcount(static_cast<std::uint64_t>(mask)));
      _mm512_mask_storeu_epi8(to, count == 64 ? ~__mmask64{0} : (__mmask64{1} << count) - 1, pixels);
      to += count;
    }
#else
    for (std::size_t c = 0; c < X.cols; ++c)
      if (any[c] != 0) *to++ = from[c];
#endif
    std::fill(to, out.data + r * out.stride + round_up(out.cols, kPixelBlock), std::uint8_t{0});
  }
}

void describe_pixel_product(Kernels& table) noexcept {
  constexpr std::size_t kOne = std::max(kFixedColumns, kOfOne * kLanes);
  table.pixels = {kFixedColumns, kFixedColumns, &to_fixed<kOfBatches>, &pixel_product<kOfBatches>};
  table.one_image = {kOne, kOne, &to_fixed<kOfOne>, &pixel_product<kOfOne>};
  table.find_ink = &find_ink;
  table.take_columns = &take_columns;
  table.transpose_pixels = &transpose_pixels;
}

}  // namespace HWY_NAMESPACE
}  // namespace inkling
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inkling {

float fixed::to_float(std::int64_t t) noexcept {
  return fused_multiply_add(static_cast<float>(t >> 16), 65536.0f, static_cast<float>(t & 0xFFFF));
}

fixed::Scale fixed::scale_of(std::uint32_t largest, int bits) noexcept {
  if (largest >= kInfinity) return {.factor = 0, .unit = std::numeric_limits<float>::quiet_NaN()};
  // The exponent of a power of two above what the magnitude may round to.
  const int above = std::max(static_cast<int>((largest + kHeadroom) >> 23) - 126, kLeastExponent);
  const auto power_of_two = [](int e) { return std::bit_cast<float>(static_cast<std::uint32_t>(e + 127) << 23); };
  return {.factor = power_of_two(bits - above), .unit = power_of_two(above - bits)};
}

void add_pixel_product(Isa isa, Kernels& table) {
#if HWY_TARGETS & HWY_AVX3_DL
  if (isa >= Isa::avx512 && has_avx512_of_2019()) return N_AVX3_DL::describe_pixel_product(table);
#endif
  INKLING_CHOOSE(isa, describe_pixel_product)(table);
}

}  // namespace inkling
#endif
