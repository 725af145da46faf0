// Enumerations by the names that people write: one table for each, which parsing, printing and help all read.
//
// An enumeration E is a choice when a function `std::span<const std::string_view> choice_names(E)` stands in its
// namespace: the names, in the order of the values, which count from 0.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace inkling {

// The name that is nearest to a wrong one, or nothing when none is near (by insertions, deletions and replacements,
// Levenshtein 1966).
std::string_view nearest_name(std::span<const std::string_view> names, std::string_view wrong);

// The position of `text` in names. Throws Error config: `what` 'text' is not known, the nearest name, all names.
std::size_t choice_index(std::span<const std::string_view> names, std::string_view text, std::string_view what);

template <typename E>
concept Choice = requires(E value) {
  choice_names(value);
};

template <Choice E>
std::string_view name(E value) {
  return choice_names(value)[static_cast<std::size_t>(value)];
}

template <Choice E>
E choice_from_name(std::string_view text, std::string_view what) {
  return static_cast<E>(choice_index(choice_names(E{}), text, what));
}

}  // namespace inkling
