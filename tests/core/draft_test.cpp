// Drafts: what is finished is there whole, what is not leaves nothing.
#include "inkling/core/draft.h"

#include "inkling/core/file.h"
#include "tests/data/scratch.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  const Bytes bytes = read_file(path, 1000);
  return {bytes.begin(), bytes.end()};
}

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(Draft, AFileAppearsWhenItIsFinished) {
  const Scratch folder;
  write_file_atomically(folder / "a", std::string_view("before"));
  {
    FileDraft file(folder / "a");
    file.append(std::string_view("one "));
    EXPECT_EQ(text_of(folder / "a"), "before");
    file.append(std::string_view("two"));
    file.finish();
  }
  EXPECT_EQ(text_of(folder / "a"), "one two");
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(Draft, AFileThatIsNotFinishedLeavesNothing) {
  const Scratch folder;
  write_file_atomically(folder / "a", std::string_view("before"));
  { FileDraft(folder / "a").append(std::string_view("half")); }
  EXPECT_EQ(text_of(folder / "a"), "before");
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(Draft, AFolderReplacesWhatWasThereWhenItIsFinished) {
  const Scratch folder;
  fs::create_directories(folder / "set/old");
  {
    FolderDraft draft((folder / "set").string() + "/");
    write_file_plainly(draft.path() / "new", Bytes{'x'});
    EXPECT_TRUE(fs::exists(folder / "set/old"));
    draft.finish();
  }
  EXPECT_TRUE(fs::exists(folder / "set/new"));
  EXPECT_FALSE(fs::exists(folder / "set/old"));
  EXPECT_EQ(entries(folder.path()), 1u);
}

TEST(Draft, AFolderThatIsNotFinishedLeavesNothing) {
  const Scratch folder;
  {
    const FolderDraft draft(folder / "set");
    write_file_plainly(draft.path() / "half", Bytes{'x'});
  }
  EXPECT_EQ(entries(folder.path()), 0u);
}

TEST(Draft, WhereNothingCanBeWrittenIsRefused) {
  const Scratch folder;
  fs::create_directories(folder / "set");
  EXPECT_TRUE(refuses(ErrorKind::io, "it is a directory", [&] { FileDraft(folder / "set"); }));
  EXPECT_TRUE(refuses(ErrorKind::io, "cannot be written", [&] { FileDraft(folder / "nowhere/a"); }));
  EXPECT_TRUE(refuses(ErrorKind::io, "cannot be written", [&] { FolderDraft(folder / "nowhere/a"); }));
  EXPECT_TRUE(refuses(ErrorKind::io, "cannot be written", [&] { write_file_plainly(folder / "nowhere/a", {}); }));
}

}  // namespace
}  // namespace inkling
