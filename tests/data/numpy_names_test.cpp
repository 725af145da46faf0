// Which array a name stands for: the names that circulate, and each way in which a set of them is none.
#include "inkling/data/numpy_names.h"

#include "inkling/data/npy_folder.h"
#include "tests/data/scratch.h"
#include "tests/data/zip_writer.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

using Names = std::vector<std::string>;

// "train images, train labels, test images, test labels" as names.
Names found(const Names& names) {
  const ArraySet set = find_arrays(names, "a");
  Names result = {names[set.train.images], names[set.train.labels]};
  if (set.test) {
    result.push_back(names[set.test->images]);
    result.push_back(names[set.test->labels]);
  }
  return result;
}

TEST(NumpyNames, SetsOfFourThatCirculate) {
  for (const Names& names : {Names{"x_train", "y_train", "x_test", "y_test"},  // Keras
                             Names{"X_train", "Y_train", "X_test", "Y_test"},  // scikit-learn's habit
                             Names{"train_images", "train_labels", "test_images", "test_labels"},  // MedMNIST
                             Names{"training_images", "training_labels", "testing_images", "testing_labels"},
                             Names{"trainX", "trainY", "testX", "testY"}, Names{"xtrain", "ytrain", "xtest", "ytest"},
                             Names{"train_data", "train_targets", "test_data", "test_targets"},
                             Names{"k49-train-imgs", "k49-train-labels", "k49-test-imgs", "k49-test-labels"}}) {
    EXPECT_EQ(found(names), names);
    EXPECT_EQ(found({names[3], names[1], names[2], names[0]}), names);  // in any order
  }
}

TEST(NumpyNames, SetsOfTwoAreATrainingPart) {
  for (const Names& names : {Names{"images", "labels"}, Names{"X", "y"}, Names{"x", "y"}, Names{"data", "target"},
                             Names{"arr_0", "arr_1"}, Names{"image", "label"}, Names{"x_train", "y_train"},
                             Names{"images", "image_labels"}, Names{"img", "cls_label"}}) {
    EXPECT_EQ(found(names), names);
    EXPECT_EQ(found({names[1], names[0]}), names);
  }
}

TEST(NumpyNames, ValidationPartsAndOthersArePassedOver) {
  const Names names = {"train_images", "val_images", "train_labels", "val_labels", "class_names", "meta"};
  const ArraySet set = find_arrays(names, "a");
  EXPECT_EQ(set.others, (std::vector<std::size_t>{1, 3, 4, 5}));
  EXPECT_FALSE(set.test.has_value());
}

TEST(NumpyNames, NamesThatSayNothingAreRefusedAndListed) {
  EXPECT_TRUE(
      refuses(ErrorKind::format, "a: no arrays of images and labels are known by these names: weights, bias", [] {
        find_arrays(Names{"weights", "bias"}, "a");
      }));
  EXPECT_TRUE(refuses(ErrorKind::format, "by these names: (none)", [] { find_arrays(Names{}, "a"); }));
}
TEST(NumpyNames, TwoNamesForOneArrayAreRefused) {
  EXPECT_TRUE(
      refuses(ErrorKind::format, "a: x_train and train_images could both be the images of the training part", [] {
        find_arrays(Names{"x_train", "train_images", "y_train"}, "a");
      }));
}
TEST(NumpyNames, ImagesWithoutLabelsAreRefused) {
  EXPECT_TRUE(refuses(ErrorKind::format, "a: x_test is there, and its labels are missing", [] {
    find_arrays(Names{"x_train", "y_train", "x_test"}, "a");
  }));
}
TEST(NumpyNames, ATestPartAloneIsRefused) {
  EXPECT_TRUE(refuses(ErrorKind::format, "x_test and y_test are a test part; the training part is missing", [] {
    find_arrays(Names{"x_test", "y_test"}, "a");
  }));
}

// ---- folders of .npy files

void write_pair(const Scratch& folder, const std::string& images, const std::string& labels, const Dataset& data) {
  write_file_atomically(folder / images,
                        npy(npy_dictionary("|u1", fmt::format("({}, 2, 3)", data.count())), data.pixels));
  write_file_atomically(folder / labels, npy(npy_dictionary("|u1", fmt::format("({},)", data.count())), data.labels));
}

TEST(NpyFolder, PairsOfFilesAreReadFromTheFolderAndFromOneOfThem) {
  Scratch folder;
  const Dataset train = tiny_set(12), test = tiny_set(4, 90);
  write_pair(folder, "x_train.npy", "y_train.npy", train);
  write_pair(folder, "x_test.npy", "y_test.npy", test);
  write_file_atomically(folder / "README.txt", std::string_view("by hand"));
  EXPECT_TRUE(is_npy_folder(folder.path()));
  for (const auto& path : {folder.path(), folder / "x_train.npy"}) {
    const SourceParts parts = load_npy_folder(path);
    EXPECT_TRUE(same(parts.train, train));
    EXPECT_TRUE(same(parts.test.value(), test));
  }
}

TEST(NpyFolder, ImagesAndLabelsAloneHaveNoTestPart) {
  Scratch folder;
  write_pair(folder, "images.npy", "labels.npy", tiny_set(12));
  const SourceParts parts = load_npy_folder(folder.path());
  EXPECT_TRUE(same(parts.train, tiny_set(12)));
  EXPECT_FALSE(parts.test.has_value());
}

TEST(NpyFolder, MoreClassesThanDigitsAreCounted) {
  Scratch folder;
  Dataset data = tiny_set(12);
  data.labels[3] = 25;
  write_pair(folder, "images.npy", "labels.npy", data);
  EXPECT_EQ(load_npy_folder(folder.path()).train.class_count(), 26u);
  EXPECT_TRUE(refuses(ErrorKind::format, "labels.npy: label 25 of image 3 is out of range",
                      [&] { load_npy_folder(folder.path(), 10); }));
}

TEST(NpyFolder, AFolderWithoutArraysIsNone) {
  Scratch folder;
  EXPECT_FALSE(is_npy_folder(folder.path()));
  EXPECT_TRUE(refuses(ErrorKind::format, "by these names: (none)", [&] { load_npy_folder(folder.path()); }));
}

TEST(NpyFolder, AFileThatIsNoArrayIsNamed) {
  Scratch folder;
  write_pair(folder, "images.npy", "labels.npy", tiny_set(3));
  write_file_atomically(folder / "labels.npy", std::string_view("not an array"));
  EXPECT_TRUE(refuses(ErrorKind::format, "labels.npy: not a NumPy array", [&] { load_npy_folder(folder.path()); }));
}

}  // namespace
}  // namespace inkling
