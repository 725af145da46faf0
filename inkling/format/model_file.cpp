#include "inkling/format/model_file.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "inkling/core/error.h"
#include "inkling/format/model_metadata.h"
#include "inkling/format/safetensors.h"
#include "inkling/format/strict_json.h"

namespace inkling {
namespace {

constexpr const char* kNames = "0.weight, 0.bias, 2.weight, 2.bias, ...";
constexpr std::string_view kCenters = "refusal.centers", kWhitening = "refusal.whitening",
                           kNoneWeight = "refusal.none.weight", kNoneBias = "refusal.none.bias";
constexpr std::string_view kRefusalTensors[] = {kCenters, kWhitening, kNoneWeight, kNoneBias};

using TensorsByName = std::map<std::string_view, const NamedTensor*>;

const NamedTensor& tensor_named(const TensorsByName& tensors, const std::string& name, std::string_view where) {
  const auto at = tensors.find(name);
  if (at == tensors.end())
    fail(ErrorKind::format, "{}: tensor '{}' is missing: the names must run {}", where, name, kNames);
  return *at->second;
}

void check_rank(const NamedTensor& tensor, std::size_t rank, const char* meaning, std::string_view where) {
  if (tensor.shape.size() != rank)
    fail(ErrorKind::shape, "{}: tensor {} has {} dimensions, expected {}: {}", where, in_quotes(tensor.name),
         tensor.shape.size(), rank, meaning);
}

// The widths that the tensors' shapes spell, as far as the layers' names run.
std::vector<std::size_t> chain_widths(const TensorsByName& tensors, std::string_view where) {
  std::vector<std::size_t> widths;
  for (std::size_t layer = 0;; ++layer) {
    const std::string weight_name = fmt::format("{}.weight", 2 * layer), bias_name = fmt::format("{}.bias", 2 * layer);
    if (layer > 0 && !tensors.contains(weight_name) && !tensors.contains(bias_name)) return widths;
    const NamedTensor& weight = tensor_named(tensors, weight_name, where);
    const NamedTensor& bias = tensor_named(tensors, bias_name, where);
    check_rank(weight, 2, "(outputs, inputs)", where);
    check_rank(bias, 1, "(outputs)", where);
    const std::size_t outputs = weight.shape[0], inputs = weight.shape[1];
    if (layer > 0 && inputs != widths.back())
      fail(ErrorKind::shape, "{}: tensor '{}' takes {} inputs, and the layer before it gives {}", where, weight.name,
           inputs, widths.back());
    if (bias.shape[0] != outputs)
      fail(ErrorKind::shape, "{}: tensor '{}' has {} numbers, and '{}' has {} outputs", where, bias.name, bias.shape[0],
           weight.name, outputs);
    if (layer == 0) widths.push_back(inputs);
    widths.push_back(outputs);
  }
}

bool is_of_refusal(std::string_view name) {
  return std::ranges::find(kRefusalTensors, name) != std::ranges::end(kRefusalTensors);
}

void check_no_others(const TensorsByName& tensors, const Config& config, std::string_view where) {
  const std::vector<Tensor> table = parameter_table(config);
  for (const auto& entry : tensors)
    if (!is_of_refusal(entry.first) &&
        std::none_of(table.begin(), table.end(), [&](const Tensor& t) { return t.name == entry.first; }))
      fail(ErrorKind::format, "{}: tensor {} belongs to no layer: the names must run {}, without a gap", where,
           in_quotes(entry.first), kNames);
}

void check_finite(const NamedTensor& tensor, std::string_view where) {
  for (std::size_t i = 0; i < tensor.values.size(); ++i)
    if (!std::isfinite(tensor.values[i]))
      fail(ErrorKind::numeric, "{}: tensor '{}' holds {} at index {}; a network's numbers must be finite", where,
           tensor.name, tensor.values[i], i);
}

// Between the arena's (inputs, outputs) and the file's (outputs, inputs). A bias is a matrix of one row, so the same
// for both.
void transpose_out(ConstMatrixView arena, std::span<float> file) {
  for (std::size_t c = 0; c < arena.cols; ++c)
    for (std::size_t r = 0; r < arena.rows; ++r) file[c * arena.rows + r] = arena(r, c);
}
void transpose_in(std::span<const float> file, MatrixView arena) {
  for (std::size_t c = 0; c < arena.cols; ++c)
    for (std::size_t r = 0; r < arena.rows; ++r) arena(r, c) = file[c * arena.rows + r];
}

// Config knows nothing of files: its refusals get the file's name in front.
void check_config(const Config& config, std::string_view where) {
  try {
    check(config);
  } catch (const Error& error) {
    fail(error.kind(), "{}: {}", where, error.what());
  }
}

std::vector<std::size_t> whitening_shape(const Config& config) {
  const std::size_t H = last_width(config);
  return H > kMaxCovarianceWidth ? std::vector{H} : std::vector{H, H};
}

// A rule's numbers as tensors, and back.
void append_refusal(const RefusalRule& rule, const Config& config, std::vector<NamedTensor>& tensors) {
  const std::size_t H = last_width(config);
  const auto append = [&](std::string_view name, std::vector<std::size_t> shape, std::vector<float> values) {
    tensors.push_back({.name = std::string(name), .shape = std::move(shape), .values = std::move(values)});
  };
  if (rule.has_distance()) {
    append(kCenters, {config.outputs(), H}, rule.centers);
    append(kWhitening, whitening_shape(config), rule.whitening);
  }
  if (rule.has_none()) {
    append(kNoneWeight, {H}, rule.none_weight);
    append(kNoneBias, {1}, {rule.none_bias});
  }
}

std::vector<float> take_refusal(const TensorsByName& tensors, std::string_view name, std::string_view with,
                                const std::vector<std::size_t>& shape, std::string_view where) {
  const auto at = tensors.find(name);
  if (at == tensors.end()) fail(ErrorKind::format, "{}: tensor '{}' is missing: '{}' needs it", where, name, with);
  if (at->second->shape != shape)
    fail(ErrorKind::shape, "{}: tensor '{}' has the shape ({}); this network's must have ({})", where, name,
         fmt::join(at->second->shape, ", "), fmt::join(shape, ", "));
  return at->second->values;
}

void read_refusal(const TensorsByName& tensors, const Config& config, RefusalRule& rule, std::string_view where) {
  const std::size_t H = last_width(config);
  if (tensors.contains(kCenters) || tensors.contains(kWhitening) || rule.most_distance != 0) {
    rule.centers = take_refusal(tensors, kCenters, kWhitening, {config.outputs(), H}, where);
    rule.whitening = take_refusal(tensors, kWhitening, kCenters, whitening_shape(config), where);
  }
  if (tensors.contains(kNoneWeight) || tensors.contains(kNoneBias)) {
    rule.none_weight = take_refusal(tensors, kNoneWeight, kNoneBias, {H}, where);
    rule.none_bias = take_refusal(tensors, kNoneBias, kNoneWeight, {1}, where).front();
  }
  try {
    check(rule, config);
  } catch (const Error& error) {
    fail(error.kind(), "{}: {}", where, error.what());
  }
}

void check_no_refusal(const TensorsByName& tensors, std::string_view where) {
  for (const std::string_view name : kRefusalTensors)
    if (tensors.contains(name))
      fail(ErrorKind::format, "{}: tensor '{}' stands there without metadata 'inkling.refusal'", where, name);
}

}  // namespace

Bytes to_bytes(const Mlp& model, const ModelInfo& info) {
  if (info.refusal) check(*info.refusal, model.config());
  TensorFile file{.tensors = {}, .metadata = write_metadata(model.config(), complete(info, model.config()))};
  for (const Tensor& t : model.table()) {
    NamedTensor& tensor = file.tensors.emplace_back();
    tensor.name = t.name;
    tensor.shape = t.is_weight() ? std::vector{t.cols, t.rows} : std::vector{t.cols};
    tensor.values.resize(t.size());
    transpose_out(model.tensor(t), tensor.values);
    check_finite(tensor, "the network");
  }
  if (info.refusal) append_refusal(*info.refusal, model.config(), file.tensors);
  return to_safetensors(file);
}

LoadedModel model_from_bytes(std::span<const std::uint8_t> bytes, std::string_view where) {
  const TensorFile file = parse_safetensors(bytes, where);
  TensorsByName tensors;
  for (const NamedTensor& tensor : file.tensors) tensors[tensor.name] = &tensor;
  Config config{.widths = chain_widths(tensors, where)};
  check_config(config, where);
  check_no_others(tensors, config, where);
  ModelInfo info = read_metadata(file.metadata, config, where);
  if (info.refusal)
    read_refusal(tensors, config, *info.refusal, where);
  else
    check_no_refusal(tensors, where);

  LoadedModel loaded{.model = Mlp(config), .info = std::move(info)};
  for (const Tensor& t : loaded.model.table()) {
    const NamedTensor& tensor = *tensors.at(t.name);
    check_finite(tensor, where);
    transpose_in(tensor.values, loaded.model.tensor(t));
  }
  return loaded;
}

void save(const Mlp& model, const std::filesystem::path& path, const ModelInfo& info) {
  write_file_atomically(path, to_bytes(model, info));
}

LoadedModel load_model(const std::filesystem::path& path) {
  std::error_code ignored;
  const std::filesystem::path file = std::filesystem::is_directory(path, ignored) ? path / "model.safetensors" : path;
  return model_from_bytes(read_file(file, kMaxTensorFileBytes), file.string());
}

}  // namespace inkling
