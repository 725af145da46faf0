// inkling data convert: a data set in one form written in another.
#pragma once

#include <CLI/CLI.hpp>

void add_convert(CLI::App& data);
