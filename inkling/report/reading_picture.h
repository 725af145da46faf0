// Images as they were given beside what the network saw of them, and what it read: `predict --show FILE.png`.
#pragma once

#include <span>
#include <string>

#include "inkling/image/prepare.h"
#include "inkling/report/picture.h"

namespace inkling {

inline constexpr std::size_t kMaxShownReadings = 20;  // guess: rows of a picture that is still looked at

struct ShownReading {
  std::string name;    // the file's
  std::string answer;  // "7, 99.2 %"
  const Image& given;
  const Prepared& prepared;
};

// One row an image; of more than kMaxShownReadings the first ones, and the page says so. In the given image a frame
// marks where the ink was found. Throws Error config: a build without FreeType, no reading.
Picture reading_picture(std::span<const ShownReading> readings);

}  // namespace inkling
