// inkling train: trains a digit reader and saves it as a run.
#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/eval_report.h"
#include "app/event_log.h"
#include "app/finished_model.h"
#include "app/interrupt.h"
#include "app/model_argument.h"
#include "app/progress.h"
#include "app/recipe_options.h"
#include "app/run_folder.h"
#include "app/source.h"
#include "app/train_display.h"
#include "app/train_text.h"
#include "app/train_trials.h"
#include "app/usage.h"
#include "inkling/core/error.h"
#include "inkling/data/checksum.h"
#include "inkling/data/sanity.h"
#include "inkling/data/select.h"
#include "inkling/model/fold.h"
#include "inkling/train/fit.h"
#include "inkling/train/statistics.h"

using inkling::EpochReport;
using inkling::ErrorKind;
using inkling::fail;
using inkling::Recipe;
using nlohmann::ordered_json;
using namespace std::chrono_literals;

namespace {

struct TrainArguments {
  std::shared_ptr<RecipeArguments> recipe = std::make_shared<RecipeArguments>();
  SourceArguments data;
  std::string init_from;
  std::string out;
  std::string resume;
  double checkpoint_seconds = 60;
  bool show_config = false;
  bool find_lr = false;
  bool overfit_one_batch = false;
  bool plot = false;
  bool tensorboard = false;
  MachineOptions machine;
};

// What a run trains on: the data as chosen, and what makes it the same data again.
class TrainingData {
 public:
  // `free_ends`: the network takes its inputs and outputs from the data.
  TrainingData(SourceArguments source, Recipe& recipe, bool free_ends);
  TrainingData(const TrainingData&) = delete;
  TrainingData& operator=(const TrainingData&) = delete;

  inkling::DataSplit split;
  std::optional<inkling::Dataset> validation;

  inkling::FitData fit_data() const {
    return {.train = split.train, .test = split.test, .validation = validation ? &*validation : nullptr};
  }
  // The checksums of the whole set, as it was found. Waits for them.
  ordered_json idx_sha256() const { return sha256_.get(); }
  // For config.json.
  ordered_json facts() const;

