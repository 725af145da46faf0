// Checkpoints as files: nothing is lost on the way, a bad file never costs a good one, and each way of being wrong has
// its own refusal.
#include "inkling/train/checkpoint.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "inkling/format/safetensors.h"
#include "tests/data/scratch.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

using nlohmann::json;

// Every field different from every other and from its default, numbers that a short text does not hold.
FitState full_state() {
  return {
      .epochs = 3,
      .batch = 5,
      .passes = 29,
      .images = 160,
      .correct = 120,
      .total_loss = 1.0 / 3,
      .seconds = 0.1,
      .weights = {{1, -0.0f, 1e-45f}, {3.4028235e38f, 5}},
      .optimizer = {.steps = 1234567890123456789ull, .numbers = {1, 1e-300, -2.5}, .vectors = {{7, 8, 9}, {}, {10}}},
      .schedule = {.best = 0.7, .any = true, .bad_epochs = 2, .factor = 0.01},
      .averaging = {.count = 17, .weights = {11, 12}, .statistics = {13}},
      .last_good = {{14}, {15, 16}},
      .best_epoch = 2,
      .best = std::nextafter(0.25, 1.0),
      .epochs_without_better = 1,
      .best_weights = {{17, 18, 19}, {20}}};
}

const Identity kIdentity{{"learning_rate", "0.1"}, {"seed", "1"}, {"data", "a \"text\"\n"}};

Checkpoint at(std::uint64_t passes) {
  Checkpoint checkpoint{kIdentity, full_state()};
  checkpoint.state.passes = passes;
  return checkpoint;
}

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

