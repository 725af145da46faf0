// The test part of a set: its own where it has one, otherwise a share of its images, or all of them, or none.
//
// To train, a share is held out: the one that is asked for, or else kUsualTestShare with a remark. To measure, a set
// without a test part is one. The share is drawn by a seed of its own, evenly by class, so that runs with different
// seeds are measured on the same images. Refused: a share for a set that has a test part, or that leaves either part
// without an image.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "inkling/data/dataset.h"

namespace inkling {

inline constexpr double kUsualTestShare = 0.1;  // guess; more where a class has less than five images

// What becomes of a set that has no test part where no share is named.
enum class WithoutTest {
  hold_out,  // kUsualTestShare of it is the test part
  all_test,  // it is the test part; the training part has no images
  none,      // it is the training part; the test part has no images
};

struct TestPartOptions {
  std::optional<double> share{};  // of each class, above 0 and below 1
  std::uint64_t seed = 1;
  WithoutTest without = WithoutTest::hold_out;
};

// The images are moved, not copied, but for those that are held out. `where` names the source in errors and in the
// origin; `note` gets the remark. Throws Error config.
DataSplit with_test_part(SourceParts parts, const TestPartOptions& options, std::string_view where,
                         const std::function<void(const std::string&)>& note = {});

}  // namespace inkling
