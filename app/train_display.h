// What a person sees of a run while it trains: the epochs' lines, a progress line, and with --plot a chart below it.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/live_chart.h"
#include "app/progress.h"
#include "inkling/train/fit_state.h"
#include "inkling/train/recipe.h"

class TrainDisplay {
 public:
  // images: of an epoch. from: the state that a resumed run starts at, or null; metrics: its metrics.jsonl.
  TrainDisplay(const inkling::Recipe& recipe, std::size_t images, bool plot, const inkling::FitState* from,
               const std::filesystem::path& metrics);

  void batch(const inkling::FitProgress& progress);
  // The epoch's line to stdout, complaints that are new to stderr. False when stdout cannot be written.
  bool epoch(const inkling::EpochReport& report);
  void clear() { line_.clear(); }

 private:
  void take_past(const inkling::FitState& from, const std::filesystem::path& metrics);
  void show(bool render);

  const inkling::Recipe& recipe_;
  std::size_t images_, done_before_;
  ProgressLine line_;
  std::string text_;  // of the line
  std::optional<LiveChart> chart_;
  std::vector<std::string> drawn_;  // the chart as it was last drawn,
  TerminalSize size_;               // for a terminal of this size
  std::set<std::string> said_;      // complaints that need not be repeated
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};
