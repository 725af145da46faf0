#include "inkling/kernel/runtime.h"

#include "inkling/core/error.h"

namespace inkling {

Runtime::Runtime(const RuntimeOptions& options)
    : pool_(options.threads),
      kernels_(&kernels_for(options.isa ? isa_from_name(name(*options.isa)) : available_isas().back())) {}

std::string Runtime::describe() const {
  return fmt::format("{} thread{}, {}", threads(), threads() == 1 ? "" : "s", name(kernels_->isa));
}

}  // namespace inkling
