// What a report is made of, against loops that compute it anew, and against the limits that it promises.
#include "inkling/report/report_data.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "inkling/report/network_parts.h"
#include "inkling/report/page.h"
#include "inkling/report/run_facts.h"
#include "inkling/report/test_findings.h"
#include "tests/format/refusal.h"
#include "tests/report/run_texts.h"
#include "tests/support/digits.h"

namespace inkling {
namespace {

using nlohmann::ordered_json;

const Runtime& rt() {
  static const Runtime runtime({.threads = 2});
  return runtime;
}

LoadedModel drawn(const std::vector<std::size_t>& widths, std::size_t side, std::size_t classes = 10) {
  return {.model = Mlp({.widths = widths}, 3),
          .info = {.image_height = side, .image_width = side, .class_names = digit_names(classes), .training = {}}};
}

std::vector<std::uint8_t> from_base64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<std::uint8_t> bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<std::uint32_t>(digits.find(c));
    if ((count += 6) >= 8) bytes.push_back(static_cast<std::uint8_t>(bits >> (count -= 8) & 255));
  }
  return bytes;
}

TEST(Study, MeansAndSamplesAreThoseOfALoop) {
  const Dataset data = made_up_digits(600);
  const LoadedModel loaded = drawn({144, 7, 10}, 12);
  const Study s = study(rt(), loaded.model, data);
  ASSERT_EQ(s.hidden.size(), 1u);
  Matrix activity(data.count(), 7);
  std::vector<std::vector<double>> sums(10, std::vector<double>(7));
  std::vector<double> images(10);
  for (std::size_t j = 0; j < data.count(); ++j) {
    images[data.labels[j]] += 1;
    for (std::size_t u = 0; u < 7; ++u) {
      double z = static_cast<double>(loaded.model.bias(0)(0, u));
      for (std::size_t i = 0; i < 144; ++i)
        z += 3.0 * data.pixels[j * 144 + i] / 255 * static_cast<double>(loaded.model.weight(0)(i, u));
      activity(j, u) = static_cast<float>(std::max(0.0, z));
      sums[data.labels[j]][u] += std::max(0.0, z);
    }
  }
  for (std::size_t c = 0; c < 10; ++c)
    for (std::size_t u = 0; u < 7; ++u)
      EXPECT_NEAR(s.hidden[0].mean_by_class(c, u), sums[c][u] / images[c], 1e-4) << c << ' ' << u;
  ASSERT_EQ(s.samples.size(), 10u);
  for (std::size_t k = 0; k < 10; ++k) {
    EXPECT_EQ(s.samples[k], static_cast<std::size_t>(std::ranges::find(data.labels, k) - data.labels.begin()));
    for (std::size_t u = 0; u < 7; ++u)
      EXPECT_NEAR(s.hidden[0].of_samples(k, u), activity(s.samples[k], u), 1e-4) << k << ' ' << u;
  }
  std::size_t wrong = 0;
  for (std::size_t c = 0; c < 100; ++c) wrong += c / 10 == c % 10 ? 0 : s.confusion[c];
  EXPECT_EQ(wrong, data.count() - s.statistics.correct);
}

TEST(Study, IsTheSameForAnyNumberOfThreads) {
  const Dataset data = made_up_digits(600);
  const LoadedModel loaded = drawn({144, 20, 12, 10}, 12);
  const Study one = study(Runtime({.threads = 1}), loaded.model, data),
              five = study(Runtime({.threads = 5}), loaded.model, data);
  EXPECT_TRUE(one.probabilities == five.probabilities);
  for (std::size_t l = 0; l < 2; ++l) EXPECT_TRUE(one.hidden[l].mean_by_class == five.hidden[l].mean_by_class);
}

