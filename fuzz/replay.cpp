// Runs a fuzzer's entry once over every file of the folders that are named: the corpus as a test, without libFuzzer.
//
// Passes when nothing crashes, aborts or throws past the entry; refuses an empty corpus, which would prove nothing.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include "inkling/core/file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;  // guess: a corpus is made of small files

}  // namespace

int main(int argc, char** argv) {
  std::size_t count = 0;
  std::string file;
  try {
    for (int i = 1; i < argc; ++i)
      for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
        file = entry.path().string();
        const inkling::Bytes bytes = inkling::read_file(entry.path(), kMaxFileBytes);
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
        ++count;
      }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", file.c_str(), error.what());
    return 1;
  }
  std::printf("%zu files\n", count);
  return count > 0 ? 0 : 1;
}
