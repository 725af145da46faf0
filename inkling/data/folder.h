// A folder of images with a folder for each class: `0/ 1/ ... 9/`, or names; or `train/` and `test/` that hold such.
//
// Classes and images stand in the order of their names, numbers in them by value (2 before 10), whatever the file
// system says. Every image is prepared as MNIST's are (inkling/image/prepare.h), or taken as it is. An image is a file
// that begins as PNG or JPEG; hidden files are not looked at, others that are no images are passed over with a remark,
// unless their name promises one (.png, .jpg, .bmp, ...): those are bad images. Bad images are named, and end the
// reading or are left out. Only two levels are looked at, so links that go round in circles are found at once.
//
// Memory: one byte a pixel of the images as prepared, and one decoded image for each thread. Refused by name: a folder
// that cannot be read, images beside the class folders, folders within a class, two classes that are one folder, one
// class alone, an empty class, more than kMaxClasses, a class of the test part that the training part has not, a name
// that is not printable UTF-8, images of different sizes (where they are taken as they are).
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "inkling/data/dataset.h"

namespace inkling {

struct FolderOptions {
  bool as_is = false;       // the images are of one size, light on dark, and nothing is done to them
  std::size_t height = 28;  // that images are prepared to, unless they are taken as they are
  std::size_t width = 28;
  bool skip_bad = false;    // bad images are left out, with a remark; otherwise they are an Error
  std::size_t threads = 0;  // 0: one for each core that this process may use
  // Called on the caller's thread.
  std::function<void(std::size_t done, std::size_t total)> progress{};
  std::function<void(const std::string&)> note{};  // remarks for people
};

// True for a folder that holds folders, and none of the files of which other sets consist.
bool is_image_folder(const std::filesystem::path& folder);

// The same bytes for any number of threads. Throws Error: io, format, shape, config, limit, as above; the first few bad
// images stand in its text, with their number.
SourceParts load_image_folder(const std::filesystem::path& folder, const FolderOptions& options = {});

// Orders names as a person does: runs of digits by their value, all else byte by byte.
bool natural_less(std::string_view a, std::string_view b);

}  // namespace inkling
