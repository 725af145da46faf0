"""What the Python workers share: how they give up, how they read MNIST, and which BLAS they run on."""

import gzip
import re
import sys


def missing(why):
    print("missing", why, flush=True)
    sys.exit(1)


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
