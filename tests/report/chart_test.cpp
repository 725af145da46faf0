// Charts: what is told to gnuplot, that nothing of it can be run, and that gnuplot draws it.
#include "inkling/report/chart.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cmath>
#include <fstream>

#include "inkling/core/error.h"
#include "inkling/core/file.h"
#include "inkling/image/png.h"
#include "inkling/report/gnuplot.h"
#include "inkling/report/training_charts.h"
#include "tests/data/scratch.h"

namespace {

using namespace inkling;
namespace fs = std::filesystem;

Chart chart_of(std::string title) {
  return {.name = "chart",
          .title = title,
          .explanation = title,
          .panels = {{.title = title,
                      .x = {.label = title, .low = 0.5, .high = 3.5, .whole_numbers = true},
                      .y = {.label = title},
                      .series = {{.name = title, .x = {1, 2, 3}, .y = {0.5, NAN, 0.25}},
                                 {.name = "", .x = {1, 2, 3}, .y = {1, 2, 3}, .drawn = Drawn::bars}},
                      .marks = {{.x = 2, .y = 0.4, .text = title}},
                      .notes = {{.x = 1, .y = 1, .text = title}},
                      .bar_width = 0.9}}};
}

TEST(Chart, QuotesAndControlCharactersGo) {
  EXPECT_EQ(gnuplot_quoted("it's"), "'it’s'");
  EXPECT_EQ(gnuplot_quoted("a\nb\tc\x7f"), "'a b c '");
  EXPECT_EQ(gnuplot_quoted(""), "''");
}

bool gnuplot_is_there() { return ::system("gnuplot --version >/dev/null 2>&1") == 0; }

// A hostile name is drawn as the text that it is.
TEST(Chart, NamesAreNeverRun) {
  if (!gnuplot_is_there()) GTEST_SKIP() << "no gnuplot here";
  const Scratch scratch;
  const fs::path witness = scratch.path() / "witness";
  const std::vector<std::string> hostile = {"`touch " + witness.string() + "`",
                                            "'; system('touch " + witness.string() + "') #",
                                            "\"; system \"touch " + witness.string() + "\"",
                                            "x'\n!touch " + witness.string() + "\n'",
                                            "@ARG1 END_OF_DATA $data0",
                                            "\\",
                                            "100 % & <b>",
                                            "{/Symbol a}^2_3",
                                            "größer ≥ ✓"};
  for (const std::string& text : hostile) {
    const Chart chart = chart_of(text);
    std::optional<Gnuplot> gnuplot = Gnuplot::start({&chart, 1});
    ASSERT_TRUE(gnuplot);
    gnuplot->finish(scratch.path());
    EXPECT_FALSE(fs::exists(witness)) << text;
  }
}

TEST(Chart, BothFilesAreWholeAndTheirFolderIsGone) {
  if (!gnuplot_is_there()) GTEST_SKIP() << "no gnuplot here";
  const Scratch scratch;
  ::setenv("TMPDIR", scratch.path().c_str(), 1);
  const fs::path out = scratch.path() / "out";
  fs::create_directory(out);
  const Chart charts[] = {chart_of("Loss & more")};
  std::optional<Gnuplot> gnuplot = Gnuplot::start(charts);
  ASSERT_TRUE(gnuplot);
  gnuplot->finish(out);
  gnuplot.reset();
  std::optional<Gnuplot> unfinished = Gnuplot::start(charts);  // nobody waits for it
  unfinished.reset();
  ::unsetenv("TMPDIR");
  const Image png = read_png(out / "chart.png");
  EXPECT_EQ(png.width, static_cast<std::size_t>(kChartWidth));
  std::size_t dark = 0;
  for (const std::uint8_t p : png.pixels) dark += p < 128;
  EXPECT_GT(dark, png.pixels.size() / 1000);
  const Bytes bytes = read_file(out / "chart.svg", 1u << 20);
  const std::string svg(bytes.begin(), bytes.end());
  EXPECT_NE(svg.find("<title>Loss &amp; more</title>"), svg.npos);
  EXPECT_NE(svg.find("font-family=\"DejaVu Sans, "), svg.npos);
  EXPECT_EQ(svg.find(":Bold"), svg.npos);
  EXPECT_TRUE(svg.ends_with("</svg>\n\n") || svg.ends_with("</svg>\n")) << svg.substr(svg.size() - 20);
  std::size_t entries = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(scratch.path())) ++entries;
  EXPECT_EQ(entries, 1u);  // out
}

