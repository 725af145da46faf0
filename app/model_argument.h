// MODEL on a command line: a file, the folder of a run, or the name of a model that the program carries. Where a
// command also takes images, it may be left out: then it is the model `digits`.
#pragma once

#include <string>
#include <vector>

#include "inkling/format/model_file.h"

inline constexpr const char* kModelHelp =
    "A .safetensors file, the folder of a run, or digits, which Inkling brings along";

// The name of a bundled model means that model, also where the current folder has a file or folder of that name: then a
// remark on stderr says so, and how to name the other one. Throws inkling::Error.
inkling::LoadedModel load_named_model(const std::string& text);

// Whether a word is a model and no image: a bundled name; a folder with a model in it; a file that begins as
// safetensors do; what does not exist and is not called like a picture or a table either.
bool names_a_model(const std::string& text);

// Of MODEL and what follows it, both as CLI11 filled them: a MODEL that is none becomes the first of the others, and
// the default takes its place.
void take_default_model(std::string& model, std::vector<std::string>& others);
