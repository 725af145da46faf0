#include "app/model_argument.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <utility>

#include "inkling/format/bundled_model.h"

namespace fs = std::filesystem;

namespace {

// 8 bytes of length, little-endian, and a JSON object: no picture and no table begins so.
bool begins_as_safetensors(const fs::path& file) {
  std::array<char, 9> head{};
  std::ifstream stream(file, std::ios::binary);
  return stream.read(head.data(), head.size()) && head[8] == '{' && head[4] == 0 && head[5] == 0 && head[6] == 0 &&
         head[7] == 0;
}

}  // namespace

inkling::LoadedModel load_named_model(const std::string& text) {
  if (!inkling::is_bundled_model(text)) return inkling::load_model(text);
  std::error_code ignored;
  if (fs::exists(text, ignored))
    fmt::print(stderr, "Note      {} is the model that Inkling brings along; for what lies here, say ./{}\n", text,
               text);
  return inkling::load_bundled_model(text);
}

bool names_a_model(const std::string& text) {
  if (inkling::is_bundled_model(text)) return true;
  const fs::path path(text);
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return fs::exists(path / "model.safetensors", ignored);
  if (path.extension() == ".safetensors") return true;
  if (fs::exists(path, ignored)) return begins_as_safetensors(path);
  constexpr std::array kOthers = {".png", ".jpg", ".jpeg", ".csv", ".gz", ".npy", ".npz"};
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return std::ranges::find(kOthers, extension) == kOthers.end();
}

void take_default_model(std::string& model, std::vector<std::string>& others) {
  if (!model.empty() && !names_a_model(model)) others.insert(others.begin(), std::exchange(model, ""));
  if (model.empty()) model = inkling::kDefaultModel;
}
