// Folders of images: what is read, in which order and from where; and each way a folder can be wrong, by name.
#include "inkling/data/folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "inkling/data/sample.h"
#include "inkling/image/png.h"
#include "inkling/image/prepare.h"
#include "tests/data/scratch.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

namespace fs = std::filesystem;

// Images of 4x5 whose first pixel tells which they are; read as they are.
class Folder : public testing::Test {
 protected:
  void put(const std::string& name, std::uint8_t mark, std::size_t width = 5) {
    fs::create_directories((folder_ / name).parent_path());
    Image image{.height = 4, .width = width, .pixels = std::vector<std::uint8_t>(4 * width)};
    image.pixels[0] = mark;
    write_png(folder_ / name, image);
  }
  void put_text(const std::string& name, std::string_view text) {
    fs::create_directories((folder_ / name).parent_path());
    write_file_atomically(folder_ / name, text);
  }
  void put_two_classes() {
    for (const std::uint8_t i : {0, 1, 2}) {
      put(fmt::format("0/{}.png", i), i);
      put(fmt::format("1/{}.png", i), static_cast<std::uint8_t>(10 + i));
    }
  }
  SourceParts load(const std::string& below = "") {
    FolderOptions options = options_;
    options.note = [this](const std::string& text) { said_ += text + "\n"; };
    return load_image_folder(folder_ / below, options);
  }
  auto loading(const std::string& below = "") {
    return [this, below] { load(below); };
  }
  static std::vector<int> marks(const Dataset& data) {
    std::vector<int> all;
    for (std::size_t j = 0; j < data.count(); ++j) all.push_back(data.pixels[j * data.image_size()]);
    return all;
  }

  Scratch folder_;
  FolderOptions options_{.as_is = true};
  std::string said_;
};

using Names = std::vector<std::string>;

TEST_F(Folder, NamesAreOrderedAsAPersonDoes) {
  const Names ordered = {"",  "0",  "00",  "01",  "1",  "2",   "10",    "B",
                         "a", "a1", "a1b", "a02", "a2", "a10", "a10.5", "a10.10"};
  for (std::size_t i = 0; i < ordered.size(); ++i)
    for (std::size_t j = 0; j < ordered.size(); ++j)
      EXPECT_EQ(natural_less(ordered[i], ordered[j]), i < j) << ordered[i] << " and " << ordered[j];
}

TEST_F(Folder, ClassesAndImagesStandInNaturalOrder) {
  int mark = 0;
  for (const char* name : {"2/1.png", "2/2.png", "2/10.png", "10/a.png", "10/b.png"})
    put(name, static_cast<std::uint8_t>(++mark));
  const SourceParts parts = load();
  EXPECT_EQ(parts.train.class_names, (Names{"2", "10"}));
  EXPECT_EQ(marks(parts.train), (std::vector<int>{1, 2, 3, 4, 5}));
  EXPECT_EQ(parts.train.labels, (Bytes{0, 0, 0, 1, 1}));
  EXPECT_EQ(parts.train.height, 4u);
  EXPECT_EQ(parts.train.width, 5u);
  EXPECT_FALSE(parts.test.has_value());
  EXPECT_EQ(said_, "");
}

TEST_F(Folder, TrainAndTestFoldersAreTheParts) {
  put("train/cat/1.png", 1);
  put("train/dog/1.png", 2);
  put("train/elk/1.png", 3);
  put("test/elk/1.png", 4);
  put("test/cat/1.png", 5);
  put("val/cat/1.png", 6);
  put_text("README.md", "about");
  const SourceParts parts = load();
  EXPECT_EQ(parts.train.class_names, (Names{"cat", "dog", "elk"}));
  EXPECT_EQ(marks(parts.train), (std::vector<int>{1, 2, 3}));
  ASSERT_TRUE(parts.test.has_value());
  EXPECT_EQ(parts.test->class_names, parts.train.class_names);
  EXPECT_EQ(marks(*parts.test), (std::vector<int>{5, 4}));
  EXPECT_EQ(parts.test->labels, (Bytes{0, 2}));
  EXPECT_NE(said_.find("README.md"), std::string::npos) << said_;
  EXPECT_NE(said_.find("val"), std::string::npos) << said_;
}

