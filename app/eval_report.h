// What `inkling eval` found out, and how it is put: as text for people, as JSON for programs.
//
// Text is at most 80 columns wide; what has more classes than fit says where the rest is.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/eval_reject.h"
#include "inkling/train/statistics.h"

// A wrong answer.
struct Mistake {
  std::size_t image = 0;
  std::size_t label = 0, predicted = 0;  // classes
  double probability = 0;                // of the predicted one
};

// Another model on the same images.
struct Comparison {
  std::string model;
  inkling::Statistics statistics;
  inkling::McNemar mcnemar;  // first is the model that is evaluated, second this one
};

struct EvalReport {
  std::string model;    // as the user named it
  std::string network;  // "784-128-10, relu, 101,770 parameters"
  float temperature = 1;
  std::string data;  // where the images are from
  std::vector<std::string> class_names;
  inkling::Statistics statistics;
  std::vector<std::size_t> confusion;  // [label * classes + predicted]
  std::vector<Mistake> mistakes;       // the most confident first
  std::optional<Comparison> comparison{};
  std::optional<RejectReport> reject{};
};

std::string report_text(const EvalReport& report);
nlohmann::ordered_json report_json(const EvalReport& report);

// Accuracy, top two, loss and calibration: four lines, each with its end.
std::string summary(const inkling::Statistics& s);
// The same numbers by name, for JSON: "accuracy", "standard_error", "top2_accuracy", "negative_log_likelihood",
// "brier_score", "mean_confidence", "expected_calibration_error".
nlohmann::ordered_json summary_json(const inkling::Statistics& s);
