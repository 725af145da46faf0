#include "inkling/image/text_lines.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace inkling {
namespace {

constexpr double kFarthestLink = 3;  // guess: digit heights from a box to the next of its chain
constexpr double kSameLevel = 0.55;  // guess: digit heights between the middles of neighbours, up or down
constexpr double kSameLine = 0.5;    // guess: the same between chains, once the page's lean is taken out
constexpr double kSteepest = 0.3;    // derived: the tangent of 17 degrees

struct Middle {
  double x, y;
};

Middle middle_of(const Box& box) {
  return {static_cast<double>(box.left) + static_cast<double>(box.width) / 2,
          static_cast<double>(box.top) + static_cast<double>(box.height) / 2};
}

std::size_t root_of(std::vector<std::size_t>& parents, std::size_t i) {
  while (parents[i] != i) i = parents[i] = parents[parents[i]];
  return i;
}

// The nearest box on the right that stands at the same level; `at.size()` where there is none.
std::size_t next_of(std::span<const Middle> at, std::size_t i, double height) {
  std::size_t best = at.size();
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t j = 0; j < at.size(); ++j) {
    const double right = at[j].x - at[i].x, down = std::abs(at[j].y - at[i].y);
    if (j == i || right < 0 || (right == 0 && j < i)) continue;
    if (right > kFarthestLink * height || down > kSameLevel * height) continue;
    const double distance = right + 2 * down;  // level ones first
    if (distance < least) least = distance, best = j;
  }
  return best;
}

// The least-squares slope that all chains share, each through its own middle; 0 where nothing speaks for any.
double common_slope(std::span<const Middle> at, const std::vector<std::vector<std::size_t>>& chains) {
  double xy = 0, xx = 0;
  for (const std::vector<std::size_t>& chain : chains) {
    Middle mean{0, 0};
    for (const std::size_t i : chain) mean.x += at[i].x, mean.y += at[i].y;
    mean.x /= static_cast<double>(chain.size()), mean.y /= static_cast<double>(chain.size());
    for (const std::size_t i : chain) {
      xy += (at[i].x - mean.x) * (at[i].y - mean.y);
      xx += (at[i].x - mean.x) * (at[i].x - mean.x);
    }
  }
  return xx > 0 ? std::clamp(xy / xx, -kSteepest, kSteepest) : 0;
}

std::vector<std::vector<std::size_t>> gathered(std::vector<std::size_t>& parents) {
  std::vector<std::vector<std::size_t>> sets(parents.size());
  for (std::size_t i = 0; i < parents.size(); ++i) sets[root_of(parents, i)].push_back(i);
  std::erase_if(sets, [](const std::vector<std::size_t>& set) { return set.empty(); });
  return sets;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

std::vector<TextLine> text_lines(std::span<const Box> boxes, double height) {
  std::vector<Middle> at;
  for (const Box& box : boxes) at.push_back(middle_of(box));
  std::vector<std::size_t> parents(boxes.size());
  std::iota(parents.begin(), parents.end(), std::size_t{0});
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const std::size_t next = next_of(at, i, height);
    if (next < at.size()) parents[root_of(parents, next)] = root_of(parents, i);
  }
  const std::vector<std::vector<std::size_t>> chains = gathered(parents);
  const double slope = common_slope(at, chains);

  // How far down each chain lies where the page's lean is taken out; neighbours in that order may be one line.
  struct Level {
    double down;
    std::vector<std::size_t> boxes;
  };
  std::vector<Level> levels;
  for (const std::vector<std::size_t>& chain : chains) {
    double sum = 0;
    for (const std::size_t i : chain) sum += at[i].y - slope * at[i].x;
    levels.push_back({sum / static_cast<double>(chain.size()), chain});
  }
  std::ranges::stable_sort(levels, {}, &Level::down);
  std::vector<Level> lines;
  for (Level& level : levels) {
    if (lines.empty() || level.down - lines.back().down > kSameLine * height) {
      lines.push_back(std::move(level));
      continue;
    }
    Level& line = lines.back();
    const auto old = static_cast<double>(line.boxes.size()), more = static_cast<double>(level.boxes.size());
    line.down = (line.down * old + level.down * more) / (old + more);
    line.boxes.insert(line.boxes.end(), level.boxes.begin(), level.boxes.end());
  }

  std::vector<TextLine> out;
  for (Level& line : lines) {
    std::ranges::stable_sort(line.boxes, {}, [&](std::size_t i) { return at[i].x; });
    std::vector<double> heights;
    for (const std::size_t i : line.boxes) heights.push_back(static_cast<double>(boxes[i].height));
    out.push_back({.boxes = std::move(line.boxes), .height = median(std::move(heights))});
  }
  return out;
}

}  // namespace inkling
