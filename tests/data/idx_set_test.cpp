// Sets of IDX files under any prefix, of any size and number of classes: EMNIST, KMNIST, QMNIST and what write_idx_set
// leaves.
#include "inkling/data/idx_set.h"

#include "inkling/core/file.h"
#include "inkling/data/gzip.h"
#include "inkling/data/idx.h"
#include "tests/data/scratch.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

namespace fs = std::filesystem;

void put_images(const fs::path& path, const Dataset& data) {
  Bytes bytes = idx_images_header(data);
  bytes.insert(bytes.end(), data.pixels.begin(), data.pixels.end());
  write_file_atomically(path, bytes);
}

void put_labels(const fs::path& path, const std::vector<std::uint8_t>& labels) {
  Dataset data;
  data.labels = labels;
  Bytes bytes = idx_labels_header(data);
  bytes.insert(bytes.end(), labels.begin(), labels.end());
  write_file_atomically(path, bytes);
}

// A set of three letters, labelled 1, 26 and 2, and a test part of one.
void put_letters(const fs::path& folder, const std::string& prefix) {
  put_images(folder / (prefix + "train-images-idx3-ubyte"), tiny_set(3));
  put_labels(folder / (prefix + "train-labels-idx1-ubyte"), {1, 26, 2});
  put_images(folder / (prefix + "test-images-idx3-ubyte"), tiny_set(1, 9));
  put_labels(folder / (prefix + "test-labels-idx1-ubyte"), {3});
}

TEST(IdxSet, EmnistsImagesAreTurnedAndItsLettersCountFromOne) {
  const Scratch folder;
  put_letters(folder.path(), "emnist-letters-");
  std::string notes;
  ReadOptions options;
  options.note = [&](const std::string& text) { notes += text; };
  const SourceParts parts = load_idx_set(folder.path(), options);
  EXPECT_EQ(parts.train.height, 3u);
  EXPECT_EQ(parts.train.width, 2u);
  EXPECT_EQ((Bytes{parts.train.pixels.begin(), parts.train.pixels.begin() + 6}), (Bytes{0, 21, 7, 28, 14, 35}));
  EXPECT_EQ(parts.train.class_count(), 26u);
  EXPECT_EQ(parts.train.class_names[parts.train.labels[1]], "26");
  ASSERT_TRUE(parts.test);
  EXPECT_EQ(parts.test->class_names[parts.test->labels[0]], "3");
  EXPECT_NE(notes.find("turned"), std::string::npos);
  options.table.transpose = Transpose::no;
  EXPECT_EQ(load_idx_set(folder.path(), options).train.height, 2u);
}

TEST(IdxSet, AMappingNamesTheClasses) {
  const Scratch folder;
  put_letters(folder.path(), "emnist-letters-");
  std::string mapping;
  for (int i = 1; i <= 26; ++i) mapping += fmt::format("{} {} {}\r\n", i, 64 + i, 96 + i);
  write_file_atomically(folder / "emnist-letters-mapping.txt", mapping);
  const SourceParts parts = load_idx_set(folder.path(), {});
  EXPECT_EQ(parts.train.class_count(), 26u);
  EXPECT_EQ(parts.train.class_names[parts.train.labels[1]], "Z");
  write_file_atomically(folder / "emnist-letters-mapping.txt", std::string_view("1 65\n2 66\n3 67\n"));
  EXPECT_TRUE(
      refuses(ErrorKind::format, "label 26 is not among the 3 classes", [&] { load_idx_set(folder.path(), {}); }));
  write_file_atomically(folder / "emnist-letters-mapping.txt", std::string_view("1 A\n"));
  EXPECT_TRUE(
      refuses(ErrorKind::format, "line 1: 'A' is no label or code point", [&] { load_idx_set(folder.path(), {}); }));
  write_file_atomically(folder / "emnist-letters-mapping.txt", std::string_view("1 65\n2 65\n"));
  EXPECT_TRUE(refuses(ErrorKind::format, "two classes are named 'A'", [&] { load_idx_set(folder.path(), {}); }));
}

TEST(IdxSet, AClassMapNamesTheClassesInTheirScript) {
  const Scratch folder;
  put_images(folder / "train-images-idx3-ubyte", tiny_set(2));
  put_labels(folder / "train-labels-idx1-ubyte", {0, 1});
  write_file_atomically(folder / "kmnist_classmap.csv",
                        std::string_view("index,codepoint,char\n0,U+304A,お\n1,U+304D,き\n"));
  EXPECT_EQ(load_idx_set(folder.path(), {}).train.class_names, (std::vector<std::string>{"お", "き"}));
}

