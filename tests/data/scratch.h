// A folder for a test's files, removed afterwards, and a tiny data set to put in it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "inkling/data/dataset.h"

namespace inkling {

class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "inkling-data-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~Scratch() { std::filesystem::remove_all(folder_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::filesystem::path& path() const { return folder_; }
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

 private:
  std::filesystem::path folder_;
};

// `count` images of 2x3, every pixel different from its neighbours, with labels 0, 1, ..., 9, 0, ...
inline Dataset tiny_set(std::size_t count, std::uint8_t first_pixel = 0) {
  Dataset data{.height = 2, .width = 3, .pixels = {}, .labels = {}, .class_names = digit_names()};
  for (std::size_t i = 0; i < count * 6; ++i) data.pixels.push_back(static_cast<std::uint8_t>(first_pixel + 7 * i));
  for (std::size_t i = 0; i < count; ++i) data.labels.push_back(static_cast<std::uint8_t>(i % 10));
  return data;
}

inline bool same(const Dataset& a, const Dataset& b) {
  return a.height == b.height && a.width == b.width && a.pixels == b.pixels && a.labels == b.labels &&
         a.class_names == b.class_names;
}

}  // namespace inkling
