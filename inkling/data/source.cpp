#include "inkling/data/source.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>
#include <vector>

#include "inkling/core/error.h"
#include "inkling/data/byte_stream.h"
#include "inkling/data/classes.h"
#include "inkling/data/csv.h"
#include "inkling/data/folder.h"
#include "inkling/data/idx.h"
#include "inkling/data/idx_set.h"
#include "inkling/data/npy_folder.h"
#include "inkling/data/npz.h"

namespace inkling {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kStartBytes = 4096;  // guess: a first line's beginning, and all magic numbers
constexpr std::size_t kShownEntries = 4;   // guess: names of a folder's entries that an error tells

constexpr std::string_view kAccepted =
    "accepted are IDX files and their folder, tables (.csv), NumPy's .npz and .npy, a folder of images for each class; "
    "files may be gzip";

bool begins(std::span<const std::uint8_t> bytes, std::string_view with) {
  return bytes.size() >= with.size() && std::equal(with.begin(), with.end(), bytes.begin(), [](char a, std::uint8_t b) {
           return static_cast<std::uint8_t>(a) == b;
         });
}

// No control characters but those of a table.
bool is_text(std::span<const std::uint8_t> bytes) {
  return std::ranges::none_of(
      bytes, [](std::uint8_t b) { return (b < 0x20 && b != '\t' && b != '\r' && b != '\n') || b == 0x7f; });
}

// What a file is that is none of the accepted forms.
std::string_view other_kind(std::span<const std::uint8_t> start) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kKnown = {
      {{"\xfd"
        "7zXZ",
        "an xz file: unpack it first"},
       {"BZh", "a bzip2 file: unpack it first"},
       {"\x28\xb5\x2f\xfd", "a zstd file: unpack it first"},
       {"7z\xbc\xaf", "a 7z archive: unpack it first"},
       {"Rar!", "a RAR archive: unpack it first"},
       {"PAR1", "a Parquet file: convert it to CSV first"},
       {"\x89HDF", "an HDF5 file: convert it to .npz first"},
       {"%PDF", "a PDF"},
       {"GIF8", "a GIF image"},
       {"BM", "a BMP image"},
       {"II*", "a TIFF image"},
       {"RIFF", "a WebP image or another RIFF file"},
       {"\x80\x04", "a Python pickle, which is a program: not read"},
       {"@relation", "an ARFF file: convert it to CSV first"}}};
  for (const auto& [magic, what] : kKnown)
    if (begins(start, magic)) return what;
  const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
  if (const std::size_t at = text.find_first_not_of(" \r\n\t");
      at != std::string_view::npos && text[at] == '<' && is_text(start))
    return "a web page (HTML or XML): was it downloaded right?";
  if (is_text(start)) return "text without commas, semicolons or tabs in its first line";
  return "a file of no known form";
}

// The first bytes of a file, or of what is inside it where it is gzip.
std::vector<std::uint8_t> start_of(const fs::path& path) {
  ByteStream stream(path);
  std::vector<std::uint8_t> start(kStartBytes);
  start.resize(stream.read(start));
  return start;
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

std::string lower_name(const fs::path& path) {
  std::string name = path.filename().string();
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

// Whether a word of the name begins so: "latest.csv" is no test.
bool has_word(const std::string& name, std::string_view beginning) {
  for (std::size_t at = name.find(beginning); at != std::string::npos; at = name.find(beginning, at + 1))
    if (at == 0 || std::isalpha(static_cast<unsigned char>(name[at - 1])) == 0) return true;
  return false;
}

struct Tables {
  std::vector<fs::path> train, test;
  bool none() const { return train.empty() && test.empty(); }
};

// Tables in a folder (or FOLDER/PREFIX) by what their names say they are for.
Tables find_tables(const fs::path& path) {
  const bool folder = is_folder(path);
  const std::string prefix = folder ? "" : lower_name(path);
  Tables tables;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder                   ? path
                                                  : path.has_parent_path() ? path.parent_path()
                                                                           : ".",
                                                  ignored)) {
    const std::string name = lower_name(entry.path());
    if (!name.starts_with(prefix) || !(name.ends_with(".csv") || name.ends_with(".csv.gz"))) continue;
    const bool test = has_word(name, "test"), train = has_word(name, "train");
    if (test != train) (test ? tables.test : tables.train).push_back(entry.path());
  }
  std::ranges::sort(tables.train);
  std::ranges::sort(tables.test);
  return tables;
}

