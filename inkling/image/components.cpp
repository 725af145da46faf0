#include "inkling/image/components.h"

#include <algorithm>

namespace inkling {
namespace {

// Runs of set pixels, joined by union and find: a page has few runs and many pixels.
struct Run {
  std::uint32_t row, begin, end, parent;
};

std::uint32_t root_of(std::vector<Run>& runs, std::uint32_t r) {
  while (runs[r].parent != r) r = runs[r].parent = runs[runs[r].parent].parent;
  return r;
}

}  // namespace

Components components_of(const Image& mask) {
  std::vector<Run> runs;
  std::size_t above = 0, above_end = 0;  // runs of the row before
  for (std::size_t y = 0; y < mask.height; ++y) {
    const std::size_t first = runs.size();
    const std::uint8_t* row = &mask.pixels[y * mask.width];
    for (std::size_t x = 0; x < mask.width; ++x) {
      if (row[x] == 0) continue;
      const std::size_t begin = x;
      while (x < mask.width && row[x] != 0) ++x;
      const auto id = static_cast<std::uint32_t>(runs.size());
      runs.push_back(
          {static_cast<std::uint32_t>(y), static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(x), id});
      while (above < above_end && runs[above].end < begin) ++above;
      for (std::size_t a = above; a < above_end && runs[a].begin <= x; ++a) {
        const std::uint32_t one = root_of(runs, static_cast<std::uint32_t>(a)), other = root_of(runs, id);
        runs[std::max(one, other)].parent = std::min(one, other);  // the first run names the component
      }
    }
    above = first, above_end = runs.size();
  }

  Components found{.labels = std::vector<std::uint32_t>(mask.pixels.size()), .parts = {}};
  std::vector<std::uint32_t> number(runs.size());
  for (std::uint32_t r = 0; r < runs.size(); ++r) {
    const std::uint32_t root = root_of(runs, r);
    const Run& run = runs[r];
    if (root == r) {
      found.parts.push_back({.box = {.top = run.row, .left = run.begin, .height = 0, .width = 0}, .area = 0});
      number[r] = static_cast<std::uint32_t>(found.parts.size());
    }
    Component& part = found.parts[number[root] - 1];
    const std::size_t right = std::max<std::size_t>(part.box.left + part.box.width, run.end);
    part.box.left = std::min<std::size_t>(part.box.left, run.begin);
    part.box.width = right - part.box.left;
    part.box.height = run.row + 1 - part.box.top;
    part.area += run.end - run.begin;
    std::fill_n(found.labels.begin() + static_cast<std::ptrdiff_t>(run.row * mask.width + run.begin),
                run.end - run.begin, number[root]);
  }
  return found;
}

}  // namespace inkling
