"""A model file from `inkling train` opens without Inkling, and gives the logits that `inkling predict` prints.

The file is read from the safetensors specification with nothing but struct, json and NumPy; the bundled sample's images come from
its IDX files. So the weights' names, shapes and order, the preprocessing and the forward pass are checked from outside.
"""
import gzip
import json
import os
import pathlib
import struct
import subprocess
import tempfile
import unittest

import numpy as np

BINARY = os.environ["INKLING_BINARY"]
SAMPLE = pathlib.Path(os.environ["INKLING_SOURCE"]) / "data" / "sample"
INDICES = [0, 1, 499, 999]
TOLERANCE = 1e-5  # what the model file promises; fp32 sums of 784 terms differ from double ones by about 1e-6


def read_safetensors(path):
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    buffer = data[8 + length :]
    metadata = header.pop("__metadata__")
    tensors, covered = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = entry["data_offsets"]
        assert entry["dtype"] == "F32" and begin == covered, name
        tensors[name] = np.frombuffer(buffer[begin:end], "<f4").reshape(entry["shape"])
        covered = end
    assert covered == len(buffer)
    return tensors, metadata


def read_images(path):
    data = gzip.decompress(path.read_bytes())
    magic, count, height, width = struct.unpack_from(">4I", data)
    assert magic == 0x803
    return np.frombuffer(data, np.uint8, offset=16).reshape(count, height * width)


def logits(tensors, images, ink):
    activations = ink * images / 255.0
    layers = len(tensors) // 2
    for layer in range(layers):
        weight, bias = (tensors[f"{2 * layer}.{part}"].astype(np.float64) for part in ("weight", "bias"))
        activations = activations @ weight.T + bias
        if layer + 1 < layers:
            activations = np.maximum(activations, 0)
    return activations


def softmax(row):
    exponentials = np.exp(row - row.max())
    return exponentials / exponentials.sum()


def inkling(*arguments):
    result = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


class NumpyReadsModel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.model = pathlib.Path(cls.folder.name) / "run" / "model.safetensors"
        inkling("train", "--data", "sample", "--epochs", 1, "--threads", 2, "--out", cls.model.parent)
        cls.tensors, cls.metadata = read_safetensors(cls.model)

    def test_tensors_are_named_and_shaped_as_in_pytorch(self):
        shapes = {name: tensor.shape for name, tensor in self.tensors.items()}
        self.assertEqual(
            shapes, {"0.weight": (128, 784), "0.bias": (128,), "2.weight": (10, 128), "2.bias": (10,)}
        )

    def test_metadata_says_what_the_numbers_do_not(self):
        self.assertEqual(self.metadata["inkling.format"], "1")
        self.assertEqual(
            json.loads(self.metadata["inkling.architecture"]),
            {"widths": [784, 128, 10], "activation": "relu", "output": "softmax"},
        )
        self.assertEqual(json.loads(self.metadata["inkling.image"]), {"height": 28, "width": 28})
        self.assertEqual(json.loads(self.metadata["inkling.classes"])["names"], [str(digit) for digit in range(10)])
        preprocessing = json.loads(self.metadata["inkling.preprocessing"])
        self.assertEqual(preprocessing["input"], "ink * pixel / 255")
        self.assertGreater(preprocessing["ink"], 0)

    def test_logits_and_probabilities_are_those_of_predict(self):
        (images,) = SAMPLE.glob("t10k-images*.gz")
        ink = json.loads(self.metadata["inkling.preprocessing"])["ink"]
        for index, row in zip(INDICES, logits(self.tensors, read_images(images)[INDICES], ink)):
            printed = json.loads(inkling("predict", self.model, "--index", index, "--data", "sample", "--json"))
            for name, expected in (("logits", row), ("probabilities", softmax(row))):
                difference = np.abs(np.array(printed[name]) - expected).max()
                self.assertTrue(difference <= TOLERANCE, f"image {index}: {name} differ by {difference}")  # NaN fails
            self.assertEqual(printed["digit"], row.argmax())


if __name__ == "__main__":
    unittest.main()
