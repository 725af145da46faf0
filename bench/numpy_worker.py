"""NumPy's side of ./run bench numpy: the loop that a NumPy user writes for this network, float64 and vectorised.

It speaks the protocol that inkling_worker.cpp describes, for the network and the numbers of presets/numpy.json: the
first training images as one batch, ReLU, softmax with cross-entropy, L2 on the weights. Every --report-every iterations
it evaluates: cost of the test images and both accuracies, that of the training images from the forward pass that the
step has made anyway.
"""

import argparse
import json
import os
import pathlib
import sys
import time

from worker_side import blas_name, loaded_blas, missing, read_idx


def options_given():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--preset", type=pathlib.Path, required=True)
    parser.add_argument("--iterations", type=int, required=True)
    parser.add_argument("--report-every", type=int, required=True)
    return parser.parse_args()


options = options_given()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # read when numpy is imported
    os.environ[variable] = str(options.threads)
try:
    import numpy as np
except ImportError as error:
    missing(f"{error}; ./run bench --install-peers installs it")


def load(part, count, ink):
    """Images (count, 784) in doubles, and their labels."""
    images = read_idx(options.data, f"{part}-images-idx3-ubyte")[:count]
    labels = read_idx(options.data, f"{part}-labels-idx1-ubyte")[:count]
    return images.reshape(len(images), -1) * (ink / 255), labels.astype(np.int64)


def initial(widths, rng):
    weights = [rng.normal(0, np.sqrt(2 / i), size=(i, o)) for i, o in zip(widths, widths[1:])]
    return weights, [np.zeros(o) for o in widths[1:]]


def forward(X, weights, biases):
    """Activations of each layer, X first, and the probabilities."""
    activations = [X]
    for W, b in zip(weights[:-1], biases[:-1]):
        activations.append(np.maximum(activations[-1] @ W + b, 0))
    z = activations[-1] @ weights[-1] + biases[-1]
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return activations, e / e.sum(axis=1, keepdims=True)


def cost(P, labels):
    return -np.log(P[np.arange(len(labels)), labels]).mean()


def accuracy(P, labels):
    return (P.argmax(axis=1) == labels).mean()


def step(activations, P, labels, weights, biases, rate, l2):
    """Backward pass and gradient descent, in place."""
    dz = P.copy()
    dz[np.arange(len(labels)), labels] -= 1
    dz /= len(labels)
    for l in reversed(range(len(weights))):
        dW = activations[l].T @ dz + l2 * weights[l]
        db = dz.sum(axis=0)
        if l > 0:
            dz = (dz @ weights[l].T) * (activations[l] > 0)
        weights[l] -= rate * dW
        biases[l] -= rate * db


def main():
    recipe = json.loads(options.preset.read_text(encoding="utf-8"))
    rate, l2, ink = recipe["learning_rate"], recipe["l2"], recipe.get("ink", 3)
    X, labels = load("train", recipe["limit_train"], ink)
    X_test, test_labels = load("t10k", recipe["limit_test"], ink)
    weights, biases = initial(recipe["layers"], np.random.default_rng(1))

    def train():
        for iteration in range(1, options.iterations + 1):
            activations, P = forward(X, weights, biases)
            loss = cost(P, labels)
            step(activations, P, labels, weights, biases, rate, l2)
            if iteration % options.report_every == 0 or iteration == options.iterations:
                P_test = forward(X_test, weights, biases)[1]
                figures = cost(P_test, test_labels), accuracy(P, labels), accuracy(P_test, test_labels)
                assert np.isfinite(figures).all()
        return float(loss)

    train()
    info = {"version": np.__version__, "detail": blas_name(loaded_blas()), "images": len(X)}
    print("ready", json.dumps(info), flush=True)
    for line in sys.stdin:
        word = line.strip()
        if word == "epoch":
            start = time.perf_counter()
            loss = train()
            seconds = (time.perf_counter() - start) / options.iterations
            print(json.dumps({"seconds": seconds, "loss": loss}), flush=True)
        elif word == "test":
            print(json.dumps({"accuracy": float(accuracy(forward(X_test, weights, biases)[1], test_labels))}), flush=True)
        elif word == "quit":
            break


main()
