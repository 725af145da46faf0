// What `inkling show` draws: a run or a model file, with its data where they can be had.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "inkling/core/matrix.h"
#include "inkling/data/dataset.h"
#include "inkling/format/model_file.h"
#include "inkling/kernel/runtime.h"
#include "inkling/report/answer_pictures.h"
#include "inkling/report/history.h"

class ShowSubject {
 public:
  // `path` is a run's folder, a folder with a model, or a model file. `source` names data, or is empty: those of the
  // run, or MNIST for a model that reads its images. Throws inkling::Error: nothing there, something broken, data that
  // were named and do not fit. What can be done without is a reason in no_model and no_data.
  ShowSubject(const inkling::Runtime& rt, const std::string& path, const std::string& source);

  std::string name;                              // of the run's folder or the file, for titles
  std::optional<inkling::RunHistory> history{};  // of a run
  std::optional<inkling::LoadedModel> loaded{};
  std::optional<inkling::DataSplit> data{};
  std::string no_model, no_data;  // why there is none

  const inkling::Mlp& model() const { return loaded->model; }
  const inkling::Dataset& test() const { return data->test; }
  const std::vector<std::string>& classes() const { return loaded->info.class_names; }
  // What the model answers to the test images; made at the first call.
  const inkling::Answers& answers();
  const inkling::Matrix& logits();

 private:
  void load_data(const std::string& source);

  const inkling::Runtime& rt_;
  inkling::Matrix logits_, probabilities_;
  std::vector<std::uint32_t> read_;
  std::optional<inkling::Answers> answers_;
};
