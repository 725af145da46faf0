// IDX files: what is written is read, both spellings, and each way a file can be wrong has its own refusal.
#include "inkling/data/idx.h"

#include <sys/stat.h>

#include "inkling/data/gzip.h"
#include "tests/data/scratch.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

namespace fs = std::filesystem;

Bytes images_file(const Dataset& data) {
  Bytes bytes = idx_images_header(data);
  bytes.insert(bytes.end(), data.pixels.begin(), data.pixels.end());
  return bytes;
}

Bytes labels_file(const Dataset& data) {
  Bytes bytes = idx_labels_header(data);
  bytes.insert(bytes.end(), data.labels.begin(), data.labels.end());
  return bytes;
}

// An images file whose byte `at` is `value`.
Bytes changed(std::size_t at, std::uint8_t value) {
  Bytes bytes = images_file(tiny_set(3));
  bytes[at] = value;
  return bytes;
}

auto parsing(Bytes bytes) {
  return [bytes] { parse_idx_images(bytes, "a"); };
}

TEST(Idx, HeaderIsBigEndianAsPublished) {
  Dataset data = tiny_set(0x102);
  EXPECT_EQ(idx_images_header(data), (Bytes{0, 0, 8, 3, 0, 0, 1, 2, 0, 0, 0, 2, 0, 0, 0, 3}));
  EXPECT_EQ(idx_labels_header(data), (Bytes{0, 0, 8, 1, 0, 0, 1, 2}));
}

TEST(Idx, ImagesAndLabelsAreReadAsTheyStand) {
  const Dataset data = tiny_set(12);
  const IdxImages images = parse_idx_images(images_file(data), "a");
  EXPECT_EQ(images.count, 12u);
  EXPECT_EQ(images.height, 2u);
  EXPECT_EQ(images.width, 3u);
  EXPECT_EQ(images.pixels, data.pixels);
  EXPECT_EQ(parse_idx_labels(labels_file(data), "a"), data.labels);
}

TEST(Idx, WrongMagicIsRefused) {
  EXPECT_TRUE(refuses(ErrorKind::format, "begin with 00 00 08, found 01 00 08", parsing(changed(0, 1))));
  EXPECT_TRUE(refuses(ErrorKind::format, "found 00 02 08", parsing(changed(1, 2))));
}
TEST(Idx, ElementsThatAreNotUnsignedBytesAreRefused) {
  EXPECT_TRUE(refuses(ErrorKind::format, "found 00 00 0d", parsing(changed(2, 0x0d))));
}
TEST(Idx, WrongRankIsRefused) {
  EXPECT_TRUE(
      refuses(ErrorKind::format, "expected images (rank 3), found something else (rank 4)", parsing(changed(3, 4))));
  EXPECT_TRUE(
      refuses(ErrorKind::format, "expected images (rank 3), found labels (rank 1)", parsing(labels_file(tiny_set(3)))));
  EXPECT_TRUE(refuses(ErrorKind::format, "expected labels (rank 1), found images (rank 3)",
                      [] { parse_idx_labels(images_file(tiny_set(3)), "a"); }));
}
TEST(Idx, ACutHeaderIsRefused) {
  const Bytes file = images_file(tiny_set(3));
  for (std::size_t size = 0; size < 16; ++size)
    EXPECT_TRUE(
        refuses(ErrorKind::format, "too short", parsing(Bytes(file.begin(), file.begin() + static_cast<long>(size)))))
        << size;
}
TEST(Idx, AFileThatIsTooShortIsRefused) {
  Bytes file = images_file(tiny_set(3));
  file.pop_back();
  EXPECT_TRUE(refuses(ErrorKind::format, "too short: the header promises 3 x 2 x 3 bytes, 17 follow", parsing(file)));
  file.resize(16);
  EXPECT_TRUE(refuses(ErrorKind::format, "too short: the header promises 3 x 2 x 3 bytes, 0 follow", parsing(file)));
}
TEST(Idx, AFileThatIsTooLongIsRefused) {
  Bytes file = images_file(tiny_set(3));
  file.push_back(0);
  EXPECT_TRUE(refuses(ErrorKind::format, "too long: the header promises 3 x 2 x 3 bytes, 19 follow", parsing(file)));
  file.resize(16 + 36);  // exactly twice
  EXPECT_TRUE(refuses(ErrorKind::format, "too long", parsing(file)));
}
TEST(Idx, SizesWhoseProductOverflowsAreRefused) {
  Bytes file = images_file(tiny_set(3));
  for (std::size_t i = 4; i < 16; ++i) file[i] = 0xff;
  EXPECT_TRUE(refuses(ErrorKind::format, "too short", parsing(file)));
  for (std::size_t i = 4; i < 16; ++i) file[i] = i % 4 == 0 ? 0x80 : 0;  // 2^93, which is 0 modulo 2^64
  file.resize(16);
  EXPECT_TRUE(refuses(ErrorKind::format, "too short", parsing(file)));
}
TEST(Idx, LabelsOfAnotherCountThanPromisedAreRefused) {
  Bytes file = labels_file(tiny_set(3));
  file.push_back(0);
  EXPECT_TRUE(refuses(ErrorKind::format, "too long", [&] { parse_idx_labels(file, "a"); }));
  file.resize(10);
  EXPECT_TRUE(refuses(ErrorKind::format, "too short", [&] { parse_idx_labels(file, "a"); }));
}
TEST(Idx, ZeroImagesAreRefused) {
  EXPECT_TRUE(refuses(ErrorKind::shape, "expected at least one image",
                      parsing({0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 3})));
  EXPECT_TRUE(refuses(ErrorKind::shape, "expected at least one label", [] {
    parse_idx_labels({0, 0, 8, 1, 0, 0, 0, 0}, "a");
  }));
}
TEST(Idx, ImagesWithoutPixelsAreRefused) {
  EXPECT_TRUE(refuses(ErrorKind::shape, "images of 0x3", parsing({0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3})));
  EXPECT_TRUE(refuses(ErrorKind::shape, "images of 2x0", parsing({0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0})));
}

