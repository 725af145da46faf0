// The first layer's products of kernels.h, which skip zero pixels: 81 % of MNIST, and exact in fp32.
//
// 64 pixels of an image become a mask of those that are not zero; the bits of the mask are walked in ascending order,
// so the chain of multiply-adds is the dense one without its zero terms. Forward: a block of W, 64 pixels x 128
// outputs, stays in the first cache while all images of the call pass over it; unfinished sums wait in the output,
// which is exact. Gradient: the masks of 64 images are transposed as a 64 x 64 bit matrix, and each row of dW is summed
// in registers.
#include "inkling/kernel/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "inkling/kernel/sparse_input.cpp"
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

// Column vectors held in registers: 128 outputs with AVX-512, 64 with AVX2.
inline constexpr std::size_t kVectors = kLanes >= 8 ? 8 : kColumnUnit / kLanes;
inline constexpr std::size_t kVectorsPerUnit = kColumnUnit / kLanes;
inline constexpr std::size_t kMaskBits = 64;

// Bit i is set where pixels[i] is not zero, for i < count <= 64.
HWY_INLINE std::uint64_t ink_mask(const std::uint8_t* pixels, std::size_t count) {
  std::uint64_t mask = 0;
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t i = 0; i < count; ++i) mask |= std::uint64_t{pixels[i] != 0} << i;
#else
  const hn::CappedTag<std::uint8_t, kMaskBits> d8;
  alignas(64) std::uint8_t whole[kMaskBits];
  if (count < kMaskBits) {  // the last pixels of an image: nothing behind them may be read
    std::memset(whole, 0, sizeof(whole));
    std::memcpy(whole, pixels, count);
    pixels = whole;
  }
  constexpr std::size_t kBytes = hn::MaxLanes(d8);
  for (std::size_t i = 0; i < kMaskBits; i += kBytes) {
    std::uint8_t bits[8] = {};
    hn::StoreMaskBits(d8, hn::Ne(hn::LoadU(d8, pixels + i), hn::Zero(d8)), bits);
    std::uint64_t part = 0;
    std::memcpy(&part, bits, sizeof(part));
    mask |= part << i;
  }
#endif
  return mask;
}

// Transposes a 64 x 64 bit matrix in place: bit c of row r becomes bit r of row c. (Warren, "Hacker's Delight", section
// 7-3.)
HWY_INLINE void transpose_bits(std::uint64_t rows[kMaskBits]) {
  std::uint64_t mask = 0x00000000FFFFFFFFull;
  for (std::size_t width = 32; width != 0; width >>= 1, mask ^= mask << width)
    for (std::size_t r = 0; r < kMaskBits; r = ((r | width) + 1) & ~width) {
      const std::uint64_t swap = ((rows[r] >> width) ^ rows[r | width]) & mask;
      rows[r] ^= swap << width;
      rows[r | width] ^= swap;
    }
}

// What the set bits of a mask stand for: bit k for the pixel at pixels[k * pixel_step], which multiplies the row of
// floats at rows + k * row_step.
struct Terms {
  std::uint64_t mask;
  const std::uint8_t* pixels;
  std::size_t pixel_step;
  const float* rows;
  std::size_t row_step;
};

// Adds the term of the lowest bit, and clears it.
template <std::size_t Vectors>
HWY_INLINE void add_lowest(V (&sum)[Vectors], Terms& t, const float* values) {
  const D d;
  const auto k = static_cast<std::size_t>(std::countr_zero(t.mask));
  t.mask &= t.mask - 1;
  const V x = hn::Set(d, values[t.pixels[k * t.pixel_step]]);
  const float* row = t.rows + k * t.row_step;
#pragma GCC unroll 16
  for (std::size_t v = 0; v < Vectors; ++v) sum[v] = fma(x, hn::Load(d, row + v * kLanes), sum[v]);
}

