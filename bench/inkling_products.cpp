// Inkling's side of ./run bench kernels, and `peak`: {"flops"}, what the machine's multiply-adds reach on all threads.
#include <memory>

#include "bench/products_worker.h"
#include "inkling/inkling.h"

int main(int argc, char** argv) {
  CLI::App app("Computes products for the benchmarks");
  ProductsOptions options;
  add_products_options(app, options);
  CLI11_PARSE(app, argc, argv);
  return work_or_say_why_not([&] {
    const inkling::Runtime rt({.threads = options.threads});
    const inkling::TrainTest data = inkling::load_mnist(options.data);
    const auto make = [&](inkling::LayerProductKind kind, const inkling::LayerShape& shape) {
      const auto product = std::make_shared<inkling::LayerProduct>(kind, shape, data.train);
      return [product, &rt] { product->run(rt); };
    };
    const auto peak = [&](std::istream&) -> nlohmann::json {
      double operations = 0;
      const std::vector<double> seconds = inkling::sample([&] { operations = inkling::fma_round(rt); }, 0);
      return {{"flops", operations / inkling::median(seconds)}};
    };
    serve_products({{"version", INKLING_VERSION}, {"detail", std::string(name(rt.kernels().isa))}}, make,
                   {{"peak", peak}});
  });
}
