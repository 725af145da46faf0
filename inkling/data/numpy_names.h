// Which array of a set a name stands for: x_train, train_images, X_test, y, labels, ...
//
// A name is cut into words (at what is no letter and before capitals). One word says what the array is: x, image(s),
// img(s), data, pixels, features or y, label(s), target(s), class(es); another may say of which part: train, training,
// test, testing. Without one it is the training part. Names of neither kind, and those of a validation part, are
// passed over. Refused: two names for one array, images without labels or labels without images, a test part alone.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/core/file.h"
#include "inkling/data/dataset.h"
#include "inkling/data/npy_array.h"

namespace inkling {

// Where in a list of names the arrays of one part stand.
struct ArrayPair {
  std::size_t images = 0;
  std::size_t labels = 0;
};

struct ArraySet {
  ArrayPair train;
  std::optional<ArrayPair> test{};
  std::vector<std::size_t> others{};  // passed over
};

// `where` names the archive or folder in errors. Throws Error format, as above; where no name is known at all it says
// which there are and which are.
ArraySet find_arrays(std::span<const std::string> names, std::string_view where);

// How to read the array of the name at `index`; `where` is what to call it in errors.
struct ArrayReaders {
  std::function<ImageArray(std::size_t index, const std::string& where)> images;
  std::function<Bytes(std::size_t index, const std::string& where)> labels;
};

// The set of these names. With class_count 0 there are as many classes as the labels need, and at least ten. `note`
// gets a remark where names are passed over. Throws Error: as find_arrays, make_dataset and check_same_kind, and what
// the readers throw.
SourceParts read_arrays(std::span<const std::string> names, std::string_view where, std::size_t class_count,
                        const ArrayReaders& readers, const std::function<void(const std::string&)>& note);

}  // namespace inkling
