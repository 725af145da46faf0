#include "inkling/report/run_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "inkling/data/idx.h"
#include "inkling/model/mlp.h"
#include "inkling/report/command_line.h"
#include "inkling/report/packed.h"

namespace inkling {
namespace {

using nlohmann::ordered_json;

ordered_json config_rows(const RunHistory& run) {
  ordered_json rows = ordered_json::array();
  const std::vector<OptionValue> values = option_values(run);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const RecipeOption& option = recipe_options()[i];
    rows.push_back({{"name", option.name},
                    {"group", option.group},
                    {"help", option.help},
                    {"value", values[i].value},
                    {"changed", !values[i].usual}});
  }
  return rows;
}

ordered_json data_facts(const RunHistory& run) {
  ordered_json checksums = ordered_json::array();
  for (std::size_t i = 0; i < run.data.idx_sha256.size(); ++i)
    checksums.push_back({{"file", kIdxNames[i]}, {"sha256", run.data.idx_sha256[i]}});
  return {{"source", run.data.source},
          {"origin", run.data.origin},
          {"checksums", checksums},
          {"train_images", run.data.train_images},
          {"validation_images", run.data.validation_images},
          {"test_images", run.data.test_images}};
}

// Which records the curves keep.
std::vector<std::size_t> kept_records(const RunHistory& run, std::size_t most) {
  std::vector<std::size_t> kept;
  const std::size_t count = run.epochs.size();
  const std::size_t stride = (count + most - 1) / std::max<std::size_t>(1, most);
  const std::optional<std::size_t> best = best_epoch(run);
  for (std::size_t i = 0; i < count; ++i)
    if (i % stride == 0 || i + 1 == count || i == best) kept.push_back(i);
  return kept;
}

ordered_json tensor_curves(const RunHistory& run, const std::vector<std::size_t>& kept) {
  ordered_json tensors = ordered_json::array();
  if (run.epochs.empty()) return tensors;
  for (std::size_t t = 0; t < run.epochs.front().tensors.size(); ++t) {
    ordered_json norms = ordered_json::array(), ratios = ordered_json::array();
    for (const std::size_t i : kept) {
      norms.push_back(rounded(run.epochs[i].tensors[t].gradient_norm));
      ratios.push_back(rounded(run.epochs[i].tensors[t].update_ratio));
    }
    tensors.push_back(
        {{"name", run.epochs.front().tensors[t].name}, {"gradient_norm", norms}, {"update_ratio", ratios}});
  }
  return tensors;
}

ordered_json curves(const RunHistory& run, std::size_t numbers) {
  const std::size_t series = 10 + (run.epochs.empty() ? 0 : 2 * run.epochs.front().tensors.size());
  const std::vector<std::size_t> kept =
      kept_records(run, std::clamp<std::size_t>(numbers / series, 2, kMaxCurvePoints));
  const auto column = [&](auto value) {
    ordered_json values = ordered_json::array();
    for (const std::size_t i : kept) values.push_back(rounded(value(run.epochs[i])));
    return values;
  };
  ordered_json epochs = ordered_json::array(), steps = ordered_json::array();
  for (const std::size_t i : kept) {
    epochs.push_back(run.epochs[i].epoch);
    steps.push_back(run.epochs[i].steps);
  }
  using E = const EpochRecord&;
  ordered_json result = {{"records", run.epochs.size()}, {"epoch", epochs}, {"steps", steps}};
  result["learning_rate"] = column([](E e) { return e.learning_rate; });
  result["train_loss"] = column([](E e) { return e.train_loss; });
  result["train_accuracy"] = column([](E e) { return e.train_accuracy; });
  if (!run.epochs.empty() && run.epochs.front().validation_loss) {
    result["validation_loss"] = column([](E e) { return *e.validation_loss; });
    result["validation_accuracy"] = column([](E e) { return *e.validation_accuracy; });
  }
  result["test_loss"] = column([](E e) { return e.test_loss; });
  result["test_accuracy"] = column([](E e) { return e.test_accuracy; });
  result["train_seconds"] = column([](E e) { return e.train_seconds; });
  result["tensors"] = tensor_curves(run, kept);
  if (const auto best = best_epoch(run)) {
    result["best"] = std::ranges::find(kept, *best) - kept.begin();
    result["best_by"] = !run.epochs[*best].validation_loss         ? "test accuracy"
                        : run.recipe.fit.stop.watch == Watch::loss ? "validation loss"
                                                                   : "validation accuracy";
  }
  return result;
}

// Each complaint once, with the first and last epoch that had it.
ordered_json complaints(const RunHistory& run) {
  constexpr std::size_t kMost = 20;  // guess: who has more has one that matters
  ordered_json list = ordered_json::array();
  for (const EpochRecord& e : run.epochs)
    for (const std::string& text : e.complaints) {
      const auto at = std::ranges::find_if(list, [&](const ordered_json& each) { return each["text"] == text; });
      if (at != list.end())
        (*at)["last"] = e.epoch;
      else if (list.size() < kMost)
        list.push_back({{"text", text}, {"first", e.epoch}, {"last", e.epoch}});
    }
  return list;
}

ordered_json speed(const RunHistory& run) {
  double train = 0, test = 0;
  for (const EpochRecord& e : run.epochs) {
    train += e.train_seconds;
    test += e.test_seconds;
  }
  ordered_json result = {{"train_seconds", rounded(train)}, {"test_seconds", rounded(test)}};
  if (train > 0)
    result["images_per_second"] =
        rounded(static_cast<double>(run.epochs.back().epoch) * static_cast<double>(run.data.train_images) / train);
  return result;
}

}  // namespace

