// Keras' form of MNIST: an .npz (zip) of the NumPy arrays x_train, y_train, x_test and y_test.
//
// Images are unsigned bytes (count, height, width); labels are integers of one to eight bytes, little-endian, (count).
// Both in C order, stored or deflated. Any other type, order or shape is refused by name, and so is a member whose
// claimed size does not match its own header: memory is taken only when both agree and the limit allows.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "inkling/core/file.h"
#include "inkling/data/dataset.h"
#include "inkling/data/gzip.h"

namespace inkling {

// True when the bytes begin as a zip archive does.
bool is_zip(std::span<const std::uint8_t> bytes);

// `bytes` is a whole .npz file; `where` names it in errors.
// Throws Error: format (not a zip, a member missing or corrupt, wrong type, order or rank, a label out of range), shape
// (sizes that do not match), limit (a member of more than max_bytes).
TrainTest parse_npz(std::span<const std::uint8_t> bytes, std::string_view where,
                    std::size_t class_count = kDigitClasses, std::size_t max_bytes = kMaxInflated);

// Throws Error: io, limit, and what parse_npz throws.
TrainTest load_npz(const std::filesystem::path& path, std::size_t class_count = kDigitClasses);

}  // namespace inkling