TEST(ImagesWorthALook, TakesTheMostConfidentMistakesOfEachPairFirst) {
  const Dataset data = made_up_digits(2000);
  const LoadedModel loaded = drawn({144, 10}, 12);  // not trained: nine of ten are wrong
  const Study s = study(rt(), loaded.model, data);
  const auto read = [&](std::size_t j) { return s.statistics.predicted[j]; };
  const auto confidence = [&](std::size_t j) { return s.probabilities(j, read(j)); };
  for (const std::size_t most : {0u, 1u, 40u, 200u, 100000u}) {
    const std::vector<std::size_t> images = images_worth_a_look(s, data.labels, most);
    ASSERT_LE(images.size(), most);
    EXPECT_EQ(std::set<std::size_t>(images.begin(), images.end()).size(), images.size());
    std::size_t right = 0;
    for (const std::size_t j : images) right += read(j) == data.labels[j] ? 1 : 0;
    EXPECT_LE(right, most / 4);
    // What was left out of a pair of classes is not surer than what was taken, and no pair has two more than another
    // that still had some.
    std::vector<std::size_t> taken(100), had(100);
    std::vector<float> least(100, 2);
    for (const std::size_t j : images) {
      const std::size_t cell = data.labels[j] * 10u + read(j);
      ++taken[cell];
      least[cell] = std::min(least[cell], confidence(j));
    }
    for (std::size_t j = 0; j < data.count(); ++j) {
      if (read(j) == data.labels[j]) continue;
      const std::size_t cell = data.labels[j] * 10u + read(j);
      ++had[cell];
      if (std::ranges::find(images, j) == images.end()) {
        EXPECT_TRUE(taken[cell] == 0 || confidence(j) <= least[cell]);
      }
    }
    for (std::size_t a = 0; a < 100; ++a)
      for (std::size_t b = 0; b < 100; ++b)
        if (a / 10 != a % 10 && b / 10 != b % 10 && taken[b] < had[b]) {
          EXPECT_LE(taken[a], taken[b] + 1);
        }
    if (most == 100000) {
      EXPECT_EQ(images.size() - right, data.count() - s.statistics.correct);
    }
  }
}

TEST(Findings, GalleryHoldsTheImagesAndTheirAnswers) {
  const Dataset data = made_up_digits(300);
  const LoadedModel loaded = drawn({144, 10}, 12);
  const Study s = study(rt(), loaded.model, data);
  const ordered_json found = test_findings(s, data, loaded.info.class_names);
  const ordered_json& gallery = found["gallery"];
  const auto pixels = from_base64(gallery["pixels"]), labels = from_base64(gallery["label"]),
             top = from_base64(gallery["top_class"]), shares = from_base64(gallery["top_share"]);
  const std::size_t ranks = gallery["ranks"];
  ASSERT_EQ(ranks, 3u);
  for (std::size_t i = 0; i < gallery["index"].size(); ++i) {
    const std::size_t j = gallery["index"][i];
    EXPECT_TRUE(std::equal(data.image(j).data, data.image(j).data + 144, pixels.data() + i * 144));
    EXPECT_EQ(labels[i], data.labels[j]);
    EXPECT_EQ(top[3 * i], s.statistics.predicted[j]);
    for (std::size_t k = 0; k < 3; ++k) {
      const double share = (shares[2 * (3 * i + k)] + 256.0 * shares[2 * (3 * i + k) + 1]) / 65535;
      EXPECT_NEAR(share, s.probabilities(j, top[3 * i + k]), 1e-5);
      if (k > 0) {
        EXPECT_GE(s.probabilities(j, top[3 * i + k - 1]), s.probabilities(j, top[3 * i + k]));
      }
    }
  }
  EXPECT_EQ(found["correct"], s.statistics.correct);
  EXPECT_EQ(found["confusion"][3][4], s.confusion[34]);
  EXPECT_EQ(found["bins"].size(), kReliabilityBins);
}

