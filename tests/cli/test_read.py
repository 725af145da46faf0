"""inkling read: what it prints of a page, as text and as JSON, what it draws, how it refuses.

The pages are made here: digits of the bundled sample's test part as dark ink on white paper, three times their size.
"""
import gzip
import json
import os
import pathlib
import unittest

from inkling_program import ProgramTest, png

SAMPLE = pathlib.Path(os.environ["INKLING_SOURCE"]) / "data" / "sample"
# Another network stands in until `digits` is trained: it reads no pages.
STANDS_IN = (pathlib.Path(os.environ["INKLING_SOURCE"]) / "models" / "digits.safetensors").stat().st_size < 50_000
SIDE, SCALE, PITCH = 28, 3, 80


def sample_digits():
    images = gzip.decompress((SAMPLE / "t10k-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((SAMPLE / "t10k-labels-idx1-ubyte.gz").read_bytes())[8:]
    return [(labels[i], images[i * SIDE * SIDE:(i + 1) * SIDE * SIDE]) for i in range(len(labels))]


def write_page(path, lines, width=900, paper=250):
    """Lines of (label, image) or None for an empty place; returns the text that is there."""
    height = 40 + 120 * len(lines)
    page = bytearray([paper]) * (width * height)
    for row, line in enumerate(lines):
        for place, digit in enumerate(line):
            if digit is None:
                continue
            top, left = 30 + 120 * row, 30 + PITCH * place
            for y in range(SIDE * SCALE):
                for x in range(SIDE * SCALE):
                    ink = digit[1][y // SCALE * SIDE + x // SCALE]
                    at = (top + y) * width + left + x
                    page[at] = min(page[at], paper - ink * (paper - 30) // 255)
    png(path, width, height, page)
    texts = ["".join(" " if d is None else str(d[0]) for d in line) for line in lines]
    return "\n".join(texts)


class Read(ProgramTest):
    def setUp(self):
        super().setUp()
        digits = sample_digits()
        self.lines = [digits[0:5] + [None] + digits[5:8], digits[8:12], digits[12:14] + [None] + digits[14:20]]
        self.truth = write_page(self.folder / "page.png", self.lines)

    @unittest.skipIf(STANDS_IN, "models/digits.safetensors is not trained yet")
    def test_text_has_the_pages_lines_and_gaps(self):
        result = self.inkling("read", "page.png")
        lines = result.stdout.splitlines()
        truth = self.truth.splitlines()
        self.assertEqual([len(line) for line in lines], [len(line) for line in truth], result.stdout)
        pairs = [(a, b) for line, true in zip(lines, truth) for a, b in zip(line, true)]
        self.assertEqual([a == " " for a, _ in pairs], [b == " " for _, b in pairs])
        self.assertGreaterEqual(sum(a == b for a, b in pairs), len(pairs) - 1, f"{result.stdout}\n{self.truth}")

    @unittest.skipIf(STANDS_IN, "models/digits.safetensors is not trained yet")
    def test_a_model_can_be_named(self):
        named = self.inkling("read", "digits", "page.png").stdout
        self.assertEqual(named, self.inkling("read", "page.png").stdout)

    @unittest.skipIf(STANDS_IN, "models/digits.safetensors is not trained yet")
    def test_json_has_boxes_lines_and_probabilities(self):
        result = json.loads(self.inkling("read", "page.png", "--json").stdout)
        self.assertEqual((result["image"], result["lines"], result["width"]), ("page.png", 3, 900))
        self.assertEqual(result["text"] + "\n", self.inkling("read", "page.png").stdout)
        self.assertEqual(len(result["digits"]), sum(d is not None for line in self.lines for d in line))
        places = [(row, place) for row, line in enumerate(self.lines) for place, d in enumerate(line) if d is not None]
        for digit, (row, place) in zip(result["digits"], places):
            self.assertEqual(digit["line"], row)
            box = digit["box"]
            self.assertGreaterEqual(box["left"], 30 + PITCH * place)
            self.assertLessEqual(box["left"] + box["width"], 30 + PITCH * place + SIDE * SCALE)
            self.assertGreaterEqual(box["top"], 30 + 120 * row)
            self.assertAlmostEqual(sum(digit["probabilities"]), 1, places=4)

    @unittest.skipIf(STANDS_IN, "models/digits.safetensors is not trained yet")
    def test_show_writes_a_picture_of_the_pages_size(self):
        result = self.inkling("read", "page.png", "--show", "shown.png")
        self.assertIn("shown.png", result.stderr)
        header = (self.folder / "shown.png").read_bytes()[:24]
        self.assertEqual(int.from_bytes(header[16:20], "big"), 900)

    @unittest.skipIf(STANDS_IN, "models/digits.safetensors is not trained yet")
    def test_several_pages_are_named(self):
        write_page(self.folder / "second.png", [self.lines[1]])
        text = self.inkling("read", "page.png", "second.png").stdout
        self.assertTrue(text.startswith("page.png:\n"))
        self.assertIn("\n\nsecond.png:\n", text)

    def test_a_blank_page_is_no_failure(self):
        png(self.folder / "blank.png", 300, 200, bytearray([240]) * 60000)
        result = self.inkling("read", "blank.png")
        self.assertEqual(result.stdout, "")
        self.assertIn("no digits", result.stderr)
        self.assertEqual(json.loads(self.inkling("read", "blank.png", "--json").stdout)["digits"], [])

    def test_wrong_usage(self):
        self.refused("read", says="PAGE", status=2)
        self.refused("read", "page.png", "page.png", "--show", "x.png", says="--show", status=2)

    def test_pages_that_cannot_be_read(self):
        (self.folder / "text.png").write_text("no picture")
        self.refused("read", "text.png", says="text.png", status=1)
        self.refused("read", "missing.png", says="missing.png", status=1)
        self.refused("read", "nowhere.safetensors", "page.png", says="nowhere.safetensors", status=1)


if __name__ == "__main__":
    unittest.main()