 private:
  SourceArguments source_;
  // 50 ms for MNIST, spent while training begins. Last: whoever still reads the images must be done before they go.
  std::shared_future<std::array<std::string, 4>> sha256_;
};

TrainingData::TrainingData(SourceArguments source, Recipe& recipe, bool free_ends)
    : split(load_source(source, inkling::WithoutTest::hold_out)), source_(std::move(source)) {
  if (free_ends) {
    recipe.network.widths.front() = split.train.image_size();
    recipe.network.widths.back() = split.train.class_count();
    inkling::check(recipe);
  }
  inkling::check_fit(recipe.network, split.train);
  inkling::check_fit(recipe.network, split.test);
  sha256_ = std::async([this] { return inkling::sha256_of(split.train, split.test); });
  for (const std::string& text : inkling::oddities(split.train, split.test)) fmt::print(stderr, "Note      {}\n", text);
  if (recipe.limit_train > 0 || recipe.limit_test > 0 || recipe.validation > 0) sha256_.wait();
  if (recipe.limit_train > 0) split.train = inkling::first_images(std::move(split.train), recipe.limit_train);
  if (recipe.limit_test > 0) split.test = inkling::first_images(std::move(split.test), recipe.limit_test);
  if (recipe.validation > 0) {
    inkling::HeldOut parts = inkling::hold_out(std::move(split.train), recipe.validation, recipe.fit.seed);
    split.train = std::move(parts.rest);
    validation = std::move(parts.held_out);
  }
  if (recipe.test_as_validation) validation = split.test;
  none_class_of(recipe, split.train);  // a wrong name shows before the work
}

ordered_json TrainingData::facts() const {
  ordered_json facts = {{"source", source_.source}, {"origin", split.origin}, {"idx_sha256", idx_sha256()}};
  if (split.made_test) facts.update({{"test", split.made_test->share}, {"test_seed", split.made_test->seed}});
  if (source_.as_is) facts["as_is"] = true;
  if (source_.skip_bad) facts["skip_bad"] = true;
  for (const auto& [name, text] : inkling::table_form_texts(source_.table)) facts[name] = text;
  facts["train_images"] = split.train.count();
  if (validation) facts["validation_images"] = validation->count();
  facts["test_images"] = split.test.count();
  return facts;
}

// Options a line each, and behind them what else was in force.
std::string config_json(const TrainArguments& arguments, const Recipe& recipe, const TrainingData& data,
                        const inkling::Runtime& rt) {
  std::string text = inkling::to_json(recipe);
  text.resize(text.size() - 3);  // "\n}\n"
  if (!arguments.recipe->preset.empty())
    text += fmt::format(",\n  \"preset\": {}", nlohmann::json(arguments.recipe->preset).dump());
  if (!arguments.init_from.empty())
    text += fmt::format(",\n  \"init_from\": {}", nlohmann::json(arguments.init_from).dump());
  text += fmt::format(",\n  \"data\": {}", data.facts().dump());
  text += fmt::format(",\n  \"machine\": {{\"threads\":{},\"isa\":\"{}\"}}", rt.threads(), name(rt.kernels().isa));
  return text + ",\n  \"inkling\": \"" INKLING_VERSION "\"\n}\n";
}

ordered_json metrics_json(const EpochReport& r) {
  ordered_json line = {{"epoch", r.epoch},
                       {"steps", r.steps},
                       {"learning_rate", r.learning_rate},
                       {"train_loss", r.train_loss},
                       {"train_accuracy", r.train_accuracy}};
  if (r.validation) {
    line["validation_loss"] = r.validation->loss;
    line["validation_accuracy"] = r.validation->accuracy;
  }
  line["test_loss"] = r.test.loss;
  line["test_accuracy"] = r.test.accuracy;
  line["train_seconds"] = r.train_seconds;
  line["test_seconds"] = r.test_seconds;
  ordered_json tensors = ordered_json::object();
  for (const inkling::TensorHealth& t : r.health)
    tensors[t.name] = {{"gradient_norm", t.gradient_norm}, {"update_ratio", t.update_ratio}};
  line["tensors"] = tensors;
  if (!r.complaints.empty()) line["complaints"] = ordered_json::array();
  for (const inkling::Complaint& each : r.complaints) line["complaints"].push_back(each.text);
  return line;
}

// The facts of a run that go into its model file: those that the same command gives again on any machine.
inkling::ModelInfo model_info(const Recipe& recipe, const inkling::DataSplit& data, const inkling::FitResult& result,
                              double accuracy, std::size_t test_images) {
  std::vector<std::string> class_names = data.train.class_names;
  while (class_names.size() < recipe.network.outputs()) {  // outputs that no image asks for
    const std::string number = fmt::format("{}", class_names.size());
    const bool taken = std::ranges::find(class_names, number) != class_names.end();
    class_names.push_back(taken ? "unused " + number : number);
  }
  const std::string epochs = result.batches_after == 0
                                 ? fmt::format("{}", result.epochs)
                                 : fmt::format("{} and {} batches", result.epochs, result.batches_after);
  return {.image_height = data.train.height,
          .image_width = data.train.width,
          .class_names = class_names,
          .training = {{"batch", fmt::format("{}", std::min(recipe.fit.batch, data.train.count()))},
                       {"epochs", epochs},
                       {"learning_rate", fmt::format("{}", recipe.fit.optimizer.learning_rate)},
                       {"optimizer", std::string(name(recipe.fit.optimizer.kind))},
                       {"seed", fmt::format("{}", recipe.fit.seed)},
                       {"test_accuracy", fmt::format("{:.4f}", accuracy)},
                       {"test_images", fmt::format("{}", test_images)},
                       {"train_images", fmt::format("{}", data.train.count())}}};
}

// What a checkpoint's state makes sense with.
inkling::Identity identity_of(const Recipe& recipe, const TrainingData& data) {
  inkling::Identity identity;
  for (const inkling::RecipeOption& option : inkling::recipe_options())
    identity[std::string(option.name)] = inkling::option_text(recipe, option.name);
  identity["data"] = data.idx_sha256().dump();
  identity["version"] = INKLING_VERSION;
  return identity;
}

// Weights of any safetensors file with the network's names and shapes.
void take_weights(const std::string& file, inkling::Mlp& model) {
  const inkling::Mlp other = load_named_model(file).model;
  if (other.config().widths != model.config().widths)
    fail(ErrorKind::shape, "{}: the weights of {}, and the network to train is {}; give its widths with --layers", file,
         describe(other.config()), describe(model.config()));
  for (std::size_t l = 0; l < model.layer_count(); ++l)
    for (const std::size_t t : {2 * l, 2 * l + 1}) {
      const inkling::ConstMatrixView from = other.tensor(other.table()[t]);
      const inkling::MatrixView to = model.tensor(model.table()[t]);
      for (std::size_t i = 0; i < from.rows; ++i) std::ranges::copy(from.row(i), to.row(i).begin());
    }
  if (other.config().ink != model.config().ink)
    fmt::print(stderr, "Note      {} reads a full pixel as {}; this run makes it {} (--ink)\n", file,
               other.config().ink, model.config().ink);
}

// The recipe of the run to resume; what else the command line says must agree with it.
Recipe recipe_to_resume(const TrainArguments& arguments, const RunFolder& run) {
  const std::string where = (run.path() / "config.json").string();
  Recipe recipe;
  inkling::apply_json(recipe, run.read_config(), where);
  const auto& given = *arguments.recipe;
  if (!given.preset.empty() || !given.config_file.empty() || !arguments.init_from.empty())
    fail(ErrorKind::config,
         "--resume takes its options and weights from the run: leave out --preset, --config and --init-from");
  for (const auto& [option, text] : given.given) {
    Recipe changed = recipe;
    inkling::set_option(changed, option, text);
    if (changed != recipe)
      fail(ErrorKind::config, "--resume: {} is {} in {}, and {} is asked for; a resumed run keeps its options", option,
           inkling::option_text(recipe, option), where, inkling::option_text(changed, option));
  }
  return recipe;
}

// The data of the run, and how its test part was made; or what is named, whole.
SourceArguments source_to_resume(const SourceArguments& named, const RunFolder& run) {
  if (!named.source.empty()) return named;
  if (named.any())
    fail(
        ErrorKind::config,
        "--resume takes the data from the run: leave out --test, --test-seed, --as-is and --skip-bad, or name all with "
        "--data");
  return source_of_run(run.path().string()).value();
}

// When a checkpoint is due: at an epoch's end, but not more than once a second, and every so many seconds within one.
class CheckpointClock {
 public:
  explicit CheckpointClock(double seconds) : seconds_(seconds) {}
  bool due(bool epoch_ends) {
    if (epoch_ends && InterruptGuard::signal() != 0) return true;
    const auto now = std::chrono::steady_clock::now();
    const double since = std::chrono::duration<double>(now - last_).count();
    if (since < (epoch_ends ? std::min(seconds_, 1.0) : seconds_)) return false;
    last_ = now;
    return true;
  }

