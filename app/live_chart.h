// What train --plot draws: loss and accuracy of a run so far, of its training images and of those that are held out
// (validation images where there are some, else test images).
//
// Costs the same however long the run: a trace keeps some dozens of points, and halves its resolution when they are
// full.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/text_chart.h"
#include "inkling/train/fit.h"

// Means of a value over stretches of x, all as wide as each other.
class Trace {
 public:
  explicit Trace(double first_width) : width_(first_width) {}
  // x at or above 0; weight: what the value is a mean of, images say.
  void add(double x, double value, double weight);
  std::vector<TextPoint> points() const;        // at most kMostBins
  static constexpr std::size_t kMostBins = 64;  // derived: dots beside each other in a chart of 80 columns

 private:
  struct Bin {
    double weight = 0, x = 0, value = 0;  // sums, weighted
  };
  double width_;
  std::vector<Bin> bins_;
};

class LiveChart {
 public:
  // images: of an epoch; epochs: that the run may have.
  LiveChart(std::size_t epochs, std::size_t images, TextStyle style);

  void batch(const inkling::FitProgress& progress);
  void epoch(const inkling::EpochReport& report);
  // A line of a resumed run's metrics.jsonl; what is no such line is passed over.
  void past(std::string_view metrics_line);
  // Images of an epoch that a resumed run has behind it, with the sum of their losses and how many were read right.
  void skip(std::size_t epoch, std::size_t images, double loss_sum, double correct);

  // Lines to draw on a terminal of this size; none where it is smaller than kLeastColumns x kLeastRows.
  std::vector<std::string> lines(const TerminalSize& size) const;

  static constexpr std::size_t kLeastColumns = 40, kLeastRows = 12;

 private:
  // Images from the last call's to `images` of the running epoch, whose means are now these.
  void window(std::size_t epoch, std::size_t images, double loss, double accuracy);
  void held_out(double epoch, double loss, double accuracy);
  double x_last() const;
  TextChart loss_chart() const;
  TextChart accuracy_chart() const;

  std::size_t epochs_, images_;
  TextStyle style_;
  Trace train_loss_, train_accuracy_, held_out_loss_, held_out_accuracy_;
  std::string held_out_name_ = "test";
  std::size_t epoch_ = 0, seen_ = 0;               // of the running epoch's images, those that are in the traces
  double loss_sum_ = 0, accuracy_sum_ = 0;         // over these
  double newest_ = 0;                              // x of the newest point
  std::optional<double> loss_now_, accuracy_now_;  // mean of the running epoch, shown as numbers
};
