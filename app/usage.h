// What the commands have in common on the command line: checks of values, the look of help, and words for wrong usage.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "inkling/kernel/runtime.h"

// A whole number from low to high, written in digits alone.
CLI::Validator whole_number(std::uint64_t low, std::uint64_t high);

// --threads and --isa, which every command that computes takes.
struct MachineOptions {
  std::size_t threads = 0;
  std::string isa;

  inkling::Runtime runtime() const;  // throws inkling::Error config
};
void add_machine_options(CLI::App& command, MachineOptions& options);

// Help without CLI11's type names, in 80 columns, for app and all its commands.
void use_plain_help(CLI::App& app);

// What was wrong, the nearest right name where there is one, and which help to read.
std::string explain_usage(const CLI::App& app, const CLI::ParseError& error);
