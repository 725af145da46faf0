#include "inkling/report/history.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "inkling/core/error.h"
#include "inkling/core/file.h"
#include "inkling/data/source.h"
#include "inkling/format/strict_json.h"
#include "inkling/model/mlp.h"

namespace inkling {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string text_of_file(const fs::path& path, std::size_t max_bytes) {
  const Bytes bytes = read_file(path, max_bytes);
  return {bytes.begin(), bytes.end()};
}

// One JSON object, and its place for errors.
struct Fields {
  const json& object;
  std::string where;

  std::string at(const char* key) const { return fmt::format("{}: {}", where, key); }
  bool has(const char* key) const { return object.contains(key); }

  std::size_t count(const char* key) const { return json_count(json_member(object, key, where), at(key)); }
  std::string text(const char* key) const { return bounded(json_text(json_member(object, key, where), at(key)), key); }
  bool flag(const char* key) const {
    if (!has(key)) return false;
    const json& value = object[key];
    if (!value.is_boolean()) fail(ErrorKind::format, "{}: expected true or false", at(key));
    return value.get<bool>();
  }
  std::string text_or_none(const char* key) const { return has(key) ? text(key) : std::string(); }
  Fields inner(const char* key) const { return {json_object(json_member(object, key, where), at(key)), at(key)}; }

  // A number that was measured: JSON has no NaN, and null stands for it.
  double measured(const char* key, double low = -std::numeric_limits<double>::infinity(),
                  double high = std::numeric_limits<double>::infinity()) const {
    const json& value = json_member(object, key, where);
    if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
    const double number = json_number(value, at(key));
    if (!(number >= low && number <= high))
      fail(ErrorKind::format, "{}: expected a number from {} to {}, found {}", at(key), low, high, number);
    return number;
  }
  double share(const char* key) const { return measured(key, 0, 1); }
  double not_negative(const char* key) const { return measured(key, 0); }

