// What a path holds, found out by what is in it and not by its name, and all that it holds as a data set.
//
// A file is told by its first bytes (those inside, where it is gzip), a folder by its entries. This is the one place
// that knows the forms; each form's reader has a file of its own. What is none of them is refused by a text that says
// what was found and what is accepted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "inkling/data/dataset.h"

namespace inkling {

enum class SourceKind {
  idx_folder,     // files of MNIST's names, under any prefix (also PATH/PREFIX, where one folder has several sets)
  csv_folder,     // a table with "train" in its name, and perhaps one with "test"
  npy_folder,     // x_train.npy, y_train.npy, ...
  class_folders,  // a folder of images a class, or two such folders: train/ and test/
  idx_file,       // raw or gzip, as are the tables
  csv_file,
  npz_file,
  npy_file,
  image_file,  // PNG or JPEG
};
// "a folder of IDX files"
std::string_view describe(SourceKind kind);

// Throws Error: io (not there, unreadable), format (none of the above: says what was found).
SourceKind source_kind(const std::filesystem::path& path);
// The same for a file's first bytes (of what is inside a gzip file); nothing where they are none of the forms.
std::optional<SourceKind> file_kind(std::span<const std::uint8_t> start);

// Where a table has its label. `automatic`: as the header says; without one, as the number of columns and what stands
// in the first and the last of them say, and an error where that leaves it open.
enum class LabelColumn { automatic, first, last, none };
// `automatic`: what is named emnist-..., whose images lie on their side.
enum class Transpose { automatic, yes, no };

struct ImageSize {
  std::size_t height = 0;
  std::size_t width = 0;
  bool operator==(const ImageSize&) const = default;
};

// What a person may have to say of a source that does not say it itself.
struct TableForm {
  LabelColumn label = LabelColumn::automatic;
  std::optional<ImageSize> size{};  // of a table's images, which are square otherwise
  Transpose transpose = Transpose::automatic;
  bool operator==(const TableForm&) const = default;
};
// By name: "label" (first, last, none), "image_size" (28x20), "transpose" (yes, no), each also "auto". Throws Error
// config: another name or text.
void set_table_form(TableForm& form, std::string_view name, std::string_view text);
// What is not left to be found out, as set_table_form takes it.
std::map<std::string, std::string> table_form_texts(const TableForm& form);

// All that a reader may be told.
struct ReadOptions {
  std::size_t class_count = 0;  // 0: as many as the labels or folders show
  TableForm table{};
  LabelColumn likely_label = LabelColumn::automatic;  // first or last: the answer where a table leaves it open
  bool as_is = false;     // take a folder's images as they are, of one size, and prepare nothing
  bool skip_bad = false;  // leave out images that cannot be read
  // Remarks for people. Both are called by the calling thread.
  std::function<void(const std::string&)> note{};
  std::function<void(std::size_t done, std::size_t total)> progress{};  // images, or bytes
};

// Images whose labels may not be known.
struct ImageSet {
  std::size_t height = 0;
  std::size_t width = 0;
  std::vector<std::uint8_t> pixels{};  // as in Dataset
  std::vector<std::uint8_t> labels{};  // empty: not known
  std::vector<std::string> class_names{};
  LabelColumn label = LabelColumn::none;  // where a table had it

  std::size_t count() const { return pixels.size() / (height * width); }
};

// `meanwhile` is called with the test part (the only one, where there is one), if the form allows while the training
// part is still being read. Throws Error: io, format, shape, limit, config: the reader's.
SourceParts read_source(const std::filesystem::path& path, const ReadOptions& options = {},
                        const std::function<void(const Dataset& test)>& meanwhile = {});

// What there is to predict: a table or file of images with its labels or without, or the test part of anything else.
ImageSet read_images(const std::filesystem::path& path, const ReadOptions& options = {});

}  // namespace inkling