TEST(Chart, MissingGnuplotIsNoError) {
  const Scratch scratch;
  const std::string path = ::getenv("PATH");
  ::setenv("PATH", scratch.path().c_str(), 1);
  const Chart chart = chart_of("a");
  const bool started = Gnuplot::start({&chart, 1}).has_value();
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_FALSE(started);
}

TEST(Chart, GnuplotThatFailsIsAnErrorWithItsWords) {
  const Scratch scratch;
  std::ofstream(scratch.path() / "gnuplot") << "#!/bin/sh\necho it broke >&2\nexit 3\n";
  fs::permissions(scratch.path() / "gnuplot", fs::perms::owner_all);
  const std::string path = ::getenv("PATH");
  ::setenv("PATH", (scratch.path().string() + ":" + path).c_str(), 1);
  const Chart chart = chart_of("a");
  std::optional<Gnuplot> gnuplot = Gnuplot::start({&chart, 1});
  ::setenv("PATH", path.c_str(), 1);
  ASSERT_TRUE(gnuplot);
  try {
    gnuplot->finish(scratch.path());
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::io);
    EXPECT_NE(std::string(error.what()).find("it broke"), std::string::npos) << error.what();
  }
  EXPECT_FALSE(fs::exists(scratch.path() / "chart.png"));
}

RunHistory history(bool held_out) {
  RunHistory run;
  run.folder = "runs/x";
  const double test[] = {0.4, 0.2, 0.3}, validation[] = {0.3, 0.25, 0.1};
  for (std::size_t e = 0; e < 3; ++e) {
    EpochRecord record{.epoch = e + 1, .learning_rate = 0.1, .train_loss = 0.5, .train_accuracy = 0.9};
    record.test_loss = test[e];
    record.test_accuracy = 1 - test[e];
    if (held_out) {
      record.validation_loss = validation[e];
      record.validation_accuracy = 1 - validation[e];
    }
    record.tensors = {{"0.weight", 0.5, 0.01}, {"0.bias", 0.1, 0.01}, {"2.weight", 0, 0.01}};
    run.epochs.push_back(record);
  }
  return run;
}

TEST(TrainingCharts, BestEpochIsJudgedOnValidationWhereThereIsOne) {
  for (const bool held_out : {false, true}) {
    const Chart loss = loss_chart(history(held_out), "x"), accuracy = accuracy_chart(history(held_out), "x");
    ASSERT_EQ(loss.panels.at(0).marks.size(), 1u);
    EXPECT_EQ(loss.panels[0].series.size(), held_out ? 3u : 2u);
    EXPECT_EQ(loss.panels[0].marks[0].x, held_out ? 3 : 2);
    EXPECT_EQ(loss.panels[0].marks[0].y, held_out ? 0.1 : 0.2);
    EXPECT_EQ(accuracy.panels.at(0).marks.at(0).x, held_out ? 3 : 2);
    EXPECT_NEAR(*accuracy.panels[0].marks[0].y, held_out ? 90 : 80, 1e-9);
  }
}

TEST(TrainingCharts, NumbersThatAreNoneHaveNoBest) {
  RunHistory run = history(false);
  run.epochs[1].test_loss = NAN;
  EXPECT_EQ(loss_chart(run, "x").panels[0].marks.at(0).x, 3);
  for (EpochRecord& e : run.epochs) e.test_loss = NAN;
  EXPECT_TRUE(loss_chart(run, "x").panels[0].marks.empty());
}

TEST(TrainingCharts, GradientsAreThoseOfTheWeights) {
  const Chart chart = gradients_chart(history(false), "x");
  ASSERT_EQ(chart.panels.size(), 2u);
  ASSERT_EQ(chart.panels[0].series.size(), 2u);
  EXPECT_EQ(chart.panels[0].series[0].y, (std::vector<double>{0.5, 0.5, 0.5}));
  EXPECT_TRUE(std::isnan(chart.panels[0].series[1].y[0]));  // 0 has no place on a logarithmic axis
}

TEST(TrainingCharts, OfNoEpochAreRefused) {
  RunHistory run = history(false);
  run.epochs.clear();
  for (const auto make : {loss_chart, accuracy_chart, rate_chart, gradients_chart}) EXPECT_THROW(make(run, "x"), Error);
}

}  // namespace
