// A run's history as a page's data: configuration, command, data, machine, curves and speed.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "inkling/report/history.h"

namespace inkling {

inline constexpr std::size_t kMaxCurvePoints = 1000;     // guess: more than a screen has columns
inline constexpr std::size_t kMaxCurveNumbers = 32'000;  // guess: some 300 KB in all the curves of a page

// At most `numbers` numbers stand in the curves: where there are more epochs, every k-th is kept, the best and the
// last.
nlohmann::ordered_json run_facts(const RunHistory& run, std::size_t numbers = kMaxCurveNumbers);

// Options that are not the same in all runs: {"name", "group", "values": [one for each run]}.
nlohmann::ordered_json config_differences(std::span<const RunHistory* const> runs);

}  // namespace inkling
