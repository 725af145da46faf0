"""What the Python workers share: their options, how they answer and give up, how they read MNIST, and on which BLAS
they run. worker.h has the protocol."""

import argparse
import gzip
import json
import os
import pathlib
import re
import sys
import time


def missing(why):
    print("missing", why, flush=True)
    sys.exit(1)


def options_parser():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    return parser


def train_options(parser):
    parser.add_argument("--widths", type=lambda text: [int(width) for width in text.split(",")])
    for name, kind, usual in (("batch", int, 128), ("rate", float, 0.1), ("ink", float, 3), ("seed", int, 1),
                              ("images", int, 0)):
        parser.add_argument(f"--{name}", type=kind, default=usual)
    parser.add_argument("--once", action="store_true")
    return parser.parse_args()


def set_blas_threads(threads):
    """Before numpy is imported, which reads them."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(threads)


def serve_words(info, words):
    """Answers each line of stdin by the function of that name."""
    print("ready", json.dumps(info), flush=True)
    for line in sys.stdin:
        word = line.strip()
        if word == "quit":
            break
        print(json.dumps(words[word](), default=float), flush=True)


def serve(info, train, accuracy, parts=1):
    """Answers the driver; train() does the timed work and returns a loss, and what it did is divided by parts."""
    def epoch():
        start = time.perf_counter()
        loss = train()
        return {"seconds": (time.perf_counter() - start) / parts, "loss": loss}

    train()
    serve_words(info, {"epoch": epoch, "test": lambda: {"accuracy": accuracy()}})


def done(loss):
    """The answer to --once."""
    print("done", json.dumps({"loss": float(loss)}), flush=True)


def read_idx(folder, name):
    """The bytes behind an IDX file's header, with its sizes as shape; gzip or raw, either spelling of the name."""
    import numpy  # only now: a worker may set numpy's threads first

    dotted = name.replace("-idx", ".idx")
    for path in (folder / spelling for spelling in (name, name + ".gz", dotted, dotted + ".gz")):
        if path.is_file():
            raw = path.read_bytes()
            raw = gzip.decompress(raw) if path.suffix == ".gz" else raw
            sizes = numpy.frombuffer(raw, ">i4", count=raw[3], offset=4)
            return numpy.frombuffer(raw, numpy.uint8, offset=4 + 4 * raw[3]).reshape(sizes)
    missing(f"no {name} in {folder}")


def read_mnist(folder, part, count=0):
    """Images (count, 784) and labels as bytes; all of them where count is 0."""
    images = read_idx(folder, f"{part}-images-idx3-ubyte")
    labels = read_idx(folder, f"{part}-labels-idx1-ubyte")
    count = count or len(images)
    return images[:count].reshape(min(count, len(images)), -1), labels[:count]


def loaded_blas():
    """The file that does this process's matrix products, once it has done one; ends it on the reference BLAS."""
    with open("/proc/self/maps", encoding="utf-8") as file:
        paths = {line.split()[-1] for line in file if re.search(r"/lib(openblas|mkl|blis|blas)[^/]*\.so", line)}
    path = min(paths, key=lambda path: ("libblas" in path, path), default="unknown")
    if re.search(r"/blas/libblas\.so", path):
        missing("it runs on the reference BLAS, 15 times slower than it can; ./run bench --install-peers adds OpenBLAS")
    return path


def blas_name(path):
    """openblas-openmp, or the file's own name."""
    parts = path.split("/")
    return parts[-2] if "openblas" in path and len(parts) > 1 else parts[-1]
