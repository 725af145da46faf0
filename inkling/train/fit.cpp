#include "inkling/train/fit.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include "inkling/core/error.h"
#include "inkling/data/batches.h"
#include "inkling/model/backprop.h"

namespace inkling {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The weights as they were at the end of the last epoch that ended well.
class LastGood {
 public:
  explicit LastGood(const Mlp& model) { keep(model, 0); }
  void keep(const Mlp& model, std::size_t epoch) {
    weights_.assign(model.arena().begin(), model.arena().end());
    epoch_ = epoch;
  }
  // Gives them back and says what happened.
  [[noreturn]] void restore_and_fail(Mlp& model, const FitOptions& options, std::size_t epoch, const std::string& where,
                                     const std::string& what) const {
    std::ranges::copy(weights_, model.arena().begin());
    const float rate = options.optimizer.learning_rate;
    fail(ErrorKind::numeric,
         "{} in epoch {}, {}: the learning rate, {}, is most likely too high; try {:.2g}. The model is "
         "as it was {}",
         what, epoch, where, rate, rate / 10,
         epoch_ == 0 ? std::string("before training") : fmt::format("after epoch {}", epoch_));
  }

 private:
  std::vector<float> weights_;
  std::size_t epoch_ = 0;
};

}  // namespace

FitResult fit(const Runtime& rt, Mlp& model, const Dataset& train, const Dataset& test, const FitOptions& options,
              const FitCallbacks& callbacks) {
  check_fit(model.config(), train);
  check_fit(model.config(), test);
  Batches batches(train, {.size = options.batch, .seed = options.seed});
  Optimizer optimizer(model, options.optimizer);
  Workspace ws(model, batches.size());
  constexpr std::size_t kTestBatch = 512;  // guess, as in evaluate()
  Workspace test_ws(model, std::min(kTestBatch, test.count()));
  LastGood last_good(model);
  FitResult result;
  bool go_on = true;

  for (std::size_t epoch = 1; epoch <= options.epochs && go_on; ++epoch) {
    const auto start = std::chrono::steady_clock::now();
    double total_loss = 0;
    std::size_t correct = 0;
    FitProgress progress{.epoch = epoch, .batches = batches.count()};
    for (const Batch& batch : batches.epoch(epoch - 1)) {
      forward(rt, model, batch.pixels, ws);
      const double loss = softmax_cross_entropy(rt, batch.labels, ws);
      if (!std::isfinite(loss))
        last_good.restore_and_fail(model, options, epoch,
                                   fmt::format("batch {} of {}", progress.batches_done + 1, progress.batches),
                                   fmt::format("the loss became {}", loss));
      backward(rt, model, batch.pixels, ws);
      optimizer.step(rt, model, ws);

      total_loss += loss * static_cast<double>(ws.batch);
      correct += ws.correct;
      progress.images_done += ws.batch;
      ++progress.batches_done;
      progress.loss = total_loss / static_cast<double>(progress.images_done);
      go_on = !callbacks.on_batch || callbacks.on_batch(progress);
      if (!go_on) break;
    }
    const double train_seconds = seconds_since(start);

    const auto test_start = std::chrono::steady_clock::now();
    result.test = evaluate(rt, model, test, test_ws);
    if (!std::isfinite(result.test.loss))
      last_good.restore_and_fail(model, options, epoch, "on the test set after its last batch",
                                 fmt::format("the loss became {}", result.test.loss));
    // A unit with a bias of minus infinity is dead and leaves the loss finite.
    if (!std::ranges::all_of(model.arena(), [](float w) { return std::isfinite(w); }))
      last_good.restore_and_fail(model, options, epoch, "after its last batch", "a weight left the finite numbers");
    if (progress.batches_done < progress.batches) {
      result.batches_after = progress.batches_done;
      break;
    }
    result.epochs = epoch;
    last_good.keep(model, epoch);
    if (callbacks.on_epoch)
      callbacks.on_epoch({.epoch = epoch,
                          .train_loss = total_loss / static_cast<double>(train.count()),
                          .train_accuracy = static_cast<double>(correct) / static_cast<double>(train.count()),
                          .test = result.test,
                          .train_seconds = train_seconds,
                          .test_seconds = seconds_since(test_start)});
  }
  return result;
}

}  // namespace inkling
