#include "inkling/data/folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "inkling/core/error.h"
#include "inkling/core/file.h"
#include "inkling/core/thread_pool.h"
#include "inkling/data/folder_listing.h"
#include "inkling/data/gzip.h"
#include "inkling/image/decode.h"
#include "inkling/image/prepare.h"

namespace inkling {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFolderPixels = kMaxInflated;  // as of a file
constexpr std::size_t kNamed = 5;                       // guess: bad images whose reason is told

enum class Outcome : std::uint8_t { good, bad, no_image };

struct Size {
  std::size_t height = 0, width = 0;
  std::size_t pixels() const { return height * width; }
};

bool begins_as_image(std::span<const std::uint8_t> bytes) {
  constexpr std::array<std::uint8_t, 4> kPng = {0x89, 'P', 'N', 'G'};
  constexpr std::array<std::uint8_t, 3> kJpeg = {0xFF, 0xD8, 0xFF};
  const auto begins = [&](std::span<const std::uint8_t> with) {
    return bytes.size() >= with.size() && std::equal(with.begin(), with.end(), bytes.begin());
  };
  return begins(kPng) || begins(kJpeg);
}

// The image in a file, or nothing where the file is none and does not promise one. Throws Error: a bad image.
std::optional<Image> read_image(const fs::path& path, const std::string& name) {
  const bool promised = promises_image(name);
  Bytes bytes;
  try {
    InputFile file(path, promised ? kMaxImageFileBytes : std::numeric_limits<std::size_t>::max());
    bytes.resize(std::min<std::size_t>(file.size(), 8));
    bytes.resize(file.read(bytes));
    if (!begins_as_image(bytes)) {
      if (!promised) return std::nullopt;
      fail(ErrorKind::format, "{}: {}", path.string(),
           file.size() == 0 ? "empty" : "neither PNG nor JPEG, by its first bytes");
    }
    if (file.size() > kMaxImageFileBytes)
      fail(ErrorKind::limit, "{}: {} bytes, more than the {} that are read at most", path.string(), file.size(),
           kMaxImageFileBytes);
    const std::size_t begun = bytes.size();
    bytes.resize(file.size());
    bytes.resize(begun + file.read(std::span(bytes).subspan(begun)));
  } catch (const Error&) {
    if (!promised && bytes.empty()) return std::nullopt;  // a pipe, a link to nowhere
    throw;
  }
  return decode_image(bytes, path.string());
}

// Images that could not be read: how many, and the first of them with the reason.
class BadImages {
 public:
  void add(std::size_t place, std::string reason) {
    const std::lock_guard lock(mutex_);
    ++count_;
    first_.emplace(place, std::move(reason));
    if (first_.size() > kNamed) first_.erase(std::prev(first_.end()));
  }
  std::size_t count() const { return count_; }
  // A line each.
  std::string text() const {
    std::string lines;
    for (const auto& [place, reason] : first_) lines += "\n  " + reason;
    if (count_ > first_.size()) lines += fmt::format("\n  and {} more", count_ - first_.size());
    return lines;
  }

 private:
  std::mutex mutex_;
  std::size_t count_ = 0;
  std::map<std::size_t, std::string> first_;
};

struct File {
  const ClassFolder* folder;
  const std::string* name;
  std::uint8_t label;
  fs::path path() const { return folder->path / *name; }
};

// Reads all files of a part, each into its place.
class PartReader {
 public:
  PartReader(ThreadPool& pool, const FolderOptions& options, BadImages& bad)
      : pool_(pool), options_(options), bad_(bad) {}

  // `size` is every image's; where it is not known yet, it becomes that of the first image that can be read. `done`
  // counts up to `total`.
  Dataset read(std::span<const File> files, std::optional<Size>& known, std::size_t& done, std::size_t total);
  const std::vector<std::string>& no_images() const { return no_images_; }

 private:
  Outcome put(const File& file, std::size_t place, Size size, std::span<std::uint8_t> pixels) noexcept;
  void find_size(std::span<const File> files, std::optional<Size>& size) const;

