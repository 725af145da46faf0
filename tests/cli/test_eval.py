"""inkling eval: its numbers against NumPy's from the same logits, its tables, and two models compared."""
import gzip
import json
import math
import os
import pathlib
import re
import struct
import unittest

import numpy as np

from inkling_program import ProgramTest

SAMPLE = pathlib.Path(os.environ["INKLING_SOURCE"]) / "data/sample"


def read_idx(name):
    data = gzip.decompress((SAMPLE / name).read_bytes())
    shape = struct.unpack(f">{data[3]}I", data[4:4 + 4 * data[3]])
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def read_model(path):
    """The tensors of a safetensors file by name, in double, and its metadata."""
    data = path.read_bytes()
    header_size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + header_size])
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + header_size + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"]).astype(np.float64)
    return tensors, metadata


def change_architecture(path, **changes):
    """Writes a model file anew with other members in its architecture."""
    data = path.read_bytes()
    header_size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + header_size])
    architecture = json.loads(header["__metadata__"]["inkling.architecture"]) | changes
    header["__metadata__"]["inkling.architecture"] = json.dumps(architecture)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + header_size:])


def logits_of(path, pixels):
    """Of a network of ReLUs, by its definition."""
    tensors, metadata = read_model(path)
    x = json.loads(metadata["inkling.preprocessing"])["ink"] * pixels.reshape(len(pixels), -1) / 255
    layers = sum(name.endswith(".weight") and name[0].isdigit() for name in tensors)
    for layer in range(layers):
        x = x @ tensors[f"{2 * layer}.weight"].T + tensors[f"{2 * layer}.bias"]
        x = np.maximum(x, 0) if layer + 1 < layers else x
    return x


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def expected_calibration_error(confidence, right):
    """Guo et al. 2017, equation 3, with bins (m / 15, (m + 1) / 15]."""
    total = 0
    for m in range(15):
        inside = (confidence > m / 15) & (confidence <= (m + 1) / 15)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return total


