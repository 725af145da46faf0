#include "inkling/data/dataset.h"

#include <algorithm>
#include <utility>

#include "inkling/core/error.h"

namespace inkling {

std::vector<std::string> digit_names(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

std::size_t classes_of(std::span<const std::uint8_t> train_labels, std::span<const std::uint8_t> test_labels) {
  std::size_t classes = kDigitClasses;
  for (const auto labels : {train_labels, test_labels})
    if (!labels.empty()) classes = std::max<std::size_t>(classes, std::size_t{1} + *std::ranges::max_element(labels));
  return classes;
}

Dataset make_dataset(std::size_t height, std::size_t width, std::vector<std::uint8_t> pixels,
                     std::vector<std::uint8_t> labels, std::size_t class_count, std::string_view where) {
  if (class_count == 0 || class_count > kMaxClasses)
    fail(ErrorKind::config, "{}: {} classes asked for; give 1 to {}", where, class_count, kMaxClasses);
  if (height == 0 || width == 0) fail(ErrorKind::shape, "{}: images of {}x{} have no pixels", where, height, width);
  const std::size_t count = pixels.size() / height / width;
  if (count == 0) fail(ErrorKind::shape, "{}: expected at least one image, found none", where);
  if (count != labels.size())
    fail(ErrorKind::shape, "{}: {} images, but {} labels; the two belong to different sets, or one is cut short", where,
         count, labels.size());
  const auto wrong =
      std::find_if(labels.begin(), labels.end(), [&](std::uint8_t label) { return label >= class_count; });
  if (wrong != labels.end())
    fail(ErrorKind::format, "{}: label {} of image {} is out of range: expected 0 to {} for {} classes", where, *wrong,
         wrong - labels.begin(), class_count - 1, class_count);
  return {height, width, std::move(pixels), std::move(labels), digit_names(class_count)};
}

void check_same_kind(const Dataset& train, const Dataset& test, std::string_view where) {
  if (train.height != test.height || train.width != test.width)
    fail(ErrorKind::shape, "{}: the training images are {}x{} and the test images {}x{}; expected one size", where,
         train.height, train.width, test.height, test.width);
  if (train.class_names != test.class_names)
    fail(ErrorKind::shape, "{}: {} classes in the training part and {} in the test part; expected the same", where,
         train.class_count(), test.class_count());
}

}  // namespace inkling
