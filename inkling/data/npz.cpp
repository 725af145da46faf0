#include "inkling/data/npz.h"

#include <fmt/ranges.h>
#include <zip.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "inkling/core/error.h"
#include "inkling/data/npy.h"

namespace inkling {
namespace {

constexpr std::size_t kBestRatio = 1032;  // derived: deflate's 258-byte copy in 2 bits

constexpr std::size_t kImageRank = 3;
constexpr std::size_t kLabelRank = 1;

struct Close {
  void operator()(zip_t* archive) const noexcept { zip_discard(archive); }
  void operator()(zip_file_t* file) const noexcept { zip_fclose(file); }
};
using Archive = std::unique_ptr<zip_t, Close>;

// An archive in memory that others keep alive.
Archive open_zip(std::span<const std::uint8_t> bytes, std::string_view where) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  Archive archive(source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error));
  const std::string reason = zip_error_strerror(&error);
  zip_error_fini(&error);
  if (!archive) {
    zip_source_free(source);
    fail(ErrorKind::format, "{}: the .npz (zip) file is truncated or corrupt: {}", where, reason);
  }
  return archive;
}

struct Array {
  NpyHeader header;
  Bytes elements;
};

bool is_label_type(std::string_view type) {
  constexpr std::array<std::string_view, 8> kTypes = {"|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8"};
  return std::ranges::find(kTypes, type) != kTypes.end();
}

// The bytes that the header's shape and type ask for; 0 when that overflows or is nothing.
std::size_t expected_bytes(const NpyHeader& header, std::size_t element_bytes) {
  std::size_t total = element_bytes;
  for (const std::size_t size : header.shape)
    if (__builtin_mul_overflow(total, size, &total)) return 0;
  return total;
}

Array read_array(zip_t* archive, const std::string& name, std::size_t rank, std::string_view archive_name,
                 std::size_t max_bytes) {
  const std::string where = fmt::format("{}: {}.npy", archive_name, name);
  zip_stat_t info;
  zip_stat_init(&info);
  constexpr zip_uint64_t kNeeded =
      ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
  if (zip_stat(archive, (name + ".npy").c_str(), 0, &info) != 0)
    fail(ErrorKind::format, "{}: missing; expected x_train, y_train, x_test and y_test, as in Keras' mnist.npz", where);
  if ((info.valid & kNeeded) != kNeeded || info.encryption_method != ZIP_EM_NONE ||
      (info.comp_method != ZIP_CM_STORE && info.comp_method != ZIP_CM_DEFLATE))
    fail(ErrorKind::format, "{}: encrypted, or packed by a method other than store and deflate", where);
  if (info.size > max_bytes)
    fail(ErrorKind::limit, "{}: inflates to {} bytes, more than the {} that are accepted", where, info.size, max_bytes);
  if (info.size / kBestRatio > info.comp_size)
    fail(ErrorKind::format, "{}: {} packed bytes cannot inflate to {}; the file is corrupt", where, info.comp_size,
         info.size);

  const std::unique_ptr<zip_file_t, Close> file(zip_fopen(archive, (name + ".npy").c_str(), 0));
  if (!file) fail(ErrorKind::format, "{}: cannot be opened: {}", where, zip_strerror(archive));
  // libzip compares the checksum at the end of the data, so every member is read one byte further than it is long.
  const auto read = [&](std::uint8_t* to, std::size_t count) {
    const zip_int64_t n = zip_fread(file.get(), to, count);
    if (n < 0) fail(ErrorKind::format, "{}: corrupt: {}", where, zip_file_strerror(file.get()));
    return static_cast<std::size_t>(n);
  };

  Bytes start(std::min<std::size_t>(info.size, kMaxNpyHeader));
  start.resize(read(start.data(), start.size()));
  Array array{parse_npy_header(start, where), {}};
  const std::string& type = array.header.type;
  if (rank == kImageRank ? type != "|u1" : !is_label_type(type))
    fail(ErrorKind::format, "{}: element type {}; expected {}", where, type,
         rank == kImageRank ? "|u1 (unsigned bytes)" : "little-endian integers, such as |u1 or <i8");
  if (array.header.fortran_order) fail(ErrorKind::format, "{}: in Fortran order; expected C order", where);
  if (array.header.shape.size() != rank)
    fail(ErrorKind::format, "{}: shape ({}); expected {}", where, fmt::join(array.header.shape, ", "),
         rank == kImageRank ? "(count, height, width)" : "(count)");
  const std::size_t expected = expected_bytes(array.header, static_cast<std::size_t>(type[2] - '0'));
  if (expected == 0 || expected != info.size - array.header.bytes)
    fail(ErrorKind::shape, "{}: shape ({}) of {} does not match the {} bytes that follow", where,
         fmt::join(array.header.shape, ", "), type, info.size - array.header.bytes);

  array.elements.resize(expected);
  std::size_t done = start.size() - array.header.bytes;
  std::copy(start.end() - static_cast<std::ptrdiff_t>(done), start.end(), array.elements.begin());
  done += read(array.elements.data() + done, expected - done);
  std::uint8_t beyond = 0;
  if (done != expected || read(&beyond, 1) != 0)
    fail(ErrorKind::format, "{}: truncated, or longer than the archive says", where);
  return array;
}

// Little-endian integers of any width to bytes. All that does not fit in a label becomes an error here.
Bytes to_labels(Array array, std::string_view where) {
  const auto width = static_cast<std::size_t>(array.header.type[2] - '0');
  const bool is_signed = array.header.type[1] == 'i';
  Bytes labels(array.header.shape[0]);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::uint8_t* element = array.elements.data() + i * width;
    labels[i] = element[0];
    const bool small = std::all_of(element + 1, element + width, [](std::uint8_t high) { return high == 0; });
    if (!small || (width == 1 && is_signed && element[0] > 127))
      fail(ErrorKind::format, "{}: label {} is out of range: negative, or above 255", where, i);
  }
  return labels;
}

Dataset read_part(zip_t* archive, const std::string& part, std::string_view where, std::size_t class_count,
                  std::size_t max_bytes) {
  Array images = read_array(archive, "x_" + part, kImageRank, where, max_bytes);
  Array labels = read_array(archive, "y_" + part, kLabelRank, where, max_bytes);
  const auto& shape = images.header.shape;
  const std::string name = fmt::format("{}: y_{}.npy", where, part);
  return make_dataset(shape[1], shape[2], std::move(images.elements), to_labels(std::move(labels), name), class_count,
                      name);
}

}  // namespace

bool is_zip(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 4 && bytes[0] == 'P' && bytes[1] == 'K' && bytes[2] == 3 && bytes[3] == 4;
}

TrainTest parse_npz(std::span<const std::uint8_t> bytes, std::string_view where, std::size_t class_count,
                    std::size_t max_bytes) {
  if (!is_zip(bytes))
    fail(ErrorKind::format,
         "{}: expected an .npz (zip) file, found something else; IDX files are named by their folder", where);
  const Archive archive = open_zip(bytes, where);
  TrainTest data{read_part(archive.get(), "train", where, class_count, max_bytes),
                 read_part(archive.get(), "test", where, class_count, max_bytes)};
  check_same_kind(data.train, data.test, where);
  return data;
}

TrainTest load_npz(const std::filesystem::path& path, std::size_t class_count) {
  const Bytes bytes = read_file(path, kMaxInflated);
  return parse_npz(bytes, path.string(), class_count);
}

}  // namespace inkling
