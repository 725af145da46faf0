// An .npz (zip) of NumPy arrays: Keras' mnist.npz (x_train, y_train, x_test, y_test) and others whose names say what
// they are (inkling/data/numpy_names.h).
//
// Members are stored or deflated. What an array may be, and how it becomes bytes, says inkling/data/npy_array.h. A
// member whose claimed size does not match its own header is refused, and so is one that cannot inflate to what it
// claims: memory is taken only when all agree and the limit allows. A file is read member by member, straight to where
// its pixels belong: besides them only some kilobytes are taken.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "inkling/core/file.h"
#include "inkling/data/dataset.h"
#include "inkling/data/gzip.h"

namespace inkling {

// True when the bytes begin as a zip archive does.
bool is_zip(std::span<const std::uint8_t> bytes);

// `bytes` is a whole .npz file; `where` names it in errors. With class_count 0 there are as many classes as the labels
// need, and at least ten. `max_bytes` is how many pixels of a part are accepted; `note` gets a remark on members that
// are passed over. Throws Error: format (not a zip, a member missing or corrupt, wrong type, order or rank, a label out
// of range), shape (sizes that do not match), limit.
SourceParts parse_npz(std::span<const std::uint8_t> bytes, std::string_view where,
                      std::size_t class_count = kDigitClasses, std::size_t max_bytes = kMaxInflated,
                      const std::function<void(const std::string&)>& note = {});

// Throws Error: io, and what parse_npz throws.
SourceParts load_npz(const std::filesystem::path& path, std::size_t class_count = kDigitClasses,
                     const std::function<void(const std::string&)>& note = {});

}  // namespace inkling
