// Where data is looked for, in which order, and what happens to a place that is broken.
#include "inkling/data/locate.h"

#include "inkling/data/idx.h"
#include "tests/data/scratch.h"
#include "tests/data/zip_writer.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

namespace fs = std::filesystem;

class Locate : public testing::Test {
 protected:
  void SetUp() override {
    options_.roots = {.chosen = "",
                      .working = folder_ / "work",
                      .cache = folder_ / "cache/inkling/mnist",
                      .shared = folder_ / "shared",
                      .keras = folder_ / "keras/mnist.npz"};
    options_.allow_download = false;
    options_.note = [this](const std::string& text) { notes_ += text + "\n"; };
  }

  // A set whose first training label tells it from others.
  fs::path put(const fs::path& folder, std::uint8_t mark) {
    fs::create_directories(folder);
    Dataset train = tiny_set(20);
    train.labels[0] = mark;
    write_idx(train, tiny_set(10), folder);
    return folder;
  }
  fs::path put_npz(const fs::path& path, std::uint8_t mark) {
    fs::create_directories(path.parent_path());
    const Bytes pixels = {1, 2, 3, 4};
    write_file_atomically(path, zip({{"x_train.npy", npy(npy_dictionary("|u1", "(1, 2, 2)"), pixels)},
                                     {"y_train.npy", npy(npy_dictionary("|u1", "(1,)"), {mark})},
                                     {"x_test.npy", npy(npy_dictionary("|u1", "(1, 2, 2)"), pixels)},
                                     {"y_test.npy", npy(npy_dictionary("|u1", "(1,)"), {0})}}));
    return path;
  }
  int mark_of(std::string_view source = "mnist") { return load_data(source, options_).train.labels[0]; }
  Finding examined(const fs::path& path) { return examine({.path = path}); }

  Scratch folder_;
  LoadOptions options_;
  std::string notes_;
};

TEST_F(Locate, PlacesComeInTheirOrder) {
  fs::create_directories(folder_ / "shared/b");
  fs::create_directories(folder_ / "shared/a");
  options_.roots.chosen = "chosen";
  std::vector<fs::path> paths;
  for (const Place& place : search_places(options_.roots)) paths.push_back(place.path);
  const fs::path data = folder_ / "work/data";
  EXPECT_EQ(paths, (std::vector<fs::path>{"chosen", data / "MNIST", data / "MNIST/raw", data / "mnist", data,
                                          folder_ / "cache/inkling/mnist", folder_ / "shared/a", folder_ / "shared/b",
                                          folder_ / "keras/mnist.npz"}));
}

TEST_F(Locate, TheFirstPlaceThatIsWholeIsUsed) {
  // From the last place to the first: each new one is found before the others. Shared folders need MNIST itself.
  EXPECT_TRUE(load_data("mnist", options_).is_sample);
  std::uint8_t mark = 0;
  put_npz(folder_ / "keras/mnist.npz", ++mark);
  EXPECT_EQ(mark_of(), mark);
  for (const std::string place :
       {"cache/inkling/mnist", "work/data", "work/data/mnist", "work/data/MNIST/raw", "work/data/MNIST"}) {
    put(folder_ / place, ++mark);
    EXPECT_EQ(mark_of(), mark) << place;
  }
  options_.roots.chosen = put(folder_ / "chosen", ++mark);
  EXPECT_EQ(mark_of(), mark);
  EXPECT_EQ(mark_of(put(folder_ / "named", 9).string()), 9) << "--data comes before everything";
}

TEST_F(Locate, TheSearchSaysWhatItIs) {
  put(folder_ / "work/data/mnist", 1);
  const DataSplit data = load_data("mnist", options_);
  EXPECT_EQ(data.origin, (folder_ / "work/data/mnist").string());
  EXPECT_FALSE(data.is_mnist);
  EXPECT_FALSE(data.is_sample);
}

