// The plain C++ loop on a BLAS, written as well as it can be: the strongest peer of ./run bench train.
//
// Pixels are floats from the start, every buffer is allocated once, a batch is gathered row by row. Products are
// sgemm's; the weight gradient is never stored, sgemm subtracts it from the weights. What sgemm cannot do (bias and
// ReLU; ReLU's gradient and the bias's sum) is one pass over each matrix, on all threads where that pays. It is
// compiled for this machine alone and with relaxed arithmetic, and shares nothing with Inkling's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

class OpenblasNetwork {
 public:
  // Takes max_batch images at most; weights by He et al. 2015, drawn from seed.
  OpenblasNetwork(const std::vector<std::size_t>& widths, std::size_t max_batch, std::uint64_t seed, int threads);

  // One step of SGD on the images named by order[0 .. count); returns the sum of their losses.
  double step(const float* images, const std::uint8_t* labels, const std::uint32_t* order, std::size_t count,
              float rate);
  // How many of the images, in their order, it reads rightly.
  std::size_t correct(const float* images, const std::uint8_t* labels, std::size_t count);

 private:
  struct Layer {
    std::size_t inputs, outputs;
    std::vector<float> W;   // (I, O)
    std::vector<float> b;   // (O)
    std::vector<float> a;   // (B, O): output, logits of the last layer
    std::vector<float> dz;  // (B, O)
    std::vector<float> db;  // (O)
  };

  void forward(std::size_t count);
  double loss_gradient(std::size_t count);
  void backward(std::size_t count, float rate);

  std::vector<Layer> layers_;
  std::vector<float> x_;              // (B, inputs): the batch
  std::vector<std::uint8_t> labels_;  // (B)
};

// "OpenBLAS 0.3.21 ... SkylakeX", as the library describes itself.
std::string openblas_version();
