// The instruction sets that whole training runs are repeated on.
#pragma once

#include <algorithm>
#include <vector>

#include "inkling/kernel/isa.h"

namespace inkling {

// All that this machine has; under a sanitizer without `portable`, whose multiply-adds in software would then take
// minutes. The kernels' own tests run on each one everywhere.
inline std::vector<Isa> training_isas() {
  std::vector<Isa> isas = available_isas();
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  if (isas.size() > 1) std::erase(isas, Isa::portable);
#endif
  return isas;
}

}  // namespace inkling
