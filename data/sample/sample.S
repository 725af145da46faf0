// The bundled sample's four files; inkling/data/sample.cpp knows these names.
#include "data/embed.inc"

  embed inkling_sample_train_images, "train-images-idx3-ubyte.gz"
  embed inkling_sample_train_labels, "train-labels-idx1-ubyte.gz"
  embed inkling_sample_test_images, "t10k-images-idx3-ubyte.gz"
  embed inkling_sample_test_labels, "t10k-labels-idx1-ubyte.gz"
