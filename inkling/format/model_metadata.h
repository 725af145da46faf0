// What stands beside the tensors in a model file: a few texts, each under a key that begins with "inkling.".
//
//   inkling.format         "1", the version of this table; "2" where there is inkling.refusal
//   inkling.architecture   {"widths":[784,128,10],"activation":"relu","output":"softmax"}; an array of activations
//   where
//                          the hidden layers differ; "temperature":1.3 where what divides the logits is not 1
//   inkling.preprocessing  {"input":"ink * pixel / 255","ink":3.0}, where a pixel of 0 is background and 255 full ink
//   inkling.image          {"height":28,"width":28}
//   inkling.classes        {"names":["0","1",...]}
//   inkling.training       {"epochs":"20",...}
//   inkling.refusal        {"rate":0.01,"images":6000,"least_probability":0.62,"most_distance":12.5}, where answers may
//                          be refused (model/refusal_rule.h); without most_distance where there is no distance. Its
//                          tensors are the model file's.
//
// Keys of other programs are left alone. Refused: a version that is not known, a key that is missing, anything that
// contradicts the tensors, texts with control characters (they would reach a terminal).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "inkling/format/model_file.h"
#include "inkling/model/config.h"

namespace inkling {

using Metadata = std::map<std::string, std::string>;

// The info with what it leaves open filled in. Throws Error: shape (it does not fit the network), config (a text that
// is not printable).
ModelInfo complete(ModelInfo info, const Config& config);

// Expects a complete info. Activations that are all alike are written as one. Throws Error config: a text is not UTF-8,
// or the network has batch normalisation, which belongs folded into its weights.
Metadata write_metadata(const Config& config, const ModelInfo& info);

// Sets all of the config's options, those of training to none; its widths are the tensors' and must be the metadata's
// too. Without any key of ours: a ReLU network that reads pixel / 255, as is usual, with the default info. Throws
// Error: format, shape, limit, config.
ModelInfo read_metadata(const Metadata& metadata, Config& config, std::string_view where);

}  // namespace inkling
