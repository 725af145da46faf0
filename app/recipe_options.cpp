#include "app/recipe_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "inkling/core/error.h"
#include "inkling/core/file.h"

namespace {

constexpr std::size_t kMaxConfigBytes = 1u << 20;  // guess: a config file has some kilobytes

// --learning-rate for learning_rate, with the short form that everybody types.
std::string flag_of(std::string_view name) {
  std::string flag(name);
  std::ranges::replace(flag, '_', '-');
  return name == "learning_rate" ? "--lr,--learning-rate" : "--" + flag;
}

// The library's own check of the value, before anything else is done.
CLI::Validator value_of(const std::string& name) {
  return CLI::Validator(
      [name](const std::string& text) -> std::string {
        try {
          inkling::Recipe scratch;
          inkling::set_option(scratch, name, text);
          return "";
        } catch (const inkling::Error& error) {
          const std::string_view what = error.what();  // CLI11 puts the option's name in front, too
          return std::string(what.starts_with(name + ": ") ? what.substr(name.size() + 2) : what);
        }
      },
      "");
}

}  // namespace

inkling::Recipe RecipeArguments::recipe() const {
  inkling::Recipe recipe;
  if (!preset.empty()) inkling::apply_preset(recipe, preset);
  if (!config_file.empty()) {
    const inkling::Bytes bytes = inkling::read_file(config_file, kMaxConfigBytes);
    inkling::apply_json(recipe, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, config_file);
  }
  for (const inkling::RecipeOption& option : inkling::recipe_options())
    if (const auto at = given.find(std::string(option.name)); at != given.end())
      inkling::set_option(recipe, option.name, at->second);
  return recipe;
}

void add_recipe_options(CLI::App& command, const std::shared_ptr<RecipeArguments>& arguments) {
  std::vector<std::string> presets;
  for (const inkling::Preset& preset : inkling::presets()) presets.emplace_back(preset.name);
  command
      .add_option("--preset", arguments->preset,
                  fmt::format("Start from a recipe: {} (see it with --show-config)", fmt::join(presets, ", ")))
      ->type_name("NAME");
  command.add_option("--config", arguments->config_file, "Start from a JSON file of options, or a run's config.json")
      ->type_name("FILE");
  const inkling::Recipe defaults;
  for (const inkling::RecipeOption& option : inkling::recipe_options()) {
    const std::string name(option.name);
    const std::string value = inkling::option_text(defaults, option.name);
    CLI::Option* added = nullptr;
    if (option.placeholder.empty()) {
      added = command.add_flag_callback(
          flag_of(name), [arguments, name] { arguments->given[name] = "true"; }, std::string(option.help));
    } else {
      added = command
                  .add_option_function<std::string>(
                      flag_of(name), [arguments, name](const std::string& text) { arguments->given[name] = text; },
                      fmt::format("{} (default: {})", option.help, value.empty() ? "none" : value))
                  ->check(value_of(name))
                  ->type_name(std::string(option.placeholder));
    }
    added->group(std::string(option.group));
  }
}
