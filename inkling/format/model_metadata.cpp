#include "inkling/format/model_metadata.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "inkling/core/error.h"
#include "inkling/format/strict_json.h"

namespace inkling {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr unsigned kVersion = 2;  // the first that knows of refusals
constexpr std::string_view kPrefix = "inkling.";
constexpr const char* kInput = "ink * pixel / 255";

// Control characters of ASCII and, as UTF-8 writes them (C2 80 to C2 9F), of Latin-1: both steer terminals.
bool has_control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0u;
    if (byte < 0x20 || byte == 0x7F || (byte == 0xC2 && next >= 0x80 && next < 0xA0)) return true;
  }
  return false;
}

void check_printable(std::string_view text, std::string_view what) {
  if (has_control_character(text))
    fail(ErrorKind::config, "{} {} has a control character in it", what, in_quotes(text));
}

std::string compact(const ordered_json& value) {
  try {
    return value.dump();
  } catch (const json::exception&) {
    fail(ErrorKind::config, "a class name or a training fact is not UTF-8");
  }
}

// What inference needs; what only training knows (dropout, noise) is left out, and so is a temperature of 1.
ordered_json architecture_of(const Config& config) {
  std::vector<std::string_view> activations;
  for (std::size_t l = 0; l + 1 < config.layer_count(); ++l) activations.push_back(name(config.activation_of(l)));
  if (activations.empty()) activations.push_back(name(config.activation));
  const bool all_alike = std::ranges::count(activations, activations.front()) == std::ssize(activations);

  ordered_json architecture;
  architecture["widths"] = config.widths;
  architecture["activation"] = all_alike ? ordered_json(activations.front()) : ordered_json(activations);
  architecture["output"] = name(config.output);
  if (config.temperature != 1) architecture["temperature"] = config.temperature;
  return architecture;
}

ordered_json refusal_of(const RefusalRule& rule) {
  ordered_json refusal = {{"rate", rule.rate}, {"images", rule.images}, {"least_probability", rule.least_probability}};
  if (rule.has_distance()) refusal["most_distance"] = rule.most_distance;
  return refusal;
}

// The JSON object under one of our keys.
json object_under(const Metadata& metadata, const std::string& key, std::string_view where) {
  const auto at = metadata.find(key);
  if (at == metadata.end()) fail(ErrorKind::format, "{}: metadata '{}' is missing", where, key);
  return parse_json_object(at->second, fmt::format("{}: {}", where, key));
}

void check_version(const Metadata& metadata, std::string_view where) {
  const auto at = metadata.find("inkling.format");
  if (at == metadata.end()) fail(ErrorKind::format, "{}: metadata 'inkling.format' is missing", where);
  const std::string& text = at->second;
  unsigned version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size() || version == 0)
    fail(ErrorKind::format, "{}: inkling.format: expected a version number, found {}", where, in_quotes(text));
  if (version > kVersion)
    fail(ErrorKind::format, "{}: written by a newer Inkling: format {}, and this one reads up to {}: update Inkling",
         where, version, kVersion);
}

// The value, which must be a number above 0 that a float can hold: not 0, negative, or beyond its range.
float json_positive_float(const json& value, const std::string& where) {
  const double number = json_number(value, where);
  if (!(number >= std::numeric_limits<float>::denorm_min() && number <= std::numeric_limits<float>::max()))
    fail(ErrorKind::format, "{}: expected a number above 0 that a float can hold, found {}", where, number);
  return static_cast<float>(number);
}

Activation json_activation(const json& value, const std::string& where) {
  const std::string& text = json_text(value, where + ": activation");
  try {
    return choice_from_name<Activation>(text, "activation");
  } catch (const Error&) {
    fail(ErrorKind::format, "{}: the activation {} is not known here: update Inkling", where, in_quotes(text));
  }
}

// One name for all hidden layers, or an array with a name for each.
void read_activations(const json& value, Config& config, const std::string& where) {
  if (!value.is_array()) {
    config.activation = json_activation(value, where);
    return;
  }
  const std::size_t hidden_layers = config.layer_count() - 1;
  if (value.size() != hidden_layers)
    fail(ErrorKind::shape, "{}: {} activations for {}, which has {} hidden layers", where, value.size(),
         describe(config), hidden_layers);
  for (const json& each : value) config.activations.push_back(json_activation(each, where));
}

void read_architecture(const Metadata& metadata, Config& config, std::string_view file) {
  const std::string where = fmt::format("{}: inkling.architecture", file);
  const json architecture = object_under(metadata, "inkling.architecture", file);
  std::vector<std::size_t> widths;
  for (const json& width : json_array(json_member(architecture, "widths", where), where + ": widths"))
    widths.push_back(json_count(width, where + ": widths"));
  if (widths != config.widths)
    fail(ErrorKind::shape, "{}: the tensors' widths are {}, and these are {}", where, describe(config),
         in_quotes(describe({.widths = widths})));
  const std::string& output = json_text(json_member(architecture, "output", where), where + ": output");
  const std::span<const std::string_view> outputs = choice_names(Output{});
  const auto known = std::ranges::find(outputs, output);
  if (known == outputs.end())
    fail(ErrorKind::format, "{}: the output {} is not known here; known: {}", where, in_quotes(output),
         fmt::join(outputs, ", "));
  config.output = static_cast<Output>(known - outputs.begin());
  read_activations(json_member(architecture, "activation", where), config, where);
  if (architecture.contains("temperature"))
    config.temperature = json_positive_float(architecture["temperature"], where + ": temperature");
}