TEST(NetworkParts, WeightsComeBackToHalfAStepLargestFirst) {
  const LoadedModel loaded = drawn({144, 9, 10}, 12);
  const ordered_json layer = first_layer_weights(loaded, nullptr);
  const auto bytes = from_base64(layer["values"]);
  ASSERT_EQ(layer["units"].size(), 9u);
  double before = 1e9;
  for (std::size_t k = 0; k < 9; ++k) {
    const ordered_json& unit = layer["units"][k];
    const double scale = unit["scale"], norm = unit["norm"];
    EXPECT_LE(norm, before);
    before = norm;
    EXPECT_EQ(unit["serves"], -1);
    for (std::size_t i = 0; i < 144; ++i)
      EXPECT_NEAR(scale * static_cast<std::int8_t>(bytes[k * 144 + i]), loaded.model.weight(0)(i, unit["unit"]),
                  0.51 * scale);
  }
  std::size_t total = 0;
  const ordered_json layers = weight_layers(loaded.model);
  for (const ordered_json& count : layers[0]["histogram"]) total += count.get<std::size_t>();
  EXPECT_EQ(total, 144u * 9u);
}

TEST(RunFacts, KeepTheBestAndTheLastOfManyEpochs) {
  std::string lines;
  for (std::size_t e = 1; e <= 5000; ++e) lines += metrics_line(e, e == 1234 ? 0.9 : 0.5);
  const RunHistory run = history_from_text(config_text("4,3,2", 5000), lines, "r");
  const ordered_json curves = run_facts(run, 18000)["curves"];
  ASSERT_LE(curves["epoch"].size(), 1002u);
  EXPECT_EQ(curves["records"], 5000);
  EXPECT_EQ(curves["epoch"].back(), 5000);
  EXPECT_EQ(curves["epoch"][curves["best"].get<std::size_t>()], 1234);
  EXPECT_EQ(curves["best_by"], "test accuracy");
  EXPECT_EQ(curves["tensors"][2]["name"], "2.weight");
  EXPECT_TRUE(std::isnan(curves["tensors"][2]["gradient_norm"][0].get<double>()));  // null in the file, and in the page
  EXPECT_EQ(run_facts(run)["network"]["parameters"], 4 * 3 + 3 + 3 * 2 + 2);
}

TEST(RunFacts, DifferencesAreThoseOptionsThatDiffer) {
  const RunHistory a = history_from_text(config_text("4,3,2", 5), metrics_line(1, 0.5), "a");
  RunHistory b = a;
  set_option(b.recipe, "optimizer", "adam");
  b.data.test_images = 21;
  const RunHistory* both[] = {&a, &b};
  const ordered_json rows = config_differences(both);
  std::vector<std::string> names;
  for (const ordered_json& row : rows) names.push_back(row["name"]);
  EXPECT_EQ(names, (std::vector<std::string>{"optimizer", "learning_rate", "test images"}));
  EXPECT_EQ(rows[0]["values"], (ordered_json{"sgd", "adam"}));
  const RunHistory* same[] = {&a, &a};
  EXPECT_TRUE(config_differences(same).empty());
}

// A run, its model, its data, put together as the program does.
struct Everything {
  TestImages test;
  LoadedModel model;
  Study found;
  ReportedRun run;

  Everything(std::size_t images, std::size_t side, const std::vector<std::size_t>& widths,
             const std::string& widths_text)
      : test{.images = made_up_digits(images, side), .origin = "made up"},
        model(drawn(widths, side)),
        found(study(rt(), model.model, test.images)),
        run{.history = history_from_text(config_text(widths_text), "", "run"), .model = &model, .study = &found} {}
};