ImageSet turned(ImageSet images, const fs::path& path, const ReadOptions& options) {
  if (!is_to_transpose(options.table.transpose, path.filename().string())) return images;
  if (options.table.transpose == Transpose::automatic && options.note)
    options.note(
        fmt::format("{}: EMNIST's images lie on their side: turned (--transpose no leaves them)", path.string()));
  transpose_images(images.height, images.width, images.pixels);
  return images;
}

Dataset with_labels(ImageSet images, const fs::path& path) {
  if (images.labels.empty())
    fail(ErrorKind::format, "{}: images without labels: they can be predicted, and nothing else", path.string());
  const std::size_t count = images.class_names.size();
  Dataset data = make_dataset(images.height, images.width, std::move(images.pixels), std::move(images.labels), count,
                              path.string());
  data.class_names = std::move(images.class_names);
  return data;
}

ImageSet without_split(SourceParts parts) {
  Dataset& data = parts.test ? *parts.test : parts.train;
  return {data.height, data.width, std::move(data.pixels), std::move(data.labels), std::move(data.class_names)};
}

// A class count that is asked for, where a form finds its classes by itself.
Dataset with_class_count(Dataset data, std::size_t count, const fs::path& path) {
  if (count == 0 || data.class_count() == count) return data;
  if (data.class_count() > count)
    for (std::size_t j = 0; j < data.count(); ++j)
      if (data.labels[j] >= count)
        fail(ErrorKind::format, "{}: label {} of image {} is out of range: expected 0 to {} for {} classes",
             path.string(), data.labels[j], j, count - 1, count);
  data.class_names.resize(std::min(count, data.class_names.size()));
  while (data.class_names.size() < count) data.class_names.push_back(std::to_string(data.class_names.size()));
  return data;
}

SourceParts read_csv_folder(const fs::path& path, const ReadOptions& options) {
  const Tables tables = find_tables(path);
  const auto names = [](const std::vector<fs::path>& all) {
    std::vector<std::string> texts;
    for (const fs::path& each : all) texts.push_back(each.filename().string());
    return fmt::format("{}", fmt::join(texts, ", "));
  };
  if (tables.train.size() > 1 || tables.test.size() > 1)
    fail(ErrorKind::config, "{}: several tables of one part ({}); name a file, or what one set's names begin with",
         path.string(), names(tables.train.size() > 1 ? tables.train : tables.test));
  const bool has_train = !tables.train.empty();
  const fs::path& first = has_train ? tables.train[0] : tables.test[0];
  ImageSet train = turned(read_csv(first, options), first, options);
  ReadOptions for_test = options;
  for_test.likely_label = train.label;
  SourceParts parts{with_labels(std::move(train), first)};
  if (!has_train || tables.test.empty()) return parts;
  const fs::path& second = tables.test[0];
  ImageSet test = read_csv(second, for_test);
  if (test.labels.empty()) {  // Kaggle's
    if (options.note) options.note(fmt::format("{}: has no labels: left out", second.string()));
    return parts;
  }
  parts.test = with_labels(turned(std::move(test), second, options), second);
  unite_classes(parts.train, *parts.test, path.string());
  check_same_kind(parts.train, *parts.test, path.string());
  return parts;
}

