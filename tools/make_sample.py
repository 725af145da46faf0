#!/usr/bin/python3
"""Makes the bundled sample: 5,000 real digits in MNIST's form, as four IDX files in data/sample.

    apt install opencv-doc python3-numpy python3-pil
    /usr/bin/python3 tools/make_sample.py [FOLDER]

The source is OpenCV's digits.png: 100 columns by 50 rows of 20x20 digits, 500 of each in order, drawn smaller and softer
than MNIST's. Each one is treated by MNIST's whole rule: the ink is cropped, scaled into a 20x20 box keeping its shape, and
placed in 28x28 so that its centre of mass falls on pixel (14, 14) to within half a pixel. Every fifth digit of a class goes
to the test part: 4,000 and 1,000, evenly by class, the classes in turn. The same source gives the same bytes.
"""

import gzip
import pathlib
import struct
import sys

import numpy as np
from PIL import Image

SOURCE = pathlib.Path("/usr/share/doc/opencv-doc/examples/data/digits.png")
CELL, BOX, SIDE, CENTER = 20, 20, 28, 14
# A stroke's edge is where the cell reaches INK; after scaling, what is below FAINT is blur and becomes background. Measured:
# so all 5,000 digits fill the 20x20 box on one side, and 19.8 % of the pixels are ink (MNIST: 19.3 %).
INK, FAINT = 64, 32


def crop(cell):
    """The part of the cell that has ink."""
    ink = cell >= INK
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return cell[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def fit(ink):
    """Scaled so that the longer side is BOX, without the blur that scaling leaves."""
    height, width = (max(1, round(side * BOX / max(ink.shape))) for side in ink.shape)
    scaled = np.asarray(Image.fromarray(ink).resize((width, height), Image.BICUBIC))
    return np.where(scaled >= FAINT, scaled, 0).astype(np.uint8)


def offset(mass):
    """Where a strip of this mass per pixel starts, so that its centre of mass falls on CENTER and it stays inside."""
    center = np.dot(mass, np.arange(len(mass))) / mass.sum()
    return min(max(int(np.floor(CENTER + 0.5 - center)), 0), SIDE - len(mass))


def normalize(cell):
    ink = fit(crop(cell))
    top, left = offset(ink.sum(axis=1)), offset(ink.sum(axis=0))
    image = np.zeros((SIDE, SIDE), np.uint8)
    image[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return image


def write(path, array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes(), compresslevel=9, mtime=0))
    print(f"{path}: {array.shape[0]} items, {path.stat().st_size} bytes")


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1] / "data" / "sample")
    if not SOURCE.exists():
        sys.exit(f"{SOURCE} is missing: apt install opencv-doc")
    sheet = np.asarray(Image.open(SOURCE))
    if sheet.shape != (50 * CELL, 100 * CELL):
        sys.exit(f"{SOURCE}: expected a grey image of 2000x1000 pixels, found {sheet.shape}")
    cells = sheet.reshape(50, CELL, 100, CELL).swapaxes(1, 2).reshape(10, 500, CELL, CELL)
    digits = np.array([[normalize(cell) for cell in row] for row in cells])  # (class, digit of the class, row, column)

    is_test = np.arange(500) % 5 == 4
    for part, chosen in (("train", ~is_test), ("t10k", is_test)):
        images = digits[:, chosen].swapaxes(0, 1).reshape(-1, SIDE, SIDE)
        labels = np.tile(np.arange(10, dtype=np.uint8), chosen.sum())
        write(folder / f"{part}-images-idx3-ubyte.gz", images)
        write(folder / f"{part}-labels-idx1-ubyte.gz", labels)


main()
