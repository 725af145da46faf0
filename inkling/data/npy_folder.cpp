#include "inkling/data/npy_folder.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "inkling/core/error.h"
#include "inkling/core/file.h"
#include "inkling/data/gzip.h"
#include "inkling/data/npy_array.h"
#include "inkling/data/numpy_names.h"

namespace inkling {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFile = std::size_t{1} << 34;  // guess: 16 GiB, doubles of what may come of them

// Names of the folder's arrays without their ending, in order.
std::vector<std::string> arrays_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const fs::path name = at->path().filename();
    if (name.extension() == ".npy" && !name.string().starts_with('.')) names.push_back(name.stem().string());
  }
  if (error) fail(ErrorKind::io, "{}: cannot be read: {}", folder.string(), error.message());
  std::ranges::sort(names);
  return names;
}

}  // namespace

bool is_npy(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kMagic = "\x93NUMPY";
  return bytes.size() >= kMagic.size() &&
         std::equal(kMagic.begin(), kMagic.end(), bytes.begin(),
                    [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
}

bool is_npy_folder(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (at->path().extension() == ".npy" && !at->path().filename().string().starts_with('.')) return true;
  return false;
}

SourceParts load_npy_folder(const fs::path& path, std::size_t class_count,
                            const std::function<void(const std::string&)>& note) {
  std::error_code ignored;
  const fs::path folder = fs::is_directory(path, ignored) ? path : path.has_parent_path() ? path.parent_path() : ".";
  const std::vector<std::string> names = arrays_in(folder);
  const auto read = [&](std::size_t index, const std::string& where, const auto& read_array) {
    InputFile file(folder / (names[index] + ".npy"), kMaxFile);
    return read_array({.size = file.size(), .read = [&](std::span<std::uint8_t> to) { return file.read(to); }}, where,
                      kMaxInflated);
  };
  return read_arrays(
      names, folder.string(), class_count,
      {.images = [&](std::size_t index, const std::string& where) { return read(index, where, read_image_array); },
       .labels = [&](std::size_t index, const std::string& where) { return read(index, where, read_label_array); }},
      note);
}

}  // namespace inkling
