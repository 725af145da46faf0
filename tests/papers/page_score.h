// What a reading of a made page is worth, held against the page's truth.
#pragma once

#include <cstddef>
#include <string>

#include "inkling/reader/page.h"
#include "tests/papers/compose.h"

namespace inkling::papers {

struct PageScore {
  std::size_t pages = 0;
  std::size_t truths = 0;       // digits written
  std::size_t found = 0;        // of them, those with a box of their own: over 0.3 of the union of both is shared
  std::size_t refused = 0;      // of those found, "not a digit"
  std::size_t right = 0;        // of those found, read as what they are
  std::size_t extra = 0;        // answers, not refused, where no digit was written or where it had an answer already
  std::size_t in_order = 0;     // pages whose found digits come in reading order, each in its line
  std::size_t whole_texts = 0;  // pages whose text is the truth, spaces and lines included

  PageScore& operator+=(const PageScore& other);
};

// Of one page. `class_names` are the model's.
PageScore score(const Page& page, const PageReading& reading, const std::vector<std::string>& class_names);

}  // namespace inkling::papers
