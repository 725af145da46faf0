// A run's two files as texts, for the tests that read runs.
#pragma once

#include <fmt/format.h>

#include <string>

#include "inkling/train/recipe.h"

namespace inkling {

// config.json of a network of these widths, as `inkling train` writes it.
inline std::string config_text(const std::string& widths = "4,3,2", std::size_t epochs = 5,
                               const std::string& more = "") {
  Recipe recipe;
  set_option(recipe, "layers", widths);
  recipe.fit.epochs = epochs;
  std::string text = to_json(recipe);
  text.resize(text.size() - 3);  // "\n}\n"
  const std::string sum(64, 'a');
  return text + fmt::format(
                    ",\n{}\"data\": {{\"source\":\"mnist\",\"origin\":\"MNIST in x\",\"idx_sha256\":[\"{}\","
                    "\"{}\",\"{}\",\"{}\"],\"train_images\":100,\"test_images\":20}},\n"
                    "\"machine\": {{\"threads\":2,\"isa\":\"avx2\"}},\n\"inkling\": \"0.1.0\"\n}}\n",
                    more, sum, sum, sum, sum);
}

inline const std::string kTensors =
    R"({"0.weight":{"gradient_norm":0.5,"update_ratio":0.01},"0.bias":{"gradient_norm":0.25,"update_ratio":0},)"
    R"("2.weight":{"gradient_norm":null,"update_ratio":0.02},"2.bias":{"gradient_norm":0.125,"update_ratio":0.03}})";

// A line of metrics.jsonl of the network 4-3-2.
inline std::string metrics_line(std::size_t epoch, double test_accuracy, const std::string& more = "",
                                const std::string& tensors = kTensors) {
  return fmt::format(
      "{{\"epoch\":{},\"steps\":{},\"learning_rate\":0.1,\"train_loss\":0.5,\"train_accuracy\":0.75,{}\"test_loss\":0."
      "6,"
      "\"test_accuracy\":{},\"train_seconds\":0.25,\"test_seconds\":0.01,\"tensors\":{}}}\n",
      epoch, epoch * 10, more, test_accuracy, tensors);
}

}  // namespace inkling
