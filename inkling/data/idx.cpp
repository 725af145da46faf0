#include "inkling/data/idx.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <future>
#include <set>
#include <utility>

#include "inkling/core/error.h"
#include "inkling/data/gzip.h"

namespace inkling {
namespace {

constexpr std::uint8_t kUnsignedByte = 0x08;  // the element type that image and label files have
constexpr std::size_t kImageRank = 3;
constexpr std::size_t kLabelRank = 1;
constexpr std::size_t kLabelTableRank = 2;           // QMNIST's: class, writer, ...
constexpr std::size_t kMaxFileBytes = kMaxInflated;  // a raw file may be as large as an inflated one

constexpr std::size_t header_bytes(std::size_t rank) { return 4 + 4 * rank; }

std::size_t big_endian(const std::uint8_t* p) {
  return std::size_t{p[0]} << 24 | std::size_t{p[1]} << 16 | std::size_t{p[2]} << 8 | p[3];
}

Bytes make_header(std::initializer_list<std::size_t> sizes) {
  Bytes header = {0, 0, kUnsignedByte, static_cast<std::uint8_t>(sizes.size())};
  for (const std::size_t size : sizes)
    for (int shift = 24; shift >= 0; shift -= 8) header.push_back(static_cast<std::uint8_t>(size >> shift));
  return header;
}

// "images (rank 3)"
std::string describe_rank(std::size_t rank) {
  return fmt::format("{} (rank {})",
                     rank == kImageRank   ? "images"
                     : rank == kLabelRank ? "labels"
                                          : "something else",
                     rank);
}

// Bytes of an element of integers; 0 for types that are none.
std::size_t integer_bytes(std::uint8_t type) {
  switch (type) {
    case kUnsignedByte:
    case 0x09: return 1;
    case 0x0b: return 2;
    case 0x0c: return 4;
    default: return 0;
  }
}

// Checks the header and takes it off the front, so that the elements are left. Returns the sizes. Labels may have a
// second rank, and wider integers for elements.
std::vector<std::size_t> take_header(Bytes& bytes, std::size_t rank, std::string_view where) {
  if (bytes.size() < 4) fail(ErrorKind::format, "{}: too short: {} bytes, no IDX header", where, bytes.size());
  const bool labels = rank == kLabelRank;
  const std::size_t element = integer_bytes(bytes[2]);
  if (bytes[0] != 0 || bytes[1] != 0 || (labels ? element == 0 : bytes[2] != kUnsignedByte))
    fail(ErrorKind::format, "{}: not an IDX file of unsigned bytes: expected it to begin with 00 00 08, found {:02x}",
         where, fmt::join(bytes.begin(), bytes.begin() + 3, " "));
  if (labels && bytes[3] == kLabelTableRank) rank = kLabelTableRank;
  if (bytes[3] != rank)
    fail(ErrorKind::format, "{}: wrong rank: expected {}, found {}; are the files swapped?", where, describe_rank(rank),
         describe_rank(bytes[3]));
  if (bytes.size() < header_bytes(rank))
    fail(ErrorKind::format, "{}: too short: {} bytes, expected a header of {}", where, bytes.size(),
         header_bytes(rank));

  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < rank; ++i) sizes.push_back(big_endian(bytes.data() + header_bytes(i)));
  if (sizes[0] == 0)
    fail(ErrorKind::shape, "{}: expected at least one {}, found none", where, labels ? "label" : "image");

  // Division, because the product of three sizes of 32 bits does not fit in 64.
  const std::size_t found = bytes.size() - header_bytes(rank);
  std::size_t rest = found / element;
  bool exact = found % element == 0;
  for (const std::size_t size : sizes) {
    if (size == 0 && labels) fail(ErrorKind::shape, "{}: rows of labels without columns", where);
    if (size == 0) fail(ErrorKind::shape, "{}: images of {}x{} have no pixels", where, sizes[1], sizes[2]);
    exact = exact && rest % size == 0;
    rest /= size;
  }
  if (!exact || rest != 1)
    fail(ErrorKind::format, "{}: too {}: the header promises {}{} bytes, {} follow it; get the file anew", where,
         rest == 0 ? "short" : "long", fmt::join(sizes, " x "), element == 1 ? "" : fmt::format(" x {}", element),
         found);

  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(header_bytes(rank)));
  return sizes;
}

