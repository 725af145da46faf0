// All that a report shows, as the JSON that web/ reads (web/src/data.ts has the types): of one run, or of several
// beside each other.
//
// Below kMaxReportBytes as a page for any run: what is too much is left out, and the page says how much. The same
// arguments make the same bytes. Nothing is asked of the outside here: runs, models and images are given.
#pragma once

#include <array>
#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "inkling/format/model_file.h"
#include "inkling/report/history.h"
#include "inkling/report/study.h"

namespace inkling {

inline constexpr std::size_t kMaxReportBytes = 2'000'000;  // derived: "under 2 MB", whichever megabyte is meant
inline constexpr std::size_t kMaxComparedRuns = 8;         // derived: as many lines as colours and dashes keep apart

// Images that models are tested on.
struct TestImages {
  Dataset images;
  std::string origin;                       // for people
  std::array<std::string, 4> idx_sha256{};  // of the whole set
};

// A run, and what could be had of it.
struct ReportedRun {
  RunHistory history;
  const LoadedModel* model = nullptr;  // none: the run has none yet
  const Study* study = nullptr;        // of the model on the test images, where there are both
};

// `notes` are sentences that a reader must see first. `test` is null where there are no images.
nlohmann::ordered_json report_of(const ReportedRun& run, const TestImages* test, std::span<const std::string> notes);

// Throws Error: config (fewer than two runs, or more than kMaxComparedRuns), shape (studies of other images).
nlohmann::ordered_json comparison_of(std::span<const ReportedRun> runs, const TestImages* test,
                                     std::span<const std::string> notes);

}  // namespace inkling
