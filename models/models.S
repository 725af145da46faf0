// The models that come with Inkling; inkling/format/bundled_model.cpp knows their names.
#include "data/embed.inc"

  embed inkling_model_digits, "digits.safetensors"
