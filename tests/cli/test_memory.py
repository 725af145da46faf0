"""How much memory a large set takes: one byte a pixel, what is held out of it, and no second copy, from every form.

Sets of 78 MB, so that a copy would show beside what the program takes itself; INKLING_MEMORY_IMAGES makes them larger
(1000000: 784 MB, and 2.5 GB of disk).
"""
import gzip
import os
import pathlib
import struct
import subprocess
import sys
import unittest

import numpy

from inkling_program import BINARY, ProgramTest

COUNT = int(os.environ.get("INKLING_MEMORY_IMAGES", "100000"))
PIXELS = 784 * COUNT
PROGRAM = 45 << 20  # measured: 25 MB for the program, its threads and a small network; the rest is air
SANITIZED = b"__asan_init" in pathlib.Path(BINARY).read_bytes() or b"__tsan_init" in pathlib.Path(BINARY).read_bytes()


PEAK = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def idx(sizes):
    return struct.pack(">HBB", 0, 8, len(sizes)) + b"".join(struct.pack(">I", size) for size in sizes)


@unittest.skipIf(SANITIZED, "a sanitizer takes memory of its own")
class Memory(ProgramTest):
    def images(self, count=COUNT):
        """Ink in a fifth of the pixels, in blocks that repeat."""
        chance = numpy.random.default_rng(1)
        block = chance.integers(1, 256, (500, 784), dtype=numpy.uint8)
        block[chance.random((500, 784)) > 0.2] = 0
        return numpy.tile(block, (count // 500, 1)).reshape(count, 28, 28)

    def labels(self, count=COUNT):
        return (numpy.arange(count) % 10).astype(numpy.uint8)

    def peak(self, *arguments):
        """Bytes that the program had at most."""
        # By a process of its own: what is measured begins with the memory of the process that starts it.
        result = subprocess.run([sys.executable, "-c", PEAK, BINARY, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        return int(result.stdout) * 1024

    def bounded(self, peak, bound):
        print(f"{self.id().split('.')[-1]}: {COUNT:,} images, {PIXELS / 1e6:.0f} MB of pixels: peak {peak / 1e6:.0f} MB, bound {bound / 1e6:.0f} MB")
        self.assertLessEqual(peak, bound)

    def put_idx(self, packed=False):
        (self.folder / "set").mkdir()
        for part, count in (("train", COUNT), ("t10k", 1000)):
            for kind, sizes, array in (("images-idx3", (count, 28, 28), self.images(count)), ("labels-idx1", (count,), self.labels(count))):
                path = self.folder / "set" / f"{part}-{kind}-ubyte{'.gz' if packed else ''}"
                with (gzip.open(path, "wb", compresslevel=1) if packed else open(path, "wb")) as file:
                    file.write(idx(sizes))
                    for first in range(0, count, 50000):
                        file.write(array[first:first + 50000].tobytes())

    TRAIN = ("train", "--epochs", 1, "--layers", "784,16,10", "--out", "run", "--data")

    def test_training_on_idx(self):
        self.put_idx()
        self.bounded(self.peak(*self.TRAIN, "set"), PIXELS + PROGRAM)

    def test_holding_images_out_to_validate_with(self):
        self.put_idx()
        self.bounded(self.peak(*self.TRAIN, "set", "--validation", 0.1), 1.1 * PIXELS + PROGRAM)

    def test_training_on_the_first_images(self):
        self.put_idx()
        self.bounded(self.peak(*self.TRAIN, "set", "--limit-train", COUNT // 2), PIXELS + PROGRAM)

    def test_idx_in_gzip(self):
        self.put_idx(packed=True)
        packed = sum(file.stat().st_size for file in (self.folder / "set").iterdir())
        self.bounded(self.peak("data", "info", "--data", "set"), PIXELS + packed + PROGRAM)

    def test_npz_stored_and_packed(self):
        numpy.savez(self.folder / "set.npz", images=self.images(), labels=self.labels())
        self.bounded(self.peak(*self.TRAIN, "set.npz", "--test", 0.1), 1.1 * PIXELS + PROGRAM)
        numpy.savez_compressed(self.folder / "set.npz", images=self.images(), labels=self.labels())
        self.bounded(self.peak("data", "info", "--data", "set.npz"), PIXELS + PROGRAM)

    def test_floats_in_npy(self):
        (self.folder / "set").mkdir()
        numpy.save(self.folder / "set/images.npy", self.images().astype(numpy.float32))
        numpy.save(self.folder / "set/labels.npy", self.labels())
        self.bounded(self.peak("data", "info", "--data", "set"), PIXELS + PROGRAM)


if __name__ == "__main__":
    unittest.main()
