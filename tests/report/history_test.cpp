// A run's folder read back: every field where it belongs, and each way of being wrong with its own refusal.
#include "inkling/report/history.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "tests/data/scratch.h"
#include "tests/format/refusal.h"
#include "tests/report/run_texts.h"

namespace inkling {
namespace {

RunHistory of(const std::string& metrics, const std::string& config = config_text()) {
  return history_from_text(config, metrics, "r");
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return text.replace(at, from.size(), to);
}

std::string validated(double loss, double accuracy) {
  return fmt::format("\"validation_loss\":{},\"validation_accuracy\":{},", loss, accuracy);
}

TEST(History, HasEveryFieldOfTheConfig) {
  const RunHistory run = of("", config_text("4,3,2", 7, "\"preset\": \"classic\", \"init_from\": \"a b\",\n"));
  EXPECT_EQ(run.recipe.network.widths, (std::vector<std::size_t>{4, 3, 2}));
  EXPECT_EQ(run.recipe.fit.epochs, 7u);
  EXPECT_EQ(run.preset, "classic");
  EXPECT_EQ(run.init_from, "a b");
  EXPECT_EQ(run.data.source, "mnist");
  EXPECT_EQ(run.data.origin, "MNIST in x");
  EXPECT_EQ(run.data.idx_sha256[3], std::string(64, 'a'));
  EXPECT_EQ(run.data.train_images, 100u);
  EXPECT_EQ(run.data.validation_images, 0u);
  EXPECT_EQ(run.data.test_images, 20u);
  EXPECT_EQ(run.threads, 2u);
  EXPECT_EQ(run.isa, "avx2");
  EXPECT_EQ(run.version, "0.1.0");
  EXPECT_TRUE(run.epochs.empty());
  EXPECT_EQ(run.model_path(), "r/model.safetensors");
  EXPECT_FALSE(best_epoch(run));
}

TEST(History, HasEveryFieldOfAnEpoch) {
  const RunHistory run = of(metrics_line(1, 0.5) + metrics_line(3, 0.8, "\"complaints\":[\"a\",\"b\"],"));
  ASSERT_EQ(run.epochs.size(), 2u);
  const EpochRecord& e = run.epochs[1];
  EXPECT_EQ(e.epoch, 3u);
  EXPECT_EQ(e.steps, 30u);
  EXPECT_EQ(e.learning_rate, 0.1);
  EXPECT_EQ(e.train_loss, 0.5);
  EXPECT_EQ(e.train_accuracy, 0.75);
  EXPECT_FALSE(e.validation_loss);
  EXPECT_FALSE(e.validation_accuracy);
  EXPECT_EQ(e.test_loss, 0.6);
  EXPECT_EQ(e.test_accuracy, 0.8);
  EXPECT_EQ(e.train_seconds, 0.25);
  EXPECT_EQ(e.test_seconds, 0.01);
  EXPECT_EQ(e.complaints, (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(e.tensors.size(), 4u);
  EXPECT_EQ(e.tensors[0].name, "0.weight");
  EXPECT_EQ(e.tensors[3].name, "2.bias");
  EXPECT_EQ(e.tensors[0].gradient_norm, 0.5);
  EXPECT_EQ(e.tensors[0].update_ratio, 0.01);
  EXPECT_TRUE(std::isnan(e.tensors[2].gradient_norm));  // null: it was not finite
  EXPECT_TRUE(run.epochs[0].complaints.empty());
}

TEST(History, DropsALineThatWasCutShort) {
  const std::string second = metrics_line(2, 0.8);
  for (const std::size_t length : {std::size_t{1}, second.size() / 2, second.size() - 1})
    EXPECT_EQ(of(metrics_line(1, 0.5) + second.substr(0, length)).epochs.size(), 1u) << length;
  EXPECT_EQ(of(metrics_line(1, 0.5) + second).epochs.size(), 2u);
}

TEST(History, BestEpochGoesByWhatTheRunWatches) {
  EXPECT_EQ(best_epoch(of(metrics_line(1, 0.5) + metrics_line(2, 0.9) + metrics_line(3, 0.9))), 1u);
  const std::string lines = metrics_line(1, 0.9, validated(0.3, 0.7)) + metrics_line(2, 0.5, validated(0.2, 0.6)) +
                            metrics_line(3, 0.6, validated(0.4, 0.8));
  EXPECT_EQ(best_epoch(of(lines)), 1u);
  const std::string by_accuracy = replaced(config_text(), "\"watch\": \"loss\"", "\"watch\": \"accuracy\"");
  EXPECT_EQ(best_epoch(of(lines, by_accuracy)), 2u);
  EXPECT_EQ(best_epoch(of(replaced(metrics_line(1, 0.5), "\"test_accuracy\":0.5", "\"test_accuracy\":null"))),
            std::nullopt);
}

TEST(History, RefusesAnEpochThatIsNone) {
  const std::string line = metrics_line(1, 0.5);
  const auto refused = [&](const std::string& from, const std::string& to, ErrorKind kind, const std::string& part) {
    EXPECT_TRUE(refuses(kind, part, [&] { of(line + replaced(metrics_line(2, 0.5), from, to)); })) << from;
  };
  const ErrorKind format = ErrorKind::format;
  refused("\"epoch\":2", "\"epoch\":1", format, "r/metrics.jsonl: line 2: epoch: expected one from 2 to the run's 5");
  refused("\"epoch\":2", "\"epoch\":6", format, "line 2: epoch: expected one from 2 to the run's 5, found 6");
  refused("\"epoch\":2", "\"epoch\":-1", format, "line 2: epoch: expected a whole number");
  refused("\"epoch\":2,", "", format, "line 2: 'epoch' is missing");
  refused("\"steps\":20", "\"steps\":9", format, "line 2: steps: 9 after 10");
  refused("\"train_accuracy\":0.75", "\"train_accuracy\":1.5", format,
          "line 2: train_accuracy: expected a number from 0");
  refused("\"train_loss\":0.5", "\"train_loss\":\"x\"", format, "line 2: train_loss: expected a number, found string");
  refused("\"train_loss\":0.5", "\"train_loss\":1e999", format, "line 2: not JSON");
  refused("\"test_seconds\":0.01", "\"test_seconds\":-1", format, "line 2: test_seconds: expected a number from 0");
  refused("\"test_loss\"", "\"validation_loss\":1,\"test_loss\"", format, "'validation_accuracy' is missing");
  refused("\"test_loss\"", validated(1, 1) + "\"test_loss\"", format, "validation_loss: expected in every line or in");
  refused("0.bias", "1.bias", format, "line 2: tensors: '0.bias' is missing");
  refused("{\"0.weight\"", "{\"x\":1,\"0.weight\"", format, "line 2: tensors: 5 tensors, and the network has 4");
  refused("{\"gradient_norm\":0.5", "{\"gradient_norm\":-1", format, "tensors: 0.weight: gradient_norm: expected");
  refused("\"test_loss\"", "\"complaints\":[1],\"test_loss\"", format, "complaints: expected a text");
  refused("\"test_loss\"", "\"complaints\":[\"" + std::string(kMaxHistoryTextBytes + 1, 'x') + "\"],\"test_loss\"",
          ErrorKind::limit, "line 2: complaints: a text of 1025 bytes");
  EXPECT_TRUE(refuses(format, "r/metrics.jsonl: line 1: expected a JSON object", [] { of("\n"); }));
  EXPECT_TRUE(refuses(ErrorKind::limit, "nested deeper",
                      [] { of(replaced(metrics_line(1, 0.5), "\"test_loss\":0.6", "\"test_loss\":[[[1]]]")); }));
}

TEST(History, RefusesAConfigThatIsNone) {
  const auto refused = [](const std::string& from, const std::string& to, ErrorKind kind, const std::string& part) {
    EXPECT_TRUE(refuses(kind, part, [&] { of("", replaced(config_text(), from, to)); })) << from;
  };
  refused("\"data\":", "\"machine\":", ErrorKind::format, "r/config.json: the key \"machine\" stands twice");
  refused("\"source\"", "\"sauce\"", ErrorKind::format, "r/config.json: data: 'source' is missing");
  refused("\"source\":\"mnist\"", "\"source\":\"" + std::string(2000, 'x') + "\"", ErrorKind::limit,
          "data: source: a text of 2000 bytes");
  refused("[\"" + std::string(64, 'a') + "\",", "[", ErrorKind::format, "data: idx_sha256: expected 4 checksums");
  refused("[\"a", "[\"A", ErrorKind::format, "data: idx_sha256: expected SHA-256 sums");
  refused("\"threads\":2", "\"threads\":2.5", ErrorKind::format, "machine: threads: expected a whole number");
  refused("\"inkling\"", "\"kling\"", ErrorKind::config, "r/config.json: \"kling\" is not an option");
  refused("[4,3,2]", "[4,0,2]", ErrorKind::config, "r/config.json: layers: expected widths above 0");
  refused("[4,3,2]", "[4,1048577,2]", ErrorKind::limit, "r/config.json: ");
  EXPECT_TRUE(refuses(ErrorKind::format, "r/config.json: expected a JSON object", [] { of("", ""); }));
}

TEST(History, IsReadFromAFolder) {
  const Scratch scratch;
  EXPECT_TRUE(refuses(ErrorKind::io, "is no run: it has no config.json", [&] { read_history(scratch.path()); }));
  std::ofstream(scratch / "config.json") << config_text();
  EXPECT_TRUE(refuses(ErrorKind::io, "is a file, and the folder of a run is needed",
                      [&] { read_history(scratch / "config.json"); }));
  EXPECT_TRUE(read_history(scratch.path()).epochs.empty());
  std::ofstream(scratch / "metrics.jsonl") << metrics_line(1, 0.5) << metrics_line(2, 0.75);
  const RunHistory run = read_history(scratch.path());
  EXPECT_EQ(run.epochs.size(), 2u);
  EXPECT_TRUE(run.finished);
  EXPECT_EQ(run.model_path(), scratch / "model.safetensors");
  std::filesystem::create_directory(scratch / "checkpoint");
  EXPECT_FALSE(read_history(scratch.path()).finished);
}

}  // namespace
}  // namespace inkling
