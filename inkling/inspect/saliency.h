// Which pixels an answer hangs on: the gradient of a class's logit by the pixels, and two ways to share the logit out
// among them.
//
// A pixel counts from 0 (background) to 1 (full ink) here, so a gradient is logit per full pixel, and shares are logit.
// docs/numerics.md has the equations. All refuse images or classes that do not fit (Error shape) and a network with
// batch normalisation (Error config). The same bytes on every machine; safe from many threads.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "inkling/core/matrix.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"

namespace inkling {

// d z_c / d pixel of B images, (B, I), c being each image's entry of classes (Simonyan, Vedaldi, Zisserman 2014, "Deep
// Inside Convolutional Networks", section 3).
Matrix input_gradient(const Runtime& rt, const Mlp& model, PixelView images, std::span<const std::size_t> classes);

// The same times the pixel (Shrikumar et al. 2016, "Not Just a Black Box"), (B, I).
Matrix gradient_times_input(const Runtime& rt, const Mlp& model, PixelView images,
                            std::span<const std::size_t> classes);

// Integrated gradients from the black image (Sundararajan, Taly, Yan 2017, "Axiomatic Attribution for Deep Networks",
// equation 1): pixel_i times the mean of d z_c / d pixel_i on the straight line from black to the image. Their sum is
// z_c(image) - z_c(black), which is what tells when the line is cut finely enough.
struct IntegratedGradients {
  Matrix shares;                    // (B, I)
  std::vector<double> sum;          // (B): of an image's shares
  std::vector<double> difference;   // (B): z_c(image) - z_c(black)
  std::vector<std::size_t> points;  // (B): of the line at which the gradient was taken
};

struct IntegrationOptions {
  // Of |difference|: what sum may miss it by. Below what floats can tell from nothing, about 1e-6 of the logits, it is
  // not tried.
  double tolerance = 2.5e-4;     // derived: a quarter of 1e-3, which the tests ask for
  std::size_t most_rounds = 24;  // each halves the pieces that are not good enough; derived: a float's digits
};

IntegratedGradients integrated_gradients(const Runtime& rt, const Mlp& model, PixelView images,
                                         std::span<const std::size_t> classes, const IntegrationOptions& options = {});

}  // namespace inkling