 private:
  double seconds_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

void print_end(const inkling::Statistics& test, const RunFolder& run, double train_seconds, double images) {
  fmt::print(stderr, "\nOn {} test images:\n{}", with_commas(test.count), summary(test));
  if (train_seconds > 0)
    fmt::print(stderr, "Trained in {:.2f} s, {} images/s\n", train_seconds,
               with_commas(static_cast<std::size_t>(images / train_seconds)));
  fmt::print(stderr, "Saved {}\nTry   inkling predict {} --random\nMore  inkling eval {}\n", run.model_path().string(),
             run.path().string(), run.path().string());
}

// Trains from the checkpoint, or from the start, and saves. `config_written` becomes ready, or throws, while the
// training goes on: nothing else is saved before it.
void train(const TrainArguments& arguments, const Recipe& recipe, const inkling::Runtime& rt, const TrainingData& data,
           RunFolder& run, inkling::Mlp& model, const std::optional<inkling::Checkpoint>& from,
           std::future<void>& config_written) {
  const auto finish_config = [&] {
    if (config_written.valid()) config_written.get();
  };
  CheckpointClock clock(arguments.checkpoint_seconds);
  TrainDisplay display(recipe, data.split.train.count(), arguments.plot, from ? &from->state : nullptr,
                       run.path() / "metrics.jsonl");
  std::optional<EventLog> events;
  if (arguments.tensorboard || (from && EventLog::is_in(run.path())))
    events.emplace(run.path(), data.split.train, from ? &from->state : nullptr);
  inkling::FitResult result;
  bool output_lost = false;
  double train_seconds = 0;
  const double images = static_cast<double>(data.split.train.count());
  const inkling::FitCallbacks callbacks{
      .on_batch =
          [&](const inkling::FitProgress& p) {
            if (config_written.valid() && config_written.wait_for(0s) == std::future_status::ready) finish_config();
            display.batch(p);
            return InterruptGuard::signal() == 0 && !output_lost;
          },
      .on_epoch =
          [&](const EpochReport& r) {
            output_lost = !display.epoch(r);
            train_seconds += r.train_seconds;
            result.epochs = r.epoch;
            result.test = r.test;
            run.append_metrics(metrics_json(r));
            if (events) events->epoch(r, model);
          },
      .wants_state = [&](bool epoch_ends) { return clock.due(epoch_ends); },
      .on_state =
          [&](const inkling::FitState& state) {
            finish_config();
            run.save_checkpoint({identity_of(recipe, data), state});
          }};
  try {
    result = inkling::fit(rt, model, data.fit_data(), recipe.fit, callbacks, from ? &from->state : nullptr);
  } catch (const inkling::Error& error) {
    display.clear();
    if (error.kind() == ErrorKind::numeric && result.epochs > 0) {  // what was learnt before the failure is not lost
      finish_config();
      run.save_model(inkling::fold(model),
                     model_info(recipe, data.split, result, result.test.accuracy, result.test.count));
      fmt::print(stderr, "The model of epoch {} is in {}\n", result.epochs, run.model_path().string());
    }
    if (error.kind() == ErrorKind::io && run.has_checkpoint())
      fmt::print(stderr, "The run stands in its last checkpoint: inkling train --resume {}\n", run.path().string());
    throw;
  }
  display.clear();
  finish_config();
  print_reason(result, recipe);

  const FinishedModel finished =
      finish_model(rt, model, recipe, data.split.train, data.validation ? &*data.validation : nullptr, data.split.test);
  const inkling::Statistics test =
      inkling::statistics_of(rt, finished.model, finished.judged ? *finished.judged : data.split.test);
  inkling::ModelInfo info = model_info(recipe, data.split, result, test.accuracy, test.count);
  if (finished.judged) info.class_names = finished.judged->class_names;
  info.refusal = finished.refusal;
  run.save_model(finished.model, info);
  const bool interrupted = InterruptGuard::signal() != 0 && result.reason == inkling::StopReason::request;
  if (!interrupted) run.remove_checkpoints();
  const double done = static_cast<double>(result.epochs - (from ? from->state.epochs : 0)) * images;
  print_end(test, run, train_seconds, done);
  if (interrupted) {
    fmt::print(stderr, "Resume it with   inkling train --resume {}\n", run.path().string());
    throw CLI::RuntimeError(128 + InterruptGuard::signal());
  }
}

void run_train(const TrainArguments& arguments) {
  if (arguments.show_config) {
    const Recipe recipe = arguments.recipe->recipe();
    inkling::check(recipe);
    fmt::print("{}", inkling::to_json(recipe));
    return;
  }
  const inkling::Runtime rt = arguments.machine.runtime();
  const bool resumes = !arguments.resume.empty();
  if (resumes && !arguments.out.empty())
    fail(ErrorKind::config, "--resume continues in the run's own folder: leave out --out");
  std::optional<RunFolder> run;
  if (resumes) run.emplace(RunFolder::existing(arguments.resume));
  Recipe recipe = resumes ? recipe_to_resume(arguments, *run) : arguments.recipe->recipe();
  inkling::check(recipe);
  SourceArguments source = resumes ? source_to_resume(arguments.data, *run) : arguments.data;
  if (source.source.empty()) source.source = "mnist";
  // A small network is drawn while the data is read; for a large one broken data should not have to wait.
  constexpr std::size_t kSmall = 1u << 20;  // guess: 0.1 s
  const auto draw = [](const Recipe& of) {
    inkling::Mlp drawn(of.network);
    inkling::initialize(drawn, of.fit.seed, of.init);
    return drawn;
  };
  const Recipe asked = recipe;  // which the other thread reads
  std::future<inkling::Mlp> drawn = std::async(inkling::arena_size(inkling::parameter_table(asked.network)) < kSmall
                                                   ? std::launch::async | std::launch::deferred
                                                   : std::launch::deferred,
                                               draw, std::cref(asked));
  const bool free_ends =
      !resumes && arguments.recipe->config_file.empty() && !arguments.recipe->given.contains("layers");
  const TrainingData data(source, recipe, free_ends);
  if (recipe.network != asked.network) drawn = std::async(std::launch::deferred, draw, std::cref(recipe));

  const InterruptGuard guard;
  inkling::Mlp model = drawn.get();
  if (!arguments.init_from.empty()) take_weights(arguments.init_from, model);
  if (arguments.find_lr) return run_find_lr(rt, recipe, model, data.split.train);
  if (arguments.overfit_one_batch) {
    if (!run_overfit_one_batch(rt, recipe, model, data.split.train)) throw CLI::RuntimeError(1);
    return;
  }

  std::optional<inkling::Checkpoint> from;
  std::future<void> config_written;
  if (resumes) {
    from = inkling::load_checkpoint(run->checkpoints(), identity_of(recipe, data),
                                    [](const std::string& text) { fmt::print(stderr, "Note      {}\n", text); });
    if (!from) fail(ErrorKind::io, "{}: has no checkpoint that can be read", run->checkpoints().string());
    run->cut_metrics_after(from->state.epochs);
  } else {
    run.emplace(RunFolder::fresh(arguments.out));
    config_written = std::async([&] { run->write_config(config_json(arguments, recipe, data, rt)); });
  }
  if (InterruptGuard::signal()) throw CLI::RuntimeError(128 + InterruptGuard::signal());  // the folder goes with it
  print_start(recipe, model, data.split, data.validation ? &*data.validation : nullptr, rt, *run);
  if (from)
    fmt::print(stderr, "Resumed   {} epochs and {} batches of the next are done\n\n", from->state.epochs,
               from->state.batch);
  train(arguments, recipe, rt, data, *run, model, from, config_written);
}

}  // namespace

void add_train_command(CLI::App& app) {
  const auto arguments = std::make_shared<TrainArguments>();
  CLI::App* command = app.add_subcommand("train", "Train a digit reader");
  add_source_options(*command, arguments->data,
                     "mnist, fashion, sample, or a folder or file: images in a folder for each class, IDX, NumPy, CSV "
                     "(default: mnist, searched as 'inkling data find' shows)");
  command->add_option("--out", arguments->out, "Folder of the run, new or empty (default: runs/DATE-TIME)")
      ->type_name("DIR");
  command->add_option("--resume", arguments->resume, "Continue a run that was stopped or killed")->type_name("RUN");
  command
      ->add_option(
          "--init-from", arguments->init_from,
          "Start from the weights of a safetensors file with PyTorch's names (0.weight, 0.bias, 2.weight, ...)")
      ->type_name("FILE");
  command
      ->add_option(
          "--checkpoint-seconds", arguments->checkpoint_seconds,
          "Seconds from one checkpoint to the next within an epoch; each epoch's end has one, too, at most one a "
          "second (default: 60)")
      ->check(CLI::Range(0.0, 1e9).description(""))
      ->type_name("X");
  command->add_flag("--show-config", arguments->show_config, "Print every option as JSON and exit");
  command->add_flag("--find-lr", arguments->find_lr, "Run the learning-rate range test, draw its curve and exit");
  command->add_flag("--overfit-one-batch", arguments->overfit_one_batch,
                    "Test whether the network can learn one batch by heart, and exit");
  command->add_flag("--plot", arguments->plot,
                    "Draw loss and accuracy below the progress line, on a terminal of 40 columns and 12 lines or more");
  command->add_flag("--tensorboard", arguments->tensorboard,
                    "Also write TensorBoard event files into the run's folder tensorboard/; a resumed run goes on");
  add_machine_options(*command, arguments->machine);
  add_recipe_options(*command, arguments->recipe);
  command->footer(
      "The epochs' lines go to stdout, all else to stderr. Ctrl-C ends training after\n"
      "the running batch and saves; a second Ctrl-C stops at once. The same options\n"
      "give the same model file, byte for byte, for any --threads and --isa, and\n"
      "whether or not the run was stopped and resumed on the way.\n\n"
      "Examples:\n"
      "  inkling train\n"
      "  inkling train --layers 784,300,100,10 --epochs 30 --out runs/deep\n"
      "  inkling train --optimizer adamw --validation 0.1 --patience 5\n"
      "  inkling train --preset numpy --plot\n"
      "  inkling train --data my-digits/ --test 0.2\n"
      "  inkling train --resume runs/latest");
  command->callback([arguments] { run_train(*arguments); });
}
