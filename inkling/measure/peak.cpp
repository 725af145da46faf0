// Chains of multiply-adds, compiled for each instruction set as the files of inkling/kernel are.
#include "inkling/kernel/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "inkling/measure/peak.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cstddef>
#include <numeric>
#include <vector>

#include "inkling/kernel/lanes-inl.h"
#include "inkling/measure/peak.h"

HWY_BEFORE_NAMESPACE();
namespace inkling {
namespace HWY_NAMESPACE {

// derived: two units of latency four want eight chains, Arm's four units want sixteen; AVX2 has 16 registers.
inline constexpr std::size_t kChains = HWY_TARGET == HWY_AVX2 ? 12 : 16;

// Operations done. The factor keeps the sums bounded; they go to `out`, so that no compiler leaves them out.
double fma_chains(std::size_t steps, float factor, float* out) {
  const D d;
  const V x = hn::Set(d, factor), y = hn::Set(d, 1 - factor);
  V sum[kChains];
#pragma GCC unroll 16
  for (std::size_t c = 0; c < kChains; ++c) sum[c] = hn::Set(d, static_cast<float>(c));
  for (std::size_t step = 0; step < steps; ++step)
#pragma GCC unroll 16
    for (std::size_t c = 0; c < kChains; ++c) sum[c] = hn::MulAdd(sum[c], x, y);
  V total = hn::Zero(d);
#pragma GCC unroll 16
  for (std::size_t c = 0; c < kChains; ++c) total = hn::Add(total, sum[c]);
  HWY_ALIGN float lanes[kLanes];
  hn::Store(total, d, lanes);
  *out = lanes[0];
  return 2.0 * static_cast<double>(steps * kChains * kLanes);
}

}  // namespace HWY_NAMESPACE
}  // namespace inkling
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inkling {

double fma_round(const Runtime& rt) {
  constexpr std::size_t kSteps = 1'000'000;  // guess: some milliseconds
  const Isa isa = available_isas().back();
  std::vector<double> operations(rt.threads());
  std::vector<float> sums(rt.threads());
  rt.pool().run(rt.threads(), [&](std::size_t task) noexcept {
    operations[task] = INKLING_CHOOSE(isa, fma_chains)(kSteps, 0.5f, &sums[task]);
  });
  return std::accumulate(operations.begin(), operations.end(), 0.0);
}

}  // namespace inkling
#endif