TEST(IdxSet, OneOfSeveralSetsIsNamedByItsPrefix) {
  const Scratch folder;
  put_letters(folder.path(), "emnist-letters-");
  put_letters(folder.path(), "emnist-balanced-");
  EXPECT_TRUE(
      refuses(ErrorKind::config, "emnist-balanced-, emnist-letters-", [&] { load_idx_set(folder.path(), {}); }));
  EXPECT_EQ(source_kind(folder / "emnist-letters"), SourceKind::idx_folder);
  EXPECT_EQ(load_idx_set(folder / "emnist-letters", {}).train.count(), 3u);
  EXPECT_TRUE(refuses(ErrorKind::io, "no such file", [&] { load_idx_set(folder / "emnist-digits", {}); }));
}

TEST(IdxSet, QmnistsLabelsAreTheFirstColumnOfItsTable) {
  const Scratch folder;
  Bytes labels = {0, 0, 0x0c, 2, 0, 0, 0, 2, 0, 0, 0, 8};
  for (const std::uint8_t label : {5, 9})
    for (int column = 0; column < 8; ++column) {
      labels.insert(labels.end(), {0, 0, static_cast<std::uint8_t>(column), column == 0 ? label : std::uint8_t{77}});
      if (column == 0) labels[labels.size() - 2] = 0;
    }
  put_images(folder / "qmnist-train-images-idx3-ubyte", tiny_set(2));
  write_file_atomically(folder / "qmnist-train-labels-idx2-int.gz", gzip(labels));
  const SourceParts parts = load_idx_set(folder.path(), {});
  EXPECT_EQ(parts.train.labels, (Bytes{5, 9}));
  EXPECT_FALSE(parts.test);
  labels[14] = 1;  // 256 + 5
  EXPECT_TRUE(refuses(ErrorKind::format, "label 0 is out of range", [&] { parse_idx_labels(labels, "a"); }));
  labels.pop_back();
  EXPECT_TRUE(refuses(ErrorKind::format, "2 x 8 x 4 bytes", [&] { parse_idx_labels(labels, "a"); }));
}

TEST(IdxSet, AnImagesFileFindsTheLabelsBesideIt) {
  const Scratch folder;
  put_images(folder / "t10k-images-idx3-ubyte", tiny_set(2));
  EXPECT_TRUE(load_idx_file(folder / "t10k-images-idx3-ubyte", {}).labels.empty());
  put_labels(folder / "t10k-labels-idx1-ubyte", {4, 2});
  EXPECT_EQ(load_idx_file(folder / "t10k-images-idx3-ubyte", {}).labels, (Bytes{4, 2}));
  put_labels(folder / "t10k-labels-idx1-ubyte", {4});
  EXPECT_TRUE(refuses(ErrorKind::shape, "2 images, but 1 labels",
                      [&] { load_idx_file(folder / "t10k-images-idx3-ubyte", {}); }));
  EXPECT_TRUE(refuses(ErrorKind::format, "name the file of the images",
                      [&] { load_idx_file(folder / "t10k-labels-idx1-ubyte", {}); }));
}

TEST(IdxSet, AFolderWithTheFilesNameAndTheFileInItCounts) {
  const Scratch folder;
  fs::create_directories(folder / "train-images-idx3-ubyte");
  put_images(folder / "train-images-idx3-ubyte/train-images-idx3-ubyte", tiny_set(2));
  put_labels(folder / "train-labels-idx1-ubyte", {1, 2});
  EXPECT_EQ(load_idx_set(folder.path(), {}).train.count(), 2u);
}

TEST(IdxSet, HalfAPartIsRefused) {
  const Scratch folder;
  put_images(folder / "train-images-idx3-ubyte", tiny_set(2));
  EXPECT_TRUE(refuses(ErrorKind::io, "missing: train-labels-idx1-ubyte", [&] { load_idx_set(folder.path(), {}); }));
}

TEST(IdxSet, NamesOfClassesAreWrittenBesideTheLabels) {
  const Scratch folder;
  Dataset data = tiny_set(3);
  data.class_names = {"apple", "pear", "plum"};
  write_idx_set({.train = data}, folder.path(), true);
  EXPECT_TRUE(same(load_idx_set(folder.path(), {}).train, data));
}

}  // namespace
}  // namespace inkling
