// Reads one image of any kind: prepared as the network knows images, answered, and refused where the answer is none.
//
// A Reader keeps a workspace: it belongs to one caller at a time. Copies share the model's weights; give each thread
// one. The bytes of a Reading do not depend on the Runtime.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "inkling/core/view.h"
#include "inkling/format/model_file.h"
#include "inkling/image/image.h"
#include "inkling/image/prepare.h"
#include "inkling/kernel/runtime.h"
#include "inkling/reader/refusal.h"

namespace inkling {

struct Reading {
  std::size_t best = 0;                // the most probable class, also where the answer is refused
  std::vector<float> logits;           // (classes)
  std::vector<float> probabilities;    // (classes), calibrated, of sum 1
  Evidence evidence;                   // what a refusal rests on: probability with "none" among the choices, distance
  std::optional<std::string> refused;  // why the answer is none: "blank", "unsure (41 %)", ...
  Prepared prepared;                   // what the network saw, and where in the image it was
};

class Reader {
 public:
  explicit Reader(LoadedModel model);
  explicit Reader(std::shared_ptr<const LoadedModel> model);
  Reader(const Reader& other) : Reader(other.model_) {}
  Reader(Reader&&) = default;
  Reader& operator=(Reader&&) = default;
  ~Reader() = default;

  const Mlp& model() const { return model_->model; }
  const ModelInfo& info() const { return model_->info; }

  // An image of any size, dark on light or light on dark, with one digit in it.
  Reading read(const Runtime& rt, const Image& given);
  // An image that is prepared already: of a page's pieces.
  Reading read(const Runtime& rt, Prepared prepared);
  // An image of a data set, as it stands, (1, height * width). Blank is one without any ink.
  Reading read_as_is(const Runtime& rt, PixelView image);

 private:
  Reading answer(const Runtime& rt, PixelView image, bool blank);

  std::shared_ptr<const LoadedModel> model_;
  Workspace ws_;
  Matrix p_;
  bool frozen_ = false;
};

}  // namespace inkling
