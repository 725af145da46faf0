// A folder of .npy files: x_train.npy and y_train.npy, images.npy and labels.npy, ...
//
// Their names say what they are (inkling/data/numpy_names.h). The files are read straight to where their pixels belong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "inkling/data/dataset.h"

namespace inkling {

// True when the bytes begin as a .npy file does.
bool is_npy(std::span<const std::uint8_t> bytes);
// True for a folder with a file that is called .npy.
bool is_npy_folder(const std::filesystem::path& folder);

// `path` is such a folder, or one of its files. With class_count 0 there are as many classes as the labels need, and at
// least ten. Throws Error: io, format, shape, limit.
SourceParts load_npy_folder(const std::filesystem::path& path, std::size_t class_count = 0,
                            const std::function<void(const std::string&)>& note = {});

}  // namespace inkling
