"""NumPy's side of ./run bench train and ./run bench numpy: the loop that a NumPy user writes for this network.

For `train` it is mini-batches in float32: gathered, forward, backward and a step, all vectorised. With --preset it is
the network and the numbers of presets/numpy.json in float64: the first training images as one batch, ReLU, softmax with
cross-entropy, L2 on the weights. Every --report-every iterations it then evaluates: cost of the test images and both
accuracies, that of the training images from the forward pass that the step has made anyway.
"""

import json
import pathlib

from worker_side import (blas_name, done, loaded_blas, missing, options_parser, read_mnist, serve, set_blas_threads,
                         train_options)


def options_given():
    parser = options_parser()
    parser.add_argument("--preset", type=pathlib.Path)
    parser.add_argument("--iterations", type=int, default=1)
    parser.add_argument("--report-every", type=int, default=1)
    return train_options(parser)


options = options_given()
set_blas_threads(options.threads)
try:
    import numpy as np
except ImportError as error:
    missing(f"{error}; ./run bench --install-peers installs it")


def load(part, count, ink, kind):
    """Images (count, 784) in floats of that kind, and their labels."""
    images, labels = read_mnist(options.data, part, count)
    return images * kind(ink / 255), labels.astype(np.int64)


def initial(widths, rng, kind):
    weights = [rng.normal(0, np.sqrt(2 / i), size=(i, o)).astype(kind) for i, o in zip(widths, widths[1:])]
    return weights, [np.zeros(o, kind) for o in widths[1:]]


def forward(X, weights, biases):
    """Activations of each layer, X first, and the probabilities."""
    activations = [X]
    for W, b in zip(weights[:-1], biases[:-1]):
        z = activations[-1] @ W
        z += b
        activations.append(np.maximum(z, 0, out=z))
    z = activations[-1] @ weights[-1] + biases[-1]
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return activations, e / e.sum(axis=1, keepdims=True)


def cost(P, labels):
    return -np.log(P[np.arange(len(labels)), labels]).mean()


def accuracy(P, labels):
    return (P.argmax(axis=1) == labels).mean()


def step(activations, P, labels, weights, biases, rate, l2=0):
    """Backward pass and gradient descent, in place."""
    dz = P.copy()
    dz[np.arange(len(labels)), labels] -= 1
    dz /= len(labels)
    for l in reversed(range(len(weights))):
        dW = activations[l].T @ dz
        if l2:
            dW += l2 * weights[l]
        db = dz.sum(axis=0)
        if l > 0:
            dz = dz @ weights[l].T
            dz *= activations[l] > 0
        dW *= rate
        weights[l] -= dW
        biases[l] -= rate * db


def serve_preset():
    recipe = json.loads(options.preset.read_text(encoding="utf-8"))
    rate, l2, ink = recipe["learning_rate"], recipe["l2"], recipe.get("ink", 3)
    X, labels = load("train", recipe["limit_train"], ink, np.float64)
    X_test, test_labels = load("t10k", recipe["limit_test"], ink, np.float64)
    weights, biases = initial(recipe["layers"], np.random.default_rng(1), np.float64)

    def train():
        for iteration in range(1, options.iterations + 1):
            activations, P = forward(X, weights, biases)
            loss = cost(P, labels)
            step(activations, P, labels, weights, biases, rate, l2)
            if iteration % options.report_every == 0 or iteration == options.iterations:
                P_test = forward(X_test, weights, biases)[1]
                figures = cost(P_test, test_labels), accuracy(P, labels), accuracy(P_test, test_labels)
                assert np.isfinite(figures).all()
        return loss

    serve(info(X), train, lambda: accuracy(forward(X_test, weights, biases)[1], test_labels), options.iterations)


def serve_batches():
    X, labels = load("train", options.images, options.ink, np.float32)
    rng = np.random.default_rng(options.seed)
    weights, biases = initial(options.widths, rng, np.float32)
    rate = np.float32(options.rate)

    def train(until):
        order = rng.permutation(len(X))
        loss = 0.0
        for first in range(0, until, options.batch):
            batch = order[first:first + options.batch]
            activations, P = forward(X[batch], weights, biases)
            loss += cost(P, labels[batch]) * len(batch)
            step(activations, P, labels[batch], weights, biases, rate)
        return loss / until

    if options.once:
        return done(train(options.batch))
    X_test, test_labels = load("t10k", 0, options.ink, np.float32)
    serve(info(X), lambda: train(len(X)), lambda: accuracy(forward(X_test, weights, biases)[1], test_labels))


def info(X):
    np.ones((64, 64)) @ np.ones((64, 64))
    return {"version": np.__version__, "detail": blas_name(loaded_blas()), "images": len(X)}


if options.preset:
    serve_preset()
else:
    serve_batches()
