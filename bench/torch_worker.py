"""PyTorch's side of ./run bench train, written as PyTorch is best used on a processor.

It speaks the protocol that inkling_worker.cpp describes. The pixels are turned into floats once, before any clock runs;
each batch is one index_select; the loss stays a tensor until the epoch is over.
"""

import argparse
import json
import pathlib
import sys
import time

from worker_side import blas_name, loaded_blas, missing, read_idx

try:
    import numpy
    import torch
    from torch import nn
except ImportError as error:
    missing(f"{error}; ./run bench --install-peers installs it")


def load(folder, part, ink):
    pixels = torch.from_numpy(read_idx(folder, f"{part}-images-idx3-ubyte").copy()).flatten(1)
    labels = torch.from_numpy(read_idx(folder, f"{part}-labels-idx1-ubyte").astype(numpy.int64))
    return pixels.to(torch.float32) * (ink / 255), labels


def network(widths):
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        nn.init.kaiming_normal_(layers[-2].weight, nonlinearity="relu")
        nn.init.zeros_(layers[-2].bias)
    return nn.Sequential(*layers[:-1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--widths", type=lambda text: [int(width) for width in text.split(",")], required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--ink", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    torch.ones(64, 64) @ torch.ones(64, 64)
    product = loaded_blas()
    images, labels = load(options.data, "train", options.ink)
    test_images, test_labels = load(options.data, "t10k", options.ink)
    model = network(options.widths)
    optimizer = torch.optim.SGD(model.parameters(), lr=options.rate)
    loss_of = nn.CrossEntropyLoss()

    def train_epoch():
        order = torch.randperm(len(images))
        total = torch.zeros(())
        batches = order.split(options.batch)
        for batch in batches:
            loss = loss_of(model(images.index_select(0, batch)), labels.index_select(0, batch))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.detach()
        return total.item() / len(batches)

    train_epoch()
    info = {"version": torch.__version__, "detail": blas_name(product), "images": len(images)}
    print("ready", json.dumps(info), flush=True)
    for line in sys.stdin:
        word = line.strip()
        if word == "epoch":
            start = time.perf_counter()
            loss = train_epoch()
            print(json.dumps({"seconds": time.perf_counter() - start, "loss": loss}), flush=True)
        elif word == "test":
            with torch.no_grad():
                right = (model(test_images).argmax(1) == test_labels).float().mean().item()
            print(json.dumps({"accuracy": right}), flush=True)
        elif word == "quit":
            break


main()