TEST_F(Folder, ATrainClassIsAClassLikeOthers) {
  put("plane/1.png", 1);
  put("train/1.png", 2);
  put("test/1.png", 3);
  const SourceParts parts = load();
  EXPECT_EQ(parts.train.class_names, (Names{"plane", "test", "train"}));
}

TEST_F(Folder, NamesOfClassesMayBeLongAndOfAnyScript) {
  const std::string long_name(64, 'x');
  put("\xE4\xB8\x80/1.png", 1);
  put("\xC3\xA9t\xC3\xA9/1.png", 2);
  put(long_name + "/1.png", 3);
  const SourceParts parts = load();
  EXPECT_EQ(parts.train.class_names, (Names{long_name, "\xC3\xA9t\xC3\xA9", "\xE4\xB8\x80"}));
}

TEST_F(Folder, ImagesAreKnownByTheirContent) {
  put_two_classes();
  fs::rename(folder_ / "0/1.png", folder_ / "0/1");  // no ending
  fs::rename(folder_ / "1/1.png", folder_ / "1/1.png.bak");
  EXPECT_EQ(marks(load().train), (std::vector<int>{0, 1, 2, 10, 11, 12}));
}

TEST_F(Folder, FilesThatAreNoImagesArePassedOverWithARemark) {
  put_two_classes();
  put_text("0/README", "about");
  put_text("0/labels.csv", "a,b");
  put_text("0/.DS_Store", "hidden");
  put_text("1/Thumbs.db", "hidden");
  fs::create_directories(folder_ / ".git/objects");
  fs::create_directories(folder_ / "__MACOSX/0");
  fs::create_directories(folder_ / "0/.ipynb_checkpoints");
  EXPECT_EQ(load().train.count(), 6u);
  EXPECT_NE(said_.find("Passed over, no images: "), std::string::npos) << said_;
  EXPECT_NE(said_.find("README"), std::string::npos);
  EXPECT_NE(said_.find("labels.csv"), std::string::npos);
  for (const char* hidden : {".DS_Store", "Thumbs", ".git", "MACOSX", "ipynb"})
    EXPECT_EQ(said_.find(hidden), std::string::npos) << said_;
}

TEST_F(Folder, AnyNumberOfThreadsGivesTheSameBytesAndProgressGoesUp) {
  for (int i = 0; i < 300; ++i) put(fmt::format("{}/{}.png", i % 3, i), static_cast<std::uint8_t>(i));
  put_text("1/bad.png", "no image");
  options_.skip_bad = true;
  std::optional<SourceParts> first;
  for (const std::size_t threads : {1u, 2u, 5u}) {
    options_.threads = threads;
    std::size_t last = 0, total = 0;
    options_.progress = [&](std::size_t done, std::size_t all) {
      EXPECT_GT(done, last);
      last = done;
      total = all;
    };
    said_.clear();
    SourceParts parts = load();
    EXPECT_EQ(last, 301u);
    EXPECT_EQ(total, 301u);
    EXPECT_NE(said_.find("1 of 301 images cannot be read"), std::string::npos) << said_;
    if (first)
      EXPECT_TRUE(same(parts.train, first->train)) << threads;
    else
      first = std::move(parts);
  }
  EXPECT_EQ(first->train.count(), 300u);
}

TEST_F(Folder, ImagesArePreparedAsOneAloneIs) {
  const Dataset sample = load_sample().train;
  for (std::size_t j = 0; j < 6; ++j) {
    fs::create_directories(folder_ / fmt::format("{}", j % 2));
    Image image{.height = 28, .width = 28, .pixels = {sample.image(j).row(0).begin(), sample.image(j).row(0).end()}};
    if (j >= 3)  // dark ink on a light sheet of another size
      for (std::uint8_t& p : image.pixels) p = static_cast<std::uint8_t>(255 - p);
    image.pixels.insert(image.pixels.end(), 28, j >= 3 ? 255 : 0);
    ++image.height;
    write_png(folder_ / fmt::format("{}/{}.png", j % 2, j), image);
  }
  options_.as_is = false;
  const SourceParts parts = load();
  ASSERT_EQ(parts.train.count(), 6u);
  EXPECT_EQ(parts.train.height, 28u);
  EXPECT_EQ(parts.train.width, 28u);
  std::size_t place = 0;
  for (const std::size_t j : {0u, 2u, 4u, 1u, 3u, 5u}) {
    const Image alone = prepare_digit(read_png(folder_ / fmt::format("{}/{}.png", j % 2, j))).digit;
    EXPECT_TRUE(std::ranges::equal(parts.train.image(place++).row(0), alone.pixels)) << j;
  }
}