void read_preprocessing(const Metadata& metadata, Config& config, std::string_view file) {
  const std::string where = fmt::format("{}: inkling.preprocessing", file);
  const json preprocessing = object_under(metadata, "inkling.preprocessing", file);
  const std::string& input = json_text(json_member(preprocessing, "input", where), where + ": input");
  if (input != kInput)
    fail(ErrorKind::format, "{}: the input {} is not known; known: '{}'", where, in_quotes(input), kInput);
  config.ink = json_positive_float(json_member(preprocessing, "ink", where), where + ": ink");
}

void read_image(const Metadata& metadata, ModelInfo& info, std::string_view file) {
  const std::string where = fmt::format("{}: inkling.image", file);
  const json image = object_under(metadata, "inkling.image", file);
  info.image_height = json_count(json_member(image, "height", where), where + ": height");
  info.image_width = json_count(json_member(image, "width", where), where + ": width");
  if (info.image_height == 0 || info.image_width == 0)
    fail(ErrorKind::shape, "{}: an image of {} x {} pixels is empty", where, info.image_height, info.image_width);
}

void read_classes(const Metadata& metadata, ModelInfo& info, std::string_view file) {
  const std::string where = fmt::format("{}: inkling.classes", file);
  const json classes = object_under(metadata, "inkling.classes", file);
  for (const json& text : json_array(json_member(classes, "names", where), where))
    info.class_names.push_back(json_text(text, where));
  if (info.class_names.empty()) fail(ErrorKind::shape, "{}: no names", where);
}

void read_training(const Metadata& metadata, ModelInfo& info, std::string_view file) {
  const json training = object_under(metadata, "inkling.training", file);
  for (const auto& [fact, value] : training.items())
    info.training[fact] = json_text(value, fmt::format("{}: inkling.training: {}", file, in_quotes(fact)));
}

// The numbers of a rule; what they must be, check(RefusalRule) says when its tensors are there, too.
void read_refusal(const Metadata& metadata, ModelInfo& info, std::string_view file) {
  if (!metadata.contains("inkling.refusal")) return;
  const std::string where = fmt::format("{}: inkling.refusal", file);
  const json refusal = object_under(metadata, "inkling.refusal", file);
  RefusalRule& rule = info.refusal.emplace();
  rule.rate = json_number(json_member(refusal, "rate", where), where + ": rate");
  rule.images = json_count(json_member(refusal, "images", where), where + ": images");
  const double least = json_number(json_member(refusal, "least_probability", where), where + ": least_probability");
  if (!(least >= 0 && least <= 1))
    fail(ErrorKind::format, "{}: least_probability: expected a number from 0 to 1, found {}", where, least);
  rule.least_probability = static_cast<float>(least);
  if (refusal.contains("most_distance"))
    rule.most_distance = json_positive_float(refusal["most_distance"], where + ": most_distance");
}

}  // namespace

ModelInfo complete(ModelInfo info, const Config& config) {
  const std::size_t inputs = config.inputs();
  if (info.image_height == 0 && info.image_width == 0) {
    const auto side = static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(inputs))));
    info.image_height = side * side == inputs ? side : 1;
    info.image_width = inputs / info.image_height;
  }
  const bool overflow = info.image_width != 0 && info.image_height > inputs / info.image_width;
  if (overflow || info.image_height * info.image_width != inputs)
    fail(ErrorKind::shape, "an image of {} x {} pixels does not fit a network of {} inputs", info.image_height,
         info.image_width, inputs);

  if (info.class_names.empty())
    for (std::size_t c = 0; c < config.outputs(); ++c) info.class_names.push_back(std::to_string(c));
  if (info.class_names.size() != config.outputs())
    fail(ErrorKind::shape, "{} class names for a network of {} outputs", info.class_names.size(), config.outputs());
  for (const std::string& class_name : info.class_names) check_printable(class_name, "the class name");
  for (const auto& [fact, value] : info.training) {
    check_printable(fact, "the training fact");
    check_printable(value, "the training fact");
  }
  return info;
}

Metadata write_metadata(const Config& config, const ModelInfo& info) {
  if (config.batch_norm)
    fail(ErrorKind::config,
         "a network with batch normalisation has no place in a model file: fold it into the weights first");
  ordered_json classes;
  classes["names"] = info.class_names;
  Metadata metadata{
      {"inkling.format", info.refusal ? "2" : "1"},
      {"inkling.architecture", compact(architecture_of(config))},
      {"inkling.preprocessing", compact({{"input", kInput}, {"ink", config.ink}})},
      {"inkling.image", compact({{"height", info.image_height}, {"width", info.image_width}})},
      {"inkling.classes", compact(classes)},
      {"inkling.training", compact(ordered_json(info.training))},
  };
  if (info.refusal) metadata["inkling.refusal"] = compact(refusal_of(*info.refusal));
  return metadata;
}

ModelInfo read_metadata(const Metadata& metadata, Config& config, std::string_view where) {
  const bool ours =
      std::any_of(metadata.begin(), metadata.end(), [](const auto& m) { return m.first.starts_with(kPrefix); });
  config = {.widths = config.widths};
  ModelInfo info;
  if (ours) {
    check_version(metadata, where);
    read_architecture(metadata, config, where);
    read_preprocessing(metadata, config, where);
    read_image(metadata, info, where);
    read_classes(metadata, info, where);
    read_training(metadata, info, where);
    read_refusal(metadata, info, where);
  } else {
    config.ink = 1;
  }
  try {
    return complete(std::move(info), config);
  } catch (const Error& error) {
    fail(error.kind(), "{}: {}", where, error.what());
  }
}

}  // namespace inkling
