// A layer's product for an image that comes alone: row_product() and sparse_row() of kernels.h.
//
// With one image no weight is used twice, so nothing is worth blocking for: whole rows of W stream through, and as many
// columns as registers hold are summed at once. The pixels that are ink are listed first; one loop over the list then
// has no branch that depends on the image.
#include "inkling/kernel/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "inkling/kernel/one_image.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include "inkling/kernel/kernels.h"
#include "inkling/kernel/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace inkling {
namespace HWY_NAMESPACE {

// Column vectors held in registers: half of those that the processor has, at least a unit.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
inline constexpr std::size_t kMostVectors = 16;
#else
inline constexpr std::size_t kMostVectors = 8;
#endif
inline constexpr std::size_t kUnitVectors = kColumnUnit / kLanes;

// What is multiplied with which row: each of K floats with its own row, or listed pixels of an image with theirs.
struct AllRows {
  const float* a;
  std::size_t column;
  std::size_t K;
  HWY_INLINE std::size_t count() const { return K; }
  HWY_INLINE std::size_t row(std::size_t k) const { return k; }
  HWY_INLINE V value(std::size_t k) const { return hn::Set(D(), a[k * column]); }
};
struct ListedRows {
  const std::uint8_t* pixels;
  const float* values;
  const std::int32_t* list;
  std::size_t listed;
  HWY_INLINE std::size_t count() const { return listed; }
  HWY_INLINE std::size_t row(std::size_t k) const { return static_cast<std::size_t>(list[k]); }
  HWY_INLINE V value(std::size_t k) const { return hn::Set(D(), values[pixels[list[k]]]); }
};

// Columns of out, and what they are multiplied with.
struct Row {
  const float* W;
  std::size_t W_stride;
  float* out;
  const float* bias;
  Epilogue epilogue;
  bool first, last;  // of the pieces that the sum is made of; between two of them it waits in out, which is exact
};

template <std::size_t Vectors, class Terms>
HWY_INLINE void sum_columns(const Row& p, const Terms& terms, std::size_t n) {
  const D d;
  V sum[Vectors];
#pragma GCC unroll 16
  for (std::size_t v = 0; v < Vectors; ++v) sum[v] = p.first ? hn::Zero(d) : hn::LoadU(d, p.out + n + v * kLanes);
  const std::size_t count = terms.count();
#pragma GCC unroll 4
  for (std::size_t k = 0; k < count; ++k) {
    const V x = terms.value(k);
    const float* w = p.W + terms.row(k) * p.W_stride + n;
    asm("" : "+r"(w));  // in one register: with base and index, x86 makes two operations of each multiply-add below
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Vectors; ++v) sum[v] = fma(x, hn::LoadU(d, w + v * kLanes), sum[v]);
  }
#pragma GCC unroll 16
  for (std::size_t v = 0; v < Vectors; ++v) {
    V z = sum[v];
    if (p.last && p.epilogue != Epilogue::none) z = hn::Add(z, hn::LoadU(d, p.bias + n + v * kLanes));
    if (p.last && p.epilogue == Epilogue::bias_relu) z = hn::IfThenElse(hn::Lt(z, hn::Zero(d)), hn::Zero(d), z);
    hn::StoreU(z, d, p.out + n + v * kLanes);
  }
}

// Columns [n, end), a multiple of kColumnUnit of them: as many at once as there are, by halves.
template <std::size_t Vectors, class Terms>
HWY_INLINE void all_columns(const Row& p, const Terms& terms, std::size_t n, std::size_t end) {
  for (; n + Vectors * kLanes <= end; n += Vectors * kLanes) sum_columns<Vectors>(p, terms, n);
  if constexpr (Vectors > kUnitVectors) all_columns<Vectors / 2>(p, terms, n, end);
}

HWY_INLINE std::size_t padded_end(std::size_t n1) { return (n1 + kColumnUnit - 1) / kColumnUnit * kColumnUnit; }

