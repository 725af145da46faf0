// What the benchmarks' worker processes say and hear; the Python side of it is workers.py.
//
// A worker loads, warms up, prints `ready {...}` (its version, and what else is to be known of it), then answers a line
// of stdin with a line of JSON: a word, and arguments behind it. `quit` or the end of stdin ends it. Where it cannot
// start it prints `missing` and why. The words:
//   epoch     does the timed work once: {"seconds", ...}; a training epoch is everything from the shuffle to the last
//             step, an epoch of answers is all test images
//   test      {"accuracy"} on the test images
//   KIND B I O, peak: see products_worker.h
// With --once a worker does the first step of its work alone, prints `done {...}` and ends.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "inkling/core/error.h"

inline void say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

using Words = std::map<std::string, std::function<nlohmann::json(std::istream& arguments)>>;

inline void serve(const nlohmann::json& info, const Words& words) {
  say("ready " + info.dump());
  for (std::string line; std::getline(std::cin, line) && line != "quit";) {
    std::istringstream arguments(line);
    std::string word;
    arguments >> word;
    say(words.at(word)(arguments).dump());
  }
}

// main() of a worker: `missing` and why where the work throws.
template <typename Work>
int work_or_say_why_not(const Work& work) {
  try {
    work();
    return 0;
  } catch (const std::exception& error) {
    say(std::string("missing ") + error.what());
    return 1;
  }
}
