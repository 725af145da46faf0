// oneDNN's side of ./run bench kernels: its matmul primitive or its sgemm, whichever is faster for the product.
//
// Matrices stay in row-major order, as training has them: what changes at every step is not worth reordering.
#include <omp.h>

#include <dnnl.hpp>
#include <memory>

#include "bench/products_worker.h"

namespace {

struct Matrices {
  DenseProduct p;
  std::vector<float> A = std::vector<float>(p.M * p.K, 0.5f), B = std::vector<float>(p.K * p.N, 0.5f),
                     C = std::vector<float>(p.M * p.N);
};

dnnl::memory memory_of(const dnnl::engine& engine, std::vector<float>& values, std::size_t rows, std::size_t cols,
                       bool transposed) {
  const auto r = static_cast<dnnl::memory::dim>(rows), c = static_cast<dnnl::memory::dim>(cols);
  const dnnl::memory::dims strides = transposed ? dnnl::memory::dims{1, r} : dnnl::memory::dims{c, 1};
  return {{{r, c}, dnnl::memory::data_type::f32, strides}, engine, values.data()};
}

std::function<void()> matmul(const dnnl::engine& engine, const std::shared_ptr<Matrices>& m) {
  const DenseProduct& p = m->p;
  const dnnl::memory A = memory_of(engine, m->A, p.M, p.K, p.a_transposed);
  const dnnl::memory B = memory_of(engine, m->B, p.K, p.N, p.b_transposed);
  const dnnl::memory C = memory_of(engine, m->C, p.M, p.N, false);
  const dnnl::matmul primitive(
      dnnl::matmul::primitive_desc(dnnl::matmul::desc(A.get_desc(), B.get_desc(), C.get_desc()), engine));
  return [m, primitive, stream = dnnl::stream(engine),
          arguments = std::unordered_map<int, dnnl::memory>{
              {DNNL_ARG_SRC, A}, {DNNL_ARG_WEIGHTS, B}, {DNNL_ARG_DST, C}}]() mutable {
    primitive.execute(stream, arguments);
    stream.wait();
  };
}

std::function<void()> sgemm(const std::shared_ptr<Matrices>& m) {
  return [m] {
    const DenseProduct& p = m->p;
    const auto i = [](std::size_t n) { return static_cast<dnnl_dim_t>(n); };
    dnnl::sgemm(p.a_transposed ? 'T' : 'N', p.b_transposed ? 'T' : 'N', i(p.M), i(p.N), i(p.K), 1, m->A.data(),
                i(p.a_transposed ? p.M : p.K), m->B.data(), i(p.b_transposed ? p.K : p.N), 0, m->C.data(), i(p.N));
  };
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Computes products on oneDNN for the benchmarks");
  ProductsOptions options;
  add_products_options(app, options);
  CLI11_PARSE(app, argc, argv);
  omp_set_num_threads(static_cast<int>(options.threads));
  return work_or_say_why_not([&] {
    const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    const auto make = [&](inkling::LayerProductKind kind, const inkling::LayerShape& shape) {
      const auto matrices = std::make_shared<Matrices>(Matrices{dense_product(kind, shape)});
      const std::function<void()> one = matmul(engine, matrices), other = sgemm(matrices);
      constexpr double kTrial = 0.02;  // guess: seconds
      const double one_seconds = inkling::median(inkling::sample(one, kTrial));
      return one_seconds <= inkling::median(inkling::sample(other, kTrial)) ? one : other;
    };
    const dnnl_version_t& version = *dnnl_version();
    serve_products({{"version", fmt::format("{}.{}.{}", version.major, version.minor, version.patch)},
                    {"detail", "matmul or sgemm"}},
                   make);
  });
}