TEST_F(Folder, IsKnownByTheImagesInItsFolders) {
  put("0/1.png", 1);
  put("1/1.png", 1);
  put("deep/train/0/1.png", 1);
  put_text("texts/0/a.txt", "a");
  fs::create_directories(folder_ / "empty/0");
  EXPECT_TRUE(is_image_folder(folder_.path()));
  EXPECT_TRUE(is_image_folder(folder_ / "deep"));
  EXPECT_FALSE(is_image_folder(folder_ / "texts"));
  EXPECT_FALSE(is_image_folder(folder_ / "empty"));
}

// ---- refused

TEST_F(Folder, BadImagesAreCountedAndTheFirstNamed) {
  put_two_classes();
  put_text("0/empty.png", "");
  put_text("0/text.jpg", "a text");
  put_text("1/page.gif", "GIF89a");
  Bytes cut = read_file(folder_ / "1/0.png", 10000);
  cut.resize(cut.size() / 2);
  write_file_atomically(folder_ / "1/cut.png", cut);
  fs::create_symlink("nowhere", folder_ / "1/link.png");
  for (const int i : {1, 2, 3}) put_text(fmt::format("1/more{}.png", i), "x");
  for (const char* text :
       {"8 of 14 images cannot be read", "--skip-bad", "empty.png: empty", "text.jpg: neither PNG nor JPEG", "cut.png",
        "link.png: cannot be opened", "more1.png: neither", "and 3 more"})
    EXPECT_TRUE(refuses(ErrorKind::format, text, loading()));
  options_.skip_bad = true;
  EXPECT_EQ(marks(load().train), (std::vector<int>{0, 1, 2, 10, 11, 12}));
  EXPECT_NE(said_.find("8 of 14 images cannot be read and are left out:"), std::string::npos) << said_;
  EXPECT_NE(said_.find("empty.png: empty"), std::string::npos) << said_;
}

TEST_F(Folder, AnImageOfAnotherSizeIsABadOneWhereTheyAreTakenAsTheyAre) {
  put_two_classes();
  put("1/wide.png", 9, 6);
  EXPECT_TRUE(refuses(ErrorKind::format, "wide.png: 4x6 pixels, and 4x5 before it", loading()));
}

