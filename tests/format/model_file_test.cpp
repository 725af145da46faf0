// Networks as files: what is saved is loaded, files of other programs open, and each contradiction has its own refusal.
#include "inkling/format/model_file.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "inkling/format/safetensors.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

// 17 outputs in the hidden layer: one more than a padded row, so that padding is met.
Mlp network() {
  Mlp model({.widths = {6, 17, 3}, .activation = Activation::relu, .ink = 2.7f});
  float value = -1;
  for (const Tensor& t : model.table())
    for (std::size_t r = 0; r < t.rows; ++r)
      for (float& w : model.tensor(t).row(r)) w = value += 0.0371f;
  return model;
}

ModelInfo info() {
  return {.image_height = 2,
          .image_width = 3,
          .class_names = {"a", "\xC3\xA9", "\"c\""},
          .training = {{"epochs", "20"}, {"seed", "1"}}};
}

TensorFile tensors_of(const Mlp& model, const ModelInfo& facts) {
  return parse_safetensors(to_bytes(model, facts), "own");
}
NamedTensor& named(TensorFile& file, std::string_view name) {
  for (NamedTensor& tensor : file.tensors)
    if (tensor.name == name) return tensor;
  throw std::out_of_range(std::string(name));
}

// A saved network, changed by `change`, must be refused so.
template <typename Change>
testing::AssertionResult refused_after(ErrorKind kind, std::string_view part, const Change& change) {
  TensorFile file = tensors_of(network(), info());
  change(file);
  const Bytes bytes = to_safetensors(file);
  return refuses(kind, part, [&] { model_from_bytes(bytes, "m.safetensors"); });
}
testing::AssertionResult refused_metadata(ErrorKind kind, std::string_view part, const char* key, const char* text) {
  return refused_after(kind, part, [&](TensorFile& file) { file.metadata.at(key) = text; });
}

