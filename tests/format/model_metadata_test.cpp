// What a model file says of its network besides the widths: kept as it is, as short as it was, and refused when wrong.
#include "inkling/format/model_metadata.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "inkling/format/model_file.h"
#include "inkling/format/safetensors.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

const Config kPlain{.widths = {6, 17, 3}};

// A plain network's file with this architecture in its metadata must be refused so.
testing::AssertionResult refused_architecture(ErrorKind kind, std::string_view part, const std::string& json) {
  TensorFile file = parse_safetensors(to_bytes(Mlp(kPlain)), "own");
  file.metadata.at("inkling.architecture") = json;
  const Bytes bytes = to_safetensors(file);
  return refuses(kind, part, [&] { model_from_bytes(bytes, "m.safetensors"); });
}

std::string architecture_of(const Config& config) {
  return parse_safetensors(to_bytes(Mlp(config)), "own").metadata.at("inkling.architecture");
}
Config reloaded(const Config& config) { return model_from_bytes(to_bytes(Mlp(config)), "m").model.config(); }

TEST(ModelMetadata, KeepAllThatInferenceNeeds) {
  const Config config{.widths = {6, 5, 4, 3},
                      .activations = {Activation::tanh, Activation::gelu_tanh},
                      .output = Output::sigmoid,
                      .ink = 1.5f,
                      .temperature = 1.3f};
  EXPECT_EQ(reloaded(config), config);
  EXPECT_EQ(architecture_of(config), R"({"widths":[6,5,4,3],"activation":["tanh","gelu_tanh"],"output":"sigmoid",)"
                                     R"("temperature":1.2999999523162842})");
}

TEST(ModelMetadata, KeepEveryActivationAndEveryOutput) {
  for (std::size_t i = 0; i < choice_names(Activation{}).size(); ++i) {
    const Config config{.widths = {6, 5, 3}, .activation = static_cast<Activation>(i)};
    EXPECT_EQ(reloaded(config), config) << name(config.activation);
  }
  for (std::size_t i = 0; i < choice_names(Output{}).size(); ++i) {
    const Config config{.widths = {6, 5, 3}, .output = static_cast<Output>(i)};
    EXPECT_EQ(reloaded(config), config) << name(config.output);
  }
}

TEST(ModelMetadata, KeepTemperaturesToTheLastBit) {
  for (const float temperature : {std::numeric_limits<float>::denorm_min(), 0.1f, std::nextafter(1.0f, 2.0f),
                                  std::nextafter(1.0f, 0.0f), 20.0f, std::numeric_limits<float>::max()}) {
    const Config config{.widths = {6, 3}, .temperature = temperature};
    EXPECT_EQ(reloaded(config), config) << temperature;
  }
}

TEST(ModelMetadata, HoldActivationsThatAreAllAlikeAsOne) {
  const Config config{.widths = {6, 5, 4, 3}, .activations = {Activation::silu, Activation::silu}};
  EXPECT_EQ(architecture_of(config), R"({"widths":[6,5,4,3],"activation":"silu","output":"softmax"})");
  EXPECT_EQ(reloaded(config), (Config{.widths = {6, 5, 4, 3}, .activation = Activation::silu}));
}

TEST(ModelMetadata, HoldNothingThatOnlyTrainingKnows) {
  const Config trained{.widths = {6, 5, 3}, .dropout_input = 0.1f, .dropout = 0.5f, .input_noise = 0.2f};
  const Config plain{.widths = {6, 5, 3}};
  EXPECT_EQ(to_bytes(Mlp(trained)), to_bytes(Mlp(plain)));
  EXPECT_EQ(reloaded(trained), plain);
}

TEST(ModelMetadata, OfBeforeTemperaturesAreReadAsOneAndWrittenAsTheyWere) {
  TensorFile file = parse_safetensors(to_bytes(Mlp(kPlain)), "own");
  file.metadata["inkling.architecture"] = R"({"widths":[6,17,3],"activation":"relu","output":"softmax"})";
  const Bytes before = to_safetensors(file);
  const LoadedModel loaded = model_from_bytes(before, "before");
  EXPECT_EQ(loaded.model.config(), kPlain);
  EXPECT_EQ(loaded.model.config().temperature, 1.0f);
  EXPECT_TRUE(to_bytes(loaded.model, loaded.info) == before);
}

TEST(ModelMetadata, RefusesBatchNormalisation) {
  EXPECT_TRUE(refuses(ErrorKind::config, "fold it into the weights first", [] {
    to_bytes(Mlp({.widths = {6, 5, 3}, .batch_norm = true}));
  }));
}

testing::AssertionResult refused_activation(ErrorKind kind, std::string_view part, const char* json) {
  return refused_architecture(kind, part,
                              fmt::format(R"({{"widths":[6,17,3],"activation":{},"output":"softmax"}})", json));
}
TEST(ModelMetadataHostile, UnknownActivationAmongSeveral) {
  EXPECT_TRUE(refused_activation(ErrorKind::format, "the activation \"gelu2\" is not known", R"(["gelu2"])"));
}
TEST(ModelMetadataHostile, MoreOrFewerActivationsThanHiddenLayers) {
  EXPECT_TRUE(refused_activation(ErrorKind::shape, "0 activations for 6-17-3, which has 1 hidden layers", "[]"));
  EXPECT_TRUE(refused_activation(ErrorKind::shape, "2 activations for 6-17-3", R"(["relu","tanh"])"));
}
TEST(ModelMetadataHostile, ActivationThatIsNoText) {
  EXPECT_TRUE(refused_activation(ErrorKind::format, "activation: expected a text, found 1", "1"));
  EXPECT_TRUE(refused_activation(ErrorKind::format, "activation: expected a text, found null", "[null]"));
  EXPECT_TRUE(refused_activation(ErrorKind::format, "activation: expected a text, found array", R"([["relu"]])"));
  EXPECT_TRUE(refused_activation(ErrorKind::format, "activation: expected a text, found object", R"({"a":"relu"})"));
  EXPECT_TRUE(refused_activation(ErrorKind::limit, "nested deeper", R"([[["relu"]]])"));
}

testing::AssertionResult refused_temperature(std::string_view part, const char* json) {
  return refused_architecture(
      ErrorKind::format, part,
      fmt::format(R"({{"widths":[6,17,3],"activation":"relu","output":"softmax","temperature":{}}})", json));
}
TEST(ModelMetadataHostile, TemperatureThatIsNegativeOrZero) {
  for (const char* json : {"0", "-0.0", "-1", "-1e300"})
    EXPECT_TRUE(refused_temperature("temperature: expected a number above 0 that a float can hold", json)) << json;
}
TEST(ModelMetadataHostile, TemperatureBeyondAFloat) {
  for (const char* json : {"1e-50", "1e39"})
    EXPECT_TRUE(refused_temperature("temperature: expected a number above 0 that a float can hold", json)) << json;
  EXPECT_TRUE(refused_temperature("a number is too large", "1e400"));
}
TEST(ModelMetadataHostile, TemperatureThatIsNotANumber) {
  for (const char* json : {"NaN", "Infinity"}) EXPECT_TRUE(refused_temperature("not JSON", json)) << json;
  EXPECT_TRUE(refused_temperature("temperature: expected a number, found string", "\"1\""));
  EXPECT_TRUE(refused_temperature("temperature: expected a number, found null", "null"));
  EXPECT_TRUE(refused_temperature("temperature: expected a number, found array", "[1]"));
}

}  // namespace
}  // namespace inkling
