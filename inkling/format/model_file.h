// A network as a file: safetensors with PyTorch's nn.Sequential names and shapes, which other programs open as it is.
//
// What the numbers alone do not say (activation, what ink is worth, image size, classes, training facts) stands in the
// metadata. What refusing an answer takes (model/refusal_rule.h) stands there, too, and in tensors of its own behind
// the network's: "refusal.centers" (C, H), "refusal.whitening" (H, H) or (H), "refusal.none.weight" (H),
// "refusal.none.bias" (1). A file without metadata is taken as a ReLU network that reads pixel / 255, when its tensors
// chain. Refused: metadata that contradicts the tensors, missing or foreign tensors, weights that are not finite, a
// version newer than this one. The invariant: equal networks and infos make equal bytes, whoever writes them, wherever
// and whenever; what is written is what is read back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/core/file.h"
#include "inkling/model/mlp.h"
#include "inkling/model/refusal_rule.h"

namespace inkling {

// What a reader of digits must know besides the weights. A default one stands for: a square image (or a single row
// where the inputs are no square), classes named "0", "1", ...
struct ModelInfo {
  std::size_t image_height = 0;  // height * width == inputs
  std::size_t image_width = 0;
  std::vector<std::string> class_names;         // one for each output
  std::map<std::string, std::string> training;  // facts for people: {"epochs", "20"}, {"seed", "1"}
  std::optional<RefusalRule> refusal{};         // when an answer is none; without it every answer counts

  bool operator==(const ModelInfo&) const = default;
};

struct LoadedModel {
  Mlp model;
  ModelInfo info;  // complete: a size that fits the inputs, a name for each class
};

// The folder must exist; the file appears whole or not at all. Throws Error: io, shape (info does not fit the network),
// config (a text that is not printable UTF-8), numeric (weights that are not finite), limit.
void save(const Mlp& model, const std::filesystem::path& path, const ModelInfo& info = {});

// `path` is a file, or a run's folder, which holds model.safetensors. Throws Error: io, limit, format, shape, config,
// numeric; each text begins with the file's name.
LoadedModel load_model(const std::filesystem::path& path);

// The same without a file; `where` names the bytes' source in errors.
Bytes to_bytes(const Mlp& model, const ModelInfo& info = {});
LoadedModel model_from_bytes(std::span<const std::uint8_t> bytes, std::string_view where);

}  // namespace inkling
