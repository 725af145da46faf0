// Any bytes as a run's two files, config.json up to the first NUL and metrics.jsonl behind it: either one
// inkling::Error, or a history that keeps what its header promises.
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "inkling/core/error.h"
#include "inkling/model/mlp.h"
#include "inkling/report/history.h"

namespace {

bool keeps_its_promises(const inkling::RunHistory& run) {
  const std::size_t tensors = inkling::parameter_table(run.recipe.network).size();
  std::size_t last = 0;
  for (const inkling::EpochRecord& e : run.epochs) {
    if (e.epoch <= last || e.tensors.size() != tensors || std::isinf(e.test_loss)) return false;
    if (e.validation_loss.has_value() != e.validation_accuracy.has_value()) return false;
    last = e.epoch;
  }
  const auto best = inkling::best_epoch(run);
  return !best || *best < run.epochs.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t nul = text.find('\0');
  try {
    const std::string_view metrics = nul == text.npos ? std::string_view() : text.substr(nul + 1);
    if (!keeps_its_promises(inkling::history_from_text(text.substr(0, nul), metrics, "fuzz"))) std::abort();
  } catch (const inkling::Error&) {
  }
  return 0;
}
