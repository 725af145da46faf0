"""train --tensorboard: event files, read back by a reader that shares nothing with the writer."""
import json
import os
import signal
import struct
import subprocess
import unittest
import zlib

import numpy
from inkling_program import BINARY, ProgramTest
from tensorboard_reader import events

SAMPLE = ["train", "--data", "sample", "--limit-train", 1000, "--limit-test", 300]


def pixels_of(png):
    """Rows of an 8-bit RGB PNG whose rows have any filter."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, compressed = 8, b""
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        if kind == b"IHDR":
            width, height, depth, color = struct.unpack_from(">IIBB", png, at + 8)
            assert (depth, color) == (8, 2)
        if kind == b"IDAT":
            compressed += png[at + 8:at + 8 + length]
        at += 12 + length
    raw, stride, rows = zlib.decompress(compressed), 3 * width, []
    before = numpy.zeros(stride, int)
    for y in range(height):
        filtered = numpy.frombuffer(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)], numpy.uint8).astype(int)
        row, kind = numpy.zeros(stride, int), raw[y * (stride + 1)]
        for x in range(stride):
            left, up, corner = (row[x - 3], before[x], before[x - 3]) if x > 2 else (0, before[x], 0)
            guess = left + up - corner
            paeth = min((left, up, corner), key=lambda v: abs(guess - v))
            row[x] = (filtered[x] + (0, left, up, (left + up) // 2, paeth)[kind]) % 256
        rows.append(row.reshape(width, 3))
        before = row
    return numpy.array(rows)


class TensorBoard(ProgramTest):
    def files(self, run="run"):
        return sorted((self.folder / run / "tensorboard").iterdir())

    def events(self, run="run"):
        return [event for file in self.files(run) for event in events(file.read_bytes())]

    def metrics(self, run="run"):
        return [json.loads(line) for line in (self.folder / run / "metrics.jsonl").read_text().splitlines()]

    def weights(self, run="run"):
        """Tensors of the model file by name, as NumPy arrays."""
        data = (self.folder / run / "model.safetensors").read_bytes()
        size, = struct.unpack_from("<Q", data)
        header = json.loads(data[8:8 + size])
        return {name: numpy.frombuffer(data[8 + size + t["data_offsets"][0]:8 + size + t["data_offsets"][1]], "<f4").reshape(t["shape"])
                for name, t in header.items() if name != "__metadata__"}

    def test_scalars_are_those_of_the_metrics(self):
        self.inkling(*SAMPLE, "--epochs", 3, "--layers", "784,20,10", "--validation", 0.1, "--out", "run", "--tensorboard")
        self.assertEqual(len(self.files()), 1)
        self.assertRegex(self.files()[0].name, r"^events\.out\.tfevents\.\d{10}\.")
        found = self.events()
        self.assertEqual((found[0]["version"], found[0]["step"]), ("brain.Event:2", 0))
        self.assertEqual((found[1]["session"], found[1]["step"]), (1, 1))
        scalars = [event for event in found if "loss/train" in event.get("values", {})]
        for event, line in zip(scalars, self.metrics(), strict=True):
            self.assertEqual(event["step"], line["steps"])
            expected = {f"{what}/{part}": line[f"{part}_{what}"] for what in ("loss", "accuracy") for part in ("train", "validation", "test")}
            expected |= {"epoch": line["epoch"], "learning_rate": line["learning_rate"]}
            for name, tensor in line["tensors"].items():
                expected |= {f"{what}/{name}": tensor[what] for what in ("gradient_norm", "update_ratio")}
            values = dict(event["values"])
            self.assertGreater(values.pop("images_per_second"), 0)
            self.assertEqual(values, {tag: float(numpy.float32(value)) for tag, value in expected.items()})
        times = [event["wall_time"] for event in found]
        self.assertEqual(times, sorted(times))
        self.assertLess(abs(times[-1] - os.stat(self.files()[0]).st_mtime), 5)

    def test_histograms_and_the_picture_are_of_the_weights(self):
        self.inkling(*SAMPLE, "--epochs", 1, "--layers", "784,20,10", "--out", "run", "--tensorboard")
        values = {tag: value for event in self.events() for tag, value in event.get("values", {}).items()}
        weights = self.weights()
        self.assertEqual({f"weights/{name}" for name in weights}, {tag for tag in values if tag.startswith("weights/")})
        for name, tensor in weights.items():
            w, histogram = tensor.astype(float).ravel(), values[f"weights/{name}"]
            self.assertEqual((histogram["min"], histogram["max"], histogram["num"]), (w.min(), w.max(), w.size))
            self.assertAlmostEqual(histogram["sum"], w.sum(), 9)
            self.assertAlmostEqual(histogram["sum_squares"], (w * w).sum(), 9)
            self.assertEqual(sum(histogram["buckets"]), w.size)
            edges = [w.min(), *histogram["limits"]]
            self.assertEqual(edges, sorted(edges))
            expected = numpy.histogram(w, edges)[0]
            self.assertLessEqual(numpy.abs(expected - histogram["buckets"]).sum(), 2)  # a weight on an edge
        picture = values["first_layer/weights"]
        pixels = pixels_of(picture["png"])
        self.assertEqual((picture["height"], picture["width"], picture["colorspace"]), (3 * 29 - 1, 8 * 29 - 1, 3))
        self.assertEqual(pixels.shape, (picture["height"], picture["width"], 3))
        tiles = weights["0.weight"].reshape(20, 28, 28)
        for unit in (0, 7, 8, 19):
            tile = pixels[unit // 8 * 29:unit // 8 * 29 + 28, unit % 8 * 29:unit % 8 * 29 + 28]
            strong = abs(tiles[unit]) > 0.1 * abs(tiles).max()
            redder = tile[..., 0] > tile[..., 2]
            self.assertTrue((redder == (tiles[unit] > 0))[strong].all(), "red above 0, blue below")
            self.assertGreater(strong.sum(), 100)

    def test_a_resumed_run_goes_on_without_telling_a_step_twice(self):
        run = [*SAMPLE, "--layers", "784,20,10", "--epochs", 6, "--tensorboard", "--checkpoint-seconds", 0]
        self.inkling(*run, "--out", "whole")
        process = subprocess.Popen([BINARY, *map(str, run), "--out", "run"], cwd=self.folder, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if not (self.folder / "run/checkpoint").exists():
            self.skipTest("the run was over before it was killed")
        last = self.files()[0]
        last.write_bytes(last.read_bytes() + b"\x40\0\0\0\0\0\0\0cut sh")  # as a crash within a record leaves it
        self.inkling("train", "--resume", "run")
        self.assertEqual(len(self.files()), 2)

        def told(name):
            found = [(event["step"], {tag: value for tag, value in event["values"].items() if tag != "images_per_second"})
                     for event in self.events(name) if "values" in event]
            self.assertEqual([step for step, _ in found], sorted(step for step, _ in found))
            return found
        self.assertEqual(told("run"), told("whole"))
        resumed = list(events(self.files()[1].read_bytes()))
        self.assertEqual(resumed[1]["session"], 1)
        self.assertLessEqual(resumed[1]["step"], resumed[2]["step"])

    def test_nothing_of_it_unasked_and_nothing_left_by_a_run_that_fails(self):
        self.inkling(*SAMPLE, "--epochs", 1, "--out", "plain")
        self.assertFalse((self.folder / "plain/tensorboard").exists())
        self.refused(*SAMPLE, "--lr", 1e20, "--batch", 10, "--out", "run", "--tensorboard", says="learning rate", status=1)


if __name__ == "__main__":
    unittest.main()
