#include "bench/openblas_network.h"

#include <cblas.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <sstream>

namespace {

// guess: below so many elements a pass is over before a second thread has begun.
constexpr std::size_t kWorthThreads = 1u << 15;

void gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, std::size_t M, std::size_t N, std::size_t K, float alpha,
          const float* A, std::size_t lda, const float* B, std::size_t ldb, float beta, float* C, std::size_t ldc) {
  const auto i = [](std::size_t n) { return static_cast<blasint>(n); };
  cblas_sgemm(CblasRowMajor, ta, tb, i(M), i(N), i(K), alpha, A, i(lda), B, i(ldb), beta, C, i(ldc));
}

// Rows [first, end) of this thread.
template <typename Rows>
void in_parallel(std::size_t rows, std::size_t elements, const Rows& f) {
#pragma omp parallel if (elements >= kWorthThreads)
  {
    const auto threads = static_cast<std::size_t>(omp_get_num_threads());
    const auto thread = static_cast<std::size_t>(omp_get_thread_num());
    f(rows * thread / threads, rows * (thread + 1) / threads);
  }
}

}  // namespace

OpenblasNetwork::OpenblasNetwork(const std::vector<std::size_t>& widths, std::size_t max_batch, std::uint64_t seed,
                                 int threads)
    : x_(max_batch * widths.front()), labels_(max_batch) {
  openblas_set_num_threads(threads);
  omp_set_num_threads(threads);
  std::mt19937_64 random(seed);
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
    const std::size_t I = widths[l], O = widths[l + 1];
    Layer layer{I,
                O,
                std::vector<float>(I * O),
                std::vector<float>(O),
                std::vector<float>(max_batch * O),
                std::vector<float>(max_batch * O),
                std::vector<float>(O)};
    std::normal_distribution<float> normal(0, std::sqrt(2.0f / static_cast<float>(I)));
    for (float& w : layer.W) w = normal(random);
    layers_.push_back(std::move(layer));
  }
}

double OpenblasNetwork::step(const float* images, const std::uint8_t* labels, const std::uint32_t* order,
                             std::size_t count, float rate) {
  const std::size_t I = layers_.front().inputs;
  in_parallel(count, count * I, [&](std::size_t first, std::size_t end) {
    for (std::size_t b = first; b < end; ++b) {
      std::memcpy(&x_[b * I], images + order[b] * I, I * sizeof(float));
      labels_[b] = labels[order[b]];
    }
  });
  forward(count);
  const double loss = loss_gradient(count);
  backward(count, rate);
  return loss;
}

void OpenblasNetwork::forward(std::size_t count) {
  const float* x = x_.data();
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    const std::size_t I = layer.inputs, O = layer.outputs;
    gemm(CblasNoTrans, CblasNoTrans, count, O, I, 1, x, I, layer.W.data(), O, 0, layer.a.data(), O);
    const float lowest = l + 1 < layers_.size() ? 0.0f : std::numeric_limits<float>::lowest();
    in_parallel(count, count * O, [&](std::size_t first, std::size_t end) {
      const float* b = layer.b.data();
      for (std::size_t r = first; r < end; ++r) {
        float* a = &layer.a[r * O];
#pragma omp simd
        for (std::size_t o = 0; o < O; ++o) a[o] = std::max(a[o] + b[o], lowest);
      }
    });
    x = layer.a.data();
  }
}

// dz of the last layer, divided by count, and its bias's gradient; returns the sum of the losses.
double OpenblasNetwork::loss_gradient(std::size_t count) {
  Layer& last = layers_.back();
  const std::size_t O = last.outputs;
  const float scale = 1 / static_cast<float>(count);
  double loss = 0;
  std::fill(last.db.begin(), last.db.end(), 0.0f);
  for (std::size_t r = 0; r < count; ++r) {
    const float* z = &last.a[r * O];
    float* dz = &last.dz[r * O];
    float largest = z[0], sum = 0;
    for (std::size_t o = 1; o < O; ++o) largest = std::max(largest, z[o]);
#pragma omp simd reduction(+ : sum)
    for (std::size_t o = 0; o < O; ++o) sum += dz[o] = std::exp(z[o] - largest);
    loss += static_cast<double>(std::log(sum) - (z[labels_[r]] - largest));
    const float factor = scale / sum;
    for (std::size_t o = 0; o < O; ++o) dz[o] *= factor;
    dz[labels_[r]] -= scale;
    for (std::size_t o = 0; o < O; ++o) last.db[o] += dz[o];
  }
  return loss;
}

void OpenblasNetwork::backward(std::size_t count, float rate) {
  for (std::size_t l = layers_.size(); l-- > 0;) {
    Layer& layer = layers_[l];
    const std::size_t I = layer.inputs, O = layer.outputs;
    const float* x = l == 0 ? x_.data() : layers_[l - 1].a.data();
    if (l > 0) {
      Layer& below = layers_[l - 1];
      gemm(CblasNoTrans, CblasTrans, count, I, O, 1, layer.dz.data(), O, layer.W.data(), O, 0, below.dz.data(), I);
      // By columns, so that each thread has its part of the bias's sums.
      in_parallel(I, count * I, [&](std::size_t first, std::size_t end) {
        float* db = below.db.data();
        std::fill(db + first, db + end, 0.0f);
        for (std::size_t r = 0; r < count; ++r) {
          const float* a = &below.a[r * I];
          float* dz = &below.dz[r * I];
#pragma omp simd
          for (std::size_t i = first; i < end; ++i) {
            dz[i] = a[i] > 0 ? dz[i] : 0;
            db[i] += dz[i];
          }
        }
      });
    }
    // W -= rate x^T dz, after dz of the layer below has seen the old W.
    gemm(CblasTrans, CblasNoTrans, I, O, count, -rate, x, I, layer.dz.data(), O, 1, layer.W.data(), O);
    for (std::size_t o = 0; o < O; ++o) layer.b[o] -= rate * layer.db[o];
  }
}

std::size_t OpenblasNetwork::correct(const float* images, const std::uint8_t* labels, std::size_t count) {
  const std::size_t I = layers_.front().inputs, O = layers_.back().outputs;
  std::size_t right = 0;
  for (std::size_t first = 0; first < count; first += labels_.size()) {
    const std::size_t batch = std::min(labels_.size(), count - first);
    std::memcpy(x_.data(), images + first * I, batch * I * sizeof(float));
    forward(batch);
    for (std::size_t r = 0; r < batch; ++r) {
      const float* z = &layers_.back().a[r * O];
      right += std::max_element(z, z + O) - z == labels[first + r];
    }
  }
  return right;
}

std::string openblas_version() {
  std::istringstream words(openblas_get_config());
  std::string word, version;
  words >> word >> version;
  const char* build = openblas_get_parallel() == OPENBLAS_OPENMP ? "openmp" : "pthread";
  return version + " " + build + " " + openblas_get_corename();
}
