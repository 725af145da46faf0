// Every picture, of a small network that anybody can make again, against how it looked when it was looked at.
//
// Compared are both at a tenth of their size: then a font library that draws an edge a little softer makes no
// difference, and a missing tile, a wrong colour or a shifted label does. INKLING_UPDATE_GOLDEN=1 writes the files of
// tests/golden/pictures anew; look at the pictures before they are committed.
#include <gtest/gtest.h>
#include <png.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "inkling/core/error.h"
#include "inkling/data/sample.h"
#include "inkling/data/select.h"
#include "inkling/model/output.h"
#include "inkling/report/activation_pictures.h"
#include "inkling/report/answer_pictures.h"
#include "inkling/report/confusion_picture.h"
#include "inkling/report/gnuplot.h"
#include "inkling/report/model_charts.h"
#include "inkling/report/saliency_pictures.h"
#include "inkling/report/sheet.h"
#include "inkling/report/training_charts.h"
#include "inkling/report/weight_pictures.h"
#include "inkling/train/metrics.h"
#include "tests/data/scratch.h"

namespace {

using namespace inkling;
namespace fs = std::filesystem;

constexpr std::size_t kShrink = 10;

Picture shrunk(const Picture& large) {
  Picture small(large.width() / kShrink, large.height() / kShrink);
  for (std::size_t y = 0; y < small.height(); ++y)
    for (std::size_t x = 0; x < small.width(); ++x) {
      unsigned sum[3] = {};
      for (std::size_t dy = 0; dy < kShrink; ++dy)
        for (std::size_t dx = 0; dx < kShrink; ++dx) {
          const Color c = large.at(x * kShrink + dx, y * kShrink + dy);
          sum[0] += c.red;
          sum[1] += c.green;
          sum[2] += c.blue;
        }
      constexpr unsigned kArea = kShrink * kShrink;
      small.set(static_cast<int>(x), static_cast<int>(y),
                {static_cast<std::uint8_t>(sum[0] / kArea), static_cast<std::uint8_t>(sum[1] / kArea),
                 static_cast<std::uint8_t>(sum[2] / kArea)});
    }
  return small;
}

Picture read_picture(const fs::path& path) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_file(&png, path.c_str()) == 0) throw std::runtime_error(path.string() + png.message);
  png.format = PNG_FORMAT_RGB;
  std::vector<std::uint8_t> bytes(PNG_IMAGE_SIZE(png));
  Picture picture(png.width, png.height);
  png_image_finish_read(&png, nullptr, bytes.data(), 0, nullptr);
  for (std::size_t y = 0; y < picture.height(); ++y)
    for (std::size_t x = 0; x < picture.width(); ++x) {
      const std::uint8_t* p = &bytes[3 * (y * picture.width() + x)];
      picture.set(static_cast<int>(x), static_cast<int>(y), {p[0], p[1], p[2]});
    }
  return picture;
}

// The mean difference of a channel, and the share of pixels that differ by a lot; infinite where sizes differ.
struct Difference {
  double mean = INFINITY, share = INFINITY;
};
Difference difference(const Picture& a, const Picture& b) {
  constexpr int kALot = 40;
  if (a.width() != b.width() || a.height() != b.height()) return {};
  double sum = 0, differ = 0;
  for (std::size_t k = 0; k < a.bytes().size(); ++k) {
    const int d = std::abs(int{a.bytes()[k]} - int{b.bytes()[k]});
    sum += d;
    differ += d > kALot;
  }
  const auto n = static_cast<double>(a.bytes().size());
  return {sum / n, differ / n};
}

class GoldenPictures : public testing::Test {
 protected:
  void SetUp() override {
    try {
      text_width("a", {});
    } catch (const Error&) {
      GTEST_SKIP() << "built without FreeType";
    }
    data_ = first_images(load_sample().test, 60);
    logits_ = logits_of(rt_, model_, data_);
    p_ = Matrix(logits_.rows(), logits_.cols());
    class_probabilities(rt_, model_.config(), logits_, p_);
    for (const std::size_t c : argmax(logits_, inkling::Axis::cols)) read_.push_back(static_cast<std::uint32_t>(c));
  }

  Answers answers() const { return {.data = data_, .probabilities = p_, .read = read_, .classes = names_}; }

