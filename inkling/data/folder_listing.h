// What a folder of images holds, before any of them is opened: its parts, classes and files, in order.
//
// The rules stand in inkling/data/folder.h. Names come from outside: they are checked here, and two levels are looked
// at, so that a link that goes round in circles is an error and not a long wait.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inkling {

struct ClassFolder {
  std::string name;
  std::filesystem::path path;
  std::vector<std::string> files;  // names of all that may be an image, in natural order
};

struct FolderListing {
  std::vector<ClassFolder> train;                  // in natural order
  std::optional<std::vector<ClassFolder>> test{};  // each class is one of train's
  std::vector<std::string> passed_over{};          // files and folders beside the class folders
};

// Throws Error: io (unreadable, a link in circles), shape (one class, an empty one, one that only the test part has),
// config (images without classes, folders within one, one folder twice, a name), limit (too many classes).
FolderListing list_image_folder(const std::filesystem::path& folder);

// True for a name that promises a picture, of whatever format.
bool promises_image(std::string_view name);

}  // namespace inkling
