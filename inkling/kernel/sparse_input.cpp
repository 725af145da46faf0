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

template <std::size_t Vectors>
HWY_INLINE void forward_columns(const SparseForward& p, std::size_t b0, std::size_t b1, std::size_t n) {
  const D d;
  const std::size_t I = p.X.cols;
  const float* values = p.pixel_values;
  for (std::size_t i0 = 0; i0 < I; i0 += kMaskBits) {
    const bool first = i0 == 0;
    const bool last = i0 + kMaskBits >= I;
    for (std::size_t b = b0; b < b1; ++b) {
      const std::uint8_t* pixels = p.X.data + b * p.X.stride + i0;
      const float* W = p.W + i0 * p.W_stride + n;
      float* out = p.out + b * p.out_stride + n;
      V sum[Vectors];
#pragma GCC unroll 16
      for (std::size_t v = 0; v < Vectors; ++v) sum[v] = first ? hn::Zero(d) : hn::Load(d, out + v * kLanes);

      for (std::uint64_t mask = ink_mask(pixels, std::min(kMaskBits, I - i0)); mask != 0; mask &= mask - 1) {
        const auto i = static_cast<std::size_t>(std::countr_zero(mask));
        const V x = hn::Set(d, values[pixels[i]]);
#pragma GCC unroll 16
        for (std::size_t v = 0; v < Vectors; ++v) sum[v] = fma(x, hn::Load(d, W + i * p.W_stride + v * kLanes), sum[v]);
      }

      if (last)
#pragma GCC unroll 16
        for (std::size_t v = 0; v < Vectors; ++v) {
          if (p.epilogue != Epilogue::none) sum[v] = hn::Add(sum[v], hn::Load(d, p.bias + n + v * kLanes));
          if (p.epilogue == Epilogue::bias_relu)
            sum[v] = hn::IfThenElse(hn::Lt(sum[v], hn::Zero(d)), hn::Zero(d), sum[v]);
        }
#pragma GCC unroll 16
      for (std::size_t v = 0; v < Vectors; ++v) hn::Store(sum[v], d, out + v * kLanes);
    }
  }
}

void sparse_forward(const SparseForward& p, std::size_t b0, std::size_t b1) noexcept {
  assert(b1 <= p.X.rows && p.pixel_values[0] == 0 && p.W_stride % kColumnUnit == 0 && p.out_stride % kColumnUnit == 0);
  const std::size_t padded = (p.O + kColumnUnit - 1) / kColumnUnit * kColumnUnit;
  std::size_t n = 0;
  for (; n + kVectors * kLanes <= padded; n += kVectors * kLanes) forward_columns<kVectors>(p, b0, b1, n);
  for (; n < padded; n += kColumnUnit) forward_columns<kVectorsPerUnit>(p, b0, b1, n);
}

// Rows [i0, i0 + count) of dW, count <= 64. masks[t][i] has the images of tile t whose pixel i0 + i is not zero.
template <std::size_t Vectors>
HWY_INLINE void gradient_columns(const SparseGradient& p, const std::uint64_t (*masks)[kMaskBits],
                                 std::size_t first_image, std::size_t images, std::size_t i0, std::size_t count,
                                 std::size_t n) {
  const D d;
  const float* values = p.pixel_values;
  for (std::size_t i = 0; i < count; ++i) {
    float* dW = p.dW + (i0 + i) * p.dW_stride + n;
    V sum[Vectors];
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Vectors; ++v) sum[v] = first_image == 0 ? hn::Zero(d) : hn::Load(d, dW + v * kLanes);
    for (std::size_t tile = 0; tile * kMaskBits < images; ++tile)
      for (std::uint64_t mask = masks[tile][i]; mask != 0; mask &= mask - 1) {
        const std::size_t b = first_image + tile * kMaskBits + static_cast<std::size_t>(std::countr_zero(mask));
        const V x = hn::Set(d, values[p.X.data[b * p.X.stride + i0 + i]]);
        const float* dz = p.dz + b * p.dz_stride + n;
#pragma GCC unroll 16
        for (std::size_t v = 0; v < Vectors; ++v) sum[v] = fma(x, hn::Load(d, dz + v * kLanes), sum[v]);
      }
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Vectors; ++v) hn::Store(sum[v], d, dW + v * kLanes);
  }
}

void sparse_gradient(const SparseGradient& p, std::size_t row0, std::size_t row1) noexcept {
  assert(row1 <= p.X.cols && p.pixel_values[0] == 0 && p.dz_stride % kColumnUnit == 0 &&
         p.dW_stride % kColumnUnit == 0);
  constexpr std::size_t kTiles = 4;  // guess: 256 images' masks are 2 KB; more images wait for another turn
  alignas(64) std::uint64_t masks[kTiles][kMaskBits];
  const std::size_t padded = (p.O + kColumnUnit - 1) / kColumnUnit * kColumnUnit;
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
      std::size_t n = 0;
      for (; n + kVectors * kLanes <= padded; n += kVectors * kLanes)
        gradient_columns<kVectors>(p, masks, b, images, i0, count, n);
      for (; n < padded; n += kColumnUnit) gradient_columns<kVectorsPerUnit>(p, masks, b, images, i0, count, n);
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