class ModelFile : public testing::Test {
 protected:
  ModelFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "inkling-model-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~ModelFile() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

bool same_arena(const Mlp& a, const Mlp& b) {
  return a.arena().size() == b.arena().size() &&
         std::memcmp(a.arena().data(), b.arena().data(), a.arena().size_bytes()) == 0;
}

TEST_F(ModelFile, LoadsWhatItSaved) {
  save(network(), folder_ / "m.safetensors", info());
  const LoadedModel loaded = load_model(folder_ / "m.safetensors");
  EXPECT_EQ(loaded.model.config(), network().config());
  EXPECT_TRUE(same_arena(loaded.model, network()));
  EXPECT_EQ(loaded.info, info());
}

TEST_F(ModelFile, LoadsTheModelOfARunFolder) {
  save(network(), folder_ / "model.safetensors", info());
  EXPECT_TRUE(same_arena(load_model(folder_).model, network()));
}

TEST_F(ModelFile, AFolderWithoutAModelIsNamed) {
  EXPECT_TRUE(refuses(ErrorKind::io, "model.safetensors: cannot be opened", [&] { load_model(folder_); }));
}

TEST_F(ModelFile, AFileThatIsNotThereIsNamed) {
  EXPECT_TRUE(refuses(ErrorKind::io, "absent: cannot be opened", [&] { load_model(folder_ / "absent"); }));
}

TEST_F(ModelFile, AFileOverTheLimitIsNotRead) {
  write_file_atomically(folder_ / "m", "");
  std::filesystem::resize_file(folder_ / "m", kMaxTensorFileBytes + 1);  // sparse: no disk is used
  EXPECT_TRUE(refuses(ErrorKind::limit, "bytes, more than", [&] { load_model(folder_ / "m"); }));
}

TEST_F(ModelFile, AFailedSaveLeavesTheOldFile) {
  save(network(), folder_ / "m.safetensors", info());
  Mlp broken = network();
  broken.bias(1)(0, 2) = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(refuses(ErrorKind::numeric, "tensor '2.bias' holds nan at index 2",
                      [&] { save(broken, folder_ / "m.safetensors", info()); }));
  EXPECT_TRUE(same_arena(load_model(folder_ / "m.safetensors").model, network()));
}

TEST(ModelBytes, AreTheSameForTheSameNetworkAndInfo) {
  const Bytes bytes = to_bytes(network(), info());
  EXPECT_EQ(bytes, to_bytes(network(), info()));
  const LoadedModel loaded = model_from_bytes(bytes, "m");
  EXPECT_EQ(bytes, to_bytes(loaded.model, loaded.info));
}

TEST(ModelBytes, DoNotDependOnWhatLiesInThePadding) {
  Mlp model = network();
  const Tensor& t = model.table()[0];
  ASSERT_GT(t.stride, t.cols);
  model.arena()[t.offset + t.cols] = 9;
  EXPECT_EQ(to_bytes(model, info()), to_bytes(network(), info()));
}

TEST(ModelBytes, HoldWeightsAsPyTorchDoes) {
  TensorFile file = tensors_of(network(), info());
  std::vector<std::string> names;
  for (const NamedTensor& tensor : file.tensors) names.push_back(tensor.name);
  EXPECT_EQ(names, (std::vector<std::string>{"0.weight", "0.bias", "2.weight", "2.bias"}));
  const NamedTensor& weight = named(file, "0.weight");
  EXPECT_EQ(weight.shape, (std::vector<std::size_t>{17, 6}));  // (outputs, inputs)
  EXPECT_EQ(named(file, "0.bias").shape, (std::vector<std::size_t>{17}));
  EXPECT_EQ(weight.values.at(16 * 6 + 2), network().weight(0)(2, 16));
}

TEST(ModelBytes, SayWhatTheNetworkIs) {
  const auto metadata = tensors_of(network(), info()).metadata;
  EXPECT_EQ(metadata.at("inkling.format"), "1");
  EXPECT_EQ(metadata.at("inkling.architecture"), R"({"widths":[6,17,3],"activation":"relu","output":"softmax"})");
  EXPECT_EQ(metadata.at("inkling.preprocessing"), R"({"input":"ink * pixel / 255","ink":2.700000047683716})");
  EXPECT_EQ(metadata.at("inkling.image"), R"({"height":2,"width":3})");
  EXPECT_EQ(metadata.at("inkling.classes"), "{\"names\":[\"a\",\"\xC3\xA9\",\"\\\"c\\\"\"]}");
  EXPECT_EQ(metadata.at("inkling.training"), R"({"epochs":"20","seed":"1"})");
}

TEST(ModelBytes, LeavePaddingZeroAfterLoading) {
  const LoadedModel loaded = model_from_bytes(to_bytes(network(), info()), "m");
  for (const Tensor& t : loaded.model.table())
    for (std::size_t r = 0; r < t.rows; ++r)
      for (std::size_t c = t.cols; c < t.stride; ++c)
        EXPECT_EQ(loaded.model.arena()[t.offset + r * t.stride + c], 0.0f);
}

TEST(ModelBytes, WithoutInfoStandForASquareImageAndNumberedClasses) {
  const ModelInfo square = model_from_bytes(to_bytes(Mlp({.widths = {784, 11}})), "m").info;
  EXPECT_EQ(square.image_height, 28u);
  EXPECT_EQ(square.image_width, 28u);
  EXPECT_EQ(square.class_names.at(10), "10");
  const ModelInfo row = model_from_bytes(to_bytes(Mlp({.widths = {783, 2}})), "m").info;
  EXPECT_EQ(row.image_height, 1u);
  EXPECT_EQ(row.image_width, 783u);
}

TEST(ModelBytes, OfAnotherProgramLoadAsAReluNetworkThatReadsPixelsFromZeroToOne) {
  TensorFile file = tensors_of(network(), info());
  file.metadata = {{"format", "pt"}};
  const LoadedModel loaded = model_from_bytes(to_safetensors(file), "m");
  EXPECT_EQ(loaded.model.config(), (Config{.widths = {6, 17, 3}, .activation = Activation::relu, .ink = 1}));
  EXPECT_TRUE(same_arena(loaded.model, network()));
  EXPECT_EQ(loaded.info.class_names, (std::vector<std::string>{"0", "1", "2"}));
}

TEST(ModelBytes, OfNumPyGiveNumPysLogits) {
  const std::string golden = std::string(INKLING_SOURCE_DIR) + "/tests/golden/net_5_4_3";
  const Mlp model = load_model(golden + ".safetensors").model;
  std::ifstream stream(golden + ".json");
  const nlohmann::json expected = nlohmann::json::parse(stream);
  ASSERT_EQ(expected["pixels"].size(), 6u);
  for (std::size_t b = 0; b < expected["pixels"].size(); ++b) {
    std::vector<double> a;
    for (const double pixel : expected["pixels"][b]) a.push_back(static_cast<double>(model.config().ink) * pixel / 255);
    for (std::size_t layer = 0; layer < model.layer_count(); ++layer) {
      const ConstMatrixView W = model.weight(layer);  // (I, O)
      std::vector<double> z(W.cols);
      for (std::size_t o = 0; o < W.cols; ++o) {
        z[o] = model.bias(layer)(0, o);
        for (std::size_t i = 0; i < W.rows; ++i) z[o] += a[i] * W(i, o);
        if (layer + 1 < model.layer_count()) z[o] = std::max(z[o], 0.0);
      }
      a = z;
    }
    for (std::size_t o = 0; o < a.size(); ++o)  // derived: 11 roundings of terms below 10
      EXPECT_LE(std::abs(a[o] - expected["logits"][b][o].get<double>()), 1e-13) << b << " " << o;
  }
}

TEST(ModelWriter, RefusesInfoThatDoesNotFitTheNetwork) {
  EXPECT_TRUE(refuses(ErrorKind::shape, "an image of 2 x 4 pixels does not fit a network of 6 inputs", [] {
    to_bytes(network(), {.image_height = 2, .image_width = 4, .class_names = {}, .training = {}});
  }));
  EXPECT_TRUE(refuses(ErrorKind::shape, "an image of 2 x 0 pixels", [] {
    to_bytes(network(), {.image_height = 2, .image_width = 0, .class_names = {}, .training = {}});
  }));
  EXPECT_TRUE(refuses(ErrorKind::shape, "2 class names for a network of 3 outputs", [] {
    to_bytes(network(), {.image_height = 2, .image_width = 3, .class_names = {"a", "b"}, .training = {}});
  }));
}
TEST(ModelWriter, RefusesTextsThatAreNotPrintableUtf8) {
  const auto with_class = [](const char* text) {
    ModelInfo facts = info();
    facts.class_names[1] = text;
    to_bytes(network(), facts);
  };
  EXPECT_TRUE(refuses(ErrorKind::config, R"(the class name "\x1b[0m" has a control character)",
                      [&] { with_class("\x1b[0m"); }));
  EXPECT_TRUE(refuses(ErrorKind::config, "has a control character", [&] { with_class("\xC2\x9B"); }));
  EXPECT_TRUE(refuses(ErrorKind::config, "not UTF-8", [&] { with_class("\xFF"); }));
  EXPECT_TRUE(refuses(ErrorKind::config, "the training fact", [] {
    ModelInfo facts = info();
    facts.training["epochs"] = "2\n0";
    to_bytes(network(), facts);
  }));
}

TEST(ModelHostile, MissingTensor) {
  EXPECT_TRUE(refused_after(ErrorKind::format, "m.safetensors: tensor '2.bias' is missing",
                            [](TensorFile& f) { f.tensors.pop_back(); }));
  EXPECT_TRUE(refused_after(ErrorKind::format, "tensor '2.weight' is missing",
                            [](TensorFile& f) { f.tensors.erase(f.tensors.begin() + 2); }));
  EXPECT_TRUE(refused_after(ErrorKind::format, "tensor '0.weight' is missing",
                            [](TensorFile& f) { f.tensors.erase(f.tensors.begin()); }));
  EXPECT_TRUE(
      refused_after(ErrorKind::format, "tensor '0.weight' is missing", [](TensorFile& f) { f.tensors.clear(); }));
}
TEST(ModelHostile, MissingLayerInTheMiddle) {
  EXPECT_TRUE(refused_after(ErrorKind::format, "tensor \"4.bias\" belongs to no layer", [](TensorFile& f) {
    named(f, "2.weight").name = "4.weight";
    named(f, "2.bias").name = "4.bias";
  }));
}
TEST(ModelHostile, ForeignTensor) {
  EXPECT_TRUE(refused_after(ErrorKind::format, "tensor \"step\" belongs to no layer", [](TensorFile& f) {
    f.tensors.push_back({"step", {}, {1}});
  }));
}
TEST(ModelHostile, WrongRank) {
  EXPECT_TRUE(refused_after(ErrorKind::shape, "tensor \"0.weight\" has 3 dimensions, expected 2", [](TensorFile& f) {
    named(f, "0.weight").shape = {17, 2, 3};
  }));
  EXPECT_TRUE(refused_after(ErrorKind::shape, "tensor \"2.bias\" has 2 dimensions, expected 1", [](TensorFile& f) {
    named(f, "2.bias").shape = {3, 1};
  }));
}
TEST(ModelHostile, LayersThatDoNotChain) {
  EXPECT_TRUE(refused_after(ErrorKind::shape, "tensor '2.weight' takes 3 inputs, and the layer before it gives 17",
                            [](TensorFile& f) {
                              named(f, "2.weight").shape = {17, 3};
                            }));
}
TEST(ModelHostile, BiasOfAnotherSize) {
  EXPECT_TRUE(
      refused_after(ErrorKind::shape, "tensor '2.bias' has 4 numbers, and '2.weight' has 3 outputs", [](TensorFile& f) {
        named(f, "2.bias").shape = {4};
        named(f, "2.bias").values.push_back(0);
      }));
}
TEST(ModelHostile, LayerWithoutUnits) {
  const Bytes bytes = to_safetensors({.tensors = {{"0.weight", {2, 0}, {}}, {"0.bias", {2}, {1, 2}}}, .metadata = {}});
  EXPECT_TRUE(refuses(ErrorKind::config, "m: width 1 of 2 is 0", [&] { model_from_bytes(bytes, "m"); }));
}
TEST(ModelHostile, WidthOverTheLimit) {
  const Bytes bytes = to_safetensors({.tensors = {{"0.weight", {kMaxWidth + 1, 1}, std::vector<float>(kMaxWidth + 1)},
                                                  {"0.bias", {kMaxWidth + 1}, std::vector<float>(kMaxWidth + 1)}},
                                      .metadata = {}});
  EXPECT_TRUE(refuses(ErrorKind::limit, "m: width 2 is 1048577", [&] { model_from_bytes(bytes, "m"); }));
}
TEST(ModelHostile, MoreLayersThanTheLimit) {
  TensorFile file;
  for (std::size_t l = 0; l < kMaxLayers + 1; ++l) {
    file.tensors.push_back({std::to_string(2 * l) + ".weight", {1, 1}, {1}});
    file.tensors.push_back({std::to_string(2 * l) + ".bias", {1}, {1}});
  }
  EXPECT_TRUE(refuses(ErrorKind::limit, "m: 65 layers", [&] { model_from_bytes(to_safetensors(file), "m"); }));
}
TEST(ModelHostile, WeightsThatAreNotFinite) {
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity()})
    EXPECT_TRUE(refused_after(ErrorKind::numeric,
                              fmt::format("m.safetensors: tensor '2.weight' holds {} at index 50", value),
                              [&](TensorFile& f) { named(f, "2.weight").values.at(50) = value; }));
}

