// inkling eval: what a model gets right on a test set, and what it takes for what.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/progress.h"
#include "app/source.h"
#include "app/usage.h"
#include "inkling/format/model_file.h"
#include "inkling/train/metrics.h"

using inkling::Answer;

namespace {

struct EvalArguments {
  std::string model;
  std::string data = "mnist";
  bool json = false;
  MachineOptions machine;
};

// Wrong answers, the most confident first.
std::vector<std::size_t> mistakes(const inkling::Dataset& data, const std::vector<Answer>& answers) {
  std::vector<std::size_t> wrong;
  for (std::size_t j = 0; j < answers.size(); ++j)
    if (answers[j].predicted != data.labels[j]) wrong.push_back(j);
  std::ranges::stable_sort(wrong, std::greater{}, [&](std::size_t j) { return answers[j].probability; });
  return wrong;
}

void print_confusion(const std::vector<std::size_t>& counts, const std::vector<std::string>& names) {
  constexpr std::size_t kMostClasses = 12;  // derived: what 80 columns hold
  if (names.size() > kMostClasses) {
    fmt::print("\nConfusion matrix: {} classes are too many for a terminal; --json has it.\n", names.size());
    return;
  }
  fmt::print("\nConfusion matrix (a row is a label, a column what was read)\n\n        ");
  for (const std::string& name : names) fmt::print("{:>6.5}", name);
  fmt::print("   right\n");
  for (std::size_t y = 0; y < names.size(); ++y) {
    fmt::print("{:>8.7}", names[y]);
    std::size_t total = 0;
    for (std::size_t p = 0; p < names.size(); ++p) {
      const std::size_t count = counts[y * names.size() + p];
      total += count;
      fmt::print("{:>6}", count == 0 ? "." : fmt::format("{}", count));
    }
    if (total == 0)
      fmt::print("       -\n");
    else
      fmt::print("{:>6.1f} %\n",
                 100.0 * static_cast<double>(counts[y * names.size() + y]) / static_cast<double>(total));
  }
}

void run_eval(const EvalArguments& arguments) {
  const inkling::Runtime rt = arguments.machine.runtime();
  const auto [model, info] = inkling::load_model(arguments.model);
  const inkling::DataSplit data = load_source(arguments.data);
  std::vector<Answer> answers;
  const inkling::Metrics m = inkling::evaluate(rt, model, data.test, &answers);
  const std::vector<std::size_t> confusion = inkling::confusion_matrix(data.test, answers, info.class_names.size());
  const std::vector<std::size_t> wrong = mistakes(data.test, answers);

  if (arguments.json) {
    nlohmann::ordered_json rows = nlohmann::json::array();
    for (auto row = confusion.begin(); row != confusion.end();
         row += static_cast<std::ptrdiff_t>(info.class_names.size()))
      rows.push_back(std::vector<std::size_t>(row, row + static_cast<std::ptrdiff_t>(info.class_names.size())));
    nlohmann::ordered_json errors = nlohmann::json::array();
    for (const std::size_t j : wrong)
      errors.push_back({{"index", j},
                        {"label", info.class_names[data.test.labels[j]]},
                        {"class", info.class_names[answers[j].predicted]},
                        {"probability", answers[j].probability}});
    fmt::print("{}\n", nlohmann::ordered_json{{"model", arguments.model},
                                              {"data", data.origin},
                                              {"images", m.count},
                                              {"correct", m.correct},
                                              {"accuracy", m.accuracy},
                                              {"standard_error", m.standard_error()},
                                              {"loss", m.loss},
                                              {"classes", info.class_names},
                                              {"confusion", rows},
                                              {"mistakes", errors}}
                           .dump());
    return;
  }

  fmt::print("Model     {}: {}, {} parameters\n", arguments.model, describe(model.config()),
             with_commas(model.parameter_count()));
  fmt::print("Data      {}: {} test images\n\n", data.origin, with_commas(m.count));
  fmt::print("Accuracy  {:.2f} % ± {:.2f} (standard error), {} of {} wrong\n", 100 * m.accuracy,
             100 * m.standard_error(), with_commas(m.count - m.correct), with_commas(m.count));
  fmt::print("Loss      {:.4f} (cross-entropy, nats)\n", m.loss);
  print_confusion(confusion, info.class_names);
  if (wrong.empty()) return;
  constexpr std::size_t kShown = 5;
  fmt::print("\nMost confident mistakes (look at one: inkling predict {} --index N)\n", arguments.model);
  for (std::size_t k = 0; k < std::min(kShown, wrong.size()); ++k)
    fmt::print("  image {:>5}: {} read as {} with {:.2f} %\n", wrong[k], info.class_names[data.test.labels[wrong[k]]],
               info.class_names[answers[wrong[k]].predicted], 100 * static_cast<double>(answers[wrong[k]].probability));
}

}  // namespace

void add_eval_command(CLI::App& app) {
  const auto arguments = std::make_shared<EvalArguments>();
  CLI::App* command = app.add_subcommand("eval", "Measure a model on a test set");
  command->add_option("MODEL", arguments->model, "A .safetensors file, or the folder of a run")
      ->required()
      ->type_name("");
  command->add_option("--data", arguments->data, "As for train; its test part is used (default: mnist)")
      ->type_name("SOURCE");
  command->add_flag("--json", arguments->json, "Print one JSON object, with every mistake");
  add_machine_options(*command, arguments->machine);
  command->footer(
      "Examples:\n"
      "  inkling eval runs/latest\n"
      "  inkling eval digits.safetensors --data sample --json");
  command->callback([arguments] { run_eval(*arguments); });
}
