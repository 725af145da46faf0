// Images and their labels, as the network reads them.
//
// Pixels stay bytes: 47 MB for MNIST's training part, not 188 MB. The invariants, which every reader establishes before
// it returns a Dataset: at least one image, pixels.size() == count() * height * width, one label an image, every label
// below class_count().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/core/view.h"

namespace inkling {

inline constexpr std::size_t kDigitClasses = 10;  // derived: the digits 0 to 9
inline constexpr std::size_t kMaxClasses = 256;   // derived: a label is a byte

struct Dataset {
  std::size_t height = 0;  // of one image, in pixels
  std::size_t width = 0;
  std::vector<std::uint8_t> pixels;      // (count, height * width), row-major; 0 is background, 255 is full ink
  std::vector<std::uint8_t> labels;      // (count), each below class_count()
  std::vector<std::string> class_names;  // "0" to "9" for digits

  std::size_t count() const { return labels.size(); }
  std::size_t image_size() const { return height * width; }
  std::size_t class_count() const { return class_names.size(); }
  PixelView images() const { return {pixels.data(), count(), image_size()}; }
  PixelView image(std::size_t index) const { return images().middle_rows(index, 1); }
};

// A training part and a test part of the same image size and classes.
struct TrainTest {
  Dataset train;
  Dataset test;
};

// One part, or a training and a test part of the same image size and classes.
struct SourceParts {
  Dataset train;  // all there is, where there is one part
  std::optional<Dataset> test{};
};

// How a test part was made of a set that has none.
struct MadeTestPart {
  double share = 0;  // of each class
  std::uint64_t seed = 0;

  bool operator==(const MadeTestPart&) const = default;
};

// The same, and what it is. A part that was not asked for has no images (inkling/data/test_part.h).
struct DataSplit {
  Dataset train;
  Dataset test;
  std::string origin;      // for people: "MNIST in data/mnist", "the bundled sample (4,000 + 1,000 digits)"
  bool is_mnist = false;   // its labels and test images have MNIST's checksums: scores can be compared with others'
  bool is_sample = false;  // the bundled sample: its scores are not MNIST's
  std::optional<MadeTestPart> made_test{};  // where the test part was held out of the training part
};

// "0", "1", ... up to count - 1.
std::vector<std::string> digit_names(std::size_t count = kDigitClasses);

// How many classes labels need that are numbers and not names: one more than the largest, and at least ten, so that a
// few digits are still digits.
std::size_t classes_of(std::span<const std::uint8_t> train_labels, std::span<const std::uint8_t> test_labels = {});

// Puts images and labels together and establishes the invariants above. `where` names the source in errors.
// Throws Error: config (no classes, or more than kMaxClasses), shape (no images, images without pixels, another number
// of labels than of images), format (a label that is not below class_count).
Dataset make_dataset(std::size_t height, std::size_t width, std::vector<std::uint8_t> pixels,
                     std::vector<std::uint8_t> labels, std::size_t class_count, std::string_view where);

// Throws Error shape: the two parts differ in image size or classes.
void check_same_kind(const Dataset& train, const Dataset& test, std::string_view where);

}  // namespace inkling
