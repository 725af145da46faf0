#include "inkling/data/locate.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "inkling/core/error.h"
#include "inkling/data/checksum.h"
#include "inkling/data/idx.h"
#include "inkling/data/sample.h"

namespace inkling {
namespace {

namespace fs = std::filesystem;

fs::path environment_path(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? fs::path() : fs::path(value);
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// A link to nowhere is there.
bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

void name_as_fashion(DataSplit& data) {
  data.train.class_names = {"T-shirt", "trouser", "pullover", "dress", "coat",
                            "sandal",  "shirt",   "sneaker",  "bag",   "boot"};
  data.test.class_names = data.train.class_names;
}

// What the user named, or a place that has something.
DataSplit load_place(const fs::path& path, const LoadOptions& options) {
  bool test_is_mnist = false;
  const auto look_at_test = [&](const Dataset& test) { test_is_mnist = is_mnist_test(test); };
  ReadOptions how = options.read;
  if (!how.note) how.note = options.note;
  SourceParts parts = read_source(path, how, look_at_test);
  DataSplit data = with_test_part(std::move(parts), options.test, path.string(), options.note);
  data.is_mnist = test_is_mnist && has_mnist_train_labels(data.train);
  if (data.is_mnist) data.origin = "MNIST in " + data.origin;
  if (data.train.class_names == digit_names() && has_fashion_test_labels(data.test)) name_as_fashion(data);
  return data;
}

DataSplit load_fashion(const LoadOptions& options) {
  const fs::path folder = options.roots.shared / "fashion-mnist";
  if (!is_folder(folder))
    fail(ErrorKind::io, "{}: no such folder; Fashion-MNIST is a package of Debian: apt install dataset-fashion-mnist",
         folder.string());
  DataSplit data = load_place(folder, options);
  name_as_fashion(data);
  data.origin = "Fashion-MNIST in " + folder.string();
  return data;
}

// Something is at the path, or it is FOLDER/PREFIX of a set.
bool is_source(const fs::path& path) {
  if (is_there(path)) return true;
  try {
    source_kind(path);
    return true;
  } catch (const Error&) {
    return false;
  }
}

void check_has_test_part(const TestPartOptions& options, std::string_view what) {
  if (options.share) fail(ErrorKind::config, "{}: has a test part of its own: leave out --test", what);
}

// MNIST where it lies, or nothing.
bool find_mnist(const LoadOptions& options, DataSplit& data) {
  for (const Place& place : search_places(options.roots)) {
    Finding finding = place.chosen ? Finding{Found::complete, "", load_place(place.path, options)} : examine(place);
    if (finding.found == Found::complete) {
      data = std::move(finding.data);
      return true;
    }
    if (options.note && (finding.found == Found::incomplete || finding.found == Found::broken))
      options.note(fmt::format("{}: passed over: {}", place.path.string(), finding.detail));
  }
  return false;
}

DataSplit download_mnist(const LoadOptions& options) {
  const fs::path& folder = options.roots.cache;
  if (folder.empty()) fail(ErrorKind::io, "MNIST cannot be downloaded: neither $HOME nor $XDG_CACHE_HOME is set");
  if (options.note)
    options.note(fmt::format("MNIST is not on this machine: downloading it to {} (11 MB)", folder.string()));
  DownloadOptions how = options.download;
  how.note = options.note;
  download(folder, how);
  return load_place(folder, options);
}

}  // namespace

SearchRoots search_roots() {
  SearchRoots roots;
  roots.chosen = environment_path("INKLING_DATA").string();
  const fs::path home = environment_path("HOME");
  fs::path cache = environment_path("XDG_CACHE_HOME");
  if (cache.empty() && !home.empty()) cache = home / ".cache";
  if (!cache.empty()) roots.cache = cache / "inkling" / "mnist";
  if (!home.empty()) roots.keras = home / ".keras" / "datasets" / "mnist.npz";
  return roots;
}

std::vector<Place> search_places(const SearchRoots& roots) {
  std::vector<Place> places;
  if (!roots.chosen.empty()) places.push_back({.path = roots.chosen, .chosen = true});
  for (const char* folder : {"data/MNIST", "data/MNIST/raw", "data/mnist", "data"})
    places.push_back({.path = roots.working / folder});
  if (!roots.cache.empty()) places.push_back({.path = roots.cache});
  std::vector<fs::path> shared;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(roots.shared, ignored))
    if (is_folder(entry.path())) shared.push_back(entry.path());
  std::sort(shared.begin(), shared.end());
  for (const fs::path& folder : shared) places.push_back({.path = folder, .only_mnist = true});
  if (!roots.keras.empty()) places.push_back({.path = roots.keras});
  return places;
}

Finding examine(const Place& place) {
  if (!is_there(place.path)) return {Found::nothing, "not there", {}};
  try {
    if (is_folder(place.path)) {
      const IdxFiles files = find_idx_files(place.path);
      if (files.none()) return {Found::nothing, "none of the four files", {}};
      if (!files.complete()) return {Found::incomplete, fmt::format("missing: {}", fmt::join(files.missing, ", ")), {}};
      // The labels are small: another set is told apart before its images are inflated.
      if (place.only_mnist && sha256({read_idx_file(*files.paths[kTrainLabels])}) != kMnistSha256[kTrainLabels])
        return {Found::another_set, "another set in MNIST's format", {}};
    }
    DataSplit data = load_place(place.path, {.roots = {}});
    std::string detail = fmt::format("{} + {} images of {}x{}", data.train.count(), data.test.count(),
                                     data.train.height, data.train.width);
    return {Found::complete, std::move(detail), std::move(data)};
  } catch (const Error& error) {
    return {Found::broken, error.what(), {}};
  }
}

DataSplit load_data(std::string_view source, const LoadOptions& options) {
  if (source == "sample") {
    check_has_test_part(options.test, source);
    return load_sample();
  }
  if (source == "fashion") return load_fashion(options);
  if (source != "mnist") {
    if (!is_source(source))
      fail(ErrorKind::config, "{}: unknown data source; expected mnist, fashion, sample, a folder or a file", source);
    return load_place(source, options);
  }

  DataSplit data;
  if (find_mnist(options, data)) return data;
  std::string reason = "downloads are not allowed";
  if (options.allow_download) {
    try {
      return download_mnist(options);
    } catch (const Error& error) {
      if (!options.allow_sample) throw;
      reason = error.what();
    }
  }
  if (!options.allow_sample)
    fail(ErrorKind::io,
         "MNIST was not found in any of the usual places, and {}; try `inkling data get`, or --data sample", reason);
  if (options.note) options.note(reason);
  check_has_test_part(options.test, "the bundled sample");
  return load_sample();
}

}  // namespace inkling