class Eval(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.pixels, cls.labels = read_idx("t10k-images-idx3-ubyte.gz"), read_idx("t10k-labels-idx1-ubyte.gz")

    def setUp(self):
        super().setUp()
        self.inkling("train", "--data", "sample", "--epochs", 3, "--out", "run")
        self.inkling("train", "--data", "sample", "--epochs", 1, "--layers", "784,12,10", "--out", "small")

    def eval(self, *arguments):
        return self.inkling("eval", *arguments, "--data", "sample").stdout

    def report(self, *arguments):
        return json.loads(self.eval(*arguments, "--json"))

    def check_scores(self, report, p):
        """The JSON's numbers are those of these probabilities (images, classes)."""
        images = np.arange(len(self.labels))
        confidence, right = p.max(axis=1), p.argmax(axis=1) == self.labels
        self.assertEqual(report["correct"], right.sum())
        place = (p > p[images, self.labels][:, None]).sum(axis=1)
        self.assertAlmostEqual(report["top2_accuracy"], (place < 2).mean(), places=12)
        share = (right.sum() + 1) / (len(images) + 2)
        self.assertAlmostEqual(report["standard_error"], math.sqrt(share * (1 - share) / len(images)), places=12)
        # fp32 logits differ from these by 1e-5 or so
        self.assertAlmostEqual(report["negative_log_likelihood"], -np.log(p[images, self.labels]).mean(), places=5)
        self.assertAlmostEqual(report["brier_score"], ((p - np.eye(10)[self.labels]) ** 2).sum(axis=1).mean(), places=5)
        self.assertAlmostEqual(report["mean_confidence"], confidence.mean(), places=5)
        self.assertAlmostEqual(report["expected_calibration_error"], expected_calibration_error(confidence, right), places=5)

    def test_scores_are_numpys(self):
        p = softmax(logits_of(self.folder / "run/model.safetensors", self.pixels))
        report = self.report("run")
        self.check_scores(report, p)
        read = p.argmax(axis=1)
        for c, row in enumerate(report["per_class"]):
            correct, predicted, images = ((read == c) & (self.labels == c)).sum(), (read == c).sum(), (self.labels == c).sum()
            self.assertEqual([row["class"], row["images"], row["predicted"], row["correct"]], [str(c), images, predicted, correct])
            self.assertAlmostEqual(row["precision"], correct / predicted, places=12)
            self.assertAlmostEqual(row["recall"], correct / images, places=12)
            self.assertAlmostEqual(row["f1"], 2 / (predicted / correct + images / correct), places=12)
        for name in ("precision", "recall", "f1"):
            self.assertAlmostEqual(report["macro"][name], np.mean([row[name] for row in report["per_class"]]), places=12)
        self.assertEqual(len(report["reliability"]), 15)
        self.assertEqual(sum(row["images"] for row in report["reliability"]), 1000)

    def test_a_temperature_changes_confidence_and_no_answer(self):
        path = self.folder / "run/model.safetensors"
        before = self.report("run")
        logits = logits_of(path, self.pixels)
        change_architecture(path, temperature=2.5)
        report = self.report("run")
        self.check_scores(report, softmax(logits / 2.5))
        self.assertEqual(report["temperature"], 2.5)
        self.assertEqual([report["correct"], report["confusion"]], [before["correct"], before["confusion"]])
        self.assertLess(report["mean_confidence"], before["mean_confidence"])
        self.assertIn("temperature 2.5", self.eval("run"))
        line = json.loads(self.inkling("predict", "run", "--index", 5, "--data", "sample", "--json").stdout)
        for got, expected in zip(line["probabilities"], softmax(logits[5:6] / 2.5)[0]):
            self.assertAlmostEqual(got, expected, places=5)

    def test_other_outputs_are_distributions_too(self):
        path = self.folder / "run/model.safetensors"
        logits = logits_of(path, self.pixels)
        sigmoid, clipped = 1 / (1 + np.exp(-logits / 3)), np.clip(logits, 0, 1)
        for output, weights in (("sigmoid", sigmoid), ("linear", clipped)):
            with self.subTest(output):
                change_architecture(path, output=output, temperature=3)
                p = weights / weights.sum(axis=1, keepdims=True)
                report = self.report("run")
                self.assertEqual(report["correct"], (logits.argmax(axis=1) == self.labels).sum())
                self.assertAlmostEqual(report["mean_confidence"], p.max(axis=1).mean(), places=5)
                self.assertAlmostEqual(report["brier_score"], ((p - np.eye(10)[self.labels]) ** 2).sum(axis=1).mean(), places=5)
                self.assertIn(f"{output} outputs", self.eval("run"))

    def test_compare_counts_and_tests_the_images_that_one_alone_reads(self):
        first, second = (logits_of(self.folder / run / "model.safetensors", self.pixels).argmax(axis=1) == self.labels
                         for run in ("run", "small"))
        a, b = int((first & ~second).sum()), int((second & ~first).sum())
        compared = self.report("run", "--compare", "small")["compare"]
        self.assertEqual([compared["model"], compared["both_right"], compared["only_first_right"], compared["only_second_right"],
                          compared["neither_right"]], ["small", (first & second).sum(), a, b, (~first & ~second).sum()])
        p_value = min(1, 2 * sum(math.comb(a + b, i) for i in range(min(a, b) + 1)) / 2 ** (a + b))
        self.assertAlmostEqual(compared["p_value"] / p_value, 1, places=9)
        self.assertLess(p_value, 0.001)  # one layer of 12 units for one epoch is worse
        self.assertEqual(compared["accuracy"], second.mean())

        text = self.eval("run", "--compare", "small")
        self.assertIn(f"first alone {a}, second alone {b}, ", text)
        self.assertIn("strong evidence that the first model is better", text)
        self.assertIn("strong evidence that the second model is better", self.eval("small", "--compare", "run"))
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_a_model_compared_with_itself_does_not_differ(self):
        self.assertIn("p = 1: right and wrong on the same images", self.eval("run", "--compare", "run/model.safetensors"))

    def test_a_small_difference_is_no_evidence(self):
        for seed in range(2, 9):  # seeds make real differences, too: the first pair without one will do
            self.inkling("train", "--data", "sample", "--epochs", 3, "--seed", seed, "--out", f"seed{seed}")
            compared = self.report("run", "--compare", f"seed{seed}")["compare"]
            self.assertGreater(compared["only_first_right"] + compared["only_second_right"], 0)
            if compared["p_value"] > 0.05:
                said = f"McNemar's p = {compared['p_value']:.3g}: no evidence of a difference"
                self.assertIn(said, self.eval("run", "--compare", f"seed{seed}"))
                return
        self.fail("seven models of other seeds, and each is told from the first")

    def test_text_says_what_json_says(self):
        report, text = self.report("run"), self.eval("run")
        for label, pattern, expected in (
            ("Accuracy", r"Accuracy  ([\d.]+) % ±", 100 * report["accuracy"]),
            ("top 2", r"Top two   ([\d.]+) %", 100 * report["top2_accuracy"]),
            ("loss", r"Loss      ([\d.]+) \(negative log-likelihood, nats\)", report["negative_log_likelihood"]),
            ("Brier", r"Brier score ([\d.]+)", report["brier_score"]),
            ("confidence", r"Certainty ([\d.]+) %", 100 * report["mean_confidence"]),
            ("ECE", r"expected calibration error ([\d.]+) %", 100 * report["expected_calibration_error"]),
        ):
            with self.subTest(label):
                self.assertAlmostEqual(float(re.search(pattern, text).group(1)), expected, delta=0.00501)
        table = text[text.index("Classes (%)"):]
        rows = re.findall(r"^ +(\d) +([\d.]+) +([\d.]+) +([\d.]+) +(\d+)(?:   .*)?$", table, re.M)
        self.assertEqual([[r[0], int(r[4])] for r in rows], [[c["class"], c["images"]] for c in report["per_class"]])
        for row, each in zip(rows, report["per_class"]):
            for shown, name in zip(row[1:4], ("precision", "recall", "f1")):
                self.assertAlmostEqual(float(shown), 100 * each[name], delta=0.0501)
        filled = [b for b in report["reliability"] if b["images"] > 0]
        shown = re.findall(r" [\d.]+ - +[\d.]+ +(\d+) +([\d.]+) +([\d.]+)$", table, re.M)
        self.assertEqual([int(s[0]) for s in shown], [b["images"] for b in filled])
        for row, each in zip(shown, filled):
            self.assertAlmostEqual(float(row[1]), 100 * each["confidence"], delta=0.0501)
            self.assertAlmostEqual(float(row[2]), 100 * each["accuracy"], delta=0.0501)

    def test_text_fits_a_terminal(self):
        text = self.eval("run", "--compare", "small")
        self.assertLessEqual(len(text.splitlines()), 60)
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)
            self.assertEqual(line, line.rstrip())

    def test_a_class_that_is_never_read_has_no_precision(self):
        self.inkling("train", "--data", "sample", "--layers", "784,12,13", "--epochs", 1, "--out", "wide")
        report = self.report("wide")
        self.assertEqual([report["per_class"][12]["recall"], report["per_class"][12]["images"]], [None, 0])
        text = self.eval("wide")
        self.assertRegex(text, r"(?m)^ +12 +- +- +- +0")
        self.assertIn("13 classes are too many", text)
        self.assertNotIn("nan", text)

    def test_refusals(self):
        self.refused("eval", "run", "--data", "sample", "--compare", "nowhere", says="nowhere", status=1)
        self.refused("eval", "run", "--compare", says="--compare", status=2)
        self.inkling("train", "--data", "sample", "--layers", "784,12", "--epochs", 1, "--out", "twelve")
        (self.folder / "small/model.safetensors").write_bytes(b"")
        self.refused("eval", "run", "--data", "sample", "--compare", "small", says="small", status=1)


if __name__ == "__main__":
    unittest.main()