std::string entries_of(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) names.push_back(entry.path().filename().string());
  if (error) fail(ErrorKind::io, "{}: cannot be read: {}", folder.string(), error.message());
  if (names.empty()) return "an empty folder";
  std::ranges::sort(names);
  const std::size_t more = names.size() - std::min(names.size(), kShownEntries);
  names.resize(names.size() - more);
  return fmt::format("a folder of {}{}", fmt::join(names, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace

std::string_view describe(SourceKind kind) {
  switch (kind) {
    case SourceKind::idx_folder: return "a folder of IDX files";
    case SourceKind::csv_folder: return "a folder of tables (CSV)";
    case SourceKind::npy_folder: return "a folder of NumPy arrays";
    case SourceKind::class_folders: return "a folder of images for each class";
    case SourceKind::idx_file: return "an IDX file";
    case SourceKind::csv_file: return "a table (CSV)";
    case SourceKind::npz_file: return "an .npz file";
    case SourceKind::npy_file: return "an .npy file";
    case SourceKind::image_file: return "an image";
  }
  return "unknown";
}

std::optional<SourceKind> file_kind(std::span<const std::uint8_t> start) {
  if (is_zip(start)) return SourceKind::npz_file;
  if (is_npy(start)) return SourceKind::npy_file;
  if (begins(start, "\x89PNG") || begins(start, "\xff\xd8\xff")) return SourceKind::image_file;
  if (start.size() >= 4 && start[0] == 0 && start[1] == 0 && start[2] >= 8 && start[2] <= 14 && start[3] > 0 &&
      start[3] < 16)
    return SourceKind::idx_file;
  if (begins(start, "\xff\xfe") || begins(start, "\xfe\xff")) return SourceKind::csv_file;  // whose reader says more
  if (!is_text(start)) return std::nullopt;
  std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
  const std::size_t begin = std::min(text.find_first_not_of("\r\n"), text.size());
  text = text.substr(begin, text.find('\n', begin) - begin);
  const bool separated = text.find_first_of(",;\t") != std::string_view::npos;
  return separated && !text.starts_with('<') && !text.starts_with('{') ? std::optional(SourceKind::csv_file)
                                                                       : std::nullopt;
}

SourceKind source_kind(const fs::path& path) {
  if (!is_there(path)) {  // FOLDER/PREFIX of one set of several
    const fs::path folder = path.has_parent_path() ? path.parent_path() : ".";
    const std::string wanted = path.filename().string();
    for (const std::string& prefix : idx_prefixes(folder))
      if (!wanted.empty() && prefix.size() == wanted.size() + 1 && prefix.starts_with(wanted))
        return SourceKind::idx_folder;
    if (!wanted.empty() && !find_tables(path).none()) return SourceKind::csv_folder;
    fail(ErrorKind::io, "{}: no such file or folder", path.string());
  }
  if (is_folder(path)) {
    if (!find_idx_files(path).none() || !idx_prefixes(path).empty()) return SourceKind::idx_folder;
    if (is_npy_folder(path)) return SourceKind::npy_folder;
    if (!find_tables(path).none()) return SourceKind::csv_folder;
    if (is_image_folder(path)) return SourceKind::class_folders;
    fail(ErrorKind::format, "{}: found {}; {}", path.string(), entries_of(path), kAccepted);
  }
  const std::vector<std::uint8_t> start = start_of(path);
  if (start.empty()) fail(ErrorKind::format, "{}: an empty file; {}", path.string(), kAccepted);
  if (const std::optional<SourceKind> kind = file_kind(start)) return *kind;
  fail(ErrorKind::format, "{}: found {}; {}", path.string(), other_kind(start), kAccepted);
}

ImageSet read_images(const fs::path& path, const ReadOptions& options) {
  switch (source_kind(path)) {
    case SourceKind::csv_file: return turned(read_csv(path, options), path, options);
    case SourceKind::idx_file: return load_idx_file(path, options);
    default: return without_split(read_source(path, options));
  }
}

SourceParts read_source(const fs::path& path, const ReadOptions& options,
                        const std::function<void(const Dataset& test)>& meanwhile) {
  SourceParts parts;
  switch (source_kind(path)) {
    case SourceKind::idx_folder: return load_idx_set(path, options, meanwhile);
    case SourceKind::csv_folder: parts = read_csv_folder(path, options); break;
    case SourceKind::idx_file: parts.train = with_labels(load_idx_file(path, options), path); break;
    case SourceKind::csv_file: parts.train = with_labels(turned(read_csv(path, options), path, options), path); break;
    case SourceKind::npz_file: parts = load_npz(path, options.class_count, options.note); break;
    case SourceKind::npy_file:
    case SourceKind::npy_folder: parts = load_npy_folder(path, options.class_count, options.note); break;
    case SourceKind::class_folders: {
      FolderOptions how{.as_is = options.as_is, .skip_bad = options.skip_bad};
      how.progress = options.progress;
      how.note = options.note;
      parts = load_image_folder(path, how);
      break;
    }
    case SourceKind::image_file:
      fail(ErrorKind::config, "{}: one image is no data set; `inkling predict` reads it", path.string());
  }
  parts.train = with_class_count(std::move(parts.train), options.class_count, path);
  if (parts.test) parts.test = with_class_count(std::move(*parts.test), options.class_count, path);
  if (meanwhile) meanwhile(parts.test ? *parts.test : parts.train);
  return parts;
}

}  // namespace inkling
