#include "inkling/report/command_line.h"

#include <fmt/format.h>

#include <algorithm>

namespace inkling {
namespace {

// The recipe from which the run's options were given, and the preset's name where this program still has it.
struct Start {
  Recipe recipe;
  std::string preset;
};

Start start_of(const RunHistory& run) {
  Start start;
  if (std::ranges::none_of(presets(), [&](const Preset& p) { return p.name == run.preset; })) return start;
  apply_preset(start.recipe, run.preset);
  start.preset = run.preset;
  return start;
}

}  // namespace

std::vector<OptionValue> option_values(const RunHistory& run) {
  std::vector<OptionValue> values;
  Recipe so_far = start_of(run).recipe;
  for (const RecipeOption& option : recipe_options()) {  // one that sets others stands above them
    const std::string value = option_text(run.recipe, option.name);
    const bool usual = value == option_text(so_far, option.name);
    if (!usual) set_option(so_far, option.name, value);
    values.push_back({.name = std::string(option.name), .value = value, .usual = usual});
  }
  return values;
}

std::string command_line(const RunHistory& run) {
  const Start start = start_of(run);
  Recipe again = start.recipe;
  std::string text = "inkling train";
  if (!start.preset.empty()) text += fmt::format(" --preset {}", shell_quoted(start.preset));
  bool said = true;
  for (const OptionValue& option : option_values(run)) {
    if (option.usual) continue;
    const bool flag = option.value == "true" || option.value == "false";
    if (option.value == "false") said = false;  // a flag can be given, and not taken back
    set_option(again, option.name, option.value);
    std::string name = option.name;
    std::ranges::replace(name, '_', '-');
    text += fmt::format(" --{}", name);
    if (!flag) text += fmt::format(" {}", shell_quoted(option.value.empty() ? "none" : option.value));
  }
  if (!said || again != run.recipe)
    text = fmt::format("inkling train --config {}", shell_quoted((run.folder / "config.json").string()));
  if (!run.init_from.empty()) text += fmt::format(" --init-from {}", shell_quoted(run.init_from));
  if (run.data.source != "mnist") text += fmt::format(" --data {}", shell_quoted(run.data.source));
  if (run.data.made_test) text += fmt::format(" --test {}", run.data.made_test->share);
  if (run.data.made_test && run.data.made_test->seed != 1)
    text += fmt::format(" --test-seed {}", run.data.made_test->seed);
  if (run.data.as_is) text += " --as-is";
  if (run.data.skip_bad) text += " --skip-bad";
  for (const auto& [name, value] : run.data.table_form)
    text += fmt::format(" --{} {}", name == "image_size" ? "image-size" : name, value);
  return text;
}

std::string shell_quoted(const std::string& word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,/:@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == word.npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace inkling
