#include "inkling/core/error.h"

#include <gtest/gtest.h>

namespace inkling {
namespace {

TEST(Error, CarriesItsKindAndText) {
  try {
    fail(ErrorKind::limit, "{} is more than {}", 2, 1);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::limit);
    EXPECT_STREQ(e.what(), "2 is more than 1");
  }
  EXPECT_EQ(name(ErrorKind::numeric), "numeric");
}

}  // namespace
}  // namespace inkling
