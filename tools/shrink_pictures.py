#!/usr/bin/python3
"""Makes docs/pictures: pictures of `inkling show` at half their size and in few colours, so that they are small files.

    apt install python3-pil
    /usr/bin/python3 tools/shrink_pictures.py RUN/pictures/loss.png ... docs/pictures
"""

import pathlib
import sys

from PIL import Image

COLOURS = 64


def main():
    *files, folder = sys.argv[1:]
    for file in map(pathlib.Path, files):
        image = Image.open(file).convert("RGB")
        small = image.resize((image.width // 2, image.height // 2), Image.LANCZOS)
        small.quantize(COLOURS, dither=Image.Dither.NONE).save(pathlib.Path(folder) / file.name, optimize=True)


main()
