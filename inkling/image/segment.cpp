#include "inkling/image/segment.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "inkling/core/error.h"
#include "inkling/image/components.h"
#include "inkling/image/ink.h"
#include "inkling/image/text_lines.h"

namespace inkling {
namespace {

// All of the usual height of the page's digits.
constexpr double kSmallPart = 0.6;     // guess: a part below that height may belong to another one
constexpr double kLooseAbove = 0.3;    // guess: as far above or below a part that it shares columns with
constexpr double kLooseBeside = 0.07;  // guess: as far beside one
constexpr double kTallest = 1.3;       // guess: no digit with its loose parts is taller
constexpr double kShared = 0.35;       // guess: of the narrower part's columns, for a small part
constexpr double kSharedTall = 0.7;    // guess: the same for two parts that could be digits
constexpr int kJoinRounds = 8;         // guess: a part takes one other a round
constexpr double kLeastDigit = 0.45;   // guess: what is lower and lies alone is a dash, a dot, a comma
constexpr double kNoDigit = 3;         // guess: what is taller is a frame, a shadow's edge, a fold
constexpr double kSpace = 0.5;         // guess: a gap that is a space is wider, in heights of the line,
constexpr double kWiderThan = 1.6;     // guess: and as much wider than the page's median gap
constexpr double kGapRows = 0.1;       // guess: rows up and down that count as the same when a gap is measured

struct Part {
  Box box;
  std::size_t area = 0;
  std::vector<std::uint32_t> labels;  // components
};

Box around(const Box& a, const Box& b) {
  const std::size_t top = std::min(a.top, b.top), left = std::min(a.left, b.left);
  return {.top = top,
          .left = left,
          .height = std::max(a.top + a.height, b.top + b.height) - top,
          .width = std::max(a.left + a.width, b.left + b.width) - left};
}

// Pixels that two spans share; below 0: how far they are apart.
double overlap(std::size_t a, std::size_t a_size, std::size_t b, std::size_t b_size) {
  return static_cast<double>(std::min(a + a_size, b + b_size)) - static_cast<double>(std::max(a, b));
}

// A median over the parts, each counted by its height: specks count little, and one shadow's edge is not many digits.
double usual_height(const std::vector<Part>& parts) {
  std::vector<std::size_t> heights;
  std::size_t all = 0;
  for (const Part& part : parts) heights.push_back(part.box.height), all += part.box.height;
  std::ranges::sort(heights);
  std::size_t seen = 0;
  for (const std::size_t height : heights) {
    seen += height;
    if (2 * seen >= all) return static_cast<double>(height);
  }
  return 0;
}

// Whether two parts are of one digit, and how far they are apart, in digit heights: the nearest are joined first.
bool belong_together(const Part& a, const Part& b, double height, double& apart) {
  const double across = overlap(a.box.left, a.box.width, b.box.left, b.box.width);
  const double along = overlap(a.box.top, a.box.height, b.box.top, b.box.height);
  const auto narrower = static_cast<double>(std::min(a.box.width, b.box.width));
  const auto lower = static_cast<double>(std::min(a.box.height, b.box.height));
  const auto taller = static_cast<double>(std::max(a.box.height, b.box.height));
  const Box whole = around(a.box, b.box);
  apart = (std::max(0.0, -along) + std::max(0.0, -across)) / height;
  if (static_cast<double>(whole.height) > kTallest * std::max(height, taller)) return false;
  if (lower >= kSmallPart * height)
    return across >= kSharedTall * narrower && static_cast<double>(whole.width) <= 1.1 * height;
  if (across >= kShared * narrower) return -along <= kLooseAbove * height;
  return -across <= kLooseBeside * height && -along <= kLooseBeside * height && lower >= 0.2 * height;
}

// Joins the nearest pairs, until no two belong together or a digit would have more loose parts than anyone writes.
void join_parts(std::vector<Part>& parts, double height) {
  struct Pair {
    double apart;
    std::size_t a, b;
  };
  for (int round = 0; round < kJoinRounds; ++round) {
    std::vector<Pair> pairs;
    for (std::size_t a = 0; a < parts.size(); ++a)
      for (std::size_t b = a + 1; b < parts.size(); ++b) {
        double apart = 0;
        if (belong_together(parts[a], parts[b], height, apart)) pairs.push_back({apart, a, b});
      }
    std::ranges::stable_sort(pairs, {}, &Pair::apart);
    std::vector<bool> used(parts.size());
    for (const Pair& pair : pairs) {  // each part once a round: its box has changed then
      if (used[pair.a] || used[pair.b]) continue;
      used[pair.a] = used[pair.b] = true;
      Part &one = parts[pair.a], &other = parts[pair.b];
      one.box = around(one.box, other.box);
      one.area += other.area;
      one.labels.insert(one.labels.end(), other.labels.begin(), other.labels.end());
      other.area = 0;
    }
    if (pairs.empty()) return;
    std::erase_if(parts, [](const Part& part) { return part.area == 0; });
  }
}

// The smallest distance from the ink of one piece to that of the next, row by row, in pixels at the scale.
double gap_between(const Part& left, const Image& left_ink, const Part& right, const Image& right_ink, double height) {
  const auto slack = static_cast<std::ptrdiff_t>(std::max(1.0, kGapRows * height));
  double least = 1e30;
  for (std::size_t y = 0; y < right_ink.height; ++y) {
    const std::uint8_t* row = &right_ink.pixels[y * right_ink.width];
    const auto first =
        static_cast<std::size_t>(std::find_if(row, row + right_ink.width, [](auto v) { return v > 0; }) - row);
    if (first == right_ink.width) continue;
    const std::ptrdiff_t there =
        static_cast<std::ptrdiff_t>(right.box.top + y) - static_cast<std::ptrdiff_t>(left.box.top);
    const std::ptrdiff_t from = std::max<std::ptrdiff_t>(0, there - slack);
    const std::ptrdiff_t to = std::min(static_cast<std::ptrdiff_t>(left_ink.height) - 1, there + slack);
    for (std::ptrdiff_t r = from; r <= to; ++r) {
      const std::uint8_t* other = &left_ink.pixels[static_cast<std::size_t>(r) * left_ink.width];
      std::size_t end = left_ink.width;
      while (end > 0 && other[end - 1] == 0) --end;
      if (end > 0)
        least = std::min(least, static_cast<double>(right.box.left + first) - static_cast<double>(left.box.left + end));
    }
  }
  return least < 1e30 ? least : -overlap(left.box.left, left.box.width, right.box.left, right.box.width);
}

Image ink_of_part(const Part& part, const Ink& ink, const Components& found, const std::vector<std::size_t>& owner,
                  std::size_t number) {
  Image out{.height = part.box.height, .width = part.box.width, .pixels = {}};
  out.pixels.resize(out.height * out.width);
  for (std::size_t y = 0; y < out.height; ++y) {
    const std::size_t row = (part.box.top + y) * ink.mask.width + part.box.left;
    for (std::size_t x = 0; x < out.width; ++x)
      if (owner[found.labels[row + x]] == number) out.pixels[y * out.width + x] = ink.evened.pixels[row + x];
  }
  return out;
}

// In the page as it was given.
Box on_page(const Box& box, std::size_t scale, const Image& page) {
  const std::size_t top = box.top * scale, left = box.left * scale;
  return {.top = top,
          .left = left,
          .height = std::min(box.height * scale, page.height - top),
          .width = std::min(box.width * scale, page.width - left)};
}

// The lower median of the gaps; 0 where there is one alone, of which nobody can tell whether it is usual.
double usual_gap(std::vector<double> gaps) {
  std::erase_if(gaps, [](double gap) { return gap <= 0; });
  if (gaps.size() < 2) return 0;
  const auto middle = gaps.begin() + static_cast<std::ptrdiff_t>((gaps.size() - 1) / 2);
  std::ranges::nth_element(gaps, middle);
  return *middle;
}

}  // namespace

Segmentation segment(const Image& page) {
  if (page.pixels.size() != page.height * page.width)
    fail(ErrorKind::shape, "a page of {} x {} pixels with {} values", page.height, page.width, page.pixels.size());
  Segmentation out;
  while (page.pixels.size() / (out.scale * out.scale) > kMaxPagePixels) ++out.scale;
  const Ink ink = ink_of(out.scale > 1 ? shrunk(page, out.scale) : page);
  out.inverted = ink.inverted;
  out.stroke_width = ink.stroke_width;
  if (ink.blank) return out;

  const Components found = components_of(ink.mask);
  std::vector<Part> parts;
  for (std::size_t i = 0; i < found.parts.size(); ++i)
    parts.push_back({found.parts[i].box, found.parts[i].area, {static_cast<std::uint32_t>(i + 1)}});
  if (parts.size() > kMaxPageParts) {
    std::ranges::stable_sort(parts, [](const Part& a, const Part& b) { return a.area > b.area; });
    out.left_out += parts.size() - kMaxPageParts;
    parts.resize(kMaxPageParts);
  }
  const double height = usual_height(parts);
  std::erase_if(parts, [&](const Part& part) { return static_cast<double>(part.box.height) > kNoDigit * height; });
  join_parts(parts, height);
  std::erase_if(parts, [&](const Part& part) { return static_cast<double>(part.box.height) < kLeastDigit * height; });

  std::vector<Box> boxes;
  std::vector<std::size_t> owner(found.parts.size() + 1, SIZE_MAX);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    boxes.push_back(parts[i].box);
    for (const std::uint32_t label : parts[i].labels) owner[label] = i;
  }
  std::size_t room = kMaxPiecePixels;
  std::vector<double> gaps;  // before each piece, in heights of its line; 0 at a line's beginning
  for (const TextLine& line : text_lines(boxes, height)) {
    const Part* before = nullptr;
    for (const std::size_t i : line.boxes) {
      const Part& part = parts[i];
      const std::size_t pixels = part.box.height * part.box.width;
      if (pixels > room) {
        ++out.left_out;
        continue;
      }
      room -= pixels;
      Piece piece{.box = on_page(part.box, out.scale, page),
                  .ink = ink_of_part(part, ink, found, owner, i),
                  .line = out.line_heights.size()};
      gaps.push_back(before == nullptr
                         ? 0
                         : gap_between(*before, out.pieces.back().ink, part, piece.ink, line.height) / line.height);
      out.pieces.push_back(std::move(piece));
      before = &part;
    }
    if (before != nullptr) out.line_heights.push_back(line.height);
  }
  const double least_space = std::max(kSpace, kWiderThan * usual_gap(gaps));
  for (std::size_t i = 0; i < gaps.size(); ++i) out.pieces[i].space_before = gaps[i] > least_space;
  return out;
}

}  // namespace inkling