class IdxFolder : public testing::Test {
 protected:
  void SetUp() override { write_idx(train_, test_, folder_.path()); }
  void rewrite(const std::string& name, const Bytes& bytes) { write_file_atomically(folder_ / name, bytes); }
  auto loading() {
    return [this] { load_idx(folder_.path()); };
  }

  Scratch folder_;
  Dataset train_ = tiny_set(20);
  Dataset test_ = tiny_set(10, 100);
};

TEST_F(IdxFolder, WhatIsWrittenIsReadPackedAndRaw) {
  const auto [packed_train, packed_test] = load_mnist(folder_.path());
  EXPECT_TRUE(same(packed_train, train_));
  EXPECT_TRUE(same(packed_test, test_));
  Scratch raw;
  write_idx(train_, test_, raw.path(), /*gzipped=*/false);
  EXPECT_TRUE(fs::exists(raw / "train-images-idx3-ubyte"));
  EXPECT_TRUE(same(load_idx(raw.path()).test, test_));
}

TEST_F(IdxFolder, TheSameDataGivesTheSameBytes) {
  Scratch other;
  write_idx(train_, test_, other.path());
  for (const auto& entry : fs::directory_iterator(other.path()))
    EXPECT_EQ(read_file(entry, 10000), read_file(folder_ / entry.path().filename().string(), 10000)) << entry;
}

TEST_F(IdxFolder, BothSpellingsAreFoundWithAndWithoutGz) {
  fs::rename(folder_ / "train-images-idx3-ubyte.gz", folder_ / "train-images.idx3-ubyte.gz");
  fs::rename(folder_ / "train-labels-idx1-ubyte.gz", folder_ / "train-labels.idx1-ubyte.gz");
  fs::remove(folder_ / "t10k-images-idx3-ubyte.gz");
  fs::remove(folder_ / "t10k-labels-idx1-ubyte.gz");
  rewrite("t10k-images.idx3-ubyte", images_file(test_));
  rewrite("t10k-labels.idx1-ubyte", labels_file(test_));
  EXPECT_TRUE(same(load_idx(folder_.path()).train, train_));
  EXPECT_TRUE(same(load_idx(folder_.path()).test, test_));
}

TEST_F(IdxFolder, ContentAndNotTheNameTellsRawFromGzip) {
  rewrite("train-images-idx3-ubyte.gz", images_file(train_));
  fs::remove(folder_ / "t10k-images-idx3-ubyte.gz");
  rewrite("t10k-images-idx3-ubyte", gzip(images_file(test_)));
  EXPECT_TRUE(same(load_idx(folder_.path()).train, train_));
  EXPECT_TRUE(same(load_idx(folder_.path()).test, test_));
}

TEST_F(IdxFolder, EachMissingFileIsNamed) {
  fs::remove(folder_ / "t10k-labels-idx1-ubyte.gz");
  EXPECT_TRUE(refuses(ErrorKind::io, folder_.path().string() + ": expected the four files", loading()));
  EXPECT_TRUE(refuses(ErrorKind::io, "missing: t10k-labels-idx1-ubyte", loading()));
  fs::remove(folder_ / "train-images-idx3-ubyte.gz");
  EXPECT_TRUE(refuses(ErrorKind::io, "missing: train-images-idx3-ubyte, t10k-labels-idx1-ubyte", loading()));
  EXPECT_TRUE(refuses(ErrorKind::io, "no such folder", [&] { load_idx(folder_ / "nowhere"); }));
}

TEST_F(IdxFolder, TheTestPartIsShownBeforeBothAreReturned) {
  std::size_t seen = 0;
  load_idx(folder_.path(), kDigitClasses, [&](const Dataset& test) { seen += same(test, test_) ? 1u : 100u; });
  EXPECT_EQ(seen, 1u);
}

TEST_F(IdxFolder, OfTwoBrokenPartsTheTrainingPartIsTold) {
  rewrite("t10k-labels-idx1-ubyte.gz", labels_file(tiny_set(9)));
  EXPECT_TRUE(refuses(ErrorKind::shape, "10 images, but 9 labels", loading()));
  rewrite("train-labels-idx1-ubyte.gz", labels_file(tiny_set(19)));
  for (int turn = 0; turn < 20; ++turn) ASSERT_TRUE(refuses(ErrorKind::shape, "20 images, but 19 labels", loading()));
}