  void check(const std::string& name, const Picture& picture) {
    const fs::path file = fs::path(INKLING_SOURCE_DIR) / "tests/golden/pictures" / (name + ".png");
    const Picture small = shrunk(picture);
    if (std::getenv("INKLING_UPDATE_GOLDEN") != nullptr) return write_png(file, small);
    const Difference d = difference(small, read_picture(file));
    // Measured: 0 with the FreeType that drew them. A moved line of text gives more than 0.004 of share.
    EXPECT_TRUE(d.mean <= 0.5 && d.share <= 0.001)
        << name << ": differs by " << d.mean << " on average, " << 100 * d.share << " % by a lot";
  }

  Runtime rt_{RuntimeOptions{.threads = 2}};
  Mlp model_{{.widths = {784, 12, 8, 10}}, 5};
  std::vector<std::string> names_ = digit_names();
  Dataset data_;
  Matrix logits_, p_;
  std::vector<std::uint32_t> read_;
};

TEST_F(GoldenPictures, Predictions) { check("predictions", predictions_picture(answers(), "a net")); }
TEST_F(GoldenPictures, Mistakes) { check("mistakes", mistakes_picture(answers(), "a net")); }
TEST_F(GoldenPictures, Weights) { check("weights", weights_picture(rt_, model_, 28, 28, names_, "a net")); }
TEST_F(GoldenPictures, WeightsOfClasses) {
  check("weights_of_classes", weights_picture(rt_, Mlp({.widths = {784, 10}}, 2), 28, 28, names_, "a net"));
}
TEST_F(GoldenPictures, Activations) { check("activations", activations_picture(rt_, model_, answers(), 3, "a net")); }
TEST_F(GoldenPictures, ClassActivations) {
  check("class_activations", class_activations_picture(rt_, model_, data_, names_, "a net"));
}
TEST_F(GoldenPictures, Confusion) {
  std::vector<std::size_t> counts(100);
  for (std::size_t n = 0; n < data_.count(); ++n) ++counts[data_.labels[n] * 10u + read_[n]];
  check("confusion", confusion_picture(counts, names_, "a net"));
}
TEST_F(GoldenPictures, Saliency) {
  const std::size_t images[] = {0, 7};
  check("saliency", saliency_picture(rt_, model_, answers(), images, "a net"));
}
// Twelve epochs whose numbers are a formula's: falling loss, the best epoch before the last, one without a number.
RunHistory made_history() {
  RunHistory run{.folder = "runs/made"};
  for (int e = 1; e <= 12; ++e) {
    const double fall = std::exp(-0.3 * e), rise = e > 8 ? 0.02 * (e - 8) : 0;
    run.epochs.push_back(
        {.epoch = static_cast<std::size_t>(e),
         .steps = static_cast<std::uint64_t>(e) * 469,
         .learning_rate = 0.1 * std::pow(0.7, e),
         .train_loss = fall,
         .train_accuracy = 1 - fall / 2,
         .validation_loss = e == 3 ? NAN : fall + 0.05 + rise,
         .validation_accuracy = 0.95 - fall / 2 - rise,
         .test_loss = fall + 0.08 + rise,
         .test_accuracy = 0.94 - fall / 2 - rise,
         .tensors = {{"0.weight", fall, 0.01 * fall}, {"0.bias", 0.1, 0.01}, {"2.weight", 2 * fall, 0.02}}});
  }
  return run;
}

TEST_F(GoldenPictures, Charts) {
  const RunHistory run = made_history();
  LineMeasured line{.positions = {0, 0.25, 0.5, 0.75, 1}, .train = {}, .test = {}, .from = "a start", .to = "an end"};
  for (const double at : line.positions) {
    line.train.push_back({.count = 60, .correct = 6, .accuracy = 0.1 + 0.8 * at, .loss = 2.3 - 2 * at});
    line.test.push_back({.count = 60, .correct = 6, .accuracy = 0.1 + 0.7 * at, .loss = 2.3 - 1.8 * at});
  }
  const Chart charts[] = {loss_chart(run, "a run"),
                          accuracy_chart(run, "a run"),
                          rate_chart(run, "a run"),
                          gradients_chart(run, "a run"),
                          reliability_chart(statistics_of(rt_, model_, data_), "a net"),
                          map_chart(rt_, model_, data_, names_, "a net"),
                          line_chart(line, Output::softmax, "a net"),
                          histograms_chart(rt_, model_, &data_, "a net")};
  std::optional<Gnuplot> gnuplot = Gnuplot::start(charts);
  if (!gnuplot) GTEST_SKIP() << "no gnuplot here";
  const Scratch scratch;
  gnuplot->finish(scratch.path());
  for (const Chart& chart : charts) check("chart_" + chart.name, read_picture(scratch.path() / (chart.name + ".png")));
}