TEST(ReportData, IsBelowItsLimitHoweverLargeTheRun) {
  const std::size_t code = 150'000;  // more than the built page has
  for (const auto& [images, side, widths] :
       std::initializer_list<std::tuple<std::size_t, std::size_t, std::vector<std::size_t>>>{
           {1500, 28, {784, 10}},
           {300, 28, {784, 1500, 1200, 1100, 10}},
           {12, 256, {65536, 20, 10}},
           {3, 1000, {1000000, 2, 10}}}) {
    std::string text;
    for (const std::size_t w : widths) text += (text.empty() ? "" : ",") + std::to_string(w);
    const Everything e(images, side, widths, text);
    const std::string page = html_page({.script = "", .style = ""}, "t", report_of(e.run, &e.test, {}));
    EXPECT_LE(page.size() + code, kMaxReportBytes) << side;
    const ReportedRun runs[] = {e.run, e.run};
    EXPECT_LE(html_page({.script = "", .style = ""}, "t", comparison_of(runs, &e.test, {})).size() + code,
              kMaxReportBytes);
  }
  std::string layers = "4", tensors = "{";
  for (std::size_t l = 0; l < 64; ++l) layers += ",3";
  for (std::size_t l = 0; l < 64; ++l)
    for (const char* kind : {"weight", "bias"})
      tensors += fmt::format("{}\"{}.{}\":{{\"gradient_norm\":0.123456789,\"update_ratio\":1.23456789e-5}}",
                             tensors.size() > 1 ? "," : "", 2 * l, kind);
  std::string lines;
  for (std::size_t e = 1; e <= 3000; ++e) lines += metrics_line(e, 0.123456789, "", tensors + "}");
  const ReportedRun deep{.history = history_from_text(config_text(layers, 3000), lines, "deep")};
  EXPECT_LE(report_of(deep, nullptr, {}).dump().size(), 600'000u);
  const std::vector<ReportedRun> eight(8, deep);
  EXPECT_LE(comparison_of(eight, nullptr, {}).dump().size() + code, 1'000'000u);
}

TEST(ReportData, OfARunWithoutModelOrImagesHasWhatThereIs) {
  const ReportedRun run{.history = history_from_text(config_text(), metrics_line(2, 0.8), "r")};
  const std::string notes[] = {"no data"};
  const ordered_json data = report_of(run, nullptr, notes);
  EXPECT_FALSE(data.contains("findings"));
  EXPECT_FALSE(data.contains("weights"));
  EXPECT_TRUE(data["test"].is_null());
  EXPECT_EQ(data["notes"], (ordered_json{"no data"}));
  EXPECT_EQ(data["run"]["recorded"]["accuracy"], 0.8);
  EXPECT_NEAR(data["run"]["recorded"]["standard_error"], std::sqrt(17.0 / 22 * 5 / 22 / 20), 1e-5);
}

TEST(ReportData, ComparesOnTheSameImages) {
  const Everything a(500, 12, {144, 10}, "144,10"), b(500, 12, {144, 8, 10}, "144,8,10"),
      other(400, 12, {144, 10}, "144,10");
  const ReportedRun runs[] = {a.run, b.run};
  const ordered_json data = comparison_of(runs, &a.test, {});
  std::size_t first = 0, second = 0;
  for (std::size_t j = 0; j < 500; ++j) {
    const bool x = a.found.statistics.predicted[j] == a.test.images.labels[j];
    const bool y = b.found.statistics.predicted[j] == a.test.images.labels[j];
    first += x && !y ? 1 : 0;
    second += y && !x ? 1 : 0;
  }
  ASSERT_EQ(data["pairs"].size(), 1u);
  EXPECT_EQ(data["pairs"][0]["only_first"], first);
  EXPECT_EQ(data["pairs"][0]["only_second"], second);
  EXPECT_EQ(data["disagreements"]["total"], first + second);
  EXPECT_EQ(data["disagreements"]["index"].size(), first + second);
  const ReportedRun unlike[] = {a.run, other.run};
  EXPECT_TRUE(refuses(ErrorKind::shape, "other images", [&] { comparison_of(unlike, &a.test, {}); }));
  EXPECT_TRUE(refuses(ErrorKind::config, "1 runs to compare", [&] { comparison_of({runs, 1}, &a.test, {}); }));
}

TEST(ReportData, LongClassNamesAreCutBetweenCharacters) {
  const std::string euro = "\xE2\x82\xAC";
  std::string name;
  for (int i = 0; i < 20; ++i) name += euro;
  const std::string names[] = {"short", name};
  const ordered_json cut = short_names(names);
  EXPECT_EQ(cut[0], "short");
  EXPECT_EQ(cut[1], name.substr(0, 39) + "\xE2\x80\xA6");
}

}  // namespace
}  // namespace inkling
