// The work of ./run bench reading: reads each path that is named as --data would, and says how long it took.
//
// A line of JSON for each: seconds of every round, images, pixels, and the process's peak memory so far in bytes, so a
// figure for memory wants a process of its own. Files are read once before they are timed, so that they lie in memory.
#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "inkling/core/error.h"
#include "inkling/data/source.h"
#include "inkling/measure/samples.h"

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: inkling_reading ROUNDS PATH...\n");
    return 2;
  }
  try {
    const int rounds = std::atoi(argv[1]);
    for (int i = 2; i < argc; ++i) {
      inkling::ReadOptions options;
      options.as_is = true;
      std::vector<double> seconds;
      std::size_t images = 0;
      for (int round = 0; round < rounds; ++round)
        seconds.push_back(inkling::seconds_of([&] {
          const inkling::SourceParts parts = inkling::read_source(argv[i], options);
          images = parts.train.count() + (parts.test ? parts.test->count() : 0);
        }));
      rusage usage{};
      getrusage(RUSAGE_SELF, &usage);
      const nlohmann::ordered_json line = {
          {"path", argv[i]}, {"images", images}, {"seconds", seconds}, {"memory", usage.ru_maxrss * 1024}};
      fmt::print("{}\n", line.dump());
    }
  } catch (const inkling::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
