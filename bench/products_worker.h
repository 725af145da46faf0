// What the workers of ./run bench kernels share: `KIND B I O` is answered with {"seconds"} of one product, where KIND
// is a LayerProductKind.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>
#include <tuple>

#include "bench/worker.h"
#include "inkling/measure/products.h"
#include "inkling/measure/samples.h"

struct ProductsOptions {
  std::string data;
  std::size_t threads = 1;
};

inline void add_products_options(CLI::App& app, ProductsOptions& options) {
  app.add_option("--data", options.data)->required();
  app.add_option("--threads", options.threads)->required();
}

// C (M, N) = A B as BLAS sees the dense product of a kind; A or B is stored transposed.
struct DenseProduct {
  std::size_t M, N, K;
  bool a_transposed, b_transposed;
};
inline DenseProduct dense_product(inkling::LayerProductKind kind, const inkling::LayerShape& s) {
  switch (kind) {
    case inkling::LayerProductKind::weight_gradient: return {s.inputs, s.outputs, s.images, true, false};
    case inkling::LayerProductKind::input_gradient: return {s.images, s.inputs, s.outputs, false, true};
    default: return {s.images, s.outputs, s.inputs, false, false};
  }
}

// make(kind, shape) returns a function that does the product once; it is made at its first use and kept.
template <typename Make>
void serve_products(const nlohmann::json& info, const Make& make, Words words = {}) {
  constexpr double kBudget = 0.01;  // guess: seconds of an answer, its warm-up not counted
  using Kind = inkling::LayerProductKind;
  std::map<std::tuple<Kind, std::size_t, std::size_t, std::size_t>, std::function<void()>> products;
  for (std::size_t k = 0; k < choice_names(Kind{}).size(); ++k) {
    const Kind kind = static_cast<Kind>(k);
    words[std::string(name(kind))] = [&, kind](std::istream& arguments) -> nlohmann::json {
      inkling::LayerShape shape;
      arguments >> shape.images >> shape.inputs >> shape.outputs;
      auto& product = products[{kind, shape.images, shape.inputs, shape.outputs}];
      if (!product) product = make(kind, shape);
      return {{"seconds", inkling::median(inkling::sample(product, kBudget))}};
    };
  }
  serve(info, words);
}
