// Products of bf16 numbers with fp32 sums: what Intel's tile instruction TDPBF16PS computes, on every machine.
//
// bf16 is the upper half of a float. One step of a product takes 32 numbers of the summed index, 16 pairs of them:
//
//   even = sum of a[2p] b[2p]      odd = sum of a[2p + 1] b[2p + 1]      c = c + (even + odd)
//
// each sum being one chain of fused multiply-adds in ascending order from +0. Rounding is to nearest even; subnormal
// numbers count as zero, and a result that is tiny after its rounding becomes a zero of its sign (x86's DAZ and FTZ).
// reference::bf16_product is that on scalars; tests hold every instruction set to its bytes, the tiles included.
//
// Operands are kept as tiles of 1 KB: 16 rows of 16 words, a word being two bf16 numbers, the first in its lower half.
// Sizes are padded with zeros to multiples of 32, so that all work is blocks of 32 x 32: two tiles by two.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "inkling/core/view.h"

namespace inkling {

enum class Epilogue;  // kernels.h

inline constexpr std::size_t kBf16Block = 32;
inline constexpr std::size_t kBf16TileWords = 256;

constexpr std::size_t bf16_blocks(std::size_t n) { return (n + kBf16Block - 1) / kBf16Block; }

// To nearest, ties to even; subnormal floats become zeros of their sign, a NaN stays one.
inline std::uint16_t to_bf16(float x) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t size = bits & 0x7FFFFFFF;
  if (size > 0x7F800000) return static_cast<std::uint16_t>((bits >> 16) | 0x40);
  if (size < 0x00800000) return static_cast<std::uint16_t>(bits >> 16 & 0x8000);
  return static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}
inline float from_bf16(std::uint32_t x) noexcept { return std::bit_cast<float>(x << 16); }

// A matrix S (R, C) as operands; whichever are wanted have data. rows and cols count blocks.
struct Bf16Packed {
  std::size_t rows = 0, cols = 0;
  std::uint32_t* left = nullptr;     // of S B: tile (r, c) at 2 rows x cols; word (i, p) = S[i][2p], S[i][2p + 1]
  std::uint32_t* right = nullptr;    // of A S: tile (c, r) at 2 cols x rows; word (p, j) = S[2p][j], S[2p + 1][j]
  std::uint32_t* left_t = nullptr;   // of S^T B: the tiles of right, each transposed
  std::uint32_t* right_t = nullptr;  // of A S^T: the tiles of left, each transposed

  std::size_t words() const { return rows * cols * 2 * kBf16TileWords; }
};

// C (M, N) = epilogue(A B); under descend it is C that moves: C -= rate * (A B), one fused multiply-add an element.
struct Bf16Product {
  std::size_t M = 0, N = 0, K = 0;
  const std::uint32_t* a = nullptr;  // left operand (M, K)
  const std::uint32_t* b = nullptr;  // right operand (K, N)
  float* c = nullptr;                // (M, N), rows c_stride apart
  std::size_t c_stride = 0;
  Epilogue epilogue{};
  const float* bias = nullptr;  // (N)
  const float* gate = nullptr;  // (M, N), rows gate_stride apart
  std::size_t gate_stride = 0;
  float rate = 0;
  Bf16Packed out{};  // C as operands, too
};

struct Bf16Kernels {
  // Blocks [m0, m1) x [n0, n1) of C; whole rows of 16 columns are written, as in kernels.h.
  void (*product)(const Bf16Product&, std::size_t m0, std::size_t m1, std::size_t n0,
                  std::size_t n1) noexcept = nullptr;
  // Blocks of rows [r0, r1) of a matrix to out.
  void (*pack)(ConstMatrixView, const Bf16Packed& out, std::size_t r0, std::size_t r1) noexcept = nullptr;
};

// What a block's work is made of, by the tile unit and processors that have it (bf16_tiles.cpp); kernel/bf16.cpp has
// the same for the others. available() asks the kernel for the tiles at the first call; a thread configures them before
// its sums and releases them behind.
struct TileUnit {
  static bool available() noexcept;
  static void configure() noexcept;
  static void release() noexcept;

  // A block of sums, 32 x 32 floats, by the tiles at a, a + a_next, b and b + b_next and the steps - 1 behind each.
  static void sums(const std::uint32_t* a, std::size_t a_next, const std::uint32_t* b, std::size_t b_next,
                   std::size_t steps, float* sums) noexcept;
  // The tiles of a block of floats in rows `stride` apart: rows 0 to 15 and 16 to 31 to left, columns 0 to 15 and 16 to
  // 31 to right; neither where it is null.
  static void round(const float* block, std::size_t stride, std::uint32_t* const* left,
                    std::uint32_t* const* right) noexcept;
};

}  // namespace inkling
