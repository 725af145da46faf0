// Random numbers that are a function of (seed, stream, index) and of nothing else.
//
// Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", section 4.3): a keyed
// bijection of a 128-bit counter. Nothing is remembered between calls, so any element can be drawn by any thread in any
// order, and a resumed run draws what the unbroken one would have drawn. Pure functions, safe from any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace inkling {

// The block cipher itself: ten rounds.
namespace philox {
inline constexpr int kRounds = 10;
inline constexpr std::uint32_t kMultipliers[] = {0xD2511F53, 0xCD9E8D57};
inline constexpr std::uint32_t kKeySteps[] = {0x9E3779B9, 0xBB67AE85};  // Weyl sequences: the golden ratio, sqrt(3) - 1
}  // namespace philox
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

class Rng {
 public:
  // Streams keep uses apart: weights of tensor 3, shuffle of epoch 7. See streams below.
  Rng(std::uint64_t seed, std::uint64_t stream) : seed_(seed), stream_(stream) {}

  std::array<std::uint32_t, 4> block(std::uint64_t index) const;        // 128 uniform bits
  std::uint64_t bits(std::uint64_t index) const;                        // the first 64 of them
  double uniform(std::uint64_t index) const;                            // in [0, 1), 53 bits
  double normal(std::uint64_t index) const;                             // mean 0, variance 1 (Box and Muller 1958)
  std::uint64_t below(std::uint64_t bound, std::uint64_t index) const;  // in [0, bound), bias below bound / 2^64

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
};

// Who draws from which stream: the use in the upper bits, its own number (tensor, epoch) in the lower 32.
namespace streams {
inline constexpr std::uint64_t kInit = 1ull << 32;
inline constexpr std::uint64_t kShuffle = 2ull << 32;
inline constexpr std::uint64_t kDropout = 3ull << 32;
inline constexpr std::uint64_t kInputNoise = 4ull << 32;
inline constexpr std::uint64_t kMixup = 5ull << 32;
inline constexpr std::uint64_t kSplit = 6ull << 32;
inline constexpr std::uint64_t kTestSplit = 10ull << 32;
}  // namespace streams

// 0 .. count-1 in random order: Fisher and Yates's shuffle.
void shuffled_indices(std::size_t count, const Rng& rng, std::vector<std::uint32_t>& out);

}  // namespace inkling