void row_product(const Product& p, std::size_t n0, std::size_t n1) noexcept {
  assert(p.M == 1 && (p.a != nullptr || p.K == 0) && !p.b_transposed && n0 % kColumnUnit == 0);
  assert(p.epilogue == Epilogue::none || p.epilogue == Epilogue::bias || p.epilogue == Epilogue::bias_relu);
  const Row row = {p.b, p.b_stride, p.c, p.bias, p.epilogue, true, true};
  all_columns<kMostVectors>(row, AllRows{p.a, p.a_column, p.K}, n0, padded_end(n1));
  // Zero times a NaN or an infinity of A is a NaN: padding is cleared and not left to B's zeros.
  if (n1 == p.N) std::fill(p.c + p.N, p.c + padded_end(p.N), 0.0f);
}

inline constexpr std::size_t kPixels = 1024;  // guess: MNIST's at once; their list takes 4 KB of the first cache

// Where count <= kPixels pixels are not zero: writes their indices, ascending, and up to a vector more. Returns how
// many.
HWY_INLINE std::size_t list_ink(const std::uint8_t* pixels, std::size_t count, std::int32_t* list) {
  std::size_t listed = 0;
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t i = 0; i < count; ++i) {
    list[listed] = static_cast<std::int32_t>(i);
    listed += pixels[i] != 0;
  }
#else
  const hn::ScalableTag<std::uint8_t> d8;
  const hn::ScalableTag<std::int32_t> di;
  constexpr std::size_t kBytes = HWY_LANES(std::uint8_t);
  HWY_ALIGN std::uint8_t end[kBytes] = {};  // the last pixels: nothing behind them may be read
  std::uint8_t bits[kPixels / 8 + 8];       // one a pixel; what writes them may write 8 bytes
  for (std::size_t i = 0; i < count; i += kBytes) {
    if (i + kBytes > count) std::copy(pixels + i, pixels + count, end);
    const auto bytes = i + kBytes > count ? hn::Load(d8, end) : hn::LoadU(d8, pixels + i);
    hn::StoreMaskBits(d8, hn::Ne(bytes, hn::Zero(d8)), bits + i / 8);
  }
  constexpr std::size_t kMaskBytes = (kLanes + 7) / 8;
  const auto step = hn::Set(di, static_cast<std::int32_t>(kLanes));
  auto index = hn::Iota(di, 0);
  for (std::size_t i = 0; i < count; i += kLanes) {
    std::uint8_t mask[8] = {};
    std::memcpy(mask, bits + i / 8, kMaskBytes);
    if (kLanes < 8) mask[0] = mask[0] >> (i % 8) & ((1u << kLanes) - 1);
    hn::StoreU(hn::Compress(index, hn::LoadMaskBits(di, mask)), di, list + listed);  // CompressStore is far slower
    listed += static_cast<std::size_t>(std::popcount(std::bit_cast<std::uint64_t>(mask)));
    index = hn::Add(index, step);
  }
#endif
  return listed;
}

void sparse_row(const SparseRow& p, std::size_t n0, std::size_t n1) noexcept {
  assert(p.X.rows == 1 && p.pixel_values[0] == 0 && n0 % kColumnUnit == 0 && p.W_stride % kColumnUnit == 0);
  std::int32_t list[kPixels + kLanes];
  std::size_t i0 = 0;
  do {  // once for no pixels, too: the epilogue of an empty sum
    const std::size_t i1 = std::min(i0 + kPixels, p.X.cols);
    const std::uint8_t* pixels = p.X.data + i0;
    const std::size_t listed = list_ink(pixels, i1 - i0, list);
    const Row row = {p.W + i0 * p.W_stride, p.W_stride, p.out, p.bias, p.epilogue, i0 == 0, i1 == p.X.cols};
    all_columns<kMostVectors>(row, ListedRows{pixels, p.pixel_values, list, listed}, n0, padded_end(n1));
    i0 = i1;
  } while (i0 < p.X.cols);
}

void describe_one_image(Kernels& table) noexcept {
  table.row_product = &row_product;
  table.sparse_row = &sparse_row;
}

}  // namespace HWY_NAMESPACE
}  // namespace inkling
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inkling {
void add_one_image(Isa isa, Kernels& table) { INKLING_CHOOSE(isa, describe_one_image)(table); }
}  // namespace inkling
#endif
