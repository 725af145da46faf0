// SHA-256 against published vectors, and which data sets are MNIST.
#include "inkling/data/checksum.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "inkling/data/idx.h"
#include "inkling/data/sample.h"
#include "tests/data/scratch.h"

namespace inkling {
namespace {

std::span<const std::uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

bool is_mnist(const Dataset& train, const Dataset& test) {
  return has_mnist_train_labels(train) && is_mnist_test(test);
}

TEST(Checksum, Sha256OfPublishedVectors) {  // FIPS 180-4's examples
  EXPECT_EQ(sha256({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256({bytes("abc")}), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256({bytes("a"), bytes(""), bytes("bc")}), sha256({bytes("abc")}));
}

TEST(Checksum, PartsAreHashedAsUncompressedIdxFiles) {
  Scratch folder;
  const Dataset train = tiny_set(20), test = tiny_set(10, 100);
  write_idx(train, test, folder.path(), /*gzipped=*/false);
  const auto sums = sha256_of(train, test);
  for (std::size_t part = 0; part < sums.size(); ++part)
    EXPECT_EQ(sums[part], sha256({read_file(folder / std::string(kIdxNames[part]), 10000)})) << kIdxNames[part];
}

TEST(Checksum, OtherSetsAreNotMnist) {
  EXPECT_FALSE(is_mnist(tiny_set(20), tiny_set(10)));
  const DataSplit sample = load_sample();
  EXPECT_FALSE(is_mnist(sample.train, sample.test));
}

TEST(Checksum, RealMnistIsMnistUntilALabelOrTestPixelChanges) {
  const char* folder = std::getenv("INKLING_DATA");
  if (folder == nullptr) GTEST_SKIP() << "needs $INKLING_DATA, a folder that has MNIST";
  auto [train, test] = load_mnist(folder);
  const auto sums = sha256_of(train, test);
  EXPECT_TRUE(std::equal(sums.begin(), sums.end(), kMnistSha256.begin()));
  EXPECT_TRUE(is_mnist(train, test));
  for (std::uint8_t* byte : {&train.labels[7], &test.labels[7], &test.pixels[7]}) {
    *byte ^= 1;
    EXPECT_FALSE(is_mnist(train, test));
    *byte ^= 1;
  }
}

}  // namespace
}  // namespace inkling
