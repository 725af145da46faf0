// A data set written in the forms that others read: IDX, tables, folders of images, NumPy's .npz.
//
// What is written is read back the same: pixels, labels and the names of the classes. (A folder of images keeps each
// class's order, not that of the whole.) Output appears whole or not at all; what was there is replaced.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "inkling/core/choice.h"
#include "inkling/data/dataset.h"

namespace inkling {

enum class OutputForm {
  idx,            // a folder of IDX files
  idx_gz,         // the same, packed
  csv,            // one part: a file; two: a folder with train.csv and test.csv
  csv_gz,         // the same, packed
  class_folders,  // PNG files in a folder for each class; two parts: within train/ and test/
  npz,            // x_train, y_train, x_test, y_test
};

inline std::span<const std::string_view> choice_names(OutputForm) {
  static constexpr std::string_view kNames[] = {"idx", "idx.gz", "csv", "csv.gz", "png", "npz"};
  return kNames;
}

// By the path's ending: .csv, .csv.gz, .npz; nothing for others.
std::optional<OutputForm> output_form(const std::filesystem::path& path);

// progress: images, or files' parts, done and in all; called on the caller's thread. Throws Error: io, config (classes
// whose names cannot be those of folders; names that a form cannot say).
void write_source(const SourceParts& parts, OutputForm form, const std::filesystem::path& path,
                  const std::function<void(std::size_t done, std::size_t total)>& progress = {});

}  // namespace inkling