Dataset read_part(const IdxFiles& files, IdxPart images_part, std::size_t class_count) {
  const std::filesystem::path& images_path = *files.paths[images_part];
  const std::filesystem::path& labels_path = *files.paths[images_part + 1];
  IdxImages images = parse_idx_images(read_idx_file(images_path), images_path.string());
  Bytes labels = parse_idx_labels(read_idx_file(labels_path), labels_path.string());
  return make_dataset(images.height, images.width, std::move(images.pixels), std::move(labels), class_count,
                      fmt::format("{} with {}", images_path.string(), labels_path.filename().string()));
}

// The ways to write the name of a part's file, the usual one first.
std::vector<std::string> spellings(std::size_t part) {
  const std::string name(kIdxNames[part]);
  std::vector<std::string> all = {name};
  if (part == kTrainLabels || part == kTestLabels) all.push_back(name.substr(0, name.find("idx1")) + "idx2-int");
  for (std::size_t i = 0, count = all.size(); i < count; ++i) {
    std::string dotted = all[i];
    dotted[dotted.find("-idx")] = '.';
    all.push_back(dotted);
  }
  for (std::size_t i = 0, count = all.size(); i < count; ++i)
    if (all[i].starts_with("t10k")) all.push_back("test" + all[i].substr(4));
  return all;
}

}  // namespace

IdxImages parse_idx_images(Bytes bytes, std::string_view where) {
  const std::vector<std::size_t> sizes = take_header(bytes, kImageRank, where);
  return {sizes[0], sizes[1], sizes[2], std::move(bytes)};
}

Bytes parse_idx_labels(Bytes bytes, std::string_view where) {
  const std::uint8_t type = bytes.size() > 2 ? bytes[2] : 0;
  const std::vector<std::size_t> sizes = take_header(bytes, kLabelRank, where);
  const std::size_t element = integer_bytes(type), row = element * (sizes.size() > 1 ? sizes[1] : 1);
  if (row == 1 && type == kUnsignedByte) return bytes;
  Bytes labels(sizes[0]);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::uint8_t* number = bytes.data() + i * row;  // big-endian
    labels[i] = number[element - 1];
    const bool small = std::all_of(number, number + element - 1, [](std::uint8_t high) { return high == 0; });
    if (!small || (element == 1 && type != kUnsignedByte && labels[i] > 127))
      fail(ErrorKind::format, "{}: label {} is out of range: negative, or above 255", where, i);
  }
  return labels;
}

Bytes idx_images_header(const Dataset& data) { return make_header({data.count(), data.height, data.width}); }

Bytes idx_labels_header(const Dataset& data) { return make_header({data.count()}); }

IdxFiles find_idx_files(const std::filesystem::path& folder, std::string_view prefix) {
  IdxFiles files;
  for (std::size_t part = 0; part < kIdxNames.size(); ++part) {
    std::optional<std::filesystem::path>& found = files.paths[part];
    for (const std::string& stem : spellings(part)) {
      for (const char* suffix : {"", ".gz"}) {
        std::filesystem::path path = folder / (std::string(prefix) + stem + suffix);
        std::error_code ignored;
        // A link to nowhere counts as there: reading it says what is wrong. A folder of that name only counts where no
        // other spelling is a file.
        if (!std::filesystem::exists(std::filesystem::symlink_status(path, ignored))) continue;
        if (const auto within = path / path.filename(); std::filesystem::is_regular_file(within, ignored))
          path = within;
        if (!found || (std::filesystem::is_directory(*found, ignored) && !std::filesystem::is_directory(path, ignored)))
          found = path;
      }
    }
    if (!found) files.missing.push_back(std::string(prefix) + std::string(kIdxNames[part]));
  }
  return files;
}

