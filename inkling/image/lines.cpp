#include "inkling/image/lines.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include "inkling/image/components.h"
#include "inkling/image/ink.h"
#include "inkling/image/strokes.h"

namespace inkling {
namespace {

constexpr double kSteepest = 0.3;         // derived: the tangent of 17 degrees
constexpr std::size_t kSamples = 128;     // guess: columns that vote
constexpr double kLeastSeen = 0.3;        // guess: of all columns, in which a line is seen
constexpr double kLeastCover = 0.75;      // guess: of those columns where no broad stroke hides it
constexpr std::size_t kCandidates = 256;  // guess: more than a page has lines
constexpr double kThinPart = 1.0 / 16;    // guess: of the smaller side, the thickest line
constexpr double kPaler = 0.6;            // guess: a line absorbs less than this part of what ink does, or is thinner
constexpr double kOpenEnd = 0.06;         // guess: of the width; a line that ends nearer to the border runs out of it

// Pixels (along, across): the image itself for level lines, its transpose for upright ones.
struct Side {
  bool upright;
  std::size_t along, across, stride;  // stride: the image's width
  std::size_t at(std::size_t x, std::size_t y) const { return upright ? x * stride + y : y * stride + x; }
};

struct Run {
  std::uint32_t begin, end;  // across
  bool taken = false;
  double center() const { return 0.5 * (begin + end - 1.0); }
};

struct Line {
  bool upright = false;
  double thickness = 0, absorbs = 0;  // medians
  std::size_t from = 0, to = 0;       // along, first and last
  struct Piece {
    std::uint32_t along, begin, end;
  };
  std::vector<Piece> pieces;
};

template <typename Value>
Value median(std::vector<Value>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Of each column, one behind the other.
struct Runs {
  std::vector<Run> all;
  std::vector<std::size_t> begin;  // (along + 1)
  std::size_t columns() const { return begin.size() - 1; }
  std::span<Run> of(std::size_t x) { return {all.data() + begin[x], begin[x + 1] - begin[x]}; }
};

Runs thin_runs(const Image& mask, const Side& side, std::size_t thickest) {
  Runs runs;
  runs.begin.push_back(0);
  for (std::size_t x = 0; x < side.along; ++x) {
    for (std::size_t y = 0; y < side.across; ++y) {
      if (mask.pixels[side.at(x, y)] == 0) continue;
      const std::size_t begin = y;
      while (y < side.across && mask.pixels[side.at(x, y)] != 0) ++y;
      if (y - begin <= thickest) runs.all.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(y)});
    }
    runs.begin.push_back(runs.all.size());
  }
  return runs;
}

// Follows a line from column to column; empty where too few of them have it.
Line followed(const Image& mask, const Side& side, Runs& runs, double slope, double height, double reach) {
  Line line;
  std::vector<double> thicknesses;
  std::vector<Run*> taken;
  std::size_t hidden = 0;  // columns where something broader lies over the line
  double drift = 0;        // of the line from the straight one that was voted for
  for (std::size_t x = 0; x < runs.columns(); ++x) {
    const double expected = height + slope * static_cast<double>(x) + drift;
    Run* nearest = nullptr;
    for (Run& run : runs.of(x)) {
      const double away = std::fabs(run.center() - expected);
      if (!run.taken && away <= reach && (nearest == nullptr || away < std::fabs(nearest->center() - expected)))
        nearest = &run;
    }
    if (nearest == nullptr) {
      const auto y = static_cast<std::ptrdiff_t>(std::lround(expected));
      const bool inside = y >= 0 && y < static_cast<std::ptrdiff_t>(side.across);
      hidden += inside && mask.pixels[side.at(x, static_cast<std::size_t>(y))] != 0;
      continue;
    }
    drift += 0.1 * (nearest->center() - expected);
    if (taken.empty()) line.from = x;
    line.to = x;
    taken.push_back(nearest);
    thicknesses.push_back(static_cast<double>(nearest->end - nearest->begin));
    line.pieces.push_back({static_cast<std::uint32_t>(x), nearest->begin, nearest->end});
  }
  const auto seen = static_cast<double>(taken.size()), all = static_cast<double>(runs.columns());
  if (seen < kLeastSeen * all || seen < kLeastCover * (all - static_cast<double>(hidden))) return {};
  line.thickness = median(thicknesses);
  const double thickest = 1.5 * line.thickness + 1;
  std::erase_if(line.pieces, [&](const Line::Piece& piece) { return piece.end - piece.begin > thickest; });
  for (Run* run : taken) run->taken = static_cast<double>(run->end - run->begin) <= thickest;
  return line;
}

std::vector<Line> lines_along(const Image& mask, const Side& side) {
  const auto least = static_cast<double>(std::min(mask.height, mask.width));
  const auto thickest = static_cast<std::size_t>(std::max(2.0, kThinPart * least));
  Runs runs = thin_runs(mask, side, thickest);
  const std::size_t stride = (side.along + kSamples - 1) / kSamples;
  std::size_t busy = 0, samples = 0;
  for (std::size_t x = 0; x < side.along; x += stride, ++samples) busy += !runs.of(x).empty();
  const auto enough = static_cast<std::uint32_t>(std::max(3.0, kLeastSeen * 0.8 * static_cast<double>(samples)));
  if (busy < enough) return {};

  const double length = static_cast<double>(side.along);
  const double bin = std::max(1.5, length / 200);
  const auto slopes = static_cast<std::ptrdiff_t>(std::floor(kSteepest * length / bin));
  const double lowest = -kSteepest * length;  // heights at column 0
  const auto bins = static_cast<std::size_t>((static_cast<double>(side.across) + 2 * kSteepest * length) / bin) + 2;
  struct Candidate {
    std::uint32_t votes;
    std::ptrdiff_t slope;
    std::size_t bin;
  };
  std::vector<Candidate> candidates;
  std::vector<std::uint32_t> votes(bins), last(bins);
  for (std::ptrdiff_t s = -slopes; s <= slopes; ++s) {
    const double slope = static_cast<double>(s) * bin / length;
    std::fill(votes.begin(), votes.end(), 0);
    std::fill(last.begin(), last.end(), 0);
    for (std::size_t x = 0; x < side.along; x += stride)
      for (const Run& run : runs.of(x)) {
        const double at = (run.center() - slope * static_cast<double>(x) - lowest) / bin;
        const auto low = static_cast<std::size_t>(std::max(0.0, at));
        for (const std::size_t b : {low, low + 1})  // overlapping bins; a column votes once for each
          if (b < bins && last[b] != x + 1) ++votes[b], last[b] = static_cast<std::uint32_t>(x + 1);
      }
    for (std::size_t b = 0; b < bins; ++b)
      if (votes[b] >= enough) candidates.push_back({votes[b], s, b});
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return a.votes != b.votes ? a.votes > b.votes : a.slope != b.slope ? a.slope < b.slope : a.bin < b.bin;
  });
  std::vector<Line> lines;
  std::size_t tried = 0;
  for (const Candidate& candidate : candidates) {
    if (lines.size() >= kCandidates || ++tried > 16 * kCandidates) break;
    const double slope = static_cast<double>(candidate.slope) * bin / length;
    Line line = followed(mask, side, runs, slope, lowest + static_cast<double>(candidate.bin) * bin, 1.5 * bin + 0.5);
    if (line.pieces.empty()) continue;
    line.upright = side.upright;
    lines.push_back(std::move(line));
  }
  return lines;
}

