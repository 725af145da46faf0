#include "inkling/data/sanity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <unordered_map>

namespace inkling {
namespace {

// A 64-bit mix of an image's bytes; equal images have equal ones, and those that meet are compared byte by byte. Four
// chains, so that one multiplication need not wait for the last.
std::uint64_t digest(std::span<const std::uint8_t> pixels) {
  constexpr std::size_t kChains = 4;
  std::uint64_t h[kChains] = {0x9E3779B97F4A7C15ull ^ pixels.size(), 1, 2, 3};
  const auto mix = [](std::uint64_t& chain, std::uint64_t word) {
    chain = (chain ^ word) * 0xFF51AFD7ED558CCDull;
    chain ^= chain >> 32;
  };
  std::size_t i = 0;
  for (; i + sizeof(h) <= pixels.size(); i += sizeof(h)) {
    std::uint64_t words[kChains];
    std::memcpy(words, pixels.data() + i, sizeof(words));
    for (std::size_t k = 0; k < kChains; ++k) mix(h[k], words[k]);
  }
  for (; i < pixels.size(); ++i) mix(h[0], pixels[i]);
  for (std::size_t k = 1; k < kChains; ++k) mix(h[0], h[k]);
  return h[0] ^ (h[0] >> 29);
}

void look_at(const Dataset& data, const char* part, std::vector<std::string>& found) {
  std::size_t constant = 0, first = 0, bright = 0;
  for (std::size_t j = 0; j < data.count(); ++j) {
    const std::span<const std::uint8_t> pixels = data.image(j).row(0);
    if (std::equal(pixels.begin() + 1, pixels.end(), pixels.begin()) && constant++ == 0) first = j;
  }
  constexpr std::size_t kLookedAt = 1000;  // guess
  const std::size_t images = std::min(kLookedAt, data.count());
  for (const std::uint8_t p : std::span(data.pixels).first(images * data.image_size())) bright += p >= 128;
  if (constant > 0)
    found.push_back(fmt::format("{} of the {} {} images are of one grey value, the first of them image {}", constant,
                                data.count(), part, first));
  if (std::ranges::none_of(data.pixels, [](std::uint8_t p) { return p > 1; }))
    found.push_back(
        fmt::format("no pixel of the {} images is above {}: they look scaled to 0..1, and 0..255 is expected", part,
                    *std::ranges::max_element(data.pixels)));
  if (2 * bright > images * data.image_size())
    found.push_back(
        fmt::format("most pixels of the {} images are bright: light ink on a dark ground is expected, and "
                    "these look inverted",
                    part));
  if (data.count() > 1 && std::ranges::all_of(data.labels, [&](std::uint8_t y) { return y == data.labels[0]; }))
    found.push_back(
        fmt::format("all {} {} images have the label {}", data.count(), part, data.class_names[data.labels[0]]));
}

}  // namespace

std::vector<std::string> oddities(const Dataset& train, const Dataset& test) {
  std::vector<std::string> found;
  look_at(train, "training", found);
  look_at(test, "test", found);
  if (train.image_size() != test.image_size()) return found;

  std::unordered_multimap<std::uint64_t, std::size_t> tests;
  tests.reserve(test.count());
  std::vector<bool> sieve(
      1u << 20);  // guess: for most training images, this bit alone says that no test image is equal
  for (std::size_t j = 0; j < test.count(); ++j) {
    const std::uint64_t key = digest(test.image(j).row(0));
    tests.emplace(key, j);
    sieve[key % sieve.size()] = true;
  }
  std::vector<bool> twice(test.count());
  std::size_t count = 0, first_train = 0, first_test = 0;
  for (std::size_t j = 0; j < train.count(); ++j) {
    const auto pixels = train.image(j).row(0);
    const std::uint64_t key = digest(pixels);
    if (!sieve[key % sieve.size()]) continue;
    const auto [begin, end] = tests.equal_range(key);
    for (auto at = begin; at != end; ++at) {
      if (twice[at->second] || !std::ranges::equal(pixels, test.image(at->second).row(0))) continue;
      twice[at->second] = true;
      if (count++ == 0) first_train = j, first_test = at->second;
    }
  }
  if (count > 0)
    found.push_back(
        fmt::format("{} of the {} test images are among the training images, too (test image {} is training "
                    "image {}): the test score will flatter",
                    count, test.count(), first_test, first_train));
  return found;
}

}  // namespace inkling
