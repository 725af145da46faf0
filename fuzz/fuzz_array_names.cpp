// Any lines as the names of a set's arrays: either one inkling::Error, or each array found once among the names.
#include <cstdlib>
#include <string>
#include <vector>

#include "inkling/core/error.h"
#include "inkling/data/folder.h"
#include "inkling/data/numpy_names.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> names(1);
  for (std::size_t i = 0; i < size; ++i) {
    if (data[i] == '\n')
      names.emplace_back();
    else
      names.back() += static_cast<char>(data[i]);
  }
  // The order of names is one: nothing stands before itself, nor two names before each other.
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    require(!inkling::natural_less(names[i], names[i]));
    require(!inkling::natural_less(names[i], names[i + 1]) || !inkling::natural_less(names[i + 1], names[i]));
    require(names[i] == names[i + 1] || inkling::natural_less(names[i], names[i + 1]) ||
            inkling::natural_less(names[i + 1], names[i]));
  }
  try {
    const inkling::ArraySet set = inkling::find_arrays(names, "fuzz");
    std::vector<std::size_t> uses(names.size());
    ++uses.at(set.train.images);
    ++uses.at(set.train.labels);
    if (set.test) {
      ++uses.at(set.test->images);
      ++uses.at(set.test->labels);
    }
    for (const std::size_t other : set.others) ++uses.at(other);
    for (const std::size_t use : uses) require(use == 1);
  } catch (const inkling::Error&) {
  }
  return 0;
}
