#include "inkling/data/folder_listing.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <system_error>
#include <utility>

#include "inkling/core/error.h"
#include "inkling/data/classes.h"
#include "inkling/data/dataset.h"
#include "inkling/data/folder.h"

namespace inkling {
namespace {

namespace fs = std::filesystem;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// What systems leave behind: .DS_Store, .git, .ipynb_checkpoints, __MACOSX, Thumbs.db, desktop.ini.
bool is_hidden(std::string_view name) {
  const std::string low = lower(name);
  return name.starts_with('.') || low == "__macosx" || low == "thumbs.db" || low == "desktop.ini";
}

struct Entry {
  std::string name;
  bool is_folder = false;
};

// All that is not hidden, in natural order, links followed. A link to nowhere is a file: reading it says what is wrong.
std::vector<Entry> entries_of(const fs::path& folder) {
  std::vector<Entry> entries;
  std::error_code error;
  fs::directory_iterator at(folder, error);
  for (const fs::directory_iterator end; !error && at != end; at.increment(error)) {
    Entry entry{.name = at->path().filename().string()};
    if (is_hidden(entry.name)) continue;
    std::error_code unknown;
    entry.is_folder = at->is_directory(unknown);
    if (unknown == std::errc::too_many_symbolic_link_levels)
      fail(ErrorKind::io, "{}: a link that goes round in circles", at->path().string());
    if (unknown && unknown != std::errc::no_such_file_or_directory)
      fail(ErrorKind::io, "{}: cannot be examined: {}", at->path().string(), unknown.message());
    entries.push_back(std::move(entry));
  }
  if (error) fail(ErrorKind::io, "{}: cannot be read: {}", folder.string(), error.message());
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) { return natural_less(a.name, b.name); });
  return entries;
}

bool has_folders(const fs::path& folder) {
  return std::ranges::any_of(entries_of(folder), [](const Entry& entry) { return entry.is_folder; });
}

// Folders that were seen, by the file system's own names for them.
class Seen {
 public:
  void add(const fs::path& folder) {
    struct stat info {};
    if (::stat(folder.c_str(), &info) != 0) fail(ErrorKind::io, "{}: cannot be examined", folder.string());
    const auto [at, fresh] = seen_.try_emplace({info.st_dev, info.st_ino}, folder);
    if (!fresh)
      fail(ErrorKind::config, "{} and {} are one folder: a link goes in a circle, or a class is there twice",
           at->second.string(), folder.string());
  }

 private:
  std::map<std::pair<dev_t, ino_t>, fs::path> seen_;
};

ClassFolder list_class(const fs::path& folder, const std::string& name) {
  ClassFolder each{.name = name, .path = folder, .files = {}};
  for (Entry& entry : entries_of(folder)) {
    if (entry.is_folder)
      fail(ErrorKind::config,
           "{}: a folder within the class {}; images are looked for in the class folders themselves, and classes "
           "in the folder that --data names or in its train/ and test/",
           (folder / entry.name).string(), name);
    each.files.push_back(std::move(entry.name));
  }
  return each;
}

std::vector<ClassFolder> list_part(const fs::path& folder, Seen& seen, std::vector<std::string>& passed_over) {
  std::vector<std::string> names;
  for (const Entry& entry : entries_of(folder)) {
    if (entry.is_folder) {
      names.push_back(entry.name);
    } else if (promises_image(entry.name)) {
      fail(ErrorKind::config,
           "{}: an image beside the folders of the classes, of no class; put the images of each class into a folder "
           "of its own: 0/, 1/, ...",
           (folder / entry.name).string());
    } else {
      passed_over.push_back((folder / entry.name).string());
    }
  }
  if (names.size() > kMaxClasses)
    fail(ErrorKind::limit, "{}: {} class folders; at most {} classes can be told apart", folder.string(), names.size(),
         kMaxClasses);
  std::vector<ClassFolder> classes;
  for (const std::string& name : names) {
    check_class_name(name, folder.string());
    seen.add(folder / name);
    classes.push_back(list_class(folder / name, name));
  }
  return classes;
}

