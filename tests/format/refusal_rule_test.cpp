// Rules in model files: what is saved is loaded, and each way to be wrong has its own refusal.
#include <gtest/gtest.h>

#include <limits>

#include "inkling/format/model_file.h"
#include "inkling/format/safetensors.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

Mlp network() { return Mlp({.widths = {6, 4, 3}}, 1); }

ModelInfo info() {
  RefusalRule rule{.rate = 0.01, .images = 500, .least_probability = 0.625f, .most_distance = 12.5f};
  for (int i = 0; i < 12; ++i) rule.centers.push_back(static_cast<float>(i) / 4);
  for (int i = 0; i < 16; ++i) rule.whitening.push_back(1 + static_cast<float>(i));
  rule.none_weight = {1, -1, 0.5f, 2};
  rule.none_bias = -0.75f;
  return {.image_height = 2, .image_width = 3, .class_names = {"a", "b", "c"}, .training = {}, .refusal = rule};
}

TensorFile tensors() { return parse_safetensors(to_bytes(network(), info()), "own"); }
NamedTensor& named(TensorFile& file, std::string_view name) {
  for (NamedTensor& tensor : file.tensors)
    if (tensor.name == name) return tensor;
  throw std::out_of_range(std::string(name));
}

template <typename Change>
testing::AssertionResult refused_after(ErrorKind kind, std::string_view part, const Change& change) {
  TensorFile file = tensors();
  change(file);
  const Bytes bytes = to_safetensors(file);
  return refuses(kind, part, [&] { model_from_bytes(bytes, "m.safetensors"); });
}
testing::AssertionResult refused_metadata(ErrorKind kind, std::string_view part, const char* text) {
  return refused_after(kind, part, [&](TensorFile& file) { file.metadata.at("inkling.refusal") = text; });
}

TEST(RefusalInFile, IsReadBackAsItWasWritten) {
  EXPECT_EQ(model_from_bytes(to_bytes(network(), info()), "m").info, info());
  ModelInfo probability_alone = info();
  probability_alone.refusal = RefusalRule{.rate = 0.05, .images = 7, .least_probability = 0.3f};
  EXPECT_EQ(model_from_bytes(to_bytes(network(), probability_alone), "m").info, probability_alone);
}
TEST(RefusalInFile, StandsInTensorsOfItsOwnBehindTheNetworks) {
  std::vector<std::string> names;
  for (const NamedTensor& tensor : tensors().tensors) names.push_back(tensor.name);
  EXPECT_EQ(names, (std::vector<std::string>{"0.weight", "0.bias", "2.weight", "2.bias", "refusal.centers",
                                             "refusal.whitening", "refusal.none.weight", "refusal.none.bias"}));
  EXPECT_EQ(tensors().metadata.at("inkling.format"), "2");
  EXPECT_EQ(tensors().metadata.at("inkling.refusal"),
            R"({"rate":0.01,"images":500,"least_probability":0.625,"most_distance":12.5})");
}
TEST(RefusalInFile, IsNotThereInFilesWithoutOne) {
  ModelInfo plain = info();
  plain.refusal.reset();
  const TensorFile file = parse_safetensors(to_bytes(network(), plain), "own");
  EXPECT_EQ(file.metadata.at("inkling.format"), "1");
  EXPECT_EQ(file.tensors.size(), 4u);
  EXPECT_EQ(model_from_bytes(to_bytes(network(), plain), "m").info.refusal, std::nullopt);
}

