// One line on a terminal that is written over and over, and the texts that go into it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "inkling/train/fit.h"

// Writes to stderr, and only when that is a terminal.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  bool due();  // true ten times a second at most, never without a terminal
  void show(std::string_view text);
  void clear();

 private:
  bool terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point last_{};
};

// "Epoch  3/20  [#####.....]  512,000 images/s  loss 0.1234  12 s left"
// done_before: images that a resumed run had behind it at `start`.
std::string train_progress(const inkling::FitProgress& progress, std::size_t epochs, std::size_t images,
                           std::size_t done_before, std::chrono::steady_clock::time_point start);

// "train-images-idx3-ubyte.gz [#####.....] 4.1 of 9.7 MB"; total is 0 where it is not known
std::string download_progress(std::string_view file, std::uint64_t done, std::uint64_t total);

// 60000 as "60,000".
std::string with_commas(std::size_t number);