ordered_json run_facts(const RunHistory& run, std::size_t numbers) {
  const std::vector<Tensor> table = parameter_table(run.recipe.network);
  std::size_t parameters = 0;
  for (const Tensor& tensor : table) parameters += tensor.size();
  ordered_json facts = {{"name", run.folder.lexically_normal().string()},
                        {"network",
                         {{"widths", run.recipe.network.widths},
                          {"activation", describe_activations(run.recipe.network)},
                          {"output", name(run.recipe.network.output)},
                          {"parameters", parameters}}},
                        {"finished", run.finished},
                        {"version", run.version},
                        {"machine", {{"threads", run.threads}, {"isa", run.isa}}},
                        {"data", data_facts(run)},
                        {"command", command_line(run)},
                        {"config", config_rows(run)},
                        {"epochs_asked", run.recipe.fit.epochs},
                        {"curves", curves(run, numbers)},
                        {"complaints", complaints(run)},
                        {"speed", speed(run)}};
  if (!run.preset.empty()) facts["preset"] = run.preset;
  if (!run.init_from.empty()) facts["init_from"] = run.init_from;
  return facts;
}

ordered_json config_differences(std::span<const RunHistory* const> runs) {
  ordered_json rows = ordered_json::array();
  const auto add = [&](std::string_view name, std::string_view group, const std::vector<std::string>& values) {
    if (std::ranges::adjacent_find(values, std::not_equal_to()) != values.end())
      rows.push_back({{"name", name}, {"group", group}, {"values", values}});
  };
  const auto each = [&](auto text) {
    std::vector<std::string> values;
    for (const RunHistory* run : runs) values.push_back(text(*run));
    return values;
  };
  for (const RecipeOption& option : recipe_options())
    add(option.name, option.group, each([&](const RunHistory& r) { return option_text(r.recipe, option.name); }));
  add("init_from", "Network", each([](const RunHistory& r) { return r.init_from; }));
  add("data", "Data", each([](const RunHistory& r) { return r.data.origin; }));
  add("train images", "Data", each([](const RunHistory& r) { return fmt::format("{}", r.data.train_images); }));
  add("test images", "Data", each([](const RunHistory& r) { return fmt::format("{}", r.data.test_images); }));
  for (std::size_t i = 0; i < kIdxNames.size(); ++i)
    add(fmt::format("SHA-256 of {}", kIdxNames[i]), "Data",
        each([&](const RunHistory& r) { return r.data.idx_sha256[i].substr(0, 12); }));
  add("version", "Program", each([](const RunHistory& r) { return r.version; }));
  add("threads", "Machine", each([](const RunHistory& r) { return fmt::format("{}", r.threads); }));
  add("isa", "Machine", each([](const RunHistory& r) { return r.isa; }));
  return rows;
}

}  // namespace inkling
