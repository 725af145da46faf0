"""PyTorch's side of ./run bench predict and start: a traced and frozen network that answers without gradients.

Pixels are floats before any clock runs. With --batch 1 every image's time is that of one call from Python.
"""

import pathlib
import time

from onnx_file import read_safetensors
from worker_side import blas_name, loaded_blas, missing, options_parser, read_mnist, serve_words

try:
    import numpy as np
    import torch
    from torch import nn
except ImportError as error:
    missing(f"{error}; ./run bench --install-peers installs it")


def load_network(path):
    layers = []
    for name, (shape, raw) in read_safetensors(path).items():
        values = torch.from_numpy(np.frombuffer(raw, "<f4").reshape(shape).copy())
        if name.endswith(".weight"):
            layers += [nn.Linear(shape[1], shape[0]), nn.ReLU()]
            layers[-2].weight = nn.Parameter(values)
        else:
            layers[-2].bias = nn.Parameter(values)
    return nn.Sequential(*layers[:-1], nn.Softmax(1)).eval()


def main():
    parser = options_parser()
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--ink", type=float, required=True)
    parser.add_argument("--onnx")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    start = time.perf_counter()
    network = load_network(options.model)
    load_seconds = time.perf_counter() - start
    pixels, labels = read_mnist(options.data, "t10k")
    batches = torch.from_numpy(pixels.astype(np.float32) * np.float32(options.ink / 255)).split(options.batch)

    with torch.inference_mode():
        traced = torch.jit.freeze(torch.jit.trace(network, batches[0]))

        def epoch(clock=time.perf_counter):
            each = []
            begin = clock()
            for batch in batches:
                start = clock()
                traced(batch)
                each.append(clock() - start)
            seconds = clock() - begin
            if options.batch > 1:
                return {"seconds": seconds}
            p50, p99, p99_9 = np.quantile(each, [0.5, 0.99, 0.999])
            return {"seconds": seconds, "p50": p50, "p99": p99, "p99_9": p99_9}

        def test():
            answers = torch.cat([traced(batch).argmax(1) for batch in batches])
            return {"accuracy": (answers.numpy() == labels).mean()}

        for _ in range(2):  # the first calls of traced code are for its profiler
            epoch()
        info = {"version": torch.__version__, "detail": blas_name(loaded_blas()), "images": len(labels),
                "load_seconds": load_seconds}
        serve_words(info, {"epoch": epoch, "test": test})


main()
