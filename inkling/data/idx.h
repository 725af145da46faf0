// IDX, the format of MNIST: a four-byte magic (00 00, element type, rank), big-endian sizes, then the elements.
//
// Read are unsigned bytes of rank 3 (images) of any size, and labels: integers of one to four bytes of rank 1, or of
// rank 2, whose first column is the class (QMNIST). Raw or gzip, told apart by content and not by name. A set is four
// files in one folder; all spellings of their names are known, with a prefix, too (emnist-letters-train-images-...).
// Refused: any other type or rank, sizes that do not match the bytes that follow, empty sets, images without pixels,
// labels that do not fit the images or the classes. Pixels are never copied: the file's own buffer becomes the data
// set's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/core/file.h"
#include "inkling/data/dataset.h"

namespace inkling {

// The four files of a set, in this order everywhere.
enum IdxPart : std::size_t { kTrainImages, kTrainLabels, kTestImages, kTestLabels };
inline constexpr std::array<std::string_view, 4> kIdxNames = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                                              "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

struct IdxImages {
  std::size_t count = 0;
  std::size_t height = 0;
  std::size_t width = 0;
  Bytes pixels;  // (count, height * width)
};

// `bytes` is a whole file, inflated. `where` names the source in errors.
// Throws Error: format (magic, type, rank, sizes that do not match the bytes, a label that is none of 0 to 255), shape
// (nothing in it).
IdxImages parse_idx_images(Bytes bytes, std::string_view where);
Bytes parse_idx_labels(Bytes bytes, std::string_view where);

// What stands before the elements in the file of this data set's images or labels.
Bytes idx_images_header(const Dataset& data);
Bytes idx_labels_header(const Dataset& data);

// Where the four files of a set are; each is looked for as -idx3-ubyte and .idx3-ubyte, raw and with .gz, in this
// order; those of the test part as t10k and as test, labels also as -idx2-int. Some archives unpack to a folder of the
// file's name with the file in it: that counts, too.
struct IdxFiles {
  std::array<std::optional<std::filesystem::path>, 4> paths;
  std::vector<std::string> missing;  // names as in kIdxNames

  bool complete() const { return missing.empty(); }
  bool none() const { return missing.size() == paths.size(); }
};
IdxFiles find_idx_files(const std::filesystem::path& folder, std::string_view prefix = "");

// The prefixes of the sets in a folder, in order: "" where the names are MNIST's own, "emnist-letters-", ...
std::vector<std::string> idx_prefixes(const std::filesystem::path& folder);

// The labels that belong to a file of images, by its name; nothing where there are none.
std::optional<std::filesystem::path> labels_beside(const std::filesystem::path& images);

// One file's bytes, inflated if it is gzip. Throws Error: io, format, limit.
Bytes read_idx_file(const std::filesystem::path& path);

// The set in a folder, its test part read on a thread of its own. `meanwhile` is called there with that part, while the
// training part is still being read. Throws Error: io (a file is missing: says which; or unreadable), and what the
// functions above throw.
TrainTest load_idx(const std::filesystem::path& folder, std::size_t class_count = kDigitClasses,
                   const std::function<void(const Dataset& test)>& meanwhile = {});

// The same, by the name that a user looks for: MNIST, or any other set of ten classes in MNIST's format.
TrainTest load_mnist(const std::filesystem::path& folder);

// Writes the four files, gzipped (with .gz behind their names) or raw. Each appears whole or not at all; the same data
// gives the same bytes. The folder must exist. Throws Error io.
void write_idx(const Dataset& train, const Dataset& test, const std::filesystem::path& folder, bool gzipped = true);

}  // namespace inkling
