// Any pixels as a page: its pieces lie inside it, come line by line, and hold what their boxes say; cuts lie in order.
//
// The first byte is the width, the second how often each pixel is repeated in both directions, so that a short input
// can be a large page; the rest are the pixels.
#include <algorithm>
#include <cstdlib>

#include "inkling/image/cuts.h"
#include "inkling/image/segment.h"

namespace {

constexpr std::size_t kMostRepeats = 8, kMostCells = 1u << 14;  // a page of at most a million pixels: it takes a second

void check(bool holds) {
  if (!holds) std::abort();
}

void check_cuts(const inkling::Piece& piece, double line_height) {
  const std::vector<inkling::Cut> cuts = inkling::cuts_of(piece.ink, line_height);
  check(cuts.size() <= inkling::kMaxCuts);
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    for (std::size_t y = 0; y < piece.ink.height; ++y) {
      check(cuts[i].columns.at(y) < piece.ink.width);
      check(i == 0 || cuts[i - 1].columns[y] <= cuts[i].columns[y]);
    }
    inkling::Box box;
    const inkling::Image part = inkling::between(piece.ink, i == 0 ? nullptr : &cuts[i - 1], &cuts[i], box);
    check(part.height == box.height && part.width == box.width && part.pixels.size() == part.height * part.width);
    check(box.top + box.height <= piece.ink.height && box.left + box.width <= piece.ink.width);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::size_t width = std::size_t{1} + data[0], repeats = 1 + data[1] % kMostRepeats;
  const std::size_t height = std::min((size - 2) / width, kMostCells / width);
  inkling::Image page{.height = height * repeats, .width = width * repeats, .pixels = {}};
  page.pixels.resize(page.height * page.width);
  for (std::size_t i = 0; i < page.pixels.size(); ++i)
    page.pixels[i] = data[2 + i / page.width / repeats * width + i % page.width / repeats];

  const inkling::Segmentation found = inkling::segment(page);
  std::size_t line = 0, pixels = 0;
  for (const inkling::Piece& piece : found.pieces) {
    check(piece.box.height > 0 && piece.box.top + piece.box.height <= page.height);
    check(piece.box.width > 0 && piece.box.left + piece.box.width <= page.width);
    check(piece.ink.pixels.size() == piece.ink.height * piece.ink.width);
    check(std::ranges::any_of(piece.ink.pixels, [](std::uint8_t p) { return p > 0; }));
    check(piece.line == line || piece.line == line + 1);
    check(piece.line < found.line_heights.size());
    line = piece.line;
    pixels += piece.ink.pixels.size();
    check_cuts(piece, found.line_heights[line]);
  }
  check(found.pieces.size() <= inkling::kMaxPageParts && pixels <= inkling::kMaxPiecePixels);
  return 0;
}
