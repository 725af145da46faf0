#include "inkling/train/fit.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <utility>

#include "inkling/core/error.h"
#include "inkling/data/batches.h"
#include "inkling/model/backprop.h"
#include "inkling/train/thread_choice.h"

namespace inkling {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// One run: the parts that fit() is made of, and where they stand.
class Run {
 public:
  Run(const Runtime& rt, Mlp& model, const FitData& data, const FitOptions& options, const FitCallbacks& callbacks)
      : rt_(rt),
        threads_(rt),
        model_(model),
        data_(data),
        options_(options),
        callbacks_(callbacks),
        batches_(data.train, {.size = options.batch, .seed = options.seed}),
        steps_per_epoch_((batches_.count() + options.accumulate - 1) / options.accumulate),
        total_steps_(options.stop.max_steps > 0
                         ? std::min<std::uint64_t>(options.stop.max_steps, options.epochs * steps_per_epoch_)
                         : options.epochs * steps_per_epoch_),
        optimizer_(model, options.optimizer),
        schedule_(options.schedule, options.optimizer.learning_rate, total_steps_, steps_per_epoch_),
        gradient_(model, options.gradient, options.accumulate > 1),
        averaging_(options.averaging),
        ws_(model, batches_.size(), options.precision),
        test_ws_(model,
                 std::min(kTestBatch, std::max(data.test.count(), data.validation ? data.validation->count() : 1))) {
    state_.last_good = Weights::of(model);
  }

  void restore(const FitState& from);
  FitResult run();

 private:
  static constexpr std::size_t kTestBatch = 512;  // guess, as in evaluate()

  bool train_epoch();
  bool step_is_due(std::size_t batch) const {
    return (batch + 1) % options_.accumulate == 0 || batch + 1 == batches_.count();
  }
  std::size_t images_of_step(std::size_t batch) const;
  void step(bool last_of_epoch);
  void fused_step(const Batch& batch);
  void after_step();
  void finish_epoch();
  void report(double train_seconds);
  bool look_for_the_best(const std::optional<Metrics>& validation);
  void give_state(bool epoch_ends);
  void finish();
  Metrics measure(const Mlp& model, const Dataset& data);
  [[noreturn]] void restore_and_fail(const std::string& where, const std::string& what);
  std::uint64_t epoch() const { return state_.epochs + 1; }
  double trained() const { return state_.seconds + seconds_since(start_); }

