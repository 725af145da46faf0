// A run's folder, read back: what was asked for, on which data and machine, and what each epoch brought.
//
// config.json and metrics.jsonl are taken as bytes from outside. Refused, with the file, the line and the field: what
// is no JSON of the expected shape, epochs that do not rise, accuracies that are not in [0, 1], tensors that are not
// the network's, more than the limits below. A last line without its end, which a killed run leaves, is dropped. A
// measured number that was not finite stands in the file as null and is NaN here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/data/dataset.h"
#include "inkling/train/recipe.h"

namespace inkling {

inline constexpr std::size_t kMaxConfigBytes = 1u << 20;   // guess: a config has some kilobytes
inline constexpr std::size_t kMaxMetricsBytes = 1u << 28;  // guess: some 300,000 epochs of a classic network
inline constexpr std::size_t kMaxHistoryTextBytes = 1024;  // guess: a path, a sentence

struct TensorRecord {
  std::string name;          // "0.weight"
  double gradient_norm = 0;  // of the epoch's last step
  double update_ratio = 0;   // norm of that step's change over norm of the tensor
};

// A line of metrics.jsonl.
struct EpochRecord {
  std::size_t epoch = 0;    // from 1
  std::uint64_t steps = 0;  // of the optimiser, in all
  double learning_rate = 0;
  double train_loss = 0, train_accuracy = 0;
  std::optional<double> validation_loss{}, validation_accuracy{};  // both or neither
  double test_loss = 0, test_accuracy = 0;
  double train_seconds = 0, test_seconds = 0;  // since the line before
  std::vector<TensorRecord> tensors{};         // all of the network's, in the order of its parameter table
  std::vector<std::string> complaints{};
};

// Of the data as it was found, before any part was left out.
struct DataFacts {
  std::string source;                       // what --data named: "mnist", a path
  std::string origin;                       // for people: "MNIST in data/mnist"
  std::array<std::string, 4> idx_sha256{};  // of the four parts as uncompressed IDX files, in the order of kIdxNames
  std::size_t train_images = 0;             // that the run trained on
  std::size_t validation_images = 0;        // held out of them; 0: none
  std::size_t test_images = 0;              // that it was tested on
  std::optional<MadeTestPart> made_test{};  // where the test part was held out of a set that has none
  bool as_is = false, skip_bad = false;     // how a folder of images was read
  std::map<std::string, std::string> table_form{};  // what was said of a table: set_table_form's names and texts
};

struct RunHistory {
  std::filesystem::path folder{};
  Recipe recipe{};
  std::string preset{};     // empty: none
  std::string init_from{};  // empty: weights were drawn
  DataFacts data{};
  std::size_t threads = 0;
  std::string isa{};
  std::string version{};  // of the program that trained
  std::vector<EpochRecord> epochs{};
  bool finished = false;  // there are no checkpoints to continue from

  std::filesystem::path model_path() const { return folder / "model.safetensors"; }
};

// `folder` holds config.json; a run that was stopped before its first epoch has no metrics.jsonl, and no epochs.
// Throws Error: io, limit, format, config (an option's value), shape (a network that cannot be).
RunHistory read_history(const std::filesystem::path& folder);

// The same of the two files' texts, which belong to `folder` in errors. Throws the same, but for io.
RunHistory history_from_text(std::string_view config, std::string_view metrics, const std::filesystem::path& folder);

// Where the best epoch stands in epochs: the first with the lowest validation loss or, as the recipe watches, the
// highest validation accuracy; by the highest test accuracy where nothing was held out. Nothing without epochs, or
// where no epoch has a finite number.
std::optional<std::size_t> best_epoch(const RunHistory& run);

}  // namespace inkling