  ThreadPool& pool_;
  const FolderOptions& options_;
  BadImages& bad_;
  std::vector<std::string> no_images_;
  std::mutex mutex_;
  std::exception_ptr failure_;  // of the machine, not of an image
  std::size_t places_ = 0;      // of the parts before
};

void PartReader::find_size(std::span<const File> files, std::optional<Size>& size) const {
  if (!options_.as_is) size = Size{options_.height, options_.width};
  for (std::size_t i = 0; i < files.size() && !size; ++i) {
    try {
      const std::optional<Image> image = read_image(files[i].path(), *files[i].name);
      if (image) size = Size{image->height, image->width};
    } catch (const Error&) {  // told when its turn comes
    }
  }
}

Outcome PartReader::put(const File& file, std::size_t place, Size size, std::span<std::uint8_t> pixels) noexcept {
  try {
    const fs::path path = file.path();
    try {
      std::optional<Image> image = read_image(path, *file.name);
      if (!image) return Outcome::no_image;
      if (!options_.as_is) image = prepare_digit(*image, {.height = size.height, .width = size.width}).digit;
      if (image->height != size.height || image->width != size.width)
        fail(ErrorKind::shape, "{}: {}x{} pixels, and {}x{} before it; images that are taken as they are have one size",
             path.string(), image->height, image->width, size.height, size.width);
      std::ranges::copy(image->pixels, pixels.begin());
      return Outcome::good;
    } catch (const Error& error) {
      bad_.add(place, error.what());
      return Outcome::bad;
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
    return Outcome::bad;
  }
}

Dataset PartReader::read(std::span<const File> files, std::optional<Size>& known, std::size_t& done,
                         std::size_t total) {
  constexpr std::size_t kAtOnce = 64;  // guess: images of each thread from one call of progress to the next
  find_size(files, known);
  const Size size = known.value_or(Size{1, 1});
  if (files.size() > kMaxFolderPixels / size.pixels())
    fail(ErrorKind::limit, "{} images of {}x{}: more than the {} bytes that are taken at most", files.size(),
         size.height, size.width, kMaxFolderPixels);
  Dataset data{.height = size.height, .width = size.width, .pixels = {}, .labels = {}, .class_names = {}};
  reserve(data.pixels, files.size() * size.pixels());
  data.pixels.resize(files.size() * size.pixels());
  std::vector<Outcome> outcomes(files.size());
  for (std::size_t first = 0; first < files.size();) {
    const std::size_t count = std::min(kAtOnce * pool_.size(), files.size() - first);
    pool_.run(count, [&](std::size_t task) noexcept {
      const std::size_t i = first + task;
      outcomes[i] = put(files[i], places_ + i, size, std::span(data.pixels).subspan(i * size.pixels(), size.pixels()));
    });
    if (failure_) std::rethrow_exception(failure_);
    first += count;
    done += count;
    if (options_.progress) options_.progress(done, total);
  }
  places_ += files.size();

  for (std::size_t i = 0; i < files.size(); ++i) {
    if (outcomes[i] == Outcome::no_image) no_images_.push_back(files[i].path().string());
    if (outcomes[i] != Outcome::good) continue;
    const std::size_t kept = data.labels.size();
    if (kept != i)
      std::copy_n(data.pixels.begin() + static_cast<std::ptrdiff_t>(i * size.pixels()), size.pixels(),
                  data.pixels.begin() + static_cast<std::ptrdiff_t>(kept * size.pixels()));
    data.labels.push_back(files[i].label);
  }
  data.pixels.resize(data.labels.size() * size.pixels());
  give_back_rest(data.pixels);
  return data;
}

std::vector<File> files_of(const std::vector<ClassFolder>& part, const std::vector<ClassFolder>& classes) {
  std::vector<File> files;
  for (const ClassFolder& each : part) {
    const auto label = std::ranges::find(classes, each.name, &ClassFolder::name) - classes.begin();
    for (const std::string& name : each.files)
      files.push_back({.folder = &each, .name = &name, .label = static_cast<std::uint8_t>(label)});
  }
  return files;
}

// "3 files that are no images were passed over: a, b, c"
void tell_passed_over(const FolderListing& listing, const std::vector<std::string>& files,
                      const FolderOptions& options) {
  std::vector<std::string> all = listing.passed_over;
  all.insert(all.end(), files.begin(), files.end());
  if (all.empty() || !options.note) return;
  std::string text = all[0];
  for (std::size_t i = 1; i < std::min(kNamed, all.size()); ++i) text += ", " + all[i];
  options.note(fmt::format("Passed over, no images: {}{}", text,
                           all.size() > kNamed ? fmt::format(" and {} more", all.size() - kNamed) : ""));
}

void check_no_class_is_empty(const Dataset& train, const std::vector<ClassFolder>& classes) {
  std::vector<bool> seen(classes.size());
  for (const std::uint8_t label : train.labels) seen[label] = true;
  for (std::size_t c = 0; c < classes.size(); ++c)
    if (!seen[c])
      fail(ErrorKind::shape, "{}: no image that can be read; put some of the class {} there, or remove the folder",
           classes[c].path.string(), classes[c].name);
}

}  // namespace

bool is_image_folder(const fs::path& folder) {
  // Whether there is an image directly in it, or, with levels left, in a folder of it. Names suffice, most of the time.
  const auto holds_images = [](const auto& self, const fs::path& where, int levels) -> bool {
    constexpr int kLookedAt = 1000;  // guess: entries of a folder
    std::error_code error;
    int count = 0;
    fs::directory_iterator at(where, error);
    for (const fs::directory_iterator end; !error && at != end && count < kLookedAt; at.increment(error), ++count) {
      const std::string name = at->path().filename().string();
      std::error_code ignored;
      if (name.starts_with('.')) continue;
      if (at->is_directory(ignored)) {
        if (levels > 0 && self(self, at->path(), levels - 1)) return true;
      } else if (promises_image(name)) {
        return true;
      } else if (at->is_regular_file(ignored)) {
        try {
          std::array<std::uint8_t, 8> start{};
          InputFile file(at->path(), std::numeric_limits<std::size_t>::max());
          if (begins_as_image(std::span(start).first(file.read(start)))) return true;
        } catch (const Error&) {  // no image
        }
      }
    }
    return false;
  };
  return holds_images(holds_images, folder, 2);
}

SourceParts load_image_folder(const fs::path& folder, const FolderOptions& options) {
  if (options.height == 0 || options.width == 0)
    fail(ErrorKind::config, "images of {}x{} have no pixels", options.height, options.width);
  const FolderListing listing = list_image_folder(folder);
  const std::vector<File> train = files_of(listing.train, listing.train);
  const std::vector<File> test = listing.test ? files_of(*listing.test, listing.train) : std::vector<File>{};
  std::vector<std::string> names;
  for (const ClassFolder& each : listing.train) names.push_back(each.name);

  ThreadPool pool(options.threads);
  BadImages bad;
  PartReader reader(pool, options, bad);
  std::optional<Size> size;
  std::size_t done = 0;
  const std::size_t total = train.size() + test.size();
  SourceParts parts{.train = reader.read(train, size, done, total)};
  if (listing.test) parts.test = reader.read(test, size, done, total);
  tell_passed_over(listing, reader.no_images(), options);
  if (bad.count() > 0) {
    const std::string text = fmt::format("{}: {} of {} images cannot be read", folder.string(), bad.count(),
                                         total - reader.no_images().size());
    if (!options.skip_bad)
      fail(ErrorKind::format, "{}; repair or remove them, or leave them out by --skip-bad:{}", text, bad.text());
    if (options.note) options.note(fmt::format("{} and are left out:{}", text, bad.text()));
  }
  check_no_class_is_empty(parts.train, listing.train);
  parts.train.class_names = names;
  if (parts.test) {
    if (parts.test->count() == 0) fail(ErrorKind::shape, "{}: no images in its test part", folder.string());
    parts.test->class_names = names;
  }
  return parts;
}

}  // namespace inkling