TEST_F(Locate, AnotherSetInASharedFolderIsNotTakenForMnist) {
  put(folder_ / "shared/fashion-mnist", 1);
  EXPECT_TRUE(load_data("mnist", options_).is_sample);
  EXPECT_EQ(examine({.path = folder_ / "shared/fashion-mnist", .only_mnist = true}).found, Found::another_set);
  EXPECT_EQ(examined(folder_ / "shared/fashion-mnist").found, Found::complete);
}

TEST_F(Locate, FashionIsFoundByNameOrItsPackageIsNamed) {
  EXPECT_TRUE(refuses(ErrorKind::io, "apt install dataset-fashion-mnist", [&] { load_data("fashion", options_); }));
  put(folder_ / "shared/fashion-mnist", 3);
  const DataSplit data = load_data("fashion", options_);
  EXPECT_EQ(data.train.labels[0], 3);
  EXPECT_EQ(data.test.class_names[3], "dress");
  EXPECT_FALSE(data.is_mnist);
}

TEST_F(Locate, AUsualPlaceThatIsIncompleteOrBrokenIsPassedOverWithARemark) {
  fs::remove(put(folder_ / "work/data/mnist", 1) / "t10k-labels-idx1-ubyte.gz");
  write_file_atomically(put(folder_ / "work/data", 1) / "t10k-labels-idx1-ubyte.gz", std::string_view("broken"));
  put(folder_ / "cache/inkling/mnist", 7);
  EXPECT_EQ(mark_of(), 7);
  EXPECT_NE(notes_.find("data/mnist: passed over: missing: t10k-labels-idx1-ubyte"), std::string::npos) << notes_;
  EXPECT_NE(notes_.find("not an IDX file"), std::string::npos) << notes_;
}

TEST_F(Locate, AChosenPlaceThatCannotBeUsedIsAnErrorAndNeverPassedOver) {
  put(folder_ / "work/data", 1);
  options_.roots.chosen = (folder_ / "nowhere").string();
  EXPECT_TRUE(refuses(ErrorKind::io, "nowhere", [&] { load_data("mnist", options_); }));
  options_.roots.chosen = put(folder_ / "chosen", 2).string();
  EXPECT_EQ(mark_of(), 2);
  fs::remove(folder_ / "chosen/train-labels-idx1-ubyte.gz");
  EXPECT_TRUE(refuses(ErrorKind::io, "missing: train-labels-idx1-ubyte", [&] { load_data("mnist", options_); }));
  options_.roots.chosen = put_npz(folder_ / "a.npz", 4).string();
  EXPECT_EQ(mark_of(), 4) << "a file may be chosen, too";
}

TEST_F(Locate, ANamedSourceThatCannotBeUsedIsAnError) {
  put(folder_ / "work/data", 1);
  EXPECT_TRUE(refuses(ErrorKind::config, "expected mnist, fashion, sample, a folder or a file",
                      [&] { load_data("mnits", options_); }));
  EXPECT_TRUE(refuses(ErrorKind::format, "work: found a folder of data",
                      [&] { load_data((folder_ / "work").string(), options_); }));
}

TEST_F(Locate, TheClassesAreThoseOfTheLabelsOrAsManyAsTheCallerSays) {
  const fs::path folder = put(folder_ / "letters", 26);
  EXPECT_EQ(load_data(folder.string(), options_).train.class_count(), 27u);
  options_.read.class_count = 30;
  EXPECT_EQ(load_data(folder.string(), options_).train.class_count(), 30u);
  options_.read.class_count = 10;
  EXPECT_TRUE(refuses(ErrorKind::format, "label 26", [&] { load_data(folder.string(), options_); }));
}

TEST_F(Locate, AShareForTheTestPartIsForSetsThatHaveNone) {
  const fs::path folder = put(folder_ / "set", 1);
  options_.test.share = 0.2;
  EXPECT_TRUE(refuses(ErrorKind::config, "has a test part", [&] { load_data(folder.string(), options_); }));
  EXPECT_TRUE(refuses(ErrorKind::config, "has a test part", [&] { load_data("sample", options_); }));
}

