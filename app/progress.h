// One line on a terminal that is written over and over, and the texts that go into it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/train/fit.h"

// Writes to stderr, and only when that is a terminal whose cursor can be moved. What does not fit into the terminal's
// width is cut, so that the line stays one. Below it may stand a block of further lines; the cursor rests at the line's
// beginning, so that whatever happens to the terminal's size, all that was drawn is at the cursor and below it.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  bool is_live() const { return terminal_; }
  bool due();  // true ten times a second at most, never without a terminal
  // Draws over what stands there, in one write and without wiping first: nothing flickers. Lines of `below` fit the
  // terminal's width.
  void show(std::string_view text, const std::vector<std::string>& below = {});
  // Makes room for `count` lines of ordinary output: they are printed next, and then show() is called again.
  void make_room(std::size_t count);
  void clear();

 private:
  bool terminal_;
  bool shown_ = false;
  std::size_t below_ = 0;  // lines
  std::chrono::steady_clock::time_point last_{};
};

// "Epoch  3/20  [#####.....]  512,000 images/s  loss 0.1234  12 s left"
// done_before: images that a resumed run had behind it at `start`.
std::string train_progress(const inkling::FitProgress& progress, std::size_t epochs, std::size_t images,
                           std::size_t done_before, std::chrono::steady_clock::time_point start);

// "train-images-idx3-ubyte.gz [#####.....] 4.1 of 9.7 MB"; total is 0 where it is not known
std::string download_progress(std::string_view file, std::uint64_t done, std::uint64_t total);

// "Reading [#####.....] 31,000 of 70,000, digits/"
std::string reading_progress(std::string_view source, std::size_t done, std::size_t total);
// The same, "Writing".
std::string writing_progress(std::string_view output, std::size_t done, std::size_t total);

// 60000 as "60,000".
std::string with_commas(std::size_t number);