  const Runtime& rt_;
  ThreadChoice threads_;
  const Runtime* step_rt_ = &rt_;  // what the step that is under way runs on
  Mlp& model_;
  const FitData data_;
  const FitOptions options_;
  const FitCallbacks& callbacks_;
  Batches batches_;
  std::uint64_t steps_per_epoch_, total_steps_;
  Optimizer optimizer_;
  Schedule schedule_;
  Gradient gradient_;
  bool may_fuse_ = gradient_.is_plain() && optimizer_.fuses();
  Averaging averaging_;
  Workspace ws_, test_ws_;
  FitState state_;  // its counters are always right; the rest is filled in when somebody asks
  std::uint64_t steps_ = 0;
  float rate_ = 0;
  std::vector<float> before_;  // the arena before an epoch's last step
  double train_seconds_ = 0;   // since the last report
  Clock::time_point start_ = Clock::now();
  FitResult result_;
};

void Run::restore(const FitState& from) {
  const auto fits = [&](const Weights& w) {
    return w.parameters.size() == model_.arena().size() && w.statistics.size() == model_.statistics().size();
  };
  if (!fits(from.last_good) || (from.best_epoch != 0 && options_.stop.keep == Keep::best && !fits(from.best_weights)) ||
      (from.averaging.count != 0 && !fits({from.averaging.weights, from.averaging.statistics})))
    fail(ErrorKind::shape, "the saved run's weights do not fit {}", describe(model_.config()));
  if (from.batch >= batches_.count() || from.batch % options_.accumulate != 0)
    fail(ErrorKind::shape, "the saved run stands at batch {} of an epoch that has {}, {} to a step", from.batch,
         batches_.count(), options_.accumulate);
  optimizer_.restore(from.optimizer);
  from.weights.copy_to(model_);  // the last that can fail: a state that is refused leaves the model as it was
  schedule_.restore(from.schedule);
  averaging_.restore(from.averaging);
  steps_ = from.optimizer.steps;
  state_ = from;
  result_.epochs = from.epochs;
}

// Images of the step that a batch belongs to.
std::size_t Run::images_of_step(std::size_t batch) const {
  const std::size_t first = batch / options_.accumulate * options_.accumulate;
  const std::size_t end = std::min(first + options_.accumulate, batches_.count());
  return std::min(end * batches_.size(), data_.train.count()) - first * batches_.size();
}

// False when the run ends inside the epoch.
bool Run::train_epoch() {
  const auto start = Clock::now();
  batches_.epoch(state_.epochs);
  bool go_on = true, requested = false;
  for (std::size_t b = state_.batch; b < batches_.count() && go_on; ++b) {
    const Batch batch = batches_.gather(b);
    if (b % options_.accumulate == 0) step_rt_ = &threads_.next();
    const std::size_t images = batch.labels.size();
    const double loss = gradient_.loss(*step_rt_, model_, batch, ws_, options_.seed, state_.passes);
    if (!std::isfinite(loss))
      restore_and_fail(fmt::format("batch {} of {}", b + 1, batches_.count()), fmt::format("the loss became {}", loss));
    state_.total_loss += loss * static_cast<double>(images);
    state_.correct += ws_.correct;
    state_.images += images;
    ++state_.passes;
    ++state_.batch;
    const bool last = b + 1 == batches_.count();
    if (may_fuse_ && !last) {
      fused_step(batch);
    } else {
      gradient_.add(*step_rt_, model_, batch, ws_,
                    static_cast<double>(images) / static_cast<double>(images_of_step(b)));
      if (step_is_due(b)) step(last);
    }

    const FitProgress progress{.epoch = epoch(),
                               .batches_done = state_.batch,
                               .batches = batches_.count(),
                               .images_done = state_.images,
                               .loss = state_.total_loss / static_cast<double>(state_.images),
                               .accuracy = static_cast<double>(state_.correct) / static_cast<double>(state_.images)};
    requested = (callbacks_.on_batch && !callbacks_.on_batch(progress)) || requested;
    if (!step_is_due(b)) continue;  // a run ends, and has a state, only between two steps
    const bool all_done = last && epoch() == options_.epochs;
    if (requested && !all_done) result_.reason = StopReason::request;
    if (options_.stop.max_seconds > 0 && trained() >= options_.stop.max_seconds) result_.reason = StopReason::seconds;
    if (steps_ >= total_steps_ && steps_ < options_.epochs * steps_per_epoch_) result_.reason = StopReason::steps;
    go_on = result_.reason == StopReason::epochs;
    if (go_on && !last) give_state(false);
  }
  train_seconds_ += seconds_since(start);
  return go_on;
}

void Run::step(bool last_of_epoch) {
  gradient_.finish(*step_rt_, model_, ws_);
  if (last_of_epoch) before_.assign(model_.arena().begin(), model_.arena().end());
  rate_ = schedule_.rate(steps_);
  optimizer_.step(*step_rt_, model_, ws_, rate_);
  after_step();
}

// The same to the last bit, where the gradient is not looked at.
void Run::fused_step(const Batch& batch) {
  rate_ = schedule_.rate(steps_);
  optimizer_.backward_and_step(*step_rt_, model_, batch.pixels, ws_, rate_);
  after_step();
}

void Run::after_step() {
  bound_norms(*step_rt_, model_, options_.gradient.penalty.max_norm);
  averaging_.after_step(*step_rt_, model_);
  ++steps_;
}

// After the last batch of an epoch.
void Run::finish_epoch() {
  // A unit with a bias of minus infinity is dead and leaves the loss finite.
  if (const auto tensor = first_not_finite(model_, ws_))
    restore_and_fail("after its last batch", fmt::format("'{}' left the finite numbers", *tensor));
  averaging_.after_epoch(model_, epoch());
}

Metrics Run::measure(const Mlp& model, const Dataset& data) {
  const Metrics m = evaluate(rt_, model, data, test_ws_);
  if (!std::isfinite(m.loss))
    restore_and_fail("in the evaluation after its last batch", fmt::format("the loss became {}", m.loss));
  return m;
}

void Run::report(double train_seconds) {
  const auto start = Clock::now();
  const std::unique_ptr<const Mlp> average =
      averaging_.any() ? std::make_unique<const Mlp>(averaging_.averaged(model_)) : nullptr;
  const Mlp& measured = average ? *average : model_;
  std::optional<Metrics> validation;
  if (data_.validation != nullptr) validation = measure(measured, *data_.validation);
  const Metrics test = measure(measured, data_.test);
  const auto images = static_cast<double>(state_.images);
  EpochReport r{.epoch = epoch(),
                .steps = steps_,
                .train_loss = state_.total_loss / images,
                .train_accuracy = static_cast<double>(state_.correct) / images,
                .validation = validation,
                .test = test,
                .train_seconds = train_seconds,
                .test_seconds = 0,
                .learning_rate = rate_,
                .health = tensor_health(model_, before_, ws_),
                .complaints = {}};
  r.complaints = complaints(rt_, model_, data_.train, r.health,
                            static_cast<double>(rate_ / options_.optimizer.learning_rate), test_ws_);
  r.test_seconds = seconds_since(start);
  result_.validation = validation;
  result_.test = test;
  schedule_.observe(validation ? validation->loss : r.train_loss);
  if (!look_for_the_best(validation)) result_.reason = StopReason::patience;
  const double accuracy = validation ? validation->accuracy : test.accuracy;
  if (options_.stop.target_accuracy > 0 && accuracy >= options_.stop.target_accuracy)
    result_.reason = StopReason::target;
  if (callbacks_.on_epoch) callbacks_.on_epoch(r);
}

// False when patience is at its end.
bool Run::look_for_the_best(const std::optional<Metrics>& validation) {
  if (!validation) return true;
  const bool by_loss = options_.stop.watch == Watch::loss;
  const double value = by_loss ? validation->loss : validation->accuracy;
  const bool better = state_.best_epoch == 0 || (by_loss ? value < state_.best : value > state_.best);
  if (better) {
    state_.best = value;
    state_.best_epoch = epoch();
    state_.epochs_without_better = 0;
    if (options_.stop.keep == Keep::best)
      state_.best_weights = Weights::of(averaging_.any() ? averaging_.averaged(model_) : model_);
    return true;
  }
  ++state_.epochs_without_better;
  return options_.stop.patience == 0 || state_.epochs_without_better < options_.stop.patience;
}

void Run::give_state(bool epoch_ends) {
  if (!callbacks_.wants_state || !callbacks_.wants_state(epoch_ends)) return;
  FitState full = state_;
  full.weights = Weights::of(model_);
  full.optimizer = optimizer_.state();
  full.schedule = schedule_.state();
  full.averaging = averaging_.state();
  full.seconds = trained();
  if (callbacks_.on_state) callbacks_.on_state(full);
}

FitResult Run::run() {
  start_ = Clock::now();
  bool go_on = true;
  while (state_.epochs < options_.epochs && go_on) {
    go_on = train_epoch();
    if (state_.batch < batches_.count()) {  // ended inside the epoch
      give_state(true);
      result_.batches_after = state_.batch;
      break;
    }
    finish_epoch();
    // A run that was asked to stop may be resumed, and must not have looked at itself when the unbroken one would not.
    const bool ends = !go_on && result_.reason != StopReason::request;
    if (epoch() % options_.report_every == 0 || epoch() == options_.epochs || ends) {
      report(std::exchange(train_seconds_, 0));
      go_on = go_on && result_.reason == StopReason::epochs;
    }
    result_.epochs = ++state_.epochs;
    state_.batch = 0;
    state_.images = state_.correct = 0;
    state_.total_loss = 0;
    state_.last_good = Weights::of(model_);
    if (state_.epochs < options_.epochs && (go_on || result_.reason == StopReason::request)) give_state(true);
  }
  finish();
  return result_;
}

// The weights that the run ends with, and what they reach.
void Run::finish() {
  const bool best = options_.stop.keep == Keep::best && state_.best_epoch != 0;
  if (best) {
    state_.best_weights.copy_to(model_);
    result_.best_epoch = state_.best_epoch;
  } else if (averaging_.any()) {
    model_ = averaging_.averaged(model_);
  }
  result_.steps = steps_;
  if (data_.validation != nullptr) result_.validation = measure(model_, *data_.validation);
  result_.test = measure(model_, data_.test);
}

// Gives the last good weights back and says what happened.
void Run::restore_and_fail(const std::string& where, const std::string& what) {
  const std::optional<std::string> tensor = first_not_finite(model_, ws_);
  state_.last_good.copy_to(model_);
  const float rate = options_.optimizer.learning_rate;
  const std::string clip = options_.gradient.clip_norm == 0 ? ", or bound the gradient with clip_norm 1" : "";
  fail(ErrorKind::numeric,
       "{} in epoch {}, {}{}: the learning rate, {}, is most likely too high; try {:.2g}{}. The model is as it was {}",
       what, epoch(), where, tensor ? fmt::format(" (first not finite: '{}')", *tensor) : "", rate, rate / 10, clip,
       state_.epochs == 0 ? std::string("before training") : fmt::format("after epoch {}", state_.epochs));
}

}  // namespace

