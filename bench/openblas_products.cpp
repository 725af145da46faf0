// OpenBLAS's side of ./run bench kernels: sgemm, without what a layer does besides.
#include <cblas.h>
#include <omp.h>

#include "bench/products_worker.h"

int main(int argc, char** argv) {
  CLI::App app("Computes products on OpenBLAS for the benchmarks");
  ProductsOptions options;
  add_products_options(app, options);
  CLI11_PARSE(app, argc, argv);
  openblas_set_num_threads(static_cast<int>(options.threads));
  omp_set_num_threads(static_cast<int>(options.threads));
  return work_or_say_why_not([&] {
    const auto make = [](inkling::LayerProductKind kind, const inkling::LayerShape& shape) {
      const DenseProduct p = dense_product(kind, shape);
      return [p, A = std::vector<float>(p.M * p.K, 0.5f), B = std::vector<float>(p.K * p.N, 0.5f),
              C = std::vector<float>(p.M * p.N)]() mutable {
        const auto i = [](std::size_t n) { return static_cast<blasint>(n); };
        cblas_sgemm(CblasRowMajor, p.a_transposed ? CblasTrans : CblasNoTrans,
                    p.b_transposed ? CblasTrans : CblasNoTrans, i(p.M), i(p.N), i(p.K), 1, A.data(),
                    i(p.a_transposed ? p.M : p.K), B.data(), i(p.b_transposed ? p.K : p.N), 0, C.data(), i(p.N));
      };
    };
    serve_products({{"version", openblas_get_config()}, {"detail", openblas_get_corename()}}, make);
  });
}
