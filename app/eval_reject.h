// `inkling eval --reject`: what a model that may refuse keeps, how much of that is wrong, and what it refuses of images
// that are none of its classes, at the model's own limits and at others.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "inkling/data/dataset.h"
#include "inkling/format/model_file.h"
#include "inkling/kernel/runtime.h"

// At one threshold for the probability; the limit of the outlier score, where the model has one, stays.
struct RejectRow {
  std::optional<double> threshold;     // none: nothing is refused at all
  bool own = false;                    // the model's own
  std::size_t kept = 0, wrong = 0;     // test images with an answer, and those of them that are wrong
  std::vector<std::size_t> refused{};  // of each set of outsiders
};

struct Outsiders {
  std::string source;  // as the user named it
  std::size_t images = 0;
};

struct RejectReport {
  std::optional<inkling::RefusalRule> rule;
  std::size_t images = 0;
  std::vector<Outsiders> outsiders;
  std::vector<RejectRow> rows;  // by threshold, upwards
};

struct OutsiderSet {
  std::string source;
  inkling::Dataset images;
};

// Throws inkling::Error shape: images that the model does not read.
RejectReport reject_report(const inkling::Runtime& rt, const inkling::LoadedModel& loaded, const inkling::Dataset& test,
                           const std::vector<OutsiderSet>& outsiders);
std::string reject_text(const RejectReport& report);
nlohmann::ordered_json reject_json(const RejectReport& report);
