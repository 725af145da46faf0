"""inkling predict IMAGE...: any picture through the preparation, what is shown of it, and how it refuses."""
import gzip
import json
import os
import pathlib
import struct
import unittest
import zlib

from inkling_program import MNIST, ProgramTest, png

SAMPLE = pathlib.Path(os.environ["INKLING_SOURCE"]) / "data/sample/t10k-images-idx3-ubyte.gz"
HOSTILE = pathlib.Path(os.environ["INKLING_SOURCE"]) / "tests/hostile/decode"


def digits(count):
    """The sample's first test images, each 784 bytes, light on dark."""
    images = gzip.decompress(SAMPLE.read_bytes())
    return [images[16 + i * 784:16 + (i + 1) * 784] for i in range(count)]


def on_paper(digit, width, height, scale, left, top, paper=225, ink=35):
    """A digit of 28 * scale pixels, dark on light, on a larger sheet."""
    rows = [bytearray([paper]) * width for _ in range(height)]
    for y in range(28 * scale):
        for x in range(28 * scale):
            rows[top + y][left + x] = paper + (ink - paper) * digit[y // scale * 28 + x // scale] // 255
    return b"".join(bytes(row) for row in rows)


def png_size(path):
    return struct.unpack(">II", path.read_bytes()[16:24])


class Predict(ProgramTest):
    def setUp(self):
        super().setUp()
        self.inkling("train", "--data", "sample", "--epochs", 3, "--out", "run")

    def read(self, *arguments):
        return [json.loads(line) for line in self.inkling("predict", "run", *arguments, "--json").stdout.splitlines()]

    def test_an_image_as_mnists_is_read_as_it_stands(self):
        png(self.folder / "a.png", 28, 28, digits(4)[3])
        (answer,) = self.read("a.png")
        self.assertEqual(answer["prepared"]["unchanged"], True)
        self.assertEqual(answer["probabilities"], self.read("--index", 3, "--data", "sample")[0]["probabilities"])
        self.assertEqual(answer["probabilities"], self.read("a.png", "--as-is")[0]["probabilities"])
        text = self.inkling("predict", "run", "a.png").stdout
        self.assertIn("Given: 28 x 28 pixels, as MNIST's already", text)

    def test_the_same_digit_from_any_picture(self):
        same = 0
        for i, digit in enumerate(digits(20)):
            png(self.folder / "clean.png", 28, 28, digit)
            png(self.folder / "inverted.png", 28, 28, bytes(255 - p for p in digit))
            png(self.folder / "paper.png", 300, 220, on_paper(digit, 300, 220, 5, 120, 40))
            png(self.folder / "black.png", 90, 80, on_paper(digit, 90, 80, 2, 5, 15, paper=10, ink=240))
            clean, inverted, paper, black = self.read("clean.png", "inverted.png", "paper.png", "black.png")
            self.assertEqual(clean["probabilities"], inverted["probabilities"])
            self.assertEqual([a["prepared"]["inverted"] for a in (clean, inverted, paper, black)], [False, True, True, False])
            box = paper["prepared"]["ink"]
            self.assertTrue(120 <= box["left"] and box["left"] + box["width"] <= 260 and 40 <= box["top"], box)
            same += clean["class"] == paper["class"] == black["class"]
        self.assertGreaterEqual(same, 18)

    def test_given_and_seen_side_by_side_in_80_columns(self):
        png(self.folder / "paper.png", 300, 220, on_paper(digits(1)[0], 300, 220, 5, 120, 40))
        text = self.inkling("predict", "run", "paper.png").stdout
        self.assertIn("Given: 300 x 220 pixels, dark ink on lighter paper", text)
        self.assertRegex(text, r"Seen:  its ink, \d+ x \d+ at column \d+, row \d+")
        self.assertRegex(text, r"(?m)^\d with \d+\.\d\d %$|Not a digit")
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_blank_paper_is_said_to_be_blank(self):
        png(self.folder / "blank.png", 50, 40, bytes([200]) * 2000)
        (answer,) = self.read("blank.png")
        self.assertEqual([answer["prepared"]["blank"], answer["digit"], answer["refused"]], [True, None, "blank"])
        self.assertIn("without ink", self.inkling("predict", "run", "blank.png").stdout)

    def test_ink_on_a_clear_sheet_whatever_its_colour(self):
        digit = digits(4)[3]
        for name, grey in (("black", 0), ("white", 255)):
            rows = b"".join(b"\0" + b"".join(bytes([grey, p]) for p in digit[y * 28:(y + 1) * 28]) for y in range(28))
            chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            (self.folder / f"{name}.png").write_bytes(
                b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 28, 28, 8, 4, 0, 0, 0))
                + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
        png(self.folder / "clean.png", 28, 28, digit)
        clean, black, white = self.read("clean.png", "black.png", "white.png")
        self.assertEqual(clean["probabilities"], white["probabilities"])
        self.assertEqual(clean["probabilities"], black["probabilities"])

    def test_show_writes_a_picture(self):
        png(self.folder / "a.png", 28, 28, digits(1)[0])
        png(self.folder / "paper.png", 300, 220, on_paper(digits(1)[0], 300, 220, 5, 120, 40))
        result = self.inkling("predict", "run", "a.png", "paper.png", "--show", "seen.png")
        self.assertIn("seen.png", result.stderr)
        width, height = png_size(self.folder / "seen.png")
        self.assertTrue(900 <= width <= 1300 and 1000 <= height <= 1700, (width, height))
        self.refused("predict", "run", "a.png", "--show", "nowhere/seen.png", says="nowhere", status=1)

    def test_jpeg_photos(self):
        for name in ("grey.jpg", "progressive.jpg", "cmyk.jpg", "exif_6.jpg"):
            (answer,) = self.read(HOSTILE / name)
            self.assertEqual(answer["prepared"]["given"], {"height": 32, "width": 24} if "exif" in name else {"height": 24, "width": 32})
        for name, says in (("truncated.jpg", "cut short"), ("missing_rows.jpg", "damaged"), ("bomb.jpg", "65500 x 65500 pixels"),
                           ("bomb_allowed.jpg", "cannot hold"), ("a.gif", "a GIF file"), ("nothing", "empty file")):
            with self.subTest(name):
                self.refused("predict", "run", HOSTILE / name, says=[name, says], status=1)

    def test_a_bomb_takes_no_memory(self):
        import subprocess
        from inkling_program import BINARY
        limited = f"ulimit -v 4000000; exec '{BINARY}' predict run '{HOSTILE / 'bomb.jpg'}'"
        result = subprocess.run(["bash", "-c", limited], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn("65500 x 65500 pixels", result.stderr)

    def test_as_is_wants_the_models_size(self):
        png(self.folder / "big.png", 32, 30, bytes(960))
        self.refused("predict", "run", "big.png", "--as-is", says=["big.png", "32", "30", "28"], status=1)

    @unittest.skipUnless(MNIST, "INKLING_DATA does not say where MNIST is")
    def test_mnists_test_images_as_png_are_read_as_from_idx(self):
        images = gzip.decompress((pathlib.Path(MNIST) / "t10k-images-idx3-ubyte.gz").read_bytes())
        names = []
        for i in range(0, 10000, 50):
            names.append(f"{i}.png")
            png(self.folder / names[-1], 28, 28, images[16 + i * 784:16 + (i + 1) * 784])
        for i, answer in zip(range(0, 10000, 50), self.read(*names)):
            self.assertTrue(answer["prepared"]["unchanged"], i)
        for i in (0, 350, 9950):
            by_index = self.read("--index", i, "--data", MNIST)[0]
            png(self.folder / "one.png", 28, 28, images[16 + i * 784:16 + (i + 1) * 784])
            self.assertEqual(self.read("one.png")[0]["probabilities"], by_index["probabilities"])


if __name__ == "__main__":
    unittest.main()
