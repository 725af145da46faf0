// Whether a call throws the Error that is meant: its kind, and a part of its text, so that one refusal cannot stand in
// for another.
#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include "inkling/core/error.h"

namespace inkling {

template <typename Work>
testing::AssertionResult refuses(ErrorKind kind, std::string_view part, const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    if (error.kind() == kind && std::string_view(error.what()).find(part) != std::string_view::npos)
      return testing::AssertionSuccess();
    return testing::AssertionFailure() << "expected " << name(kind) << " '" << part << "', threw " << name(error.kind())
                                       << " '" << error.what() << "'";
  }
  return testing::AssertionFailure() << "expected " << name(kind) << " '" << part << "', nothing was thrown";
}

}  // namespace inkling
