// A later layer's product for an image that comes alone: row_product() of kernels.h.
//
// With one image no weight is used twice, so nothing is worth blocking for: whole rows of W stream through, and as many
// columns as registers hold are summed at once.
#include "inkling/kernel/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "inkling/kernel/one_image.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cassert>

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

template <std::size_t Vectors>
HWY_INLINE void sum_columns(const Product& p, std::size_t n) {
  const D d;
  V sum[Vectors];
#pragma GCC unroll 16
  for (std::size_t v = 0; v < Vectors; ++v) sum[v] = hn::Zero(d);
#pragma GCC unroll 4
  for (std::size_t k = 0; k < p.K; ++k) {
    const V x = hn::Set(d, p.a[k * p.a_column]);
    const float* w = p.b + k * p.b_stride + n;
    asm("" : "+r"(w));  // in one register: with base and index, x86 makes two operations of each multiply-add below
#pragma GCC unroll 16
    for (std::size_t v = 0; v < Vectors; ++v) sum[v] = fma(x, hn::LoadU(d, w + v * kLanes), sum[v]);
  }
#pragma GCC unroll 16
  for (std::size_t v = 0; v < Vectors; ++v) {
    V z = sum[v];
    if (p.epilogue != Epilogue::none) z = hn::Add(z, hn::LoadU(d, p.bias + n + v * kLanes));
    if (p.epilogue == Epilogue::bias_relu) z = hn::IfThenElse(hn::Lt(z, hn::Zero(d)), hn::Zero(d), z);
    hn::StoreU(z, d, p.c + n + v * kLanes);
  }
}

// Columns [n, end), a multiple of kColumnUnit of them: as many at once as there are, by halves.
template <std::size_t Vectors>
HWY_INLINE void all_columns(const Product& p, std::size_t n, std::size_t end) {
  for (; n + Vectors * kLanes <= end; n += Vectors * kLanes) sum_columns<Vectors>(p, n);
  if constexpr (Vectors > kUnitVectors) all_columns<Vectors / 2>(p, n, end);
}

HWY_INLINE std::size_t padded_end(std::size_t n1) { return (n1 + kColumnUnit - 1) / kColumnUnit * kColumnUnit; }

void row_product(const Product& p, std::size_t n0, std::size_t n1) noexcept {
  assert(p.M == 1 && (p.a != nullptr || p.K == 0) && !p.b_transposed && n0 % kColumnUnit == 0);
  assert(p.epilogue == Epilogue::none || p.epilogue == Epilogue::bias || p.epilogue == Epilogue::bias_relu);
  all_columns<kMostVectors>(p, n0, padded_end(n1));
  // Zero times a NaN or an infinity of A is a NaN: padding is cleared and not left to B's zeros.
  if (n1 == p.N) std::fill(p.c + p.N, p.c + padded_end(p.N), 0.0f);
}

void describe_one_image(Kernels& table) noexcept { table.row_product = &row_product; }

}  // namespace HWY_NAMESPACE
}  // namespace inkling
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inkling {
void add_one_image(Isa isa, Kernels& table) { INKLING_CHOOSE(isa, describe_one_image)(table); }
}  // namespace inkling
#endif
