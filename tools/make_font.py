#!/usr/bin/python3
"""Makes the bundled font: the parts of DejaVu Sans that the pictures write with, as two TrueType files in data/font.

    apt install fonts-dejavu-core python3-fonttools
    /usr/bin/python3 tools/make_font.py [FOLDER]

Kept are Latin, Greek and some signs, without hinting: pictures are drawn at twice the size that they are seen at. The copyright and licence stay in the files' name tables. The same source gives the same bytes.
"""

import pathlib
import sys

from fontTools import subset
from fontTools.ttLib import TTFont

SOURCE = pathlib.Path("/usr/share/fonts/truetype/dejavu")
LATIN = [*range(0x20, 0x7F), *range(0xA0, 0x180)]
SIGNS = [0x2010, 0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x2026, 0x2190, 0x2191, 0x2192, 0x2193, 0x2212, 0x221A,
         0x2248, 0x2264, 0x2265, 0x2713, 0x2717, 0xFFFD]
GREEK = [c for c in range(0x391, 0x3CA) if c != 0x3A2]


def make(name, characters, folder):
    options = subset.Options(hinting=False, layout_features=[], name_IDs=[0, 1, 2, 4, 6, 13, 14], name_languages=[0x409],
                             notdef_outline=True, drop_tables=["FFTM", "MATH", "GPOS", "GSUB", "GDEF"], recalc_timestamp=False)
    font = TTFont(SOURCE / name, recalcTimestamp=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    font.save(folder / name)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "data/font")
    make("DejaVuSans.ttf", LATIN + SIGNS + GREEK, folder)
    make("DejaVuSans-Bold.ttf", LATIN + SIGNS, folder)


main()