TEST(ModelHostile, FormatOfANewerInkling) {
  EXPECT_TRUE(refused_metadata(ErrorKind::format, "written by a newer Inkling: format 3", "inkling.format", "3"));
}
TEST(ModelHostile, FormatThatIsNoNumber) {
  for (const char* text : {"", "one", "1.5", "-1", "0", "1 ", "99999999999999999999"})
    EXPECT_TRUE(refused_metadata(ErrorKind::format, "expected a version number", "inkling.format", text)) << text;
}
TEST(ModelHostile, MissingMetadata) {
  for (const char* key : {"inkling.format", "inkling.architecture", "inkling.preprocessing", "inkling.image",
                          "inkling.classes", "inkling.training"})
    EXPECT_TRUE(refused_after(ErrorKind::format, fmt::format("metadata '{}' is missing", key),
                              [&](TensorFile& f) { f.metadata.erase(key); }));
}
TEST(ModelHostile, WidthsThatAreNotTheTensors) {
  EXPECT_TRUE(refused_metadata(ErrorKind::shape, "the tensors' widths are 6-17-3, and these are \"6-16-3\"",
                               "inkling.architecture",
                               R"({"widths":[6,16,3],"activation":"relu","output":"softmax"})"));
}
TEST(ModelHostile, WidthsThatAreNoCounts) {
  for (const char* widths : {"[6,-17,3]", "[6,1.7e1,3]", "[6,\"17\",3]"})
    EXPECT_TRUE(refused_metadata(
        ErrorKind::format, "inkling.architecture: widths: expected a whole number", "inkling.architecture",
        fmt::format(R"({{"widths":{},"activation":"relu","output":"softmax"}})", widths).c_str()));
}
TEST(ModelHostile, UnknownActivation) {
  EXPECT_TRUE(refused_metadata(ErrorKind::format, "the activation \"gelu2\" is not known", "inkling.architecture",
                               R"({"widths":[6,17,3],"activation":"gelu2","output":"softmax"})"));
}
TEST(ModelHostile, UnknownOutput) {
  EXPECT_TRUE(refused_metadata(ErrorKind::format, "the output \"softmin\" is not known here; known: softmax",
                               "inkling.architecture",
                               R"({"widths":[6,17,3],"activation":"relu","output":"softmin"})"));
  EXPECT_TRUE(refused_metadata(ErrorKind::format, "output: expected a text, found 0", "inkling.architecture",
                               R"({"widths":[6,17,3],"activation":"relu","output":0})"));
}
TEST(ModelHostile, UnknownPreprocessing) {
  EXPECT_TRUE(refused_metadata(ErrorKind::format, "inkling.preprocessing: the input \"pixel - 128\" is not known",
                               "inkling.preprocessing", R"({"input":"pixel - 128","ink":1})"));
}
TEST(ModelHostile, InkThatIsNoPositiveNumber) {
  for (const char* ink : {"0", "-1", "1e-50", "1e39"})
    EXPECT_TRUE(refused_metadata(ErrorKind::format, "expected a number above 0 that a float can hold",
                                 "inkling.preprocessing",
                                 fmt::format(R"({{"input":"ink * pixel / 255","ink":{}}})", ink).c_str()));
  EXPECT_TRUE(refused_metadata(ErrorKind::format, "inkling.preprocessing: ink: expected a number, found string",
                               "inkling.preprocessing", R"({"input":"ink * pixel / 255","ink":"3"})"));
}
TEST(ModelHostile, ImageThatDoesNotFitTheInputs) {
  EXPECT_TRUE(refused_metadata(ErrorKind::shape, "m.safetensors: an image of 3 x 3 pixels does not fit",
                               "inkling.image", R"({"height":3,"width":3})"));
  EXPECT_TRUE(refused_metadata(ErrorKind::shape, "does not fit", "inkling.image",
                               R"({"height":9223372036854775811,"width":2})"));  // 2^64 + 6
  EXPECT_TRUE(refused_metadata(ErrorKind::shape, "is empty", "inkling.image", R"({"height":0,"width":0})"));
}
TEST(ModelHostile, MoreOrFewerClassesThanOutputs) {
  EXPECT_TRUE(refused_metadata(ErrorKind::shape, "m.safetensors: 4 class names for a network of 3 outputs",
                               "inkling.classes", R"({"names":["a","b","c","d"]})"));
  EXPECT_TRUE(refused_metadata(ErrorKind::shape, "2 class names for a network of 3 outputs", "inkling.classes",
                               R"({"names":["a","b"]})"));
  EXPECT_TRUE(refused_metadata(ErrorKind::shape, "inkling.classes: no names", "inkling.classes", R"({"names":[]})"));
}
TEST(ModelHostile, ClassNamesThatSteerATerminal) {
  EXPECT_TRUE(refused_metadata(ErrorKind::config, "has a control character", "inkling.classes",
                               R"({"names":["a","\u001b[2J","c"]})"));
}
TEST(ModelHostile, MetadataThatIsNotJson) {
  for (const char* key : {"inkling.architecture", "inkling.image", "inkling.classes", "inkling.training"})
    EXPECT_TRUE(refused_metadata(ErrorKind::format, fmt::format("m.safetensors: {}: not JSON", key), key, "{")) << key;
}
TEST(ModelHostile, TrainingFactThatIsNoText) {
  EXPECT_TRUE(refused_metadata(ErrorKind::format, "inkling.training: \"seed\": expected a text, found 1",
                               "inkling.training", R"({"seed":1})"));
}
TEST(ModelHostile, EveryTruncationIsRefused) {
  const Bytes bytes = to_bytes(network(), info());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(model_from_bytes(std::span(bytes).first(size), "m"), Error) << size;
}

}  // namespace
}  // namespace inkling
