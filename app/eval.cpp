// inkling eval: what a model gets right on a test set, what it takes for what, and whether its confidence is earned.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/eval_report.h"
#include "app/model_argument.h"
#include "app/progress.h"
#include "app/source.h"
#include "app/usage.h"
#include "inkling/core/matrix.h"
#include "inkling/data/classes.h"
#include "inkling/format/model_file.h"
#include "inkling/model/output.h"
#include "inkling/train/metrics.h"

namespace {

struct EvalArguments {
  std::string model;
  SourceArguments data;
  std::string compare;
  bool json = false;
  bool reject = false;
  std::vector<std::string> outsiders;
  MachineOptions machine;
};

// Of statistics made with these probabilities, the most confident first.
std::vector<Mistake> mistakes(const inkling::Statistics& s, const inkling::Matrix& p, const inkling::Dataset& data) {
  std::vector<Mistake> wrong;
  for (std::size_t j = 0; j < s.count; ++j)
    if (s.predicted[j] != data.labels[j])
      wrong.push_back({.image = j,
                       .label = data.labels[j],
                       .predicted = s.predicted[j],
                       .probability = static_cast<double>(p(j, s.predicted[j]))});
  std::ranges::stable_sort(wrong, std::greater{}, &Mistake::probability);
  return wrong;
}

std::vector<std::size_t> confusion(const inkling::Statistics& s, const inkling::Dataset& data) {
  std::vector<std::size_t> counts(s.classes.size() * s.classes.size());
  for (std::size_t j = 0; j < s.count; ++j) ++counts[data.labels[j] * s.classes.size() + s.predicted[j]];
  return counts;
}

// "784-128-10, relu, 101,770 parameters", and what else is not as usual.
std::string network_text(const inkling::Mlp& model) {
  const inkling::Config& config = model.config();
  std::string text = describe(config);
  if (config.layer_count() > 1) text += ", " + describe_activations(config);
  text += fmt::format(", {} parameters", with_commas(model.parameter_count()));
  if (config.output != inkling::Output::softmax) text += fmt::format(", {} outputs", name(config.output));
  if (config.temperature != 1) text += fmt::format(", temperature {:.3g}", config.temperature);
  return text;
}

EvalReport evaluate(const inkling::Runtime& rt, const EvalArguments& arguments) {
  const inkling::LoadedModel loaded = load_named_model(arguments.model);
  const auto& [model, info] = loaded;
  std::optional<inkling::LoadedModel> other;  // read before the work, so that a wrong name costs no time
  if (!arguments.compare.empty()) other = load_named_model(arguments.compare);
  inkling::DataSplit data =
      load_source(source_to_measure(arguments.data, arguments.model), inkling::WithoutTest::all_test);
  inkling::adopt_classes(data.test, info.class_names, data.origin);
  std::vector<OutsiderSet> outsiders;
  for (const std::string& source : arguments.outsiders)
    outsiders.push_back({.source = source, .images = load_source(source).test});

  const inkling::Matrix logits = inkling::logits_of(rt, model, data.test);
  inkling::Matrix p(logits.rows(), logits.cols());
  inkling::class_probabilities(rt, model.config(), logits, p);
  EvalReport report{.model = arguments.model,
                    .network = network_text(model),
                    .temperature = model.config().temperature,
                    .data = data.origin,
                    .class_names = info.class_names,
                    .statistics = inkling::statistics_of(p, data.test.labels, logits),
                    .confusion = {},
                    .mistakes = {}};
  report.confusion = confusion(report.statistics, data.test);
  report.mistakes = mistakes(report.statistics, p, data.test);
  if (other) {
    report.comparison = Comparison{
        .model = arguments.compare, .statistics = inkling::statistics_of(rt, other->model, data.test), .mcnemar = {}};
    report.comparison->mcnemar =
        inkling::mcnemar(report.statistics.predicted, report.comparison->statistics.predicted, data.test.labels);
  }
  if (arguments.reject || !outsiders.empty()) report.reject = reject_report(rt, loaded, data.test, outsiders);
  return report;
}

void run_eval(const EvalArguments& arguments) {
  const inkling::Runtime rt = arguments.machine.runtime();
  const EvalReport report = evaluate(rt, arguments);
  if (arguments.json)
    fmt::print("{}\n", report_json(report).dump());
  else
    fmt::print("{}", report_text(report));
}

}  // namespace

void add_eval_command(CLI::App& app) {
  const auto arguments = std::make_shared<EvalArguments>();
  CLI::App* command = app.add_subcommand("eval", "Measure a model on a test set");
  command->add_option("MODEL", arguments->model, kModelHelp)->required()->type_name("");
  add_source_options(*command, arguments->data,
                     "As for train; its test part is used, or all of it where it has none (default: the run's; of a "
                     "file, mnist)");
  command
      ->add_option("--compare", arguments->compare, "Another model: which of the two is better, and can it be chance?")
      ->type_name("MODEL");
  command->add_flag("--reject", arguments->reject,
                    "Also print the trade between answers refused and errors among those kept");
  command
      ->add_option("--outsiders", arguments->outsiders,
                   "As --reject, and how much is refused of another set, whose images are none of the model's classes; "
                   "may be given again")
      ->type_name("SOURCE")
      ->allow_extra_args(false);
  command->add_flag("--json", arguments->json, "Print one JSON object, with every mistake");
  add_machine_options(*command, arguments->machine);
  command->footer(
      "Examples:\n"
      "  inkling eval runs/latest\n"
      "  inkling eval runs/latest --compare digits\n"
      "  inkling eval digits --outsiders fashion\n"
      "  inkling eval digits --data my-digits/\n"
      "  inkling eval digits --data sample --json");
  command->callback([arguments] { run_eval(*arguments); });
}
