#include "inkling/data/checksum.h"

#include <fmt/ranges.h>
#include <openssl/evp.h>

#include <memory>
#include <new>

#include "inkling/data/idx.h"

namespace inkling {
namespace {

struct Free {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

std::string sha256_of_images(const Dataset& data) { return sha256({idx_images_header(data), data.pixels}); }
std::string sha256_of_labels(const Dataset& data) { return sha256({idx_labels_header(data), data.labels}); }

}  // namespace

std::string sha256(std::initializer_list<std::span<const std::uint8_t>> pieces) {
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  std::array<std::uint8_t, 32> digest{};
  bool fine = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  for (const auto piece : pieces) fine = fine && EVP_DigestUpdate(context.get(), piece.data(), piece.size()) == 1;
  fine = fine && EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1;
  if (!fine) throw std::bad_alloc();  // the only way in which hashing memory fails
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

std::array<std::string, 4> sha256_of(const Dataset& train, const Dataset& test) {
  return {sha256_of_images(train), sha256_of_labels(train), sha256_of_images(test), sha256_of_labels(test)};
}

bool has_mnist_train_labels(const Dataset& train) { return sha256_of_labels(train) == kMnistSha256[kTrainLabels]; }

bool is_mnist_test(const Dataset& test) {
  return sha256_of_labels(test) == kMnistSha256[kTestLabels] && sha256_of_images(test) == kMnistSha256[kTestImages];
}

bool has_fashion_test_labels(const Dataset& test) {
  return sha256_of_labels(test) == "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34";
}

}  // namespace inkling
