// inkling predict on a whole file of images: a table, an IDX file, an .npz or a folder; an answer a line, or a
// submission to a contest.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "inkling/data/source.h"
#include "inkling/format/model_file.h"
#include "inkling/kernel/runtime.h"

struct PredictTableArguments {
  std::string format;  // text, csv or kaggle; empty: text, or csv where a file is written
  std::string output;  // empty: stdout
  bool json = false;   // an object a line
};

// --format and --output.
void add_predict_table_options(CLI::App& command, PredictTableArguments& arguments);

// Whether a path is a set of images and not one image. What is neither counts as an image, whose reader says what is
// wrong with it.
bool is_table(const std::string& path);

// Reads all images of the file and writes an answer for each, in their order. Where the labels are known, the share of
// right answers goes to stderr. Throws inkling::Error; then nothing is written.
void predict_table(const inkling::Runtime& rt, const inkling::LoadedModel& loaded, const std::string& path,
                   const inkling::TableForm& form, const PredictTableArguments& arguments);
