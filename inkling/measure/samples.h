// How long a piece of work takes: many samples of it, and what to say of them.
//
// A single time says little on a machine that others share, so everything here keeps every sample; medians are what is
// compared. Not thread-safe: whoever measures is alone.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

namespace inkling {

// Seconds that one call of f takes.
template <typename F>
double seconds_of(const F& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// What a share q of the samples does not exceed, by the nearest rank; q = 0.5 is the median. NaN for no samples.
double quantile(std::vector<double> samples, double q);
double median(const std::vector<double>& samples);

inline constexpr std::size_t kFewestSamples = 3;  // guess: a median of fewer says nothing

// Seconds a call of f, sample by sample, for about `budget` seconds and kFewestSamples at least. A sample is as many
// calls as take a millisecond together, which the clock's own time does not matter to. The first call warms up; the
// second one is a sample where it took that long.
template <typename F>
std::vector<double> sample(const F& f, double budget) {
  constexpr double kSampleSeconds = 1e-3;  // guess: a thousand times what reading the clock costs, and more
  f();
  const double once = seconds_of(f);
  const std::size_t calls = once < kSampleSeconds ? static_cast<std::size_t>(kSampleSeconds / (once + 1e-9)) + 1 : 1;
  std::vector<double> samples;
  if (calls == 1) samples.push_back(once);
  for (double spent = calls == 1 ? once : 0; spent < budget || samples.size() < kFewestSamples;) {
    const double seconds = seconds_of([&] {
      for (std::size_t call = 0; call < calls; ++call) f();
    });
    samples.push_back(seconds / static_cast<double>(calls));
    spent += seconds;
  }
  return samples;
}

}  // namespace inkling