// Adds all terms of Group sums, each in ascending order of its bits. Few vectors make short chains that wait for one
// another's multiply-adds, so narrow layers are summed two at a time.
template <std::size_t Group, std::size_t Vectors>
HWY_INLINE void add_all(V (&sum)[Group][Vectors], Terms (&terms)[Group], const float* values) {
  if constexpr (Group == 2)
    while (terms[0].mask != 0 && terms[1].mask != 0) {
      add_lowest(sum[0], terms[0], values);
      add_lowest(sum[1], terms[1], values);
    }
  for (std::size_t g = 0; g < Group; ++g)
    while (terms[g].mask != 0) add_lowest(sum[g], terms[g], values);
}

// Calls columns.template operator()<Vectors>(n) for blocks of columns that together cover the padded width.
template <class Columns>
HWY_INLINE void for_columns(std::size_t width, const Columns& columns) {
  const std::size_t padded = (width + kColumnUnit - 1) / kColumnUnit * kColumnUnit;
  std::size_t n = 0;
  for (; n + kVectors * kLanes <= padded; n += kVectors * kLanes) columns.template operator()<kVectors>(n);
  if constexpr (kVectors / 2 > kVectorsPerUnit)
    for (; n + kVectors / 2 * kLanes <= padded; n += kVectors / 2 * kLanes)
      columns.template operator()<kVectors / 2>(n);
  if constexpr (kVectors / 4 > kVectorsPerUnit)
    for (; n + kVectors / 4 * kLanes <= padded; n += kVectors / 4 * kLanes)
      columns.template operator()<kVectors / 4>(n);
  for (; n < padded; n += kColumnUnit) columns.template operator()<kVectorsPerUnit>(n);
}

// Images [b, b + Group), pixels [i0, i0 + 64), columns [n, n + Vectors * kLanes).
template <std::size_t Group, std::size_t Vectors>
HWY_INLINE void forward_block(const SparseForward& p, std::size_t b, std::size_t i0, std::size_t n) {
  const D d;
  const std::size_t count = std::min(kMaskBits, p.X.cols - i0);
  V sum[Group][Vectors];
  Terms terms[Group];
  for (std::size_t g = 0; g < Group; ++g) {
    const std::uint8_t* pixels = p.X.data + (b + g) * p.X.stride + i0;
    const float* out = p.out + (b + g) * p.out_stride + n;
    terms[g] = {ink_mask(pixels, count), pixels, 1, p.W + i0 * p.W_stride + n, p.W_stride};
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Vectors; ++v) sum[g][v] = i0 == 0 ? hn::Zero(d) : hn::Load(d, out + v * kLanes);
  }
  add_all(sum, terms, p.pixel_values);
  const bool last = i0 + kMaskBits >= p.X.cols;
  for (std::size_t g = 0; g < Group; ++g) {
    float* out = p.out + (b + g) * p.out_stride + n;
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Vectors; ++v) {
      V z = sum[g][v];
      if (last && p.epilogue != Epilogue::none) z = hn::Add(z, hn::Load(d, p.bias + n + v * kLanes));
      if (last && p.epilogue == Epilogue::bias_relu) z = hn::IfThenElse(hn::Lt(z, hn::Zero(d)), hn::Zero(d), z);
      hn::Store(z, d, out + v * kLanes);
    }
  }
}

// derived: about eight chains of multiply-adds keep the units busy.
template <std::size_t Vectors>
inline constexpr std::size_t kGroup = Vectors < 8 ? 2 : 1;

void sparse_forward(const SparseForward& p, std::size_t b0, std::size_t b1) noexcept {
  assert(b1 <= p.X.rows && p.pixel_values[0] == 0 && p.W_stride % kColumnUnit == 0 && p.out_stride % kColumnUnit == 0);
  for_columns(p.O, [&]<std::size_t Vectors>(std::size_t n) {
    for (std::size_t i0 = 0; i0 < p.X.cols; i0 += kMaskBits) {
      std::size_t b = b0;
      for (; b + kGroup<Vectors> <= b1; b += kGroup<Vectors>) forward_block<kGroup<Vectors>, Vectors>(p, b, i0, n);
      for (; b < b1; ++b) forward_block<1, Vectors>(p, b, i0, n);
    }
  });
}