TEST_F(Locate, FindingsSayWhatIsThere) {
  EXPECT_EQ(examined(folder_ / "nowhere").found, Found::nothing);
  EXPECT_EQ(examined(folder_.path()).detail, "none of the four files");
  const fs::path folder = put(folder_ / "set", 1);
  EXPECT_EQ(examined(folder).detail, "20 + 10 images of 2x3");
  write_file_atomically(folder / "train-images-idx3-ubyte.gz", std::string_view("broken"));
  EXPECT_EQ(examined(folder).found, Found::broken);
  EXPECT_NE(examined(folder).detail.find("train-images-idx3-ubyte.gz"), std::string::npos);
  fs::remove(folder / "train-images-idx3-ubyte.gz");
  EXPECT_EQ(examined(folder).found, Found::incomplete);
  fs::create_symlink("nowhere", folder_ / "dangling.npz");
  EXPECT_EQ(examined(folder_ / "dangling.npz").found, Found::broken);
}

TEST_F(Locate, WithoutDataANamedSampleOrAnErrorRemains) {
  EXPECT_TRUE(load_data("mnist", options_).is_sample);
  EXPECT_TRUE(load_data("sample", options_).is_sample);
  options_.allow_sample = false;
  EXPECT_TRUE(refuses(ErrorKind::io, "MNIST was not found", [&] { load_data("mnist", options_); }));
  EXPECT_TRUE(load_data("sample", options_).is_sample);
}

TEST_F(Locate, AFailedDownloadIsToldAndTheSampleUsed) {
  options_.allow_download = true;
  options_.download.mirrors = {"http://127.0.0.1:1/"};
  EXPECT_TRUE(load_data("mnist", options_).is_sample);
  EXPECT_NE(notes_.find("cannot be downloaded"), std::string::npos) << notes_;
  options_.allow_sample = false;
  EXPECT_THROW(load_data("mnist", options_), Error);
}

TEST_F(Locate, RootsComeFromTheEnvironment) {
  struct Variable {
    const char* name;
    std::string before;
    bool was_set;
  };
  std::vector<Variable> variables;
  for (const char* name : {"INKLING_DATA", "HOME", "XDG_CACHE_HOME"}) {
    const char* value = std::getenv(name);
    variables.push_back({name, value != nullptr ? value : "", value != nullptr});
    ::unsetenv(name);
  }
  EXPECT_TRUE(search_roots().cache.empty());
  EXPECT_TRUE(search_roots().keras.empty());
  EXPECT_EQ(search_places(search_roots()).front().path, "./data/MNIST");
  ::setenv("HOME", "/home/a", 1);
  EXPECT_EQ(search_roots().cache, "/home/a/.cache/inkling/mnist");
  EXPECT_EQ(search_roots().keras, "/home/a/.keras/datasets/mnist.npz");
  ::setenv("XDG_CACHE_HOME", "/cache", 1);
  ::setenv("INKLING_DATA", "/data", 1);
  EXPECT_EQ(search_roots().cache, "/cache/inkling/mnist");
  EXPECT_EQ(search_roots().chosen, "/data");
  EXPECT_TRUE(search_places(search_roots()).front().chosen);
  for (const Variable& variable : variables) {
    if (variable.was_set)
      ::setenv(variable.name, variable.before.c_str(), 1);
    else
      ::unsetenv(variable.name);
  }
}

TEST_F(Locate, RealMnistIsRecognisedInASharedFolderAndByName) {
  const char* mnist = std::getenv("INKLING_DATA");
  if (mnist == nullptr) GTEST_SKIP() << "needs $INKLING_DATA, a folder that has MNIST";
  fs::create_directories(folder_ / "shared");
  fs::create_directory_symlink(fs::absolute(mnist), folder_ / "shared/mnist");
  const DataSplit data = load_data("mnist", options_);
  EXPECT_TRUE(data.is_mnist);
  EXPECT_EQ(data.origin, "MNIST in " + (folder_ / "shared/mnist").string());
}

}  // namespace
}  // namespace inkling
