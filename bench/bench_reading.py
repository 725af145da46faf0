"""./run bench reading: how long MNIST takes to be read and written in each form, and the memory that reading takes.

`inkling data convert` writes MNIST in every form into a temporary folder, timed from process start to end; then each is
read as --data reads it, in a process of its own, `--rounds` times. Folders of images are read as they are.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from report import begin, headline, parser, table, write_json
from workers import BINARY

FORMS = [("idx", "idx", []), ("idx.gz", "idx.gz", []), ("csv", "mnist.csv", ["--split", "train"]),
         ("csv.gz", "mnist.csv.gz", ["--split", "train"]), ("npz", "mnist.npz", []), ("png", "png", [])]


def main():
    options = parser("reading", __doc__.split("\n\n")[0], rounds=5).parse_args()
    computer = begin(options)
    headline(computer, "MNIST read and written in every form (a table: its training part)")
    reader = os.path.join(os.path.dirname(BINARY), "bench", "inkling_reading")
    rows, samples = [], []
    with tempfile.TemporaryDirectory() as folder:
        for form, name, more in FORMS:
            path = os.path.join(folder, name)
            start = time.perf_counter()
            subprocess.run([BINARY, "data", "convert", options.data, "-o", path, "--to", form, *more], check=True,
                           stdout=subprocess.DEVNULL)
            written = time.perf_counter() - start
            line = subprocess.run([reader, str(options.rounds), path], check=True, capture_output=True, text=True).stdout
            sample = {**json.loads(line), "form": form, "write_seconds": written}
            samples.append(sample)
            size = sum(os.path.getsize(os.path.join(at, file)) for at, _, files in os.walk(path) for file in files)
            size = size or os.path.getsize(path)
            seconds = sample["seconds"]
            rows.append([form, f"{sample['images']:,}", f"{size / 1e6:.1f} MB", f"{statistics.median(seconds):.3f} s",
                         f"{min(seconds):.3f} s", f"{written:.2f} s", f"{sample['memory'] / 1e6:.0f} MB"])
    table(["form", ">images", ">size", ">read, median", ">best", ">written", ">memory"], rows)
    write_json(options, computer, samples=samples)
    return 0


if __name__ == "__main__":
    sys.exit(main())
