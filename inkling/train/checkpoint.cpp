#include "inkling/train/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>

#include "inkling/core/error.h"
#include "inkling/format/safetensors.h"
#include "inkling/format/strict_json.h"

namespace fs = std::filesystem;

namespace inkling {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr const char* kStateKey = "inkling.checkpoint";
constexpr const char* kIdentityKey = "inkling.identity";
constexpr std::size_t kVersion = 1;
constexpr std::size_t kMaxCheckpointBytes = std::size_t{1} << 36;  // guess: lbfgs keeps 200 vectors and more
constexpr std::size_t kMaxVectors = 4096;                          // guess: twice lbfgs' longest history, and more

void put(TensorFile& file, std::string name, const std::vector<float>& values) {
  if (!values.empty()) file.tensors.push_back({.name = std::move(name), .shape = {values.size()}, .values = values});
}

void put(TensorFile& file, const std::string& name, const Weights& weights) {
  put(file, name + ".parameters", weights.parameters);
  put(file, name + ".statistics", weights.statistics);
}

// Tensors by name; each is taken once.
class Tensors {
 public:
  explicit Tensors(TensorFile& file) {
    for (NamedTensor& tensor : file.tensors) by_name_[tensor.name] = &tensor;
  }
  std::vector<float> take(const std::string& name) {
    const auto at = by_name_.find(name);
    if (at == by_name_.end()) return {};  // an empty vector is not written
    std::vector<float> values = std::move(at->second->values);
    by_name_.erase(at);
    return values;
  }
  Weights take_weights(const std::string& name) { return {take(name + ".parameters"), take(name + ".statistics")}; }
  void check_none_left(std::string_view where) const {
    if (!by_name_.empty())
      fail(ErrorKind::format, "{}: the tensor {} is not known", where, in_quotes(by_name_.begin()->first));
  }

 private:
  std::map<std::string, NamedTensor*> by_name_;
};

const std::string& text_under(const TensorFile& file, const char* key, std::string_view where) {
  const auto at = file.metadata.find(key);
  if (at == file.metadata.end()) fail(ErrorKind::format, "{}: no checkpoint: metadata '{}' is missing", where, key);
  return at->second;
}

// "checkpoint/000000001234.safetensors": the number sorts as the text does.
fs::path file_of(const fs::path& folder, std::uint64_t passes) {
  return folder / fmt::format("{:012}.safetensors", passes);
}

// Newest first.
std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.size() == 24 && name.ends_with(".safetensors") &&
        std::all_of(name.begin(), name.begin() + 12, [](char c) { return c >= '0' && c <= '9'; }))
      files.push_back(at->path());
  }
  std::ranges::sort(files, std::greater{});
  return files;
}

void check_identity(const Identity& found, const Identity& expected, const std::string& where) {
  const auto differs = [&](const std::string& what, const std::string& there, const std::string& here) {
    fail(ErrorKind::config, "{}: belongs to another run: {} is {} there and {} here", where, what, in_quotes(there),
         in_quotes(here));
  };
  for (const auto& [what, here] : expected) {
    const auto there = found.find(what);
    if (there == found.end()) differs(what, "not given", here);
    if (there->second != here) differs(what, there->second, here);
  }
  for (const auto& [what, there] : found)
    if (!expected.contains(what)) differs(what, there, "not given");
}

}  // namespace

Bytes to_bytes(const Checkpoint& checkpoint) {
  const FitState& s = checkpoint.state;
  TensorFile file;
  put(file, "weights", s.weights);
  put(file, "last_good", s.last_good);
  put(file, "best", s.best_weights);
  put(file, "average", Weights{s.averaging.weights, s.averaging.statistics});
  for (std::size_t k = 0; k < s.optimizer.vectors.size(); ++k)
    put(file, fmt::format("optimizer.{}", k), s.optimizer.vectors[k]);
  const ordered_json numbers = {{"format", kVersion},
                                {"epochs", s.epochs},
                                {"batch", s.batch},
                                {"passes", s.passes},
                                {"images", s.images},
                                {"correct", s.correct},
                                {"total_loss", s.total_loss},
                                {"seconds", s.seconds},
                                {"optimizer_steps", s.optimizer.steps},
                                {"optimizer_numbers", s.optimizer.numbers},
                                {"optimizer_vectors", s.optimizer.vectors.size()},
                                {"schedule_best", s.schedule.best},
                                {"schedule_any", s.schedule.any ? 1 : 0},
                                {"schedule_bad_epochs", s.schedule.bad_epochs},
                                {"schedule_factor", s.schedule.factor},
                                {"averaging_count", s.averaging.count},
                                {"best_epoch", s.best_epoch},
                                {"best", s.best},
                                {"epochs_without_better", s.epochs_without_better}};
  file.metadata[kStateKey] = numbers.dump();
  file.metadata[kIdentityKey] = json(checkpoint.identity).dump();
  return to_safetensors(file);
}

