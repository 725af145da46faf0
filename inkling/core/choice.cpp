#include "inkling/core/choice.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "inkling/core/error.h"

namespace inkling {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view nearest_name(std::span<const std::string_view> names, std::string_view wrong) {
  constexpr std::size_t kLongestCompared = 200;  // guess: no name is near to a longer text
  if (names.empty() || wrong.size() > kLongestCompared) return {};
  const auto distance = [&](std::string_view name) { return edit_distance(name, wrong); };
  const auto best = std::ranges::min_element(names, {}, distance);
  return distance(*best) <= 2 + wrong.size() / 6 ? *best : std::string_view();
}

std::size_t choice_index(std::span<const std::string_view> names, std::string_view text, std::string_view what) {
  const auto at = std::ranges::find(names, text);
  if (at != names.end()) return static_cast<std::size_t>(at - names.begin());
  const std::string_view near = nearest_name(names, text);
  fail(ErrorKind::config, "{} '{}' is not known{}; known: {}", what, text.substr(0, 64),
       near.empty() ? "" : fmt::format("; did you mean '{}'?", near), fmt::join(names, ", "));
}

}  // namespace inkling