TEST_F(GoldenPictures, Preferred) { check("preferred", preferred_picture(rt_, model_, 28, 28, names_, "a net")); }

// Shapes that are not the usual one: pictures come, or say why not.
TEST_F(GoldenPictures, OtherShapesAreDrawnToo) {
  std::vector<std::string> classes;
  for (int c = 0; c < 47; ++c) classes.push_back("a rather long class name " + std::to_string(c));
  const Mlp wide({.widths = {40 * 9, 1200, 700, 47}, .activation = Activation::tanh}, 1);
  Dataset data{.height = 9,
               .width = 40,
               .pixels = std::vector<std::uint8_t>(6 * 360, 90),
               .labels = {0, 46, 3, 3, 7, 9},
               .class_names = classes};
  for (std::size_t i = 0; i < data.pixels.size(); ++i) data.pixels[i] = static_cast<std::uint8_t>(i * 7);
  Matrix p(6, 47);
  const Matrix z = logits_of(rt_, wide, data);
  class_probabilities(rt_, wide.config(), z, p);
  const std::vector<std::uint32_t> read = {0, 1, 2, 3, 4, 5};
  const Answers a{.data = data, .probabilities = p, .read = read, .classes = classes};
  std::vector<std::size_t> counts(47 * 47, 1);
  const std::size_t images[] = {5};
  EXPECT_GT(predictions_picture(a, "w").width(), 0u);
  EXPECT_GT(mistakes_picture(a, "w").width(), 0u);
  EXPECT_GT(weights_picture(rt_, wide, 9, 40, classes, "w").width(), 0u);
  EXPECT_GT(weights_picture(rt_, Mlp({.widths = {360, 47}}, 1), 9, 40, classes, "w").width(), 0u);
  EXPECT_GT(activations_picture(rt_, wide, a, 5, "w").width(), 0u);
  EXPECT_GT(class_activations_picture(rt_, wide, data, classes, "w").width(), 0u);
  EXPECT_GT(confusion_picture(counts, classes, "w").width(), 0u);
  EXPECT_GT(saliency_picture(rt_, wide, a, images, "w").width(), 0u);
  EXPECT_GT(preferred_picture(rt_, Mlp({.widths = {360, 20, 47}}, 1), 9, 40, classes, "w").width(), 0u);
  EXPECT_THROW(activations_picture(rt_, Mlp({.widths = {360, 47}}, 1), a, 5, "w"), Error);
  EXPECT_THROW(activations_picture(rt_, wide, a, 6, "w"), Error);
  EXPECT_THROW(weights_picture(rt_, wide, 28, 28, classes, "w"), Error);
}

TEST_F(GoldenPictures, NoMistakesIsSaid) {
  std::vector<std::uint32_t> right(data_.labels.begin(), data_.labels.end());
  const Answers a{.data = data_, .probabilities = p_, .read = right, .classes = names_};
  EXPECT_THROW(mistakes_picture(a, "a net"), Error);
  EXPECT_GT(predictions_picture(a, "a net").height(), 0u);
}

// The comparison itself: it must see what a person would.
TEST_F(GoldenPictures, ComparisonSeesChanges) {
  const Picture whole = predictions_picture(answers(), "a net");
  EXPECT_EQ(difference(shrunk(whole), shrunk(whole)).mean, 0);
  Picture tile = whole, title = whole;
  tile.fill({60, 250, 212, 300}, kWhite);
  title.fill({50, 50, 500, 60}, kWhite);
  EXPECT_GT(difference(shrunk(whole), shrunk(tile)).share, 0.001);
  EXPECT_GT(difference(shrunk(whole), shrunk(title)).share, 0.001);
  EXPECT_EQ(difference(whole, shrunk(whole)).mean, INFINITY);
}

}  // namespace
