// What a path holds is told by its content; what is none of the forms is refused by a text that says what it is.
#include "inkling/data/source.h"

#include "inkling/core/file.h"
#include "inkling/data/gzip.h"
#include "inkling/data/idx.h"
#include "inkling/data/write_source.h"
#include "tests/data/scratch.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

namespace fs = std::filesystem;

fs::path put(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  write_file_atomically(path, text);
  return path;
}

TEST(Source, FilesAreToldByTheirFirstBytesWhateverTheirName) {
  const Scratch folder;
  const auto kind = [&](std::string_view text) { return source_kind(put(folder / "a.png", text)); };
  const std::string idx("\0\0\x08\x03\0\0\0\x01", 8);
  EXPECT_EQ(kind(idx), SourceKind::idx_file);
  EXPECT_EQ(kind("1,2,3,4\n"), SourceKind::csv_file);
  EXPECT_EQ(kind("\n\nlabel;a;b\n"), SourceKind::csv_file);
  EXPECT_EQ(kind("PK\x03\x04"), SourceKind::npz_file);
  EXPECT_EQ(kind("\x93NUMPY"), SourceKind::npy_file);
  EXPECT_EQ(kind("\x89PNG\r\n"), SourceKind::image_file);
  EXPECT_EQ(kind("\xff\xd8\xff\xe1"), SourceKind::image_file);
  for (const std::string& text : {idx, std::string("1,2,3,4\n")}) {
    const Bytes packed = gzip(Bytes(text.begin(), text.end()));
    write_file_atomically(folder / "b", packed);
    EXPECT_EQ(source_kind(folder / "b"), source_kind(put(folder / "c", text)));
  }
}

TEST(Source, WhatIsNoFormIsNamed) {
  const Scratch folder;
  const auto refuses_text = [&](std::string_view text, std::string_view says) {
    const fs::path path = put(folder / "a", text);
    return refuses(ErrorKind::format, says, [&] { source_kind(path); });
  };
  EXPECT_TRUE(refuses_text("", "an empty file; accepted are IDX files"));
  EXPECT_TRUE(refuses_text("<!DOCTYPE html>, ", "a web page"));
  EXPECT_TRUE(refuses_text("hello\n1,2\n", "text without commas"));
  EXPECT_TRUE(refuses_text("PAR1", "a Parquet file"));
  EXPECT_TRUE(refuses_text("\x89HDF\r\n", "an HDF5 file"));
  EXPECT_TRUE(refuses_text("{\"a\": 1, \"b\": 2}", "text without"));
  EXPECT_TRUE(refuses_text("\x01\x02\x03", "a file of no known form"));
  EXPECT_TRUE(refuses(ErrorKind::io, "no such file or folder", [&] { source_kind(folder / "nowhere"); }));
}

TEST(Source, FoldersAreToldByTheirEntries) {
  const Scratch folder;
  const fs::path tables = put(folder / "t/mnist_train.csv", "1,2\n").parent_path();
  EXPECT_EQ(source_kind(tables), SourceKind::csv_folder);
  fs::create_directories(folder / "idx");
  write_idx(tiny_set(1), tiny_set(1), folder / "idx");
  EXPECT_EQ(source_kind(folder / "idx"), SourceKind::idx_folder);
  put(folder / "images/0/a.png", "x");
  put(folder / "images/1/a.png", "x");
  EXPECT_EQ(source_kind(folder / "images"), SourceKind::class_folders);
  const fs::path other = put(folder / "other/readme.md", "x").parent_path();
  EXPECT_TRUE(refuses(ErrorKind::format, "found a folder of readme.md", [&] { source_kind(other); }));
  fs::create_directories(folder / "empty");
  EXPECT_TRUE(refuses(ErrorKind::format, "found an empty folder", [&] { source_kind(folder / "empty"); }));
}

TEST(Source, ATablesPartsAreToldByTheirNames) {
  const Scratch folder;
  put(folder / "t/mnist_train.csv", "7,0,1,2,0\n3,0,1,2,0\n");
  put(folder / "t/mnist_test.csv", "11,0,1,2,0\n3,0,5,2,0\n");
  const SourceParts parts = read_source(folder / "t");
  EXPECT_EQ(parts.train.count(), 2u);
  ASSERT_TRUE(parts.test);
  EXPECT_EQ(parts.test->class_names, digit_names(12));
  EXPECT_EQ(parts.train.class_names, digit_names(12))
      << "the parts agree on their classes; the test table alone would be open";
  EXPECT_EQ(parts.test->labels, (Bytes{11, 3}));
}