Checkpoint checkpoint_from_bytes(std::span<const std::uint8_t> bytes, std::string_view where) {
  TensorFile file = parse_safetensors(bytes, where);
  const std::string place = fmt::format("{}: {}", where, kStateKey);
  const json numbers = parse_json_object(text_under(file, kStateKey, where), place);
  const auto count = [&](const char* key) { return json_count(json_member(numbers, key, place), place + ": " + key); };
  const auto number = [&](const char* key) {
    return json_number(json_member(numbers, key, place), place + ": " + key);
  };
  if (count("format") != kVersion)
    fail(ErrorKind::format, "{}: format {}, and this Inkling reads {}: resume with the one that wrote it", where,
         count("format"), kVersion);

  Checkpoint checkpoint;
  const json identity =
      parse_json_object(text_under(file, kIdentityKey, where), fmt::format("{}: {}", where, kIdentityKey));
  for (const auto& [what, value] : identity.items())
    checkpoint.identity[what] = json_text(value, fmt::format("{}: {}: {}", where, kIdentityKey, in_quotes(what)));

  FitState& s = checkpoint.state;
  s.epochs = count("epochs");
  s.batch = count("batch");
  s.passes = count("passes");
  s.images = count("images");
  s.correct = count("correct");
  s.total_loss = number("total_loss");
  s.seconds = number("seconds");
  s.optimizer.steps = count("optimizer_steps");
  for (const json& each : json_array(json_member(numbers, "optimizer_numbers", place), place))
    s.optimizer.numbers.push_back(json_number(each, place + ": optimizer_numbers"));
  s.schedule = {.best = number("schedule_best"),
                .any = count("schedule_any") != 0,
                .bad_epochs = count("schedule_bad_epochs"),
                .factor = number("schedule_factor")};
  s.averaging.count = count("averaging_count");
  s.best_epoch = count("best_epoch");
  s.best = number("best");
  s.epochs_without_better = count("epochs_without_better");

  Tensors tensors(file);
  s.weights = tensors.take_weights("weights");
  s.last_good = tensors.take_weights("last_good");
  s.best_weights = tensors.take_weights("best");
  Weights average = tensors.take_weights("average");
  s.averaging.weights = std::move(average.parameters);
  s.averaging.statistics = std::move(average.statistics);
  const std::size_t vectors = count("optimizer_vectors");
  if (vectors > kMaxVectors)
    fail(ErrorKind::limit, "{}: {} vectors of the optimizer, more than the {} that are allowed", where, vectors,
         kMaxVectors);
  for (std::size_t k = 0; k < vectors; ++k) s.optimizer.vectors.push_back(tensors.take(fmt::format("optimizer.{}", k)));
  tensors.check_none_left(where);
  return checkpoint;
}

void save_checkpoint(const fs::path& folder, const Checkpoint& checkpoint) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail(ErrorKind::io, "{}: cannot be made: {}", folder.string(), error.message());
  write_file_atomically(file_of(folder, checkpoint.state.passes), to_bytes(checkpoint));
  const std::vector<fs::path> files = files_in(folder);
  for (std::size_t k = 2; k < files.size(); ++k) fs::remove(files[k], error);
}

std::optional<Checkpoint> load_checkpoint(const fs::path& folder, const Identity& expected,
                                          const std::function<void(const std::string&)>& note) {
  for (const fs::path& file : files_in(folder)) {
    Checkpoint checkpoint;
    try {
      checkpoint = checkpoint_from_bytes(read_file(file, kMaxCheckpointBytes), file.string());
    } catch (const Error& error) {
      if (note) note(fmt::format("{}; taking the one before it", error.what()));
      continue;
    }
    check_identity(checkpoint.identity, expected, file.string());
    return checkpoint;
  }
  return std::nullopt;
}

}  // namespace inkling
