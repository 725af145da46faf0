// What `inkling bench` measured, and how it is said: a table for people, JSON for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "inkling/measure/products.h"

struct ProductTiming {
  inkling::LayerProductKind kind{};
  inkling::LayerShape shape{};
  std::vector<double> seconds{};  // a product
};

struct BatchTiming {
  std::size_t batch = 0;
  std::size_t images = 0;
  std::vector<double> seconds{};  // all images
};

struct PreparationTiming {
  std::size_t height = 0, width = 0;  // 0: images of the data set as they are
  std::size_t images = 0;
  std::vector<double> seconds{};  // all images, on one thread
};

struct BenchReport {
  std::string machine{};  // "2 threads, avx512"
  std::size_t threads = 0;
  std::string isa{};
  std::string data{};
  double peak_operations = 0;  // of a sample of peak
  std::vector<double> peak{};  // seconds
  std::string network{};
  std::size_t training_images = 0;
  std::vector<double> epochs{};  // seconds
  std::vector<ProductTiming> products{};
  std::vector<double> one_image{};  // seconds of each image, on one thread
  std::vector<BatchTiming> batches{};
  std::vector<PreparationTiming> preparations{};
};

std::string report_text(const BenchReport& report);  // within 80 columns
nlohmann::ordered_json report_json(const BenchReport& report);