// Whether a candidate is a ruled line and not a stroke of the digit, given what is left without all candidates.
bool is_ruled(const Line& line, const Side& side, std::size_t parallel, const Box& rest, double rest_width,
              double rest_absorbs) {
  if (rest.height == 0) return parallel >= 3;
  const auto end = static_cast<double>(side.along);
  const bool runs_out =
      static_cast<double>(line.from) <= kOpenEnd * end && static_cast<double>(line.to + 1) >= (1 - kOpenEnd) * end;
  const auto rest_from = static_cast<double>(line.upright ? rest.top : rest.left);
  const double rest_to = rest_from + static_cast<double>(line.upright ? rest.height : rest.width);
  const bool beyond = static_cast<double>(line.from) + 2 * rest_width <= rest_from &&
                      static_cast<double>(line.to) >= rest_to + 2 * rest_width;
  const bool another = line.absorbs < kPaler * rest_absorbs || line.thickness < kPaler * rest_width;
  return beyond || (runs_out && (another || parallel >= 2));
}

}  // namespace

std::size_t remove_lines(Image& mask, std::vector<float>& absorbed) {
  if (mask.height < 8 || mask.width < 8) return 0;
  const Side level{.upright = false, .along = mask.width, .across = mask.height, .stride = mask.width};
  const Side upright{.upright = true, .along = mask.height, .across = mask.width, .stride = mask.width};
  std::vector<Line> lines = lines_along(mask, level);
  const std::size_t levels = lines.size();
  for (Line& line : lines_along(mask, upright)) lines.push_back(std::move(line));
  if (lines.empty()) return 0;

  Image rest = mask;
  for (Line& line : lines) {
    const Side& side = line.upright ? upright : level;
    std::vector<float> values;
    for (const Line::Piece& piece : line.pieces) {
      values.push_back(absorbed[side.at(piece.along, (piece.begin + piece.end) / 2)]);
      for (std::size_t y = piece.begin; y < piece.end; ++y) rest.pixels[side.at(piece.along, y)] = 0;
    }
    line.absorbs = static_cast<double>(median(values));
  }
  // What is left without them, but for crumbs.
  const Components parts = components_of(rest);
  std::vector<float> values;
  std::size_t largest = 0;
  for (const Component& part : parts.parts) largest = std::max(largest, part.area);
  for (std::size_t i = 0; i < rest.pixels.size(); ++i) {
    if (rest.pixels[i] == 0) continue;
    if (parts.parts[parts.labels[i] - 1].area * 10 < largest || largest < 8)
      rest.pixels[i] = 0;
    else
      values.push_back(absorbed[i]);
  }
  const Box box = box_of(rest);
  const double width = stroke_width(rest);
  const double absorbs = values.empty() ? 0 : static_cast<double>(median(values));

  std::size_t removed = 0;
  Image cleared = mask;
  for (const Line& line : lines) {
    const Side& side = line.upright ? upright : level;
    if (!is_ruled(line, side, line.upright ? lines.size() - levels : levels, box, width, absorbs)) continue;
    ++removed;
    for (const Line::Piece& piece : line.pieces)
      for (std::size_t y = piece.begin; y < piece.end; ++y) cleared.pixels[side.at(piece.along, y)] = 0;
  }
  if (removed == 0) return 0;
  for (const Line& line : lines) {  // their soft edges, where no ink is left
    const Side& side = line.upright ? upright : level;
    for (const Line::Piece& piece : line.pieces) {
      if (cleared.pixels[side.at(piece.along, piece.begin)] != 0) continue;
      const std::size_t end = std::min<std::size_t>(side.across, piece.end + 1);
      for (std::size_t y = piece.begin - std::min(1u, piece.begin); y < end; ++y)
        if (cleared.pixels[side.at(piece.along, y)] == 0) absorbed[side.at(piece.along, y)] = 0;
    }
  }
  mask = std::move(cleared);
  return removed;
}

}  // namespace inkling
