#include "app/show_kinds.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/model_argument.h"
#include "inkling/core/error.h"
#include "inkling/data/select.h"
#include "inkling/inspect/line.h"
#include "inkling/model/fold.h"
#include "inkling/model/init.h"
#include "inkling/report/activation_pictures.h"
#include "inkling/report/confusion_picture.h"
#include "inkling/report/model_charts.h"
#include "inkling/report/saliency_pictures.h"
#include "inkling/report/training_charts.h"
#include "inkling/report/weight_pictures.h"

using inkling::Chart;
using inkling::ErrorKind;
using inkling::fail;
using inkling::Picture;

namespace {

const inkling::RunHistory& history(const ShowContext& c) { return *c.subject.history; }

Picture confusion(const ShowContext& c) {
  const inkling::Answers& a = c.subject.answers();
  std::vector<std::size_t> counts(a.classes.size() * a.classes.size());
  for (std::size_t n = 0; n < a.data.count(); ++n) ++counts[a.data.labels[n] * a.classes.size() + a.read[n]];
  return inkling::confusion_picture(counts, a.classes, c.subject.name);
}

Chart reliability(const ShowContext& c) {
  return inkling::reliability_chart(
      inkling::statistics_of(c.subject.answers().probabilities, c.subject.test().labels, c.subject.logits()),
      c.subject.name);
}

std::size_t image(const ShowContext& c) {
  if (c.options.index >= c.subject.test().count())
    fail(ErrorKind::config, "--index {}: the test set has images 0 to {}", c.options.index,
         c.subject.test().count() - 1);
  return c.options.index;
}

// The image that was asked for, and after it the first of some other classes.
Picture saliency(const ShowContext& c) {
  constexpr std::size_t kImages = 5;
  const inkling::Answers& a = c.subject.answers();
  std::vector<std::size_t> images = {image(c)};
  std::vector<bool> seen(a.classes.size());
  seen[a.data.labels[images[0]]] = true;
  for (std::size_t n = 0; n < a.data.count() && images.size() < kImages; ++n) {
    if (seen[a.data.labels[n]]) continue;
    seen[a.data.labels[n]] = true;
    images.push_back(n);
  }
  return inkling::saliency_picture(c.rt, c.subject.model(), a, images, c.subject.name);
}

// Where the line begins: the model that was named, or what the run began with.
inkling::Mlp other_end(const ShowContext& c, std::string& name) {
  if (!c.options.against.empty()) {
    name = c.options.against;
    return load_named_model(c.options.against).model;
  }
  if (!c.subject.history)
    fail(ErrorKind::config, "a model file does not say where its training began; name a second model with --against");
  name = "the start";
  const inkling::RunHistory& run = *c.subject.history;
  if (!run.init_from.empty()) return load_named_model(run.init_from).model;
  inkling::Mlp start(run.recipe.network);
  inkling::initialize(start, run.recipe.fit.seed, run.recipe.init);
  return inkling::fold(start);
}

Chart line(const ShowContext& c) {
  constexpr int kPoints = 31;
  constexpr std::size_t kWork = 10'000'000'000;  // guess: multiply-adds, about half a second
  inkling::LineMeasured line{.positions = {}, .train = {}, .test = {}, .from = {}, .to = c.subject.name};
  const inkling::Mlp from = other_end(c, line.from);
  for (int k = 0; k < kPoints; ++k) line.positions.push_back(-0.25 + 1.5 * k / (kPoints - 1));
  const std::size_t images =
      std::clamp<std::size_t>(kWork / (c.subject.model().parameter_count() * 2 * kPoints), 200, 5000);
  line.train = inkling::along_line(c.rt, from, c.subject.model(), line.positions,
                                   inkling::first_images(c.subject.data->train, images));
  line.test = inkling::along_line(c.rt, from, c.subject.model(), line.positions,
                                  inkling::first_images(c.subject.test(), images));
  return inkling::line_chart(line, c.subject.model().config().output, c.subject.name);
}

const ShowKind kKinds[] = {
    {"loss", "loss over the epochs, the best one marked", Needs::run,
     MakeChart([](const ShowContext& c) { return inkling::loss_chart(history(c), c.subject.name); })},
    {"accuracy", "accuracy over the epochs, the best one marked", Needs::run,
     MakeChart([](const ShowContext& c) { return inkling::accuracy_chart(history(c), c.subject.name); })},
    {"rate", "learning rate over the epochs", Needs::run,
     MakeChart([](const ShowContext& c) { return inkling::rate_chart(history(c), c.subject.name); })},
    {"gradients", "norms of gradients and steps, layer by layer", Needs::run,
     MakeChart([](const ShowContext& c) { return inkling::gradients_chart(history(c), c.subject.name); })},
    {"predictions", "test images and what is read in them", Needs::data, MakePicture([](const ShowContext& c) {
       return inkling::predictions_picture(c.subject.answers(), c.subject.name);
     })},
    {"mistakes", "the wrong answers that the model was surest of", Needs::data,
     MakePicture([](const ShowContext& c) { return inkling::mistakes_picture(c.subject.answers(), c.subject.name); })},
    {"confusion", "which class is read as which", Needs::data, MakePicture(confusion)},
    {"reliability", "whether its confidence can be believed", Needs::data, MakeChart(reliability)},
    {"weights", "first-layer weights as images, by the class they serve", Needs::model,
     MakePicture([](const ShowContext& c) {
       return inkling::weights_picture(c.rt, c.subject.model(), c.subject.loaded->info.image_height,
                                       c.subject.loaded->info.image_width, c.subject.classes(), c.subject.name);
     })},
    {"activations", "what all units answer to one image (--index)", Needs::data, MakePicture([](const ShowContext& c) {
       return inkling::activations_picture(c.rt, c.subject.model(), c.subject.answers(), image(c), c.subject.name);
     })},
    {"class-activations", "what all units answer to each class, on average", Needs::data,
     MakePicture([](const ShowContext& c) {
       return inkling::class_activations_picture(c.rt, c.subject.model(), c.subject.test(), c.subject.classes(),
                                                 c.subject.name);
     })},
    {"saliency", "which pixels an answer hangs on (--index)", Needs::data, MakePicture(saliency)},
    {"preferred", "what each class and some hidden units like most to see", Needs::model,
     MakePicture([](const ShowContext& c) {
       return inkling::preferred_picture(c.rt, c.subject.model(), c.subject.loaded->info.image_height,
                                         c.subject.loaded->info.image_width, c.subject.classes(), c.subject.name);
     })},
    {"map", "the last hidden layer in the plane (PCA)", Needs::data, MakeChart([](const ShowContext& c) {
       return inkling::map_chart(c.rt, c.subject.model(), c.subject.test(), c.subject.classes(), c.subject.name);
     })},
    {"histograms", "weights and outputs, layer by layer", Needs::model, MakeChart([](const ShowContext& c) {
       return inkling::histograms_chart(c.rt, c.subject.model(), c.subject.data ? &c.subject.test() : nullptr,
                                        c.subject.name);
     })},
    {"line", "loss on the line from the start, or from --against", Needs::data, MakeChart(line)},
};

}  // namespace

std::span<const ShowKind> show_kinds() { return kKinds; }
