// What a trained network is like: calibration, the map of its last hidden layer, its weights and outputs counted, and
// the loss on the way to it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/report/chart.h"
#include "inkling/train/metrics.h"
#include "inkling/train/statistics.h"

namespace inkling {

// Reliability diagram (Guo et al. 2017): how often the model is right where it is so sure, and how often it is so sure.
Chart reliability_chart(const Statistics& statistics, std::string_view model);

// The first images of the data in the plane of the two principal components of the last hidden layer's outputs. Throws
// Error config: no hidden layer of two units, fewer than two images.
Chart map_chart(const Runtime& rt, const Mlp& model, const Dataset& data, std::span<const std::string> classes,
                std::string_view name);

// Along the line from one network to another; metrics as along_line() gives them, of training and test images.
struct LineMeasured {
  std::vector<double> positions;
  std::vector<Metrics> train, test;
  std::string from, to;  // what the two are, for people
};
Chart line_chart(const LineMeasured& line, Output output, std::string_view name);

// Weights, and outputs for the first images of the data, layer by layer; weights alone where there are no data.
Chart histograms_chart(const Runtime& rt, const Mlp& model, const Dataset* data, std::string_view name);

}  // namespace inkling
