// The bf16 products' inner loop on Intel's tile unit (AMX), which Highway does not know.
//
// Eight tile registers: four sums of 16 x 16, two tiles of the left operand and two of the right, so that each tile
// that is loaded is multiplied twice.
#include "inkling/kernel/bf16.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"  // GCC 12 sees them in its own header
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INKLING_TILES __attribute__((target("amx-tile,amx-bf16")))
// What every processor with these tiles has besides.
#define INKLING_BYTES __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512bf16")))

namespace inkling {
namespace {

// Leaf 7: EDX has bit 22 for AMX-BF16, 24 for AMX-TILE and 25 for AMX-INT8, ECX bit 1 for VBMI; EAX of its part 1 bit 5
// for AVX512_BF16. The kernel saves the tiles' 8 KB only for a process that has asked to use them (Linux's
// Documentation/arch/x86/xstate.rst).
bool ask() noexcept {
  constexpr unsigned kTiles = 1u << 22 | 1u << 24 | 1u << 25, kVbmi = 1u << 1, kAvx512Bf16 = 1u << 5;
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0 || (d & kTiles) != kTiles || (c & kVbmi) == 0) return false;
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d) == 0 || (a & kAvx512Bf16) == 0) return false;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

// What LDTILECFG reads: palette 1, and for each register the bytes of a row and the rows.
struct alignas(64) TileConfig {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfig) == 64);

}  // namespace

bool TileUnit::available() noexcept {
  static const bool answer = ask();
  return answer;
}

INKLING_TILES void TileUnit::configure() noexcept {
  static constexpr TileConfig kConfig;
  _tile_loadconfig(&kConfig);
}

INKLING_TILES void TileUnit::release() noexcept { _tile_release(); }

INKLING_TILES void TileUnit::sums(const std::uint32_t* a, std::size_t a_next, const std::uint32_t* b,
                                  std::size_t b_next, std::size_t steps, float* sums) noexcept {
  constexpr std::size_t kRow = 64, kSumsRow = kBf16Block * sizeof(float);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (std::size_t s = 0; s < steps; ++s, a += kBf16TileWords, b += kBf16TileWords) {
    _tile_loadd(6, b, kRow);
    _tile_loadd(4, a, kRow);
    _tile_loadd(7, b + b_next, kRow);
    _tile_loadd(5, a + a_next, kRow);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, sums, kSumsRow);
  _tile_stored(1, sums + 16, kSumsRow);
  _tile_stored(2, sums + 16 * kBf16Block, kSumsRow);
  _tile_stored(3, sums + 16 * kBf16Block + 16, kSumsRow);
}

// The instruction rounds as to_bf16 does, whatever MXCSR says.
INKLING_BYTES void TileUnit::round(const float* block, std::size_t stride, std::uint32_t* const* left,
                                   std::uint32_t* const* right) noexcept {
  alignas(64) static constexpr std::uint16_t kInterleave[32] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                                21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                                11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512i interleave = _mm512_load_si512(kInterleave);
  std::uint32_t* first = right != nullptr ? right[0] : nullptr;
  std::uint32_t* second = right != nullptr ? right[1] : nullptr;
  for (std::size_t half = 0; half < 2; ++half) {
    std::uint32_t* to = left != nullptr ? left[half] : nullptr;
    for (std::size_t row = 0; row < 16; row += 2, block += 2 * stride) {
      const __m512 a = _mm512_loadu_ps(block), b = _mm512_loadu_ps(block + 16);
      const __m512 c = _mm512_loadu_ps(block + stride), d = _mm512_loadu_ps(block + stride + 16);
      if (to != nullptr) {
        _mm512_store_si512(to, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(b, a)));
        _mm512_store_si512(to + 16, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(d, c)));
        to += 32;
      }
      if (first != nullptr) {
        const __m512i left_half = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(c, a));
        const __m512i right_half = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(d, b));
        _mm512_store_si512(first, _mm512_permutexvar_epi16(interleave, left_half));
        _mm512_store_si512(second, _mm512_permutexvar_epi16(interleave, right_half));
        first += 16;
        second += 16;
      }
    }
  }
}

}  // namespace inkling
#else
namespace inkling {
bool TileUnit::available() noexcept { return false; }
void TileUnit::configure() noexcept {}
void TileUnit::release() noexcept {}
void TileUnit::sums(const std::uint32_t*, std::size_t, const std::uint32_t*, std::size_t, std::size_t,
                    float*) noexcept {}
void TileUnit::round(const float*, std::size_t, std::uint32_t* const*, std::uint32_t* const*) noexcept {}
}  // namespace inkling
#endif