// The entry of one of these names that holds folders.
std::optional<std::string> part_folder(const fs::path& folder, const std::vector<Entry>& entries,
                                       std::array<std::string_view, 2> names) {
  for (const Entry& entry : entries)
    if (entry.is_folder && std::ranges::find(names, lower(entry.name)) != names.end() &&
        has_folders(folder / entry.name))
      return entry.name;
  return std::nullopt;
}

void check_train(const std::vector<ClassFolder>& classes, const fs::path& folder) {
  if (classes.empty())
    fail(ErrorKind::shape, "{}: no class folders; expected a folder of images for each class: 0/, 1/, ...",
         folder.string());
  if (classes.size() == 1)
    fail(ErrorKind::shape, "{}: one class alone, {}; there is nothing to tell it from: expected two or more",
         folder.string(), classes[0].name);
  for (const ClassFolder& each : classes)
    if (each.files.empty())
      fail(ErrorKind::shape, "{}: no images; put some of the class {} there, or remove the folder", each.path.string(),
           each.name);
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (!is_digit(a[i]) || !is_digit(b[j])) {
      if (a[i] != b[j]) return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]);
      ++i, ++j;
      continue;
    }
    const auto number = [&](std::string_view text, std::size_t& at) {
      while (at < text.size() && text[at] == '0') ++at;
      const std::size_t begin = at;
      while (at < text.size() && is_digit(text[at])) ++at;
      return text.substr(begin, at - begin);
    };
    const std::string_view left = number(a, i), right = number(b, j);
    if (left.size() != right.size()) return left.size() < right.size();
    if (left != right) return left < right;
  }
  if ((i < a.size()) != (j < b.size())) return j < b.size();
  return a < b;  // equal but for zeros in front
}

bool promises_image(std::string_view name) {
  constexpr std::array<std::string_view, 18> kEndings = {".png",  ".jpg", ".jpeg", ".jpe",  ".jfif", ".bmp",
                                                         ".gif",  ".tif", ".tiff", ".webp", ".heic", ".heif",
                                                         ".avif", ".pgm", ".ppm",  ".pbm",  ".pnm",  ".jp2"};
  const std::string low = lower(name);
  return std::ranges::any_of(kEndings, [&](std::string_view ending) { return low.ends_with(ending); });
}

FolderListing list_image_folder(const fs::path& folder) {
  const std::vector<Entry> entries = entries_of(folder);
  const std::optional<std::string> train = part_folder(folder, entries, {"train", "training"});
  const std::optional<std::string> test = part_folder(folder, entries, {"test", "testing"});
  if (test && !train)
    fail(ErrorKind::config, "{}: {}/ holds classes, and there is no train/ beside it; to take it for a set, name {}",
         folder.string(), *test, (folder / *test).string());

  FolderListing listing;
  Seen seen;
  if (!train) {
    listing.train = list_part(folder, seen, listing.passed_over);
    check_train(listing.train, folder);
    return listing;
  }
  for (const Entry& entry : entries)
    if (entry.name != *train && entry.name != test) listing.passed_over.push_back((folder / entry.name).string());
  seen.add(folder / *train);
  listing.train = list_part(folder / *train, seen, listing.passed_over);
  check_train(listing.train, folder / *train);
  if (!test) return listing;
  seen.add(folder / *test);
  listing.test = list_part(folder / *test, seen, listing.passed_over);
  for (const ClassFolder& each : *listing.test)
    if (std::ranges::find(listing.train, each.name, &ClassFolder::name) == listing.train.end())
      fail(ErrorKind::shape, "{}: the class {} is in the test part alone; the training part has no such folder",
           each.path.string(), each.name);
  return listing;
}

}  // namespace inkling
