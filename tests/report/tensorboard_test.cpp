#include "inkling/report/tensorboard.h"

#include <gtest/gtest.h>

#include <string>

#include "inkling/report/event_records.h"

namespace inkling {
namespace {

EpochReport report_of(const Mlp& model) {
  EpochReport r;
  r.epoch = 3;
  r.steps = 99;
  r.train_loss = 0.5;
  for (const Tensor& t : model.table()) r.health.push_back({.name = t.name, .gradient_norm = 1, .update_ratio = 0.001});
  return r;
}

bool holds(const Bytes& file, std::string_view text) {
  return std::string_view(reinterpret_cast<const char*>(file.data()), file.size()).find(text) != std::string_view::npos;
}

// What the fields hold is for an independent reader to say: tests/cli/test_tensorboard.py.
TEST(EpochEvents, AreTheSameBytesForTheSameArgumentsAndWholeRecordsOfTheStep) {
  const Mlp model({.widths = {6, 4, 3}, .batch_norm = true}, 1);
  const EpochFacts facts{.wall_seconds = 1e9, .images_per_second = 5, .image_height = 2, .image_width = 3};
  const Bytes once = epoch_events(report_of(model), model, facts);
  EXPECT_EQ(once, epoch_events(report_of(model), model, facts));
  EXPECT_EQ(bytes_through_step(once, 99), once.size());
  EXPECT_EQ(bytes_through_step(once, 98), 0u);
  EXPECT_TRUE(holds(once, "weights/0.scale"));
  EXPECT_TRUE(holds(once, "first_layer/weights"));
  Mlp other = model;
  other.weight(0)(5, 3) += 0.5f;
  EXPECT_NE(once, epoch_events(report_of(model), other, facts));
}

TEST(EpochEvents, HaveNoPictureOfInputsThatAreNoImage) {
  const Mlp model({.widths = {6, 4, 3}}, 1);
  const Bytes file = epoch_events(report_of(model), model, {.image_height = 5, .image_width = 5});
  EXPECT_FALSE(holds(file, "first_layer/weights"));
  EXPECT_TRUE(holds(file, "weights/2.bias"));  // all zeros: a histogram of one bin
}

TEST(FirstEvents, TellReadersWhatAResumedRunDoesAgain) {
  EXPECT_TRUE(holds(first_events(1e9, 0), "brain.Event:2"));
  EXPECT_EQ(bytes_through_step(first_events(1e9, 0), 1), first_events(1e9, 0).size());  // stays when the run is resumed
  const Bytes resumed = first_events(1e9, 500);
  EXPECT_LT(bytes_through_step(resumed, 500), resumed.size());  // the mark stands at the first step that is done again
  EXPECT_EQ(bytes_through_step(resumed, 501), resumed.size());
}

}  // namespace
}  // namespace inkling
