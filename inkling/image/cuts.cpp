#include "inkling/image/cuts.h"

#include <algorithm>
#include <cstdint>

#include "inkling/image/ink.h"

namespace inkling {
namespace {

constexpr double kBand = 0.22;       // guess: line heights to either side that a path may wander
constexpr double kStep = 0.08;       // guess: line heights between the columns that are tried
constexpr double kLeastPart = 0.12;  // guess: line heights; no part is narrower
constexpr std::uint32_t kLean = 24;  // guess: what a step aside costs, of 255 for a pixel of full ink

struct Path {
  Cut cut;
  std::uint64_t cost = 0;
};

// The cheapest path through the columns first..last, by dynamic programming from the top.
Path cheapest_path(const Image& ink, std::size_t first, std::size_t last) {
  const std::size_t columns = last - first + 1;
  constexpr std::uint64_t kNever = UINT64_MAX / 2;
  std::vector<std::uint64_t> cost(columns), above(columns);
  std::vector<std::int8_t> from(ink.height * columns);
  for (std::size_t y = 0; y < ink.height; ++y) {
    std::swap(cost, above);
    for (std::size_t c = 0; c < columns; ++c) {
      std::uint64_t least = y == 0 ? 0 : above[c];
      std::int8_t step = 0;
      const std::uint64_t left = y > 0 && c > 0 ? above[c - 1] + kLean : kNever;
      const std::uint64_t right = y > 0 && c + 1 < columns ? above[c + 1] + kLean : kNever;
      if (left < least) least = left, step = -1;
      if (right < least) least = right, step = 1;
      cost[c] = least + ink.pixels[y * ink.width + first + c];
      from[y * columns + c] = step;
    }
  }
  std::size_t c = static_cast<std::size_t>(std::ranges::min_element(cost) - cost.begin());
  Path path{.cut = {.columns = std::vector<std::size_t>(ink.height)}, .cost = cost[c]};
  for (std::size_t y = ink.height; y-- > 0;) {
    path.cut.columns[y] = first + c;
    path.cut.ink += static_cast<double>(ink.pixels[y * ink.width + first + c]) / 255;
    c = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(c) + from[y * columns + c]);
  }
  return path;
}

// Whether a lies left of b in every row, or the other way round.
bool cross(const Cut& a, const Cut& b) {
  bool left = false, right = false;
  for (std::size_t y = 0; y < a.columns.size(); ++y) {
    left = left || a.columns[y] < b.columns[y];
    right = right || a.columns[y] > b.columns[y];
  }
  return left && right;
}

std::size_t middle_of(const Cut& cut) {
  std::uint64_t sum = 0;
  for (const std::size_t x : cut.columns) sum += x;
  return static_cast<std::size_t>(sum / cut.columns.size());
}

}  // namespace

std::vector<Cut> cuts_of(const Image& ink, double line_height) {
  const auto least = static_cast<std::size_t>(std::max(2.0, kLeastPart * line_height));
  const auto band = static_cast<std::size_t>(std::max(2.0, kBand * line_height));
  const auto step = static_cast<std::size_t>(std::max(1.0, kStep * line_height));
  if (ink.height == 0 || ink.width < 2 * least + 1) return {};
  std::vector<Path> paths;
  for (std::size_t x = least; x + least < ink.width; x += step) {
    const std::size_t first = std::max(least, x - std::min(x, band));
    const std::size_t last = std::min(ink.width - least, x + band);
    paths.push_back(cheapest_path(ink, first, last));
  }
  std::ranges::stable_sort(paths, {}, &Path::cost);
  std::vector<Cut> chosen;
  for (Path& path : paths) {
    const std::size_t middle = middle_of(path.cut);
    const bool stands_alone = std::ranges::all_of(chosen, [&](const Cut& other) {
      const std::size_t there = middle_of(other);
      return (middle > there ? middle - there : there - middle) >= least && !cross(path.cut, other);
    });
    if (stands_alone && chosen.size() < kMaxCuts) chosen.push_back(std::move(path.cut));
  }
  std::ranges::stable_sort(chosen, {}, middle_of);
  return chosen;
}

Image between(const Image& ink, const Cut* left, const Cut* right, Box& box) {
  Image part = ink;
  for (std::size_t y = 0; y < ink.height; ++y) {
    std::uint8_t* row = &part.pixels[y * ink.width];
    if (left != nullptr) std::fill_n(row, left->columns[y], std::uint8_t{0});
    if (right != nullptr) std::fill(row + right->columns[y], row + ink.width, std::uint8_t{0});
  }
  box = box_of(part);
  return box.height == 0 ? Image{} : cropped(part, box);
}

}  // namespace inkling
