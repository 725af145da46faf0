// Whole files: what is refused, and that a failed write leaves what was there.
#include "inkling/core/file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "inkling/core/error.h"

namespace inkling {
namespace {

namespace fs = std::filesystem;

class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "inkling-file-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string read(const fs::path& path) {
    const Bytes bytes = read_file(path, 1000);
    return {bytes.begin(), bytes.end()};
  }
  template <typename F>
  std::string refusal(ErrorKind kind, F f) {
    try {
      f();
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), kind) << e.what();
      return e.what();
    }
    ADD_FAILURE() << "nothing was refused";
    return "";
  }
  std::size_t files() const { return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), {})); }

  fs::path folder_;
};

TEST_F(FileTest, WhatIsWrittenIsRead) {
  write_file_atomically(folder_ / "a", std::string_view("one"));
  write_file_atomically(folder_ / "a", std::string_view("two"));
  EXPECT_EQ(read(folder_ / "a"), "two");
  EXPECT_EQ(files(), 1u);
}

TEST_F(FileTest, MissingFileIsRefused) {
  EXPECT_NE(refusal(ErrorKind::io, [&] { read(folder_ / "no"); }).find("No such file"), std::string::npos);
}

TEST_F(FileTest, DirectoryIsRefused) {
  EXPECT_NE(refusal(ErrorKind::io, [&] { read(folder_); }).find("directory"), std::string::npos);
  refusal(ErrorKind::io, [&] { write_file_atomically(folder_, std::string_view("x")); });
}

TEST_F(FileTest, PipeIsRefusedAndNotWaitedFor) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  refusal(ErrorKind::io, [&] { read(folder_ / "pipe"); });
}

TEST_F(FileTest, MoreThanTheLimitIsRefused) {
  write_file_atomically(folder_ / "a", std::string(11, 'x'));
  EXPECT_EQ(read_file(folder_ / "a", 11).size(), 11u);
  refusal(ErrorKind::limit, [&] { read_file(folder_ / "a", 10); });
}

TEST_F(FileTest, MissingFolderIsNamed) {
  const std::string text =
      refusal(ErrorKind::io, [&] { write_file_atomically(folder_ / "no" / "a", std::string_view("x")); });
  EXPECT_NE(text.find((folder_ / "no").string()), std::string::npos) << text;
}

// A file-size limit stands for a disk that is full. It holds for a whole process, so a child tries it.
TEST_F(FileTest, FullDiskLeavesTheOldFileAndNoOther) {
  write_file_atomically(folder_ / "a", std::string_view("old"));
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      write_file_atomically(folder_ / "a", std::string(100000, 'x'));
    } catch (const Error& e) {
      ::_exit(e.kind() == ErrorKind::io ? 0 : 1);
    }
    ::_exit(2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(read(folder_ / "a"), "old");
  EXPECT_EQ(files(), 1u);
}

}  // namespace
}  // namespace inkling