TEST(RefusalHostile, TensorsWithoutMetadata) {
  EXPECT_TRUE(refused_after(ErrorKind::format,
                            "m.safetensors: tensor 'refusal.centers' stands there without metadata 'inkling.refusal'",
                            [](TensorFile& f) { f.metadata.erase("inkling.refusal"); }));
}
TEST(RefusalHostile, MissingTensor) {
  for (const char* name : {"refusal.centers", "refusal.whitening", "refusal.none.weight", "refusal.none.bias"})
    EXPECT_TRUE(refused_after(ErrorKind::format, fmt::format("tensor '{}' is missing", name), [&](TensorFile& f) {
      std::erase_if(f.tensors, [&](const NamedTensor& t) { return t.name == name; });
    }));
}
TEST(RefusalHostile, DistanceWithoutItsTensors) {
  EXPECT_TRUE(refused_after(ErrorKind::format, "tensor 'refusal.centers' is missing", [&](TensorFile& f) {
    std::erase_if(f.tensors, [&](const NamedTensor& t) { return t.name.starts_with("refusal."); });
  }));
}
TEST(RefusalHostile, TensorOfAnotherShape) {
  for (const char* name : {"refusal.centers", "refusal.whitening", "refusal.none.weight"})
    EXPECT_TRUE(
        refused_after(ErrorKind::shape, fmt::format("tensor '{}' has the shape (1, 1)", name), [&](TensorFile& f) {
          named(f, name).shape = {1, 1};
          named(f, name).values = {1};
        }));
}
TEST(RefusalHostile, TensorThatIsNoPartOfARule) {
  EXPECT_TRUE(refused_after(ErrorKind::format, "\"refusal.extra\" belongs to no layer", [](TensorFile& f) {
    f.tensors.push_back({"refusal.extra", {1}, {1}});
  }));
}
TEST(RefusalHostile, NumbersThatAreNotFinite) {
  for (const char* name : {"refusal.centers", "refusal.whitening", "refusal.none.weight", "refusal.none.bias"})
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
      EXPECT_TRUE(refused_after(ErrorKind::numeric, "finite number", [&](TensorFile& f) {
        named(f, name).values.back() = bad;
      })) << name;
}
TEST(RefusalHostile, MetadataThatIsNoObject) {
  EXPECT_TRUE(refused_metadata(ErrorKind::format, "m.safetensors: inkling.refusal", "[]"));
  EXPECT_TRUE(refused_metadata(ErrorKind::format, "m.safetensors: inkling.refusal", "{"));
}
TEST(RefusalHostile, MissingMember) {
  EXPECT_TRUE(refused_metadata(ErrorKind::format, "rate", R"({"images":5,"least_probability":0.5,"most_distance":1})"));
  EXPECT_TRUE(
      refused_metadata(ErrorKind::format, "images", R"({"rate":0.1,"least_probability":0.5,"most_distance":1})"));
  EXPECT_TRUE(refused_metadata(ErrorKind::format, "least_probability", R"({"rate":0.1,"images":5,"most_distance":1})"));
}
TEST(RefusalHostile, DistanceTensorsWithoutALimit) {
  EXPECT_TRUE(refused_metadata(ErrorKind::config, "a largest distance of 0",
                               R"({"rate":0.1,"images":5,"least_probability":0.5})"));
}
TEST(RefusalHostile, RateThatIsNoShare) {
  for (const char* rate : {"0", "1", "-0.1", "1e300"})
    EXPECT_TRUE(refused_metadata(
        ErrorKind::config, "refusal: a rate of",
        fmt::format(R"({{"rate":{},"images":5,"least_probability":0.5,"most_distance":1}})", rate).c_str()))
        << rate;
}
TEST(RefusalHostile, ProbabilityThatIsNone) {
  for (const char* p : {"-0.1", "1.5", "1e300"})
    EXPECT_TRUE(refused_metadata(
        ErrorKind::format, "least_probability: expected a number from 0 to 1",
        fmt::format(R"({{"rate":0.1,"images":5,"least_probability":{},"most_distance":1}})", p).c_str()))
        << p;
}
TEST(RefusalHostile, LimitsThatAreNoNumbers) {
  for (const char* text :
       {R"({"rate":"1","images":5,"least_probability":0.5})", R"({"rate":0.1,"images":5.5,"least_probability":0.5})",
        R"({"rate":0.1,"images":5,"least_probability":null})",
        R"({"rate":0.1,"images":5,"least_probability":0.5,"most_distance":0})",
        R"({"rate":0.1,"images":5,"least_probability":0.5,"most_distance":1e60})"})
    EXPECT_TRUE(refused_metadata(ErrorKind::format, "m.safetensors: inkling.refusal", text)) << text;
}
TEST(RefusalHostile, DistanceOfANetworkWithoutAHiddenLayer) {
  ModelInfo flat = info();
  flat.image_height = 2, flat.image_width = 2;
  EXPECT_TRUE(refuses(ErrorKind::shape, "has no hidden layer", [&] { to_bytes(Mlp({.widths = {4, 3}}), flat); }));
}
TEST(RefusalHostile, RuleThatDoesNotFitIsNotWritten) {
  ModelInfo wrong = info();
  wrong.refusal->centers.pop_back();
  EXPECT_TRUE(refuses(ErrorKind::shape, "11 numbers of class centres; this network has 12",
                      [&] { to_bytes(network(), wrong); }));
}

}  // namespace
}  // namespace inkling
