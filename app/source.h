// Data for a command: the options that say which, and what a person should be told while they are loaded.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "inkling/data/dataset.h"
#include "inkling/data/source.h"
#include "inkling/data/test_part.h"
#include "inkling/report/history.h"

// What --data names, and how it is read.
struct SourceArguments {
  std::string source{};                 // empty: not named
  std::optional<double> test{};         // share of a set without a test part that becomes one
  std::optional<std::uint64_t> seed{};  // which images those are
  bool as_is = false;                   // a folder's images are not prepared
  bool skip_bad = false;                // images that cannot be read are left out
  inkling::TableForm table{};           // --label, --image-size, --transpose

  bool any() const { return !source.empty() || test || seed || as_is || skip_bad || table != inkling::TableForm{}; }
};

// --data with this help, --test, --test-seed, --as-is, --skip-bad and those of add_table_form_options.
void add_source_options(CLI::App& command, SourceArguments& arguments, const std::string& help);
// The same without --data.
void add_reading_options(CLI::App& command, SourceArguments& arguments);
// --label, --image-size and --transpose.
void add_table_form_options(CLI::App& command, inkling::TableForm& form);

// Prints to stderr what happens, and says in a box when it is only the bundled sample. Throws inkling::Error.
inkling::DataSplit load_source(const SourceArguments& arguments, inkling::WithoutTest without);
// To measure on: a set without a test part is one.
inkling::DataSplit load_source(const std::string& source);
// Images that are to be predicted, from a table or any other source.
inkling::ImageSet load_images(const std::string& path, const inkling::TableForm& form);

// The data of a run, split as they were for it.
SourceArguments source_of(const inkling::DataFacts& facts);
// The same of the run that `path` is the folder of; nothing where it is no run. Throws
// inkling::Error: its config.json cannot be read.
std::optional<SourceArguments> source_of_run(const std::string& path);

// What to measure a model on: what is named; otherwise the data of its run; otherwise MNIST. Where the data that are
// named are those of its run, they are read as they were for it, and split as they were, with a remark: else the model
// would be asked what it has learned by heart.
SourceArguments source_to_measure(const SourceArguments& named, const std::string& model);
