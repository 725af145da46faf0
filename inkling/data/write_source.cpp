#include "inkling/data/write_source.h"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "inkling/core/draft.h"
#include "inkling/core/error.h"
#include "inkling/core/file.h"
#include "inkling/data/csv.h"
#include "inkling/data/idx_set.h"
#include "inkling/data/source.h"
#include "inkling/image/png.h"

namespace inkling {
namespace {

namespace fs = std::filesystem;

ImageSet images_of(const Dataset& data) {
  return {.height = data.height,
          .width = data.width,
          .pixels = data.pixels,
          .labels = data.labels,
          .class_names = data.class_names};
}

void check_folder_names(const Dataset& data, const fs::path& path) {
  for (const std::string& name : data.class_names)
    if (name.empty() || name.starts_with('.') || name.find('/') != std::string::npos || name.size() > 255)
      fail(ErrorKind::config, "{}: class '{}' cannot be a folder's name", path.string(), name);
}

// One part's images, by all cores; files are numbered as they stand in the set.
void write_images(const Dataset& data, const fs::path& folder, std::size_t done_before, std::size_t total,
                  const std::function<void(std::size_t, std::size_t)>& progress) {
  std::vector<fs::path> folders;
  std::vector<bool> used(data.class_count());
  for (const std::uint8_t label : data.labels) used[label] = true;
  for (std::size_t c = 0; c < data.class_count(); ++c) {
    folders.push_back(folder / data.class_names[c]);
    std::error_code error;
    if (used[c] && !fs::create_directory(folders[c], error))
      fail(ErrorKind::io, "{}: cannot be made: {}", folders[c].string(), error.message());
  }
  const std::size_t digits = fmt::formatted_size("{}", data.count() - 1);
  std::atomic<std::size_t> next{0}, finished{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&](bool tells) {
    try {
      Image image{.height = data.height, .width = data.width, .pixels = {}};
      for (std::size_t j = next++; j < data.count(); j = next++) {
        const auto pixels = data.image(j).row(0);
        image.pixels.assign(pixels.begin(), pixels.end());
        write_file_plainly(folders[data.labels[j]] / fmt::format("{:0{}}.png", j, digits), png_bytes(image));
        ++finished;
        if (tells && progress && j % 64 == 0) progress(done_before + finished, total);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
      next = data.count();
    }
  };
  const std::size_t threads = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::future<void>> others;
  for (std::size_t k = 1; k < threads; ++k) others.push_back(std::async(std::launch::async, work, false));
  work(true);
  for (std::future<void>& other : others) other.get();
  if (failure) std::rethrow_exception(failure);
}

void write_class_folders(const SourceParts& parts, const fs::path& path,
                         const std::function<void(std::size_t, std::size_t)>& progress) {
  check_folder_names(parts.train, path);
  FolderDraft folder(path);
  const std::size_t total = parts.train.count() + (parts.test ? parts.test->count() : 0);
  const auto part_folder = [&](const char* name) {
    if (!parts.test) return folder.path();
    fs::create_directory(folder.path() / name);
    return folder.path() / name;
  };
  write_images(parts.train, part_folder("train"), 0, total, progress);
  if (parts.test) write_images(*parts.test, part_folder("test"), parts.train.count(), total, progress);
  folder.finish();
}

void write_tables(const SourceParts& parts, const fs::path& path, bool packed) {
  if (!parts.test) return write_csv(path, images_of(parts.train));
  const std::string suffix = packed ? ".csv.gz" : ".csv";
  FolderDraft folder(path);
  write_csv(folder.path() / ("train" + suffix), images_of(parts.train));
  write_csv(folder.path() / ("test" + suffix), images_of(*parts.test));
  folder.finish();
}

// Version 1 of the format: the header fills a multiple of 64 bytes.
Bytes npy_file(std::string_view shape, std::span<const std::uint8_t> elements) {
  std::string header = fmt::format("{{'descr': '|u1', 'fortran_order': False, 'shape': {}, }}", shape);
  constexpr std::size_t kFixed = 10, kAlign = 64;
  header.append(kAlign - 1 - (kFixed + header.size()) % kAlign, ' ');
  header += '\n';
  const std::string start = fmt::format("\x93NUMPY{}{}{}{}", '\1', '\0', static_cast<char>(header.size()),
                                        static_cast<char>(header.size() >> 8)) +
                            header;
  Bytes file(start.begin(), start.end());
  file.insert(file.end(), elements.begin(), elements.end());
  return file;
}

struct Discard {
  void operator()(zip_t* archive) const noexcept { zip_discard(archive); }
};

void write_npz(const SourceParts& parts, const fs::path& path) {
  const std::vector<std::string>& names = parts.train.class_names;
  for (std::size_t c = 0; c < names.size(); ++c)
    if (names[c] != std::to_string(c))
      fail(ErrorKind::config, "{}: an .npz cannot say that class {} is called '{}'; write idx, csv or png",
           path.string(), c, names[c]);
  std::vector<std::pair<std::string, Bytes>> members;
  const auto add = [&](const Dataset& data, const char* part) {
    members.emplace_back(fmt::format("x_{}.npy", part),
                         npy_file(fmt::format("({}, {}, {})", data.count(), data.height, data.width), data.pixels));
    members.emplace_back(fmt::format("y_{}.npy", part), npy_file(fmt::format("({},)", data.count()), data.labels));
  };
  add(parts.train, "train");
  if (parts.test) add(*parts.test, "test");

  // libzip writes into memory, so that the file is ours to write whole.
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* const memory = zip_source_buffer_create(nullptr, 0, 0, &error);
  if (memory == nullptr) throw std::bad_alloc();
  zip_source_keep(memory);
  const std::unique_ptr<zip_source_t, void (*)(zip_source_t*)> keep(memory, zip_source_free);
  std::unique_ptr<zip_t, Discard> archive(zip_open_from_source(memory, ZIP_TRUNCATE, &error));
  const auto check = [&](bool good) {
    if (!good) fail(ErrorKind::io, "{}: cannot be packed: {}", path.string(), zip_error_strerror(&error));
  };
  check(archive != nullptr);
  for (const auto& [name, bytes] : members) {
    zip_source_t* const source = zip_source_buffer(archive.get(), bytes.data(), bytes.size(), 0);
    check(source != nullptr);
    const zip_int64_t index = zip_file_add(archive.get(), name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) zip_source_free(source);
    check(index >= 0);
    constexpr zip_uint16_t kDate = (1980 - 1980) << 9 | 1 << 5 | 1;  // the same bytes whenever it is written
    check(zip_file_set_dostime(archive.get(), static_cast<zip_uint64_t>(index), 0, kDate, 0) == 0);
  }
  zip_t* const open = archive.release();
  if (zip_close(open) != 0) {
    archive.reset(open);
    check(false);
  }
  zip_stat_t info;
  check(zip_source_stat(memory, &info) == 0 && zip_source_open(memory) == 0);
  Bytes packed(info.size);
  check(zip_source_read(memory, packed.data(), packed.size()) == static_cast<zip_int64_t>(packed.size()));
  zip_source_close(memory);
  write_file_atomically(path, packed);
}

}  // namespace

std::optional<OutputForm> output_form(const fs::path& path) {
  const std::string name = path.filename().string();
  if (name.ends_with(".csv")) return OutputForm::csv;
  if (name.ends_with(".csv.gz")) return OutputForm::csv_gz;
  if (name.ends_with(".npz")) return OutputForm::npz;
  return std::nullopt;
}

void write_source(const SourceParts& parts, OutputForm form, const fs::path& path,
                  const std::function<void(std::size_t done, std::size_t total)>& progress) {
  switch (form) {
    case OutputForm::idx:
    case OutputForm::idx_gz: {
      FolderDraft folder(path);
      write_idx_set(parts, folder.path(), form == OutputForm::idx_gz);
      folder.finish();
      return;
    }
    case OutputForm::csv:
    case OutputForm::csv_gz: return write_tables(parts, path, form == OutputForm::csv_gz);
    case OutputForm::class_folders: return write_class_folders(parts, path, progress);
    case OutputForm::npz: return write_npz(parts, path);
  }
}

}  // namespace inkling