void Weights::copy_to(Mlp& model) const {
  if (parameters.size() != model.arena().size() || statistics.size() != model.statistics().size())
    fail(ErrorKind::shape, "saved weights of {} floats do not fit {}, which has {}",
         parameters.size() + statistics.size(), describe(model.config()),
         model.arena().size() + model.statistics().size());
  std::ranges::copy(parameters, model.arena().begin());
  std::ranges::copy(statistics, model.statistics().begin());
}

void check(const FitOptions& options, const Config& config, bool validation) {
  check(options.gradient, config);
  check(options.averaging);
  if (options.epochs == 0 || options.batch == 0 || options.accumulate == 0 || options.report_every == 0)
    fail(ErrorKind::config, "epochs {}, batch {}, accumulate {}, report_every {}; each must be at least 1",
         options.epochs, options.batch, options.accumulate, options.report_every);
  if (!(options.stop.target_accuracy >= 0 && options.stop.target_accuracy <= 1))
    fail(ErrorKind::config, "target accuracy {}; expected a share from 0 to 1", options.stop.target_accuracy);
  if (!(options.stop.max_seconds >= 0) || !std::isfinite(options.stop.max_seconds))
    fail(ErrorKind::config, "max_seconds {}; expected a finite number, 0 or above", options.stop.max_seconds);
  if (!validation && (options.stop.patience > 0 || options.stop.keep == Keep::best))
    fail(ErrorKind::config,
         "{} needs validation images, to see which epoch is better without looking at the test set: hold some out with "
         "validation 0.1",
         options.stop.patience > 0 ? "patience" : "keep best");
}

FitResult fit(const Runtime& rt, Mlp& model, const FitData& data, const FitOptions& options,
              const FitCallbacks& callbacks, const FitState* from) {
  check(options, model.config(), data.validation != nullptr);
  check_fit(model.config(), data.train);
  check_fit(model.config(), data.test);
  if (data.validation != nullptr) check_fit(model.config(), *data.validation);
  Run run(rt, model, data, options, callbacks);
  if (from != nullptr) run.restore(*from);
  return run.run();
}

FitResult fit(const Runtime& rt, Mlp& model, const Dataset& train, const Dataset& test, const FitOptions& options,
              const FitCallbacks& callbacks) {
  return fit(rt, model, {.train = train, .test = test}, options, callbacks);
}

}  // namespace inkling
