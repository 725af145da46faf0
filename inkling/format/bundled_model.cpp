#include "inkling/format/bundled_model.h"

#include <cstdint>
#include <span>

#include "inkling/core/error.h"
#include "inkling/format/strict_json.h"

// Defined in models/models.S.
extern "C" {
extern const std::uint8_t inkling_model_digits[];
extern const std::uint64_t inkling_model_digits_size;
}

namespace inkling {

bool is_bundled_model(std::string_view name) { return name == kDefaultModel; }

LoadedModel load_bundled_model(std::string_view name) {
  if (!is_bundled_model(name))
    fail(ErrorKind::config, "there is no bundled model {}; there is: {}", in_quotes(name), kDefaultModel);
  return model_from_bytes({inkling_model_digits, inkling_model_digits_size}, "the bundled model digits");
}

}  // namespace inkling