TEST_F(Folder, ALinkFromAClassToTheFolderAboveIsRefused) {
  put_two_classes();
  fs::create_directory_symlink("..", folder_ / "0/loop");
  EXPECT_TRUE(refuses(ErrorKind::config, "0/loop: a folder within the class 0", loading()));
}
TEST_F(Folder, AClassThatIsALinkToTheFolderItselfIsRefused) {
  put_two_classes();
  fs::create_directory_symlink(".", folder_ / "2");
  EXPECT_TRUE(refuses(ErrorKind::config, "a folder within the class 2", loading()));
}
TEST_F(Folder, ALinkToItselfIsRefused) {
  put_two_classes();
  fs::create_symlink("ring.png", folder_ / "0/ring.png");
  EXPECT_TRUE(refuses(ErrorKind::io, "0/ring.png: a link that goes round in circles", loading()));
}
TEST_F(Folder, OneFolderAsTwoClassesIsRefused) {
  put_two_classes();
  fs::create_directory_symlink("1", folder_ / "one");
  EXPECT_TRUE(refuses(ErrorKind::config, "/one are one folder", loading()));
}
TEST_F(Folder, ATestPartThatIsALinkToTheTrainingPartIsRefused) {
  put("train/0/1.png", 1);
  put("train/1/1.png", 1);
  fs::create_directory_symlink("train", folder_ / "test");
  EXPECT_TRUE(refuses(ErrorKind::config, "/test are one folder", loading()));
}
TEST_F(Folder, OneClassAloneIsRefused) {
  put("7/1.png", 1);
  EXPECT_TRUE(refuses(ErrorKind::shape, "one class alone, 7;", loading()));
}
TEST_F(Folder, NoClassIsRefused) { EXPECT_TRUE(refuses(ErrorKind::shape, "no class folders", loading())); }
TEST_F(Folder, AnEmptyClassIsRefused) {
  put_two_classes();
  fs::create_directories(folder_ / "2");
  EXPECT_TRUE(refuses(ErrorKind::shape, "2: no images", loading()));
}
TEST_F(Folder, AClassWithoutAnImageThatCanBeReadIsRefused) {
  put_two_classes();
  put_text("2/README", "about");
  EXPECT_TRUE(refuses(ErrorKind::shape, "2: no image that can be read", loading()));
  put_text("2/bad.png", "no image");
  options_.skip_bad = true;
  EXPECT_TRUE(refuses(ErrorKind::shape, "2: no image that can be read", loading()));
}
TEST_F(Folder, TooManyClassesAreRefused) {
  for (int c = 0; c < 257; ++c) put(fmt::format("c{}/1.png", c), 1);
  EXPECT_TRUE(refuses(ErrorKind::limit, "257 class folders; at most 256", loading()));
}
TEST_F(Folder, ImagesBesideTheClassesAreRefused) {
  put_two_classes();
  put("stray.png", 1);
  EXPECT_TRUE(refuses(ErrorKind::config, "stray.png: an image beside the folders of the classes", loading()));
}
TEST_F(Folder, AFolderWithinAClassIsRefused) {
  put_two_classes();
  put("1/more/1.png", 1);
  EXPECT_TRUE(refuses(ErrorKind::config, "1/more: a folder within the class 1", loading()));
}
TEST_F(Folder, ATestPartAloneIsRefused) {
  put("test/0/1.png", 1);
  put("test/1/1.png", 1);
  EXPECT_TRUE(refuses(ErrorKind::config, "there is no train/ beside it", loading()));
  EXPECT_EQ(load("test").train.count(), 2u);
}
TEST_F(Folder, AClassOfTheTestPartAloneIsRefused) {
  put("train/0/1.png", 1);
  put("train/1/1.png", 1);
  put("test/2/1.png", 1);
  EXPECT_TRUE(refuses(ErrorKind::shape, "the class 2 is in the test part alone", loading()));
}
TEST_F(Folder, ATestPartWithoutImagesIsRefused) {
  put("train/0/1.png", 1);
  put("train/1/1.png", 1);
  fs::create_directories(folder_ / "test/1");
  EXPECT_TRUE(refuses(ErrorKind::shape, "no images in its test part", loading()));
}
TEST_F(Folder, ANameThatIsNotUtf8IsRefused) {
  put_two_classes();
  put("caf\xE9/1.png", 1);
  EXPECT_TRUE(refuses(ErrorKind::format, "not printable UTF-8", loading()));
}
TEST_F(Folder, ANameWithControlCharactersIsRefused) {
  for (const std::string name : {"a\x1b[31m", "b\xC2\x9B"}) {
    put_two_classes();
    put(name + "/1.png", 1);
    EXPECT_TRUE(refuses(ErrorKind::format, "not printable UTF-8", loading()));
    fs::remove_all(folder_ / name);
  }
}
TEST_F(Folder, AFolderThatCannotBeReadIsRefused) {
  put_two_classes();
  EXPECT_TRUE(refuses(ErrorKind::io, "nowhere: cannot be read", loading("nowhere")));
  fs::permissions(folder_.path(), fs::perms::all);
  fs::permissions(folder_ / "1", fs::perms::none);
  const bool root = ::geteuid() == 0;  // who may read everything
  if (root) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  EXPECT_TRUE(refuses(ErrorKind::io, "1: cannot be read: Permission denied", loading()));
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  fs::permissions(folder_ / "1", fs::perms::all);
}
TEST_F(Folder, APipeIsNoImageAndNobodyWaitsForIt) {
  put_two_classes();
  ASSERT_EQ(::mkfifo((folder_ / "0/pipe").c_str(), 0600), 0);
  EXPECT_EQ(load().train.count(), 6u);
  ASSERT_EQ(::mkfifo((folder_ / "0/pipe.png").c_str(), 0600), 0);
  EXPECT_TRUE(refuses(ErrorKind::format, "pipe.png: expected a regular file", loading()));
}

}  // namespace
}  // namespace inkling
