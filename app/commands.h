// The program's commands: one file each, which adds its subcommand to the parser.
//
// A command parses, calls the library, prints; nothing else. Results go to stdout, progress and remarks to stderr. A
// failure is thrown as inkling::Error; main prints it and exits with 1. Wrong usage is CLI11's to report; main exits
// with 2.
#pragma once

#include <CLI/CLI.hpp>

void add_train_command(CLI::App& app);
void add_eval_command(CLI::App& app);
void add_predict_command(CLI::App& app);
void add_read_command(CLI::App& app);
void add_gradcheck_command(CLI::App& app);
void add_report_command(CLI::App& app);
void add_bench_command(CLI::App& app);
void add_show_command(CLI::App& app);
void add_data_command(CLI::App& app);