  std::string bounded(const std::string& text, const char* key) const {
    if (text.size() > kMaxHistoryTextBytes)
      fail(ErrorKind::limit, "{}: a text of {} bytes, more than the {} that are allowed", at(key), text.size(),
           kMaxHistoryTextBytes);
    return text;
  }
};

DataFacts data_facts(const Fields& fields) {
  DataFacts facts{.source = fields.text("source"), .origin = fields.text("origin")};
  const json& sums = json_array(json_member(fields.object, "idx_sha256", fields.where), fields.at("idx_sha256"));
  if (sums.size() != facts.idx_sha256.size())
    fail(ErrorKind::format, "{}: expected {} checksums, found {}", fields.at("idx_sha256"), facts.idx_sha256.size(),
         sums.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const std::string& sum = json_text(sums[i], fields.at("idx_sha256"));
    if (sum.size() != 64 || sum.find_first_not_of("0123456789abcdef") != sum.npos)
      fail(ErrorKind::format, "{}: expected SHA-256 sums, 64 hexadecimal digits, found {}", fields.at("idx_sha256"),
           in_quotes(sum));
    facts.idx_sha256[i] = sum;
  }
  facts.train_images = fields.count("train_images");
  if (fields.has("validation_images")) facts.validation_images = fields.count("validation_images");
  facts.test_images = fields.count("test_images");
  if (fields.has("test")) {
    facts.made_test = MadeTestPart{.share = fields.share("test"), .seed = fields.count("test_seed")};
    if (!(facts.made_test->share > 0 && facts.made_test->share < 1))
      fail(ErrorKind::format, "{}: expected a share above 0 and below 1", fields.at("test"));
  }
  facts.as_is = fields.flag("as_is");
  facts.skip_bad = fields.flag("skip_bad");
  TableForm form;
  for (const char* key : {"label", "image_size", "transpose"})
    if (fields.has(key)) set_table_form(form, key, fields.text(key));
  facts.table_form = table_form_texts(form);
  return facts;
}

std::vector<TensorRecord> tensor_records(const Fields& fields, const std::vector<Tensor>& table) {
  std::vector<TensorRecord> records;
  for (const Tensor& tensor : table) {
    const Fields one = fields.inner(tensor.name.c_str());
    records.push_back({.name = tensor.name,
                       .gradient_norm = one.not_negative("gradient_norm"),
                       .update_ratio = one.not_negative("update_ratio")});
  }
  if (fields.object.size() != table.size())
    fail(ErrorKind::format, "{}: {} tensors, and the network has {}", fields.where, fields.object.size(), table.size());
  return records;
}

EpochRecord epoch_record(const Fields& fields, const std::vector<Tensor>& table) {
  EpochRecord r{.epoch = fields.count("epoch"),
                .steps = fields.count("steps"),
                .learning_rate = fields.not_negative("learning_rate"),
                .train_loss = fields.measured("train_loss"),
                .train_accuracy = fields.share("train_accuracy"),
                .test_loss = fields.measured("test_loss"),
                .test_accuracy = fields.share("test_accuracy"),
                .train_seconds = fields.not_negative("train_seconds"),
                .test_seconds = fields.not_negative("test_seconds")};
  if (fields.has("validation_loss") || fields.has("validation_accuracy")) {
    r.validation_loss = fields.measured("validation_loss");
    r.validation_accuracy = fields.share("validation_accuracy");
  }
  r.tensors = tensor_records(fields.inner("tensors"), table);
  if (fields.has("complaints"))
    for (const json& each : json_array(fields.object["complaints"], fields.at("complaints")))
      r.complaints.push_back(fields.bounded(json_text(each, fields.at("complaints")), "complaints"));
  return r;
}

std::vector<EpochRecord> epoch_records(std::string_view text, const std::string& file, const Recipe& recipe) {
  const std::vector<Tensor> table = parameter_table(recipe.network);
  std::vector<EpochRecord> records;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = text.find('\n');
    if (end == text.npos) break;  // a line that was cut short
    const std::string where = fmt::format("{}: line {}", file, line);
    const json object = parse_json_object(text.substr(0, end), where);
    text.remove_prefix(end + 1);
    EpochRecord record = epoch_record({object, where}, table);
    const std::size_t before = records.empty() ? 0 : records.back().epoch;
    if (record.epoch <= before || record.epoch > recipe.fit.epochs)
      fail(ErrorKind::format, "{}: epoch: expected one from {} to the run's {}, found {}", where, before + 1,
           recipe.fit.epochs, record.epoch);
    if (!records.empty() && record.steps < records.back().steps)
      fail(ErrorKind::format, "{}: steps: {} after {}", where, record.steps, records.back().steps);
    if (!records.empty() && record.validation_loss.has_value() != records.back().validation_loss.has_value())
      fail(ErrorKind::format, "{}: validation_loss: expected in every line or in none", where);
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace

RunHistory history_from_text(std::string_view config, std::string_view metrics, const fs::path& folder) {
  RunHistory run{.folder = folder};
  const std::string config_file = (folder / "config.json").string();
  const json object = parse_json_object(config, config_file);
  apply_json(run.recipe, config, config_file);
  try {
    check(run.recipe.network);
  } catch (const Error& error) {
    fail(error.kind(), "{}: {}", config_file, error.what());
  }
  const Fields fields{object, config_file};
  run.preset = fields.text_or_none("preset");
  run.init_from = fields.text_or_none("init_from");
  run.data = data_facts(fields.inner("data"));
  const Fields machine = fields.inner("machine");
  run.threads = machine.count("threads");
  run.isa = machine.text("isa");
  run.version = fields.text("inkling");
  run.epochs = epoch_records(metrics, (folder / "metrics.jsonl").string(), run.recipe);
  return run;
}

RunHistory read_history(const fs::path& folder) {
  std::error_code error;
  if (fs::is_regular_file(folder, error))
    fail(ErrorKind::io, "{}: is a file, and the folder of a run is needed: the one that inkling train named as Run",
         folder.string());
  if (!fs::is_regular_file(folder / "config.json", error))
    fail(ErrorKind::io, "{}: is no run: it has no config.json", folder.string());
  const std::string config = text_of_file(folder / "config.json", kMaxConfigBytes);
  const fs::path metrics_file = folder / "metrics.jsonl";
  const bool has_metrics = fs::exists(metrics_file, error);
  RunHistory run =
      history_from_text(config, has_metrics ? text_of_file(metrics_file, kMaxMetricsBytes) : std::string(), folder);
  run.finished = !fs::is_directory(folder / "checkpoint", error);
  return run;
}

std::optional<std::size_t> best_epoch(const RunHistory& run) {
  const auto score = [&](const EpochRecord& e) {  // the higher, the better
    if (!e.validation_loss) return e.test_accuracy;
    return run.recipe.fit.stop.watch == Watch::loss ? -*e.validation_loss : *e.validation_accuracy;
  };
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < run.epochs.size(); ++i) {
    const double here = score(run.epochs[i]);
    if (std::isfinite(here) && (!best || here > score(run.epochs[*best]))) best = i;
  }
  return best;
}

}  // namespace inkling
