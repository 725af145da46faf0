// The command that gives a run again: `inkling train` with the options that are not the usual ones.
//
// Safe to paste into a shell: what a shell could take for something else stands in single quotes. Threads and
// instruction set are left out, since the weights do not depend on them.
#pragma once

#include <string>
#include <vector>

#include "inkling/report/history.h"

namespace inkling {

struct OptionValue {
  std::string name;    // of the table of recipe_options()
  std::string value;   // as set_option() takes it
  bool usual = false;  // what the run would have had, had nobody asked: by its preset, and by options it goes with
};

// Every option of the recipe in the table's order.
std::vector<OptionValue> option_values(const RunHistory& run);

// One line, without its end. Where no options say it (a preset's flag that was taken back), it names the run's own
// config.json.
std::string command_line(const RunHistory& run);

// A word as a POSIX shell reads it back.
std::string shell_quoted(const std::string& word);

}  // namespace inkling
