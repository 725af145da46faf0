// The models that come with Inkling: "digits", which reads handwritten digits of any hand and on any paper, and knows
// when not to. models/README.md says how it was made.
#pragma once

#include <string_view>

#include "inkling/format/model_file.h"

namespace inkling {

inline constexpr std::string_view kDefaultModel = "digits";

bool is_bundled_model(std::string_view name);

// Throws Error config: there is no model of that name; the text has those that there are.
LoadedModel load_bundled_model(std::string_view name = kDefaultModel);

}  // namespace inkling
