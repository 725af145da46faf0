// A whole program: trains a digit reader on MNIST and saves it.
//
//   train_mnist FOLDER MODEL.safetensors [EPOCHS]
#include <inkling/inkling.h>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) try {
  if (argc < 3) return std::fprintf(stderr, "usage: train_mnist FOLDER MODEL.safetensors [EPOCHS]\n"), 2;
  const int epochs = argc > 3 ? std::atoi(argv[3]) : 20;

  inkling::Runtime rt({.threads = 2});
  const auto [train, test] = inkling::load_mnist(argv[1]);

  inkling::Mlp model({.widths = {784, 128, 10}, .activation = inkling::Activation::relu}, /*seed=*/1);
  inkling::Optimizer optimizer(model, {.kind = inkling::Optimizer::sgd, .learning_rate = 0.1f});
  inkling::Workspace ws(model, /*max_batch=*/128);
  inkling::Batches batches(train, {.size = 128, .seed = 1});

  for (int epoch = 0; epoch < epochs; ++epoch) {
    double loss = 0;
    for (const inkling::Batch& batch : batches.epoch(epoch)) {
      forward(rt, model, batch.pixels, ws);  // logits in ws
      loss += softmax_cross_entropy(rt, batch.labels, ws);
      backward(rt, model, batch.pixels, ws);  // gradients in ws
      optimizer.step(rt, model, ws);
    }
    const inkling::Metrics m = evaluate(rt, model, test);
    std::printf("epoch %2d  loss %.4f  test %.2f%%\n", epoch + 1, loss / batches.count(), 100 * m.accuracy);
  }
  inkling::save(model, argv[2]);  // any failure above throws inkling::Error
} catch (const inkling::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
