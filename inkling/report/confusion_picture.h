// What is read as what: a field for each pair of classes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "inkling/report/picture.h"

namespace inkling {

// counts[label * classes + read] of a test set. With many classes the fields are too small for their numbers, and only
// some classes are named. Throws Error shape: not a count for each pair.
Picture confusion_picture(std::span<const std::size_t> counts, std::span<const std::string> classes,
                          std::string_view model);

}  // namespace inkling
