// The folder of a training run: config.json, metrics.jsonl, model.safetensors, tensorboard/ where that is asked for,
// and checkpoint/ while it is not finished.
//
// Made before training, so that an unwritable place is found before any work is done. A folder that already holds
// something is refused, but by a run that is resumed. A run that fails or is stopped without a model or a checkpoint
// leaves nothing: what was written is removed again; only one that is killed cannot do that.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "inkling/format/model_file.h"
#include "inkling/train/checkpoint.h"

class RunFolder {
 public:
  // An empty path makes runs/DATE-TIME. Throws inkling::Error io.
  static RunFolder fresh(const std::string& path);
  // The folder of a run that was begun. Throws inkling::Error io: there is none.
  static RunFolder existing(const std::filesystem::path& path);
  ~RunFolder();
  RunFolder(RunFolder&&) = default;
  RunFolder& operator=(RunFolder&&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path model_path() const { return path_ / "model.safetensors"; }
  std::filesystem::path checkpoints() const { return path_ / "checkpoint"; }

  void write_config(const std::string& json);
  std::string read_config() const;
  void append_metrics(const nlohmann::ordered_json& line);
  // Drops the lines behind that of an epoch: those that a resumed run writes anew.
  void cut_metrics_after(std::uint64_t epoch);

  // From then on the folder stays.
  void save_checkpoint(const inkling::Checkpoint& checkpoint);
  bool has_checkpoint() const { return has_checkpoint_; }
  // Also points runs/latest here, when the folder is in runs/. From then on the folder stays.
  void save_model(const inkling::Mlp& model, const inkling::ModelInfo& info);
  // The run has come to its end: its checkpoints are of no more use.
  void remove_checkpoints();

 private:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}

  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::filesystem::path path_;
  std::vector<std::filesystem::path> made_;  // folders that were not there before, the innermost first
  bool has_model_ = false, has_checkpoint_ = false;
  std::unique_ptr<std::FILE, Close> metrics_;
};