TEST_F(IdxFolder, LabelsOfAnotherCountThanTheImagesAreRefused) {
  rewrite("train-labels-idx1-ubyte.gz", labels_file(tiny_set(19)));
  EXPECT_TRUE(refuses(ErrorKind::shape, "20 images, but 19 labels", loading()));
}

TEST_F(IdxFolder, ALabelOutOfRangeIsRefused) {
  test_.labels[4] = 10;
  rewrite("t10k-labels-idx1-ubyte.gz", labels_file(test_));
  EXPECT_TRUE(
      refuses(ErrorKind::format, "label 10 of image 4 is out of range: expected 0 to 9 for 10 classes", loading()));
  EXPECT_EQ(load_idx(folder_.path(), 11).test.class_names.back(), "10");
  test_.labels[4] = 255;
  rewrite("t10k-labels-idx1-ubyte.gz", labels_file(test_));
  EXPECT_TRUE(refuses(ErrorKind::format, "label 255 of image 4", loading()));
  EXPECT_EQ(load_idx(folder_.path(), 256).test.labels[4], 255);
}

TEST_F(IdxFolder, AnImpossibleNumberOfClassesIsRefused) {
  EXPECT_TRUE(refuses(ErrorKind::config, "0 classes", [&] { load_idx(folder_.path(), 0); }));
  EXPECT_TRUE(refuses(ErrorKind::config, "257 classes", [&] { load_idx(folder_.path(), 257); }));
}

TEST_F(IdxFolder, TestImagesOfAnotherSizeAreRefused) {
  test_.height = 3;
  test_.width = 2;
  rewrite("t10k-images-idx3-ubyte.gz", images_file(test_));
  EXPECT_TRUE(refuses(ErrorKind::shape, "training images are 2x3 and the test images 3x2", loading()));
}

TEST_F(IdxFolder, TruncatedGzipIsRefused) {
  Bytes file = read_file(folder_ / "train-images-idx3-ubyte.gz", 10000);
  file.resize(file.size() - 5);
  rewrite("train-images-idx3-ubyte.gz", file);
  EXPECT_TRUE(
      refuses(ErrorKind::format, "train-images-idx3-ubyte.gz: the gzip data is truncated or corrupt", loading()));
}

TEST_F(IdxFolder, CorruptGzipIsRefused) {
  Bytes file = read_file(folder_ / "train-labels-idx1-ubyte.gz", 10000);
  file[file.size() - 6] ^= 1;  // its checksum
  rewrite("train-labels-idx1-ubyte.gz", file);
  EXPECT_TRUE(
      refuses(ErrorKind::format, "train-labels-idx1-ubyte.gz: the gzip data is truncated or corrupt", loading()));
}

TEST_F(IdxFolder, ADirectoryInPlaceOfAFileIsRefused) {
  fs::remove(folder_ / "train-images-idx3-ubyte.gz");
  fs::create_directory(folder_ / "train-images-idx3-ubyte");
  EXPECT_TRUE(refuses(ErrorKind::io, "train-images-idx3-ubyte: expected a file, found a directory", loading()));
  rewrite("train-images.idx3-ubyte", images_file(train_));  // an archive that unpacks to both
  EXPECT_TRUE(same(load_idx(folder_.path()).train, train_));
}

TEST_F(IdxFolder, AnUnreadableFileIsRefused) {
  fs::remove(folder_ / "train-images-idx3-ubyte.gz");
  fs::create_symlink("nowhere", folder_ / "train-images-idx3-ubyte.gz");
  EXPECT_TRUE(refuses(ErrorKind::io, "train-images-idx3-ubyte.gz: cannot be opened: No such file", loading()));
  fs::remove(folder_ / "train-images-idx3-ubyte.gz");
  fs::create_symlink("train-images-idx3-ubyte.gz", folder_ / "train-images-idx3-ubyte.gz");
  EXPECT_TRUE(refuses(ErrorKind::io, "train-images-idx3-ubyte.gz: cannot be opened: Too many levels", loading()));
}

TEST_F(IdxFolder, APipeIsRefusedAndNotWaitedFor) {
  fs::remove(folder_ / "train-images-idx3-ubyte.gz");
  ASSERT_EQ(::mkfifo((folder_ / "train-images-idx3-ubyte").c_str(), 0600), 0);
  EXPECT_TRUE(refuses(ErrorKind::io, "found a device or pipe", loading()));
}

TEST(IdxMnist, RealMnistIsRead) {
  const char* folder = std::getenv("INKLING_DATA");
  if (folder == nullptr) GTEST_SKIP() << "needs $INKLING_DATA, a folder that has MNIST";
  const auto [train, test] = load_mnist(folder);
  EXPECT_EQ(train.count(), 60000u);
  EXPECT_EQ(test.count(), 10000u);
  EXPECT_EQ(test.labels[0], 7);
  EXPECT_EQ(train.image_size(), 784u);
}

}  // namespace
}  // namespace inkling
