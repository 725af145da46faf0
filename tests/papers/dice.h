// Random choices one after another, for made images: a counter on top of inkling/core/rng.h. The same seed gives the
// same choices on every machine. Not for use by two threads at once.
#pragma once

#include <cstddef>
#include <cstdint>

#include "inkling/core/rng.h"

namespace inkling::papers {

class Dice {
 public:
  explicit Dice(std::uint64_t seed, std::uint64_t stream = 0) : rng_(seed, kStream + stream) {}

  double between(double low, double high) { return low + (high - low) * rng_.uniform(next_++); }
  double normal(double deviation) { return deviation * rng_.normal(next_++); }
  bool chance(double probability) { return rng_.uniform(next_++) < probability; }
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(rng_.below(bound, next_++)); }  // [0, bound)
  std::size_t from_to(std::size_t low, std::size_t high) { return low + below(high - low + 1); }  // both included
  std::uint64_t seed() { return rng_.bits(next_++); }  // for dice, or for noise, of its own

 private:
  static constexpr std::uint64_t kStream = 0x7061ull << 40;  // no other use's: inkling/core/rng.h
  Rng rng_;
  std::uint64_t next_ = 0;
};

}  // namespace inkling::papers