void write(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

TEST(Checkpoint, EveryFieldSurvives) {
  const Bytes bytes = to_bytes({kIdentity, full_state()});
  const Checkpoint read = checkpoint_from_bytes(bytes, "file");
  EXPECT_EQ(read.identity, kIdentity);
  EXPECT_TRUE(read.state == full_state());
  EXPECT_TRUE(std::signbit(read.state.weights.parameters[1])) << "== does not see the sign of 0";
  EXPECT_EQ(to_bytes(read), bytes);
}

TEST(Checkpoint, TheStateBeforeTheFirstStepSurvives) {
  const Checkpoint read = checkpoint_from_bytes(to_bytes({{}, FitState{}}), "file");
  EXPECT_TRUE(read.identity.empty());
  EXPECT_TRUE(read.state == FitState{});
}

TEST(Checkpoint, TheLastTwoAreKept) {
  const Scratch scratch;
  const auto folder = scratch / "run/checkpoint";
  for (const std::uint64_t passes : {7u, 30u, 199u, 1000u}) save_checkpoint(folder, at(passes));
  EXPECT_EQ(names_in(folder), (std::vector<std::string>{"000000000199.safetensors", "000000001000.safetensors"}));
  const auto newest = load_checkpoint(folder, kIdentity, {});
  ASSERT_TRUE(newest);
  EXPECT_TRUE(newest->state == at(1000).state);
}

TEST(Checkpoint, OtherFilesInTheFolderAreLeftAlone) {
  const Scratch scratch;
  write(scratch / "notes.safetensors", {});
  write(scratch / "00000000000x.safetensors", {});
  for (const std::uint64_t passes : {1u, 2u, 3u}) save_checkpoint(scratch.path(), at(passes));
  EXPECT_EQ(names_in(scratch.path()).size(), 4u);
  EXPECT_EQ(load_checkpoint(scratch.path(), kIdentity, {})->state.passes, 3u);
}

TEST(Checkpoint, NothingWhereThereIsNone) {
  const Scratch scratch;
  EXPECT_FALSE(load_checkpoint(scratch.path(), kIdentity, {}));
  EXPECT_FALSE(load_checkpoint(scratch / "nowhere", kIdentity, {}));
}

TEST(Checkpoint, ADamagedNewestFallsBackToTheOneBefore) {
  const Bytes whole = to_bytes(at(2));
  for (const std::size_t size : {std::size_t{0}, std::size_t{7}, whole.size() / 2, whole.size() - 1}) {
    const Scratch scratch;
    save_checkpoint(scratch.path(), at(1));
    write(scratch / "000000000002.safetensors", std::span(whole).first(size));
    std::vector<std::string> notes;
    const auto found =
        load_checkpoint(scratch.path(), kIdentity, [&](const std::string& text) { notes.push_back(text); });
    ASSERT_TRUE(found) << size;
    EXPECT_EQ(found->state.passes, 1u);
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_NE(notes[0].find("000000000002.safetensors"), std::string::npos) << notes[0];
    EXPECT_NE(notes[0].find("taking the one before"), std::string::npos) << notes[0];
  }
}

TEST(Checkpoint, AnotherIdentityIsRefusedByWhatDiffers) {
  const Scratch scratch;
  save_checkpoint(scratch.path(), at(1));
  const auto load = [&](const Identity& expected) {
    return [&, expected] { load_checkpoint(scratch.path(), expected, {}); };
  };
  Identity other = kIdentity;
  other["learning_rate"] = "0.5";
  EXPECT_TRUE(refuses(ErrorKind::config, "learning_rate is \"0.1\" there and \"0.5\" here", load(other)));
  other = kIdentity;
  other.erase("seed");
  EXPECT_TRUE(refuses(ErrorKind::config, "seed is \"1\" there and \"not given\" here", load(other)));
  other = kIdentity;
  other["version"] = "9";
  EXPECT_TRUE(refuses(ErrorKind::config, "version is \"not given\" there and \"9\" here", load(other)));
}

// A sound checkpoint in which one thing is changed.
template <typename Spoil>
Bytes spoilt(const Spoil& spoil) {
  TensorFile file = parse_safetensors(to_bytes({kIdentity, full_state()}), "sound");
  spoil(file);
  return to_safetensors(file);
}
template <typename Spoil>
Bytes with_numbers(const Spoil& spoil) {
  return spoilt([&](TensorFile& file) {
    json numbers = json::parse(file.metadata["inkling.checkpoint"]);
    spoil(numbers);
    file.metadata["inkling.checkpoint"] = numbers.dump();
  });
}
Bytes with(const char* key, const json& value) {
  return with_numbers([&](json& numbers) { numbers[key] = value; });
}
testing::AssertionResult is_refused(const Bytes& bytes, ErrorKind kind, std::string_view part) {
  return refuses(kind, part, [&] { checkpoint_from_bytes(bytes, "some.file"); });
}

constexpr const char* kNumbers[] = {"format",
                                    "epochs",
                                    "batch",
                                    "passes",
                                    "images",
                                    "correct",
                                    "total_loss",
                                    "seconds",
                                    "optimizer_steps",
                                    "optimizer_numbers",
                                    "optimizer_vectors",
                                    "schedule_best",
                                    "schedule_any",
                                    "schedule_bad_epochs",
                                    "schedule_factor",
                                    "averaging_count",
                                    "best_epoch",
                                    "best",
                                    "epochs_without_better"};

TEST(HostileCheckpoint, ForeignFiles) {
  EXPECT_TRUE(is_refused({}, ErrorKind::format, "some.file"));
  EXPECT_TRUE(is_refused(Bytes(1000, 'x'), ErrorKind::format, "some.file"));
  const TensorFile model{.tensors = {{.name = "0.weight", .shape = {1}, .values = {1}}}, .metadata = {}};
  EXPECT_TRUE(is_refused(to_safetensors(model), ErrorKind::format, "no checkpoint"));
}

TEST(HostileCheckpoint, CutAnywhere) {
  const Bytes whole = to_bytes({kIdentity, full_state()});
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(checkpoint_from_bytes(std::span(whole).first(size), "cut"), Error) << size;
}

TEST(HostileCheckpoint, MissingMetadata) {
  for (const char* key : {"inkling.checkpoint", "inkling.identity"})
    EXPECT_TRUE(is_refused(spoilt([&](TensorFile& file) { file.metadata.erase(key); }), ErrorKind::format, key));
}

TEST(HostileCheckpoint, MetadataThatIsNoJson) {
  for (const char* key : {"inkling.checkpoint", "inkling.identity"})
    EXPECT_TRUE(is_refused(spoilt([&](TensorFile& file) { file.metadata[key] = "broken"; }), ErrorKind::format, key));
}

TEST(HostileCheckpoint, EveryMissingNumber) {
  for (const char* key : kNumbers)
    EXPECT_TRUE(is_refused(with_numbers([&](json& numbers) { numbers.erase(key); }), ErrorKind::format, key));
}

TEST(HostileCheckpoint, EveryNumberOfAWrongType) {
  for (const char* key : kNumbers)
    for (const json& value : {json("text"), json(nullptr), json(json::object())})
      EXPECT_TRUE(is_refused(with(key, value), ErrorKind::format, "inkling.checkpoint")) << key << value;
}

TEST(HostileCheckpoint, CountsThatAreNone) {
  for (const char* key : {"epochs", "batch", "passes", "optimizer_steps", "optimizer_vectors", "averaging_count"})
    for (const json& value : {json(-1), json(1.5), json(1e30)})
      EXPECT_TRUE(is_refused(with(key, value), ErrorKind::format, key)) << value;
}

TEST(HostileCheckpoint, NumbersThatAreNotFinite) {
  for (const char* key : {"total_loss", "seconds", "schedule_best", "schedule_factor", "best"}) {
    TensorFile file = parse_safetensors(to_bytes({kIdentity, full_state()}), "sound");
    std::string& text = file.metadata["inkling.checkpoint"];
    const std::size_t value = text.find(fmt::format("\"{}\":", key)) + std::string(key).size() + 3;
    text.replace(value, text.find_first_of(",}", value) - value, "NaN");
    EXPECT_TRUE(is_refused(to_safetensors(file), ErrorKind::format, "inkling.checkpoint")) << key;
  }
}

TEST(HostileCheckpoint, AnotherFormat) { EXPECT_TRUE(is_refused(with("format", 2), ErrorKind::format, "format 2")); }

TEST(HostileCheckpoint, AnIdentityThatIsNoText) {
  EXPECT_TRUE(is_refused(spoilt([](TensorFile& file) { file.metadata["inkling.identity"] = R"({"seed": 1})"; }),
                         ErrorKind::format, "seed"));
}

TEST(HostileCheckpoint, HugeCountOfVectors) {
  EXPECT_TRUE(is_refused(with("optimizer_vectors", std::numeric_limits<std::uint64_t>::max()), ErrorKind::limit,
                         "18446744073709551615"));
  EXPECT_TRUE(is_refused(with("optimizer_vectors", 4097), ErrorKind::limit, "4097"));
}

TEST(HostileCheckpoint, FewerVectorsThanTensors) {
  EXPECT_TRUE(is_refused(with("optimizer_vectors", 1), ErrorKind::format, "optimizer.2"));
}

TEST(HostileCheckpoint, ATensorThatIsNotKnown) {
  EXPECT_TRUE(is_refused(
      spoilt([](TensorFile& file) { file.tensors.push_back({.name = "surprise", .shape = {1}, .values = {1}}); }),
      ErrorKind::format, "surprise"));
}

TEST(CheckpointWriting, AFolderThatIsAFile) {
  const Scratch scratch;
  write(scratch / "file", {});
  EXPECT_TRUE(refuses(ErrorKind::io, "file", [&] { save_checkpoint(scratch / "file", at(1)); }));
  EXPECT_TRUE(refuses(ErrorKind::io, "file", [&] { save_checkpoint(scratch / "file/below", at(1)); }));
}

// A file-size limit stands for a full disk; a process of its own, so that no other test meets it.
TEST(CheckpointWriting, AFullDiskLeavesTheOlderOnes) {
  const Scratch scratch;
  for (const std::uint64_t passes : {1u, 2u}) save_checkpoint(scratch.path(), at(passes));
  const auto fill = [&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 100, .rlim_max = 100};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::_Exit(refuses(ErrorKind::io, "File too large", [&] { save_checkpoint(scratch.path(), at(3)); }) ? 0 : 1);
  };
  EXPECT_EXIT(fill(), testing::ExitedWithCode(0), "");
  EXPECT_EQ(names_in(scratch.path()),
            (std::vector<std::string>{"000000000001.safetensors", "000000000002.safetensors"}));
  EXPECT_TRUE(load_checkpoint(scratch.path(), kIdentity, {})->state == at(2).state);
}

}  // namespace
}  // namespace inkling