// Rows [row, row + Group) of dW. masks[t][i] has the images of tile t whose pixel i0 + i is not zero.
template <std::size_t Group, std::size_t Vectors>
HWY_INLINE void gradient_rows(const SparseGradient& p, const std::uint64_t (*masks)[kMaskBits], std::size_t first_image,
                              std::size_t images, std::size_t i0, std::size_t i, std::size_t n) {
  const D d;
  V sum[Group][Vectors];
  for (std::size_t g = 0; g < Group; ++g)
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Vectors; ++v)
      sum[g][v] = first_image == 0 ? hn::Zero(d) : hn::Load(d, p.dW + (i0 + i + g) * p.dW_stride + n + v * kLanes);
  for (std::size_t tile = 0; tile * kMaskBits < images; ++tile) {
    const std::size_t b = first_image + tile * kMaskBits;
    Terms terms[Group];
    for (std::size_t g = 0; g < Group; ++g)
      terms[g] = {masks[tile][i + g], p.X.data + b * p.X.stride + i0 + i + g, p.X.stride, p.dz + b * p.dz_stride + n,
                  p.dz_stride};
    add_all(sum, terms, p.pixel_values);
  }
  for (std::size_t g = 0; g < Group; ++g)
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Vectors; ++v)
      hn::Store(sum[g][v], d, p.dW + (i0 + i + g) * p.dW_stride + n + v * kLanes);
}

void sparse_gradient(const SparseGradient& p, std::size_t row0, std::size_t row1) noexcept {
  assert(row1 <= p.X.cols && p.pixel_values[0] == 0 && p.dz_stride % kColumnUnit == 0 &&
         p.dW_stride % kColumnUnit == 0);
  constexpr std::size_t kTiles = 4;  // guess: 256 images' masks are 2 KB; more images wait for another turn
  alignas(64) std::uint64_t masks[kTiles][kMaskBits];
  for (std::size_t i0 = row0; i0 < row1; i0 += kMaskBits) {
    const std::size_t count = std::min(kMaskBits, row1 - i0);
    std::size_t b = 0;
    do {  // once for no images, too: an empty sum is zero
      const std::size_t images = std::min(kTiles * kMaskBits, p.X.rows - b);
      for (std::size_t tile = 0; tile * kMaskBits < images; ++tile) {
        for (std::size_t j = 0; j < kMaskBits; ++j) {
          const std::size_t image = tile * kMaskBits + j;
          masks[tile][j] = image < images ? ink_mask(p.X.data + (b + image) * p.X.stride + i0, count) : 0;
        }
        transpose_bits(masks[tile]);
      }
      for_columns(p.O, [&]<std::size_t Vectors>(std::size_t n) {
        std::size_t i = 0;
        for (; i + kGroup<Vectors> <= count; i += kGroup<Vectors>)
          gradient_rows<kGroup<Vectors>, Vectors>(p, masks, b, images, i0, i, n);
        for (; i < count; ++i) gradient_rows<1, Vectors>(p, masks, b, images, i0, i, n);
      });
      b += images;
    } while (b < p.X.rows);
  }
}

std::size_t count_nonzero(const std::uint8_t* bytes, std::size_t n) noexcept {
  std::size_t count = 0;
  for (std::size_t i = 0; i < n; i += kMaskBits)
    count += static_cast<std::size_t>(std::popcount(ink_mask(bytes + i, std::min(kMaskBits, n - i))));
  return count;
}

void describe_sparse_input(Kernels& table) noexcept {
  table.sparse_forward = &sparse_forward;
  table.sparse_gradient = &sparse_gradient;
  table.count_nonzero = &count_nonzero;
}

}  // namespace HWY_NAMESPACE
}  // namespace inkling
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inkling {
void add_sparse_input(Isa isa, Kernels& table) { INKLING_CHOOSE(isa, describe_sparse_input)(table); }
}  // namespace inkling
#endif
