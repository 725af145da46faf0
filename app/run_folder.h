// The folder of a training run: config.json, metrics.jsonl, model.safetensors.
//
// Made before training, so that an unwritable place is found before any work is done. A folder that already holds
// something is refused. A run that fails or is stopped without a model leaves nothing: what was written is
// removed again; only one that is killed cannot do that.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "inkling/format/model_file.h"

class RunFolder {
 public:
  // An empty path makes runs/DATE-TIME. Throws inkling::Error io.
  explicit RunFolder(const std::string& path);
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path model_path() const { return path_ / "model.safetensors"; }

  void write_config(const nlohmann::ordered_json& config);
  void append_metrics(const nlohmann::ordered_json& line);

  // Also points runs/latest here, when the folder is in runs/. From then on the folder stays.
  void save_model(const inkling::Mlp& model, const inkling::ModelInfo& info);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::filesystem::path path_;
  std::vector<std::filesystem::path> made_;  // folders that were not there before, the innermost first
  bool has_model_ = false;
  std::unique_ptr<std::FILE, Close> metrics_;
};
