#include "app/usage.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "inkling/core/choice.h"

namespace {

std::optional<std::uint64_t> whole(std::string_view text) {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;  // CLI11 would take it as octal
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The deepest command that the arguments reached: "inkling data show".
const CLI::App* reached(const CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app;
}

std::string full_name(const CLI::App* app) {
  return app->get_parent() ? full_name(app->get_parent()) + " " + app->get_name() : app->get_name();
}

std::string nearest(const CLI::App* command, const std::string& wrong) {
  std::vector<std::string> names;
  for (const CLI::App* sub : command->get_subcommands({})) names.push_back(sub->get_name());
  for (const CLI::Option* option : command->get_options())
    for (const std::string& long_name : option->get_lnames()) names.push_back("--" + long_name);
  const std::vector<std::string_view> views(names.begin(), names.end());
  return std::string(inkling::nearest_name(views, wrong));
}

}  // namespace

CLI::Validator whole_number(std::uint64_t low, std::uint64_t high) {
  return CLI::Validator(
      [=](const std::string& text) {
        const auto value = whole(text);
        if (value && *value >= low && *value <= high) return std::string();
        return fmt::format("expected a whole number from {} to {}, got '{}'", low, high, text);
      },
      "");
}

inkling::Runtime MachineOptions::runtime() const {
  return inkling::Runtime(
      {.threads = threads, .isa = isa.empty() ? std::nullopt : std::optional(inkling::isa_from_name(isa))});
}

void add_machine_options(CLI::App& command, MachineOptions& options) {
  command.add_option("--threads", options.threads, "Threads (default: one for each core)")
      ->check(whole_number(1, inkling::kMaxThreads))
      ->type_name("N");
  std::vector<std::string> isas;
  for (const inkling::Isa isa : inkling::available_isas()) isas.emplace_back(inkling::name(isa));
  command
      .add_option("--isa", options.isa, fmt::format("Instruction set: {} (default: the last)", fmt::join(isas, ", ")))
      ->type_name("NAME");
}

void use_plain_help(CLI::App& app) {
  // CLI11 puts the description behind a column of fixed width and leaves long lines to the terminal; this keeps to 80
  // columns.
  class Plain : public CLI::Formatter {
   public:
    Plain() { column_width(26); }
    std::string make_option(const CLI::Option* option, bool positional) const override {
      std::string left = "  " + make_option_name(option, positional) + make_option_opts(option);
      if (const std::size_t comma = left.find(",--"); comma != std::string::npos) left.insert(comma + 1, " ");
      std::string line =
          left.size() < 26 ? left + std::string(26 - left.size(), ' ') : left + "\n" + std::string(26, ' ');
      std::size_t column = 26;
      std::string_view text = option->get_description();
      while (!text.empty()) {
        const std::size_t space = std::min(text.find(' '), text.size());
        if (column > 26 && column + 1 + space > 80) {
          line += "\n" + std::string(26, ' ');
          column = 26;
        }
        if (column > 26) line += ' ';
        line += text.substr(0, space);
        column += space + 1;
        text.remove_prefix(std::min(space + 1, text.size()));
      }
      return line + "\n";
    }
    std::string make_option_opts(const CLI::Option* option) const override {
      return option->get_type_size() == 0 || option->get_type_name().empty() ? "" : " " + option->get_type_name();
    }
    std::string make_group(std::string group, bool positional, std::vector<const CLI::Option*> options) const override {
      if (positional) return "\nArguments:\n" + lines(options, true);
      return "\n" + group + ":\n" + lines(options, false);
    }

   private:
    std::string lines(const std::vector<const CLI::Option*>& options, bool positional) const {
      std::string text;
      for (const CLI::Option* option : options) text += make_option(option, positional);
      return text;
    }
  };
  const auto formatter = std::make_shared<Plain>();
  const auto apply = [&](auto& self, CLI::App& command) -> void {
    command.formatter(formatter);
    command.get_help_ptr()->description("Print this help and exit");
    for (CLI::App* sub : command.get_subcommands({})) self(self, *sub);
  };
  apply(apply, app);
}

std::string explain_usage(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = reached(&app);
  std::string what = error.what();
  const std::vector<std::string> unknown = command->remaining();
  if (!unknown.empty()) {
    const std::string near = nearest(command, unknown.front());
    what = fmt::format("'{}' is not known{}", unknown.front(),
                       near.empty() ? "" : fmt::format("; did you mean '{}'?", near));
  } else if (const auto commands = command->get_subcommands({}); !commands.empty()) {
    std::vector<std::string> names;
    for (const CLI::App* sub : commands) names.push_back(sub->get_name());
    what = fmt::format("expected a command: {}", fmt::join(names, ", "));
  }
  return fmt::format("{}: {}\nSee: {} --help", full_name(command), what, full_name(command));
}