std::vector<std::string> idx_prefixes(const std::filesystem::path& folder) {
  std::set<std::string> prefixes;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    std::string name = entry.path().filename().string();
    if (name.ends_with(".gz")) name.resize(name.size() - 3);
    for (const std::size_t part : {kTrainImages, kTestImages})
      for (const std::string& stem : spellings(part)) {
        if (!name.ends_with(stem)) continue;
        const std::string prefix = name.substr(0, name.size() - stem.size());
        if (prefix.empty() || prefix.ends_with('-') || prefix.ends_with('_') || prefix.ends_with('.'))
          prefixes.insert(prefix);
      }
  }
  return {prefixes.begin(), prefixes.end()};
}

std::optional<std::filesystem::path> labels_beside(const std::filesystem::path& images) {
  std::string stem = images.filename().string();
  if (stem.ends_with(".gz")) stem.resize(stem.size() - 3);
  const std::size_t at = stem.rfind("images");
  if (at == std::string::npos) return std::nullopt;
  stem.replace(at, 6, "labels");
  std::vector<std::string> stems = {stem};
  if (const std::size_t type = stem.rfind("idx3-ubyte"); type != std::string::npos)
    for (const char* other : {"idx1-ubyte", "idx2-int", "idx1-int"})
      stems.push_back(std::string(stem).replace(type, 10, other));
  std::error_code ignored;
  for (const std::string& each : stems)
    for (const char* suffix : {"", ".gz"})
      if (const auto path = images.parent_path() / (each + suffix); std::filesystem::is_regular_file(path, ignored))
        return path;
  return std::nullopt;
}

Bytes read_idx_file(const std::filesystem::path& path) {
  Bytes bytes = read_file(path, kMaxFileBytes);
  if (is_gzip(bytes)) bytes = gunzip(bytes, path.string());
  return bytes;
}

TrainTest load_idx(const std::filesystem::path& folder, std::size_t class_count,
                   const std::function<void(const Dataset& test)>& meanwhile) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) fail(ErrorKind::io, "{}: no such folder", folder.string());
  const IdxFiles files = find_idx_files(folder);
  if (!files.complete())
    fail(ErrorKind::io, "{}: expected the four files of a set (raw or .gz), missing: {}", folder.string(),
         fmt::join(files.missing, ", "));
  std::future<Dataset> test = std::async([&] {
    Dataset part = read_part(files, kTestImages, class_count);
    if (meanwhile) meanwhile(part);
    return part;
  });
  Dataset train =
      read_part(files, kTrainImages, class_count);  // where both parts are broken, its error is the one told
  TrainTest data{std::move(train), test.get()};
  check_same_kind(data.train, data.test, folder.string());
  return data;
}

TrainTest load_mnist(const std::filesystem::path& folder) { return load_idx(folder); }

void write_idx(const Dataset& train, const Dataset& test, const std::filesystem::path& folder, bool gzipped) {
  const auto write = [&](IdxPart part, Bytes bytes, const std::vector<std::uint8_t>& elements) {
    bytes.insert(bytes.end(), elements.begin(), elements.end());
    const std::string name(kIdxNames[part]);
    if (gzipped)
      write_file_atomically(folder / (name + ".gz"), gzip(bytes));
    else
      write_file_atomically(folder / name, bytes);
  };
  write(kTrainImages, idx_images_header(train), train.pixels);
  write(kTrainLabels, idx_labels_header(train), train.labels);
  write(kTestImages, idx_images_header(test), test.pixels);
  write(kTestLabels, idx_labels_header(test), test.labels);
}

}  // namespace inkling