TEST(Source, KagglesTestTableHasNoLabelsAndIsLeftOutWithARemark) {
  const Scratch folder;
  put(folder / "k/train.csv", "label,pixel0,pixel1,pixel2,pixel3\n7,0,1,2,0\n");
  put(folder / "k/test.csv", "pixel0,pixel1,pixel2,pixel3\n0,1,2,0\n");
  put(folder / "k/sample_submission.csv", "ImageId,Label\n1,0\n");
  std::string notes;
  ReadOptions options;
  options.note = [&](const std::string& text) { notes += text; };
  EXPECT_FALSE(read_source(folder / "k", options).test);
  EXPECT_NE(notes.find("test.csv: has no labels"), std::string::npos) << notes;
  EXPECT_EQ(read_images(folder / "k/test.csv").count(), 1u);
  EXPECT_TRUE(refuses(ErrorKind::format, "images without labels", [&] { read_source(folder / "k/test.csv"); }));
}

TEST(Source, SeveralTablesOfOnePartAreToldApartByWhatTheyBeginWith) {
  const Scratch folder;
  put(folder / "e/emnist-letters-train.csv", "1,0,1,2,3,4,5,0,0,0\n2,0,1,2,3,4,5,0,0,0\n");
  put(folder / "e/emnist-digits-train.csv", "7,0,1,2,0\n8,0,1,2,0\n");
  EXPECT_TRUE(refuses(ErrorKind::config, "several tables of one part", [&] { read_source(folder / "e"); }));
  const SourceParts parts = read_source(folder / "e/emnist-letters");
  EXPECT_EQ((Bytes{parts.train.pixels.begin(), parts.train.pixels.begin() + 9}), (Bytes{0, 3, 0, 1, 4, 0, 2, 5, 0}))
      << "EMNIST's images are turned";
}

TEST(Source, EveryFormIsReadAsItWasWritten) {
  const Scratch folder;
  Dataset train = tiny_set(20), test = tiny_set(11, 5);
  const SourceParts parts{.train = train, .test = test};
  for (const auto& [form, name] : {std::pair{OutputForm::idx, "idx"},
                                   {OutputForm::idx_gz, "packed"},
                                   {OutputForm::csv, "tables"},
                                   {OutputForm::csv_gz, "packed tables"},
                                   {OutputForm::npz, "a.npz"}}) {
    write_source(parts, form, folder / name);
    const SourceParts read = read_source(folder / name);
    EXPECT_TRUE(same(read.train, train)) << name;
    ASSERT_TRUE(read.test) << name;
    EXPECT_TRUE(same(*read.test, test)) << name;
  }
  write_source({.train = train}, OutputForm::csv, folder / "one.csv");
  EXPECT_TRUE(same(read_source(folder / "one.csv").train, train));
}

TEST(Source, FoldersOfImagesAreReadAsTheyWereWrittenClassByClass) {
  const Scratch folder;
  Dataset train = tiny_set(23);
  train.class_names = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
  write_source({.train = train}, OutputForm::class_folders, folder / "png");
  ReadOptions options;
  options.as_is = true;
  const Dataset read = read_source(folder / "png", options).train;
  EXPECT_EQ(read.class_names, train.class_names);
  ASSERT_EQ(read.count(), train.count());
  std::size_t at = 0;
  for (std::uint8_t c = 0; c < 10; ++c)
    for (std::size_t j = 0; j < train.count(); ++j) {
      if (train.labels[j] != c) continue;
      EXPECT_EQ(read.labels[at], c);
      EXPECT_TRUE(std::ranges::equal(read.image(at).row(0), train.image(j).row(0)));
      ++at;
    }
}

TEST(Source, WhatCannotBeWrittenLeavesNothing) {
  const Scratch folder;
  Dataset data = tiny_set(3);
  data.class_names[1] = "a/b";
  EXPECT_TRUE(refuses(ErrorKind::config, "class 'a/b' cannot be a folder's name",
                      [&] { write_source({.train = data}, OutputForm::class_folders, folder / "png"); }));
  EXPECT_TRUE(refuses(ErrorKind::config, "cannot say that class 1 is called",
                      [&] { write_source({.train = data}, OutputForm::npz, folder / "a.npz"); }));
  EXPECT_TRUE(refuses(ErrorKind::io, "cannot be written",
                      [&] { write_source({.train = data}, OutputForm::idx, folder / "nowhere/idx"); }));
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Source, WhatAPersonSaysOfATableIsKeptAsText) {
  TableForm form;
  for (const auto& [name, text] : {std::pair{"label", "last"}, {"transpose", "no"}, {"image_size", "28x20"}})
    set_table_form(form, name, text);
  EXPECT_EQ(form.size, (ImageSize{28, 20}));
  TableForm again;
  for (const auto& [name, text] : table_form_texts(form)) set_table_form(again, name, text);
  EXPECT_EQ(form, again);
  EXPECT_TRUE(table_form_texts({}).empty());
  for (const char* text : {"28", "28x", "x28", "0x3", "28x28x1", "99999999x1"})
    EXPECT_TRUE(refuses(ErrorKind::config, "as 28x28", [&] { set_table_form(form, "image_size", text); })) << text;
  EXPECT_TRUE(refuses(ErrorKind::config, "auto, first, last, none", [&] { set_table_form(form, "label", "left"); }));
}

}  // namespace
}  // namespace inkling
