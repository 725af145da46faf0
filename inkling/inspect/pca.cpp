#include "inkling/inspect/pca.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "inkling/core/error.h"
#include "inkling/core/rng.h"

namespace inkling {
namespace {

constexpr std::size_t kSpare = 6;         // guess: directions beside those wanted, which makes it converge faster
constexpr std::size_t kMostRounds = 300;  // guess
constexpr double kGoodEnough = 1e-10;     // guess: relative change of the variances wanted in a round

using Vectors = std::vector<std::vector<double>>;  // a vector each

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// Gram and Schmidt's, twice (Giraud et al. 2005): orthogonal to the last place. A vector that is a sum of those before
// it becomes 0.
void make_orthonormal(Vectors& q) {
  for (std::size_t k = 0; k < q.size(); ++k) {
    const double before = std::sqrt(dot(q[k], q[k]));
    for (int pass = 0; pass < 2; ++pass)
      for (std::size_t j = 0; j < k; ++j) {
        const double share = dot(q[j], q[k]);
        for (std::size_t d = 0; d < q[k].size(); ++d) q[k][d] -= share * q[j][d];
      }
    const double length = std::sqrt(dot(q[k], q[k]));
    const double scale = length > 1e-12 * before ? 1 / length : 0;
    for (double& value : q[k]) value *= scale;
  }
}

// Eigenvalues of a symmetric matrix (n, n) and its eigenvectors as columns of v, the largest first, by Jacobi's
// rotations (1846).
std::vector<double> symmetric_eigen(std::vector<double> a, std::size_t n, std::vector<double>& v) {
  v.assign(n * n, 0);
  for (std::size_t i = 0; i < n; ++i) v[i * n + i] = 1;
  for (int sweep = 0; sweep < 50; ++sweep) {
    double off = 0, all = 0;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) (i == j ? all : off) += a[i * n + j] * a[i * n + j];
    if (off <= 1e-30 * all) break;
    for (std::size_t p = 0; p + 1 < n; ++p)
      for (std::size_t q = p + 1; q < n; ++q) {
        if (a[p * n + q] == 0) continue;
        const double theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q]);
        const double t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
        const double c = 1 / std::sqrt(t * t + 1), s = t * c;
        const auto rotate = [&](double& x, double& y) {
          const double old = x;
          x = c * old - s * y;
          y = s * old + c * y;
        };
        for (std::size_t i = 0; i < n; ++i) rotate(a[i * n + p], a[i * n + q]);
        for (std::size_t i = 0; i < n; ++i) rotate(a[p * n + i], a[q * n + i]);
        for (std::size_t i = 0; i < n; ++i) rotate(v[i * n + p], v[i * n + q]);
      }
  }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t i) { return a[i * n + i]; });
  std::vector<double> values, sorted(n * n);
  for (std::size_t k = 0; k < n; ++k) {
    values.push_back(a[order[k] * n + order[k]]);
    for (std::size_t i = 0; i < n; ++i) sorted[i * n + k] = v[i * n + order[k]];
  }
  v = sorted;
  return values;
}

// The points less their mean.
class Centered {
 public:
  Centered(ConstMatrixView points, const std::vector<double>& mean) : points_(points), mean_(mean) {}

  // X v: (N).
  std::vector<double> along(const std::vector<double>& v) const {
    const double middle = dot(mean_, v);
    std::vector<double> out(points_.rows);
    for (std::size_t n = 0; n < points_.rows; ++n) {
      double sum = 0;
      for (std::size_t d = 0; d < points_.cols; ++d) sum += static_cast<double>(points_(n, d)) * v[d];
      out[n] = sum - middle;
    }
    return out;
  }

  // X^T y / (N - 1): (D).
  std::vector<double> back(const std::vector<double>& y) const {
    std::vector<double> out(points_.cols);
    double total = 0;
    for (std::size_t n = 0; n < points_.rows; ++n) {
      total += y[n];
      for (std::size_t d = 0; d < points_.cols; ++d) out[d] += y[n] * static_cast<double>(points_(n, d));
    }
    for (std::size_t d = 0; d < out.size(); ++d)
      out[d] = (out[d] - total * mean_[d]) / static_cast<double>(points_.rows - 1);
    return out;
  }

 private:
  ConstMatrixView points_;
  const std::vector<double>& mean_;
};

}  // namespace

PrincipalComponents principal_components(ConstMatrixView points, std::size_t count) {
  const std::size_t N = points.rows, D = points.cols;
  if (N < 2 || count == 0 || D < count)
    fail(ErrorKind::shape, "{} principal components of {} points in {} dimensions", count, N, D);
  PrincipalComponents out;
  out.mean.assign(D, 0);
  for (std::size_t n = 0; n < N; ++n)
    for (std::size_t d = 0; d < D; ++d) out.mean[d] += static_cast<double>(points(n, d)) / static_cast<double>(N);
  for (std::size_t n = 0; n < N; ++n)
    for (std::size_t d = 0; d < D; ++d) {
      const double apart = static_cast<double>(points(n, d)) - out.mean[d];
      out.total_variance += apart * apart / static_cast<double>(N - 1);
    }
  if (!std::isfinite(out.total_variance))
    fail(ErrorKind::numeric, "principal components of numbers that are not finite");

  const Centered X(points, out.mean);
  const std::size_t K = std::min(count + kSpare, D);
  const Rng rng(0, 0);
  Vectors q(K, std::vector<double>(D));
  for (std::size_t k = 0; k < K; ++k)
    for (std::size_t d = 0; d < D; ++d) q[k][d] = rng.uniform(k * D + d) - 0.5;
  make_orthonormal(q);
  std::vector<double> values(K), v;
  for (std::size_t round = 0; round < kMostRounds; ++round) {
    Vectors y;
    for (const std::vector<double>& each : q) y.push_back(X.along(each));
    std::vector<double> inner(K * K);  // Q^T C Q, C being the covariance
    for (std::size_t i = 0; i < K; ++i)
      for (std::size_t j = 0; j < K; ++j) inner[i * K + j] = dot(y[i], y[j]) / static_cast<double>(N - 1);
    const std::vector<double> before = values;
    values = symmetric_eigen(std::move(inner), K, v);
    Vectors ritz(K, std::vector<double>(D));
    for (std::size_t k = 0; k < K; ++k)
      for (std::size_t j = 0; j < K; ++j)
        for (std::size_t d = 0; d < D; ++d) ritz[k][d] += v[j * K + k] * q[j][d];
    q = std::move(ritz);
    double change = 0;
    for (std::size_t k = 0; k < count; ++k) change = std::max(change, std::abs(values[k] - before[k]));
    if (change <= kGoodEnough * values[0]) break;
    for (std::vector<double>& each : q) each = X.back(X.along(each));
    make_orthonormal(q);
  }

  out.projected.assign(N * count, 0);
  for (std::size_t k = 0; k < count; ++k) {
    const auto largest = std::ranges::max_element(q[k], {}, [](double x) { return std::abs(x); });
    if (*largest < 0)
      for (double& value : q[k]) value = -value;
    out.components.insert(out.components.end(), q[k].begin(), q[k].end());
    out.variances.push_back(std::max(values[k], 0.0));
    const std::vector<double> along = X.along(q[k]);
    for (std::size_t n = 0; n < N; ++n) out.projected[n * count + k] = along[n];
  }
  return out;
}

}  // namespace inkling
