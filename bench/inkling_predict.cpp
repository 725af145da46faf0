// Inkling's side of ./run bench predict and start: an epoch answers every test image once, --batch at a time; with
// --batch 1 it also says the quantiles of what single images took.
#include <CLI/CLI.hpp>

#include "bench/worker.h"
#include "inkling/inkling.h"

namespace {

struct Options {
  std::string data, model;
  std::size_t threads = 1, batch = 1;
};

void serve_answers(const Options& options) {
  const inkling::Runtime rt({.threads = options.threads});
  std::optional<inkling::LoadedModel> loaded;
  const double load_seconds = inkling::seconds_of([&] { loaded = inkling::load_model(options.model); });
  const inkling::TrainTest data = inkling::load_mnist(options.data);
  inkling::Answerer answerer(rt, loaded->model, data.test.images(), options.batch);
  const auto epoch = [&](std::istream&) -> nlohmann::json {
    if (options.batch > 1) return {{"seconds", inkling::seconds_of([&] { answerer.in_batches(rt); })}};
    std::vector<double> each;
    const double seconds = inkling::seconds_of([&] { each = answerer.one_by_one(rt); });
    return {{"seconds", seconds},
            {"p50", inkling::quantile(each, 0.5)},
            {"p99", inkling::quantile(each, 0.99)},
            {"p99_9", inkling::quantile(each, 0.999)}};
  };
  const auto test = [&](std::istream&) -> nlohmann::json {
    return {{"accuracy", evaluate(rt, loaded->model, data.test).accuracy}};
  };
  epoch(std::cin);
  serve({{"version", INKLING_VERSION},
         {"detail", std::string(name(rt.kernels().isa))},
         {"images", data.test.count()},
         {"load_seconds", load_seconds}},
        {{"epoch", epoch}, {"test", test}});
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Answers images for the benchmarks");
  Options options;
  app.add_option("--data", options.data)->required();
  app.add_option("--model", options.model)->required();
  app.add_option("--threads", options.threads)->required();
  app.add_option("--batch", options.batch)->required();
  CLI11_PARSE(app, argc, argv);
  return work_or_say_why_not([&] { serve_answers(options); });
}
