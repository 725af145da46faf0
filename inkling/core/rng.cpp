#include "inkling/core/rng.h"

#include <cmath>
#include <numeric>
#include <utility>

#include "inkling/core/elementary.h"

namespace inkling {
namespace {

std::uint64_t join(std::uint32_t low, std::uint32_t high) { return (std::uint64_t{high} << 32) | low; }
std::uint32_t low_half(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
std::uint32_t high_half(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

// The top 53 bits, as a multiple of 2^-53.
double unit_interval(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < philox::kRounds; ++round) {
    const std::uint64_t p0 = std::uint64_t{philox::kMultipliers[0]} * counter[0];
    const std::uint64_t p1 = std::uint64_t{philox::kMultipliers[1]} * counter[2];
    counter = {high_half(p1) ^ counter[1] ^ key[0], low_half(p1), high_half(p0) ^ counter[3] ^ key[1], low_half(p0)};
    key[0] += philox::kKeySteps[0];
    key[1] += philox::kKeySteps[1];
  }
  return counter;
}

std::array<std::uint32_t, 4> Rng::block(std::uint64_t index) const {
  return philox4x32({low_half(index), high_half(index), low_half(stream_), high_half(stream_)},
                    {low_half(seed_), high_half(seed_)});
}

std::uint64_t Rng::bits(std::uint64_t index) const {
  const auto b = block(index);
  return join(b[0], b[1]);
}

double Rng::uniform(std::uint64_t index) const { return unit_interval(bits(index)); }

double Rng::normal(std::uint64_t index) const {
  const auto b = block(index);
  const double radius_from = 1.0 - unit_interval(join(b[0], b[1]));  // in (0, 1]: its log is finite
  const double turn = unit_interval(join(b[2], b[3]));
  return std::sqrt(-2.0 * portable_log(radius_from)) * portable_cos_turn(turn);
}

std::uint64_t Rng::below(std::uint64_t bound, std::uint64_t index) const {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((Wide{bits(index)} * bound) >> 64);
}

void shuffled_indices(std::size_t count, const Rng& rng, std::vector<std::uint32_t>& out) {
  out.resize(count);
  std::iota(out.begin(), out.end(), 0u);
  for (std::size_t i = count; i > 1; --i) std::swap(out[i - 1], out[rng.below(i, i)]);
}

}  // namespace inkling
