// The TensorBoard event files of a run, in its folder's tensorboard/, one for each start of the run.
//
// An epoch's records are written together and at once: a run that is killed leaves files that can be read up to there.
// A run that is resumed first cuts off what lies behind the state it starts from, so that no step is told twice.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>

#include "inkling/core/file.h"
#include "inkling/data/dataset.h"
#include "inkling/model/mlp.h"
#include "inkling/train/fit.h"

class EventLog {
 public:
  static constexpr const char* kFolder = "tensorboard";  // in the run's

  // from: the state that a resumed run starts at, or null. Throws inkling::Error io.
  EventLog(const std::filesystem::path& run, const inkling::Dataset& train, const inkling::FitState* from);
  // Whether the run that is to be resumed wrote events.
  static bool is_in(const std::filesystem::path& run);

  void epoch(const inkling::EpochReport& report, const inkling::Mlp& model);

 private:
  void write(const inkling::Bytes& records);

  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::size_t images_, height_, width_;  // of the training images
  std::size_t told_;                     // images that the last report, or the state at the start, had behind it
};
