#include "inkling/reader/page.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "inkling/image/cuts.h"
#include "inkling/image/segment.h"

namespace inkling {
namespace {

// Prices are of the kind -log(probability).
constexpr double kMaybeTwo = 0.6;    // guess: narrower than that, in line heights, a piece the model knows is one digit
constexpr double kCutPrice = 0.7;    // guess: one cut
constexpr double kCrossPrice = 1.2;  // guess: for each stroke that it crosses: digits touch in one, a 0 is cut in two
constexpr double kWidest = 0.85;     // guess: line heights; wider parts cost more
constexpr double kWidthPrice = 6;  // measured (22 Nov 2026): of MNIST's digits 1 in 8 is wider than 1, 1 in 40 than 1.3
constexpr double kLowest = 0.55;   // guess: of the line height; a lower part of a cut piece is no digit
constexpr double kFarTooWide = 1.8;    // guess: line heights; no part is wider
constexpr double kRefusedPrice = 4;    // guess: a part that is refused
constexpr double kLeastChance = 1e-4;  // guess: so that no answer costs everything

struct Span {
  Box box;  // in the piece
  Reading reading;
  double price = 0;
};

Reading read_ink(const Runtime& rt, Reader& reader, const Image& ink, const Box& on_page) {
  const PrepareOptions size{.height = reader.info().image_height, .width = reader.info().image_width};
  Prepared prepared;
  prepared.digit = place_digit(ink, size);
  prepared.ink = on_page;
  return reader.read(rt, std::move(prepared));
}

Box on_page(const Box& part, const Piece& piece, std::size_t scale) {
  const std::size_t top = part.top * scale, left = part.left * scale;
  return {.top = piece.box.top + top,
          .left = piece.box.left + left,
          .height = std::min(part.height * scale, piece.box.height - std::min(piece.box.height, top)),
          .width = std::min(part.width * scale, piece.box.width - std::min(piece.box.width, left))};
}

double price_of(const Reading& reading, const Box& box, double line_height) {
  const double chance = std::max(static_cast<double>(reading.evidence.probability), kLeastChance);
  const double wide = static_cast<double>(box.width) / line_height;
  return -std::log(chance) + (reading.refused ? kRefusedPrice : 0) + kWidthPrice * std::max(0.0, wide - kWidest);
}

// The cheapest way from the piece's left edge to its right one, from cut to cut. One span: it stays whole.
std::vector<Span> divided(const Runtime& rt, Reader& reader, const Piece& piece, const Segmentation& found,
                          Span whole) {
  const double line_height = found.line_heights[piece.line];
  const std::size_t scale = found.scale;
  const std::vector<Cut> cuts = cuts_of(piece.ink, line_height);
  const std::size_t ends = cuts.size() + 2;  // the edges count as cuts 0 and ends - 1
  const auto cut_at = [&](std::size_t i) { return i == 0 || i + 1 == ends ? nullptr : &cuts[i - 1]; };
  const auto cut_price = [&](const Cut& cut) {
    return kCutPrice + kCrossPrice * cut.ink / std::max(1.0, found.stroke_width);
  };
  std::vector<double> price(ends, std::numeric_limits<double>::infinity());
  std::vector<std::size_t> from(ends);
  std::vector<std::optional<Span>> last(ends);
  price[0] = 0;
  for (std::size_t right = 1; right < ends; ++right)
    for (std::size_t left = 0; left < right; ++left) {
      if (price[left] == std::numeric_limits<double>::infinity()) continue;
      Span span;
      if (left == 0 && right + 1 == ends) {
        span = whole;
      } else {
        const Image ink = between(piece.ink, cut_at(left), cut_at(right), span.box);
        if (static_cast<double>(span.box.height) < kLowest * line_height) continue;
        if (static_cast<double>(span.box.width) > kFarTooWide * line_height) continue;
        span.reading = read_ink(rt, reader, ink, on_page(span.box, piece, scale));
        span.price = price_of(span.reading, span.box, line_height) + (left > 0 ? cut_price(*cut_at(left)) : 0);
      }
      const double sum = price[left] + span.price;
      if (sum < price[right]) price[right] = sum, from[right] = left, last[right] = std::move(span);
    }
  std::vector<Span> out;
  for (std::size_t at = ends - 1; at > 0; at = from[at]) out.push_back(std::move(*last[at]));
  std::ranges::reverse(out);
  return out;
}

}  // namespace

PageReading read_page(const Runtime& rt, Reader& reader, const Image& page) {
  const Segmentation found = segment(page);
  PageReading out{
      .digits = {}, .lines = found.line_heights.size(), .left_out = found.left_out, .inverted = found.inverted};
  for (const Piece& piece : found.pieces) {
    const double height = found.line_heights[piece.line];
    const Box all{.top = 0, .left = 0, .height = piece.ink.height, .width = piece.ink.width};
    Span whole{.box = all, .reading = read_ink(rt, reader, piece.ink, piece.box), .price = 0};
    whole.price = price_of(whole.reading, all, height);
    std::vector<Span> spans;
    if (static_cast<double>(all.width) >= kMaybeTwo * height)
      spans = divided(rt, reader, piece, found, std::move(whole));
    else
      spans.push_back(std::move(whole));
    for (std::size_t i = 0; i < spans.size(); ++i) {
      spans[i].reading.prepared.inverted = found.inverted;
      out.digits.push_back({.box = on_page(spans[i].box, piece, found.scale),
                            .line = piece.line,
                            .space_before = i == 0 && piece.space_before,
                            .cut = spans.size() > 1,
                            .reading = std::move(spans[i].reading)});
    }
  }
  return out;
}

std::string text_of(const PageReading& page, const std::vector<std::string>& class_names) {
  const bool long_names = std::ranges::any_of(class_names, [](const std::string& name) { return name.size() > 1; });
  std::string text;
  for (std::size_t i = 0; i < page.digits.size(); ++i) {
    const PageDigit& digit = page.digits[i];
    if (i > 0 && digit.line != page.digits[i - 1].line)
      text += '\n';
    else if (i > 0 && (digit.space_before || long_names))
      text += ' ';
    text += digit.reading.refused ? "?" : class_names.at(digit.reading.best);
  }
  return text;
}

}  // namespace inkling
