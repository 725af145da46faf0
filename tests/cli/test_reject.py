"""Knowing when not to know: what train fits and stores, what eval --reject and predict make of it, held to NumPy."""
import gzip
import json
import os
import pathlib
import struct
import unittest

import numpy as np

from inkling_program import ProgramTest, png

SAMPLE = pathlib.Path(os.environ["INKLING_SOURCE"]) / "data/sample"


def read_idx(name):
    data = gzip.decompress((SAMPLE / name).read_bytes())
    shape = struct.unpack(f">{data[3]}I", data[4:4 + 4 * data[3]])
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


def read_model(path):
    data = path.read_bytes()
    header_size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + header_size])
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + header_size + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"]).astype(np.float64)
    return tensors, {key: json.loads(value) for key, value in metadata.items()}


def judged(path, pixels):
    """By the definitions: class probabilities, certainty (with "none" among the choices), outlier score."""
    t, metadata = read_model(path)
    hidden = np.maximum(metadata["inkling.preprocessing"]["ink"] * pixels.reshape(len(pixels), -1) / 255 @ t["0.weight"].T + t["0.bias"], 0)
    logits = (hidden @ t["2.weight"].T + t["2.bias"]) / metadata["inkling.architecture"].get("temperature", 1)
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    none = np.zeros(len(p))
    if "refusal.none.weight" in t:
        z = (hidden @ t["refusal.none.weight"] + t["refusal.none.bias"][0]) / metadata["inkling.architecture"].get("temperature", 1)
        none = np.exp(z - logits.max(axis=1)) / (np.exp(z - logits.max(axis=1)) + e.sum(axis=1))
    far = np.linalg.norm((hidden @ t["refusal.whitening"].T)[:, None, :] - t["refusal.centers"][None], axis=2).min(axis=1)
    return p, p.max(axis=1) * (1 - none), none, far


class Reject(ProgramTest):
    def setUp(self):
        super().setUp()
        self.text = self.inkling("train", "--data", "sample", "--layers", "784,30,10", "--epochs", 8, "--validation", 0.2,
                                 "--refuse", 0.05, "--out", "run").stderr
        self.model = self.folder / "run/model.safetensors"
        self.images, self.labels = read_idx("t10k-images-idx3-ubyte.gz"), read_idx("t10k-labels-idx1-ubyte.gz").astype(int)

    def limits(self):
        return read_model(self.model)[1]["inkling.refusal"]

    def noise(self):
        rng = np.random.default_rng(5)
        folder = self.folder / "noise"
        folder.mkdir()
        for part in ("train", "t10k"):
            write_idx(folder / f"{part}-images-idx3-ubyte", rng.integers(0, 256, (200, 28, 28)))
            write_idx(folder / f"{part}-labels-idx1-ubyte", np.arange(200) % 10)
        return folder

    def test_train_says_and_stores_what_it_fitted(self):
        self.assertRegex(self.text, r"Refuses   answers below [\d.]+ % or with an outlier score above [\d.]+: 5.00 % of the validation images")
        self.assertEqual(self.limits()["rate"], 0.05)
        self.assertEqual(self.limits()["images"], 800)
        tensors = read_model(self.model)[0]
        self.assertEqual(tensors["refusal.centers"].shape, (10, 30))
        self.assertEqual(tensors["refusal.whitening"].shape, (30, 30))
        self.assertTrue((np.triu(tensors["refusal.whitening"], 1) == 0).all())

    def test_same_bytes_for_any_threads(self):
        for threads in (1, 3):
            self.inkling("train", "--data", "sample", "--layers", "784,30,10", "--epochs", 8, "--validation", 0.2, "--refuse", 0.05,
                         "--threads", threads, "--out", f"again{threads}")
            self.assertEqual((self.folder / f"again{threads}/model.safetensors").read_bytes(), self.model.read_bytes())

    def test_whitening_is_the_inverse_root_of_the_shared_covariance(self):
        # On the images that were trained with or held out: all of the sample's are close to those that were fitted on.
        t, metadata = read_model(self.model)
        images, labels = read_idx("train-images-idx3-ubyte.gz"), read_idx("train-labels-idx1-ubyte.gz").astype(int)
        hidden = np.maximum(metadata["inkling.preprocessing"]["ink"] * images.reshape(len(images), -1) / 255 @ t["0.weight"].T + t["0.bias"], 0)
        means = np.stack([hidden[labels == c].mean(axis=0) for c in range(10)])
        rest = hidden - means[labels]
        S = rest.T @ rest / len(rest)
        S += 0.01 * np.trace(S) / 30 * np.eye(30)
        whitened = t["refusal.whitening"] @ S @ t["refusal.whitening"].T
        self.assertTrue(np.abs(whitened - np.eye(30)).max() < 0.35, np.abs(whitened - np.eye(30)).max())
        self.assertTrue(np.abs(np.diag(whitened) - 1).mean() < 0.1)

    def test_eval_reject_is_what_the_definitions_say(self):
        noise = self.noise()
        report = json.loads(self.inkling("eval", "run", "--data", "sample", "--outsiders", noise, "--json").stdout)["reject"]
        limits = self.limits()
        p, certainty, _, far = judged(self.model, self.images)
        _, other_certainty, _, other_far = judged(self.model, read_idx_file(noise / "t10k-images-idx3-ubyte"))
        self.assertEqual(report["limits"]["rate"], 0.05)
        own = [row for row in report["rows"] if row["own"]]
        self.assertEqual(len(own), 1)
        self.assertAlmostEqual(own[0]["threshold"], limits["least_probability"], places=6)
        for row in report["rows"]:
            if row["threshold"] is None:
                kept, refused = np.ones(len(p), bool), 0
            else:
                kept = (certainty >= row["threshold"]) & (far <= limits["most_distance"])
                refused = ((other_certainty < row["threshold"]) | (other_far > limits["most_distance"])).sum()
            self.assertLessEqual(abs(row["kept"] - kept.sum()), 1, row)  # one may be on the edge in float
            self.assertLessEqual(abs(row["wrong"] - (kept & (p.argmax(axis=1) != self.labels)).sum()), 1, row)
            self.assertLessEqual(abs(row["outsiders"][0]["refused"] - refused), 1, row)
            self.assertAlmostEqual(row["coverage"], row["kept"] / 1000)
        self.assertGreater(own[0]["outsiders"][0]["share"], 0.6)  # a small network: noise is not the hardest for it, nor the easiest
        kept = [row["kept"] for row in report["rows"]]
        self.assertEqual(kept, sorted(kept, reverse=True))

    def test_eval_reject_prints_the_trade_in_80_columns(self):
        text = self.inkling("eval", "run", "--data", "sample", "--reject").stdout
        self.assertRegex(text, r"Refusals  of answers below [\d.]+ % and of outlier scores above [\d.]+")
        self.assertRegex(text, r"(?m)^> +[\d.]+ % +[\d.]+ % +[\d.]+ %$")
        text = self.inkling("eval", "run", "--data", "sample", "--outsiders", self.noise(), "--outsiders", "sample").stdout
        self.assertRegex(text, r"(?m)^> +[\d.]+ % +[\d.]+ % +[\d.]+ % +[\d.]+ % +[\d.]+ %$")
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_predict_says_why_there_is_no_answer(self):
        rng = np.random.default_rng(1)
        png(self.folder / "noise.png", 28, 28, rng.integers(0, 256, 784, dtype=np.uint8))
        result = json.loads(self.inkling("predict", "run", "--index", 3, "--data", "sample", "--json").stdout)
        p, certainty, _, far = judged(self.model, self.images[3:4])
        self.assertAlmostEqual(result["outlier_score"], far[0], places=3)
        self.assertAlmostEqual(result["certainty"], certainty[0], places=4)
        limits = self.limits()
        self.assertEqual(result["refused"] is not None, certainty[0] < limits["least_probability"] or far[0] > limits["most_distance"])

    def test_no_validation_no_limits_but_blank_is_refused(self):
        self.inkling("train", "--data", "sample", "--layers", "784,10,10", "--epochs", 1, "--out", "plain")
        self.assertNotIn("inkling.refusal", read_model(self.folder / "plain/model.safetensors")[1])
        png(self.folder / "black.png", 28, 28, bytes(784))
        answer = json.loads(self.inkling("predict", "plain", "black.png", "--json").stdout)
        self.assertEqual([answer["refused"], answer["digit"]], ["blank", None])
        self.assertIn("Not a digit: blank", self.inkling("predict", "plain", "black.png").stdout)
        self.assertIn("no limits of its own", self.inkling("eval", "plain", "--data", "sample", "--reject").stdout)

    def test_refuse_0_stores_no_limits(self):
        self.inkling("train", "--data", "sample", "--layers", "784,10,10", "--epochs", 1, "--validation", 0.1, "--refuse", 0, "--out", "never")
        self.assertNotIn("inkling.refusal", read_model(self.folder / "never/model.safetensors")[1])

    def test_outsiders_of_another_size(self):
        folder = self.folder / "small"
        folder.mkdir()
        for part in ("train", "t10k"):
            write_idx(folder / f"{part}-images-idx3-ubyte", np.zeros((20, 8, 8)))
            write_idx(folder / f"{part}-labels-idx1-ubyte", np.arange(20) % 10)
        self.refused("eval", "run", "--data", "sample", "--outsiders", folder, says=["small", "8x8", "28x28"], status=1)


def read_idx_file(path):
    data = path.read_bytes()
    shape = struct.unpack(f">{data[3]}I", data[4:4 + 4 * data[3]])
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


class NoneClass(ProgramTest):
    """A class of images that are no digits, in the training data."""

    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(3)
        self.data = self.folder / "eleven"
        self.data.mkdir()
        for part in ("train", "t10k"):
            images, labels = read_idx(f"{part}-images-idx3-ubyte.gz"), read_idx(f"{part}-labels-idx1-ubyte.gz")
            upside_down = images[:len(images) // 8, ::-1, ::-1].transpose(0, 2, 1)
            order = rng.permutation(len(images) + len(upside_down))
            write_idx(self.data / f"{part}-images-idx3-ubyte", np.concatenate([images, upside_down])[order])
            write_idx(self.data / f"{part}-labels-idx1-ubyte", np.concatenate([labels, np.full(len(upside_down), 10)])[order])

    def train(self, *options, **more):
        return self.inkling("train", "--data", self.data, "--layers", "784,30,11", "--epochs", 6, *options, **more)

    def test_leaves_the_network_and_is_refused(self):
        text = self.train("--none-class", 10, "--test-as-validation", "--out", "run").stderr
        self.assertRegex(text, r"and [\d.]+ % of the 125 of class 10")
        self.assertIn("On 1,000 test images", text)
        path = self.folder / "run/model.safetensors"
        tensors, metadata = read_model(path)
        self.assertEqual(metadata["inkling.architecture"]["widths"], [784, 30, 10])
        self.assertEqual(metadata["inkling.classes"]["names"], [str(c) for c in range(10)])
        self.assertEqual(tensors["2.weight"].shape, (10, 30))
        self.assertEqual(tensors["refusal.none.weight"].shape, (30,))
        images = read_idx_file(self.data / "t10k-images-idx3-ubyte")
        labels = read_idx_file(self.data / "t10k-labels-idx1-ubyte")
        _, certainty, none, far = judged(path, images)
        limits = metadata["inkling.refusal"]
        refused = (certainty < limits["least_probability"]) | (far > limits["most_distance"])
        # derived: an image stands on either limit, and may fall to its other side in double
        self.assertLessEqual(refused[labels < 10].sum(), 0.01 * 1000 + 2)
        self.assertGreater(refused[labels == 10].mean(), 0.3)
        answer = json.loads(self.inkling("predict", "run", "--index", 0, "--data", "sample", "--json").stdout)
        self.assertAlmostEqual(answer["none_probability"], judged(path, read_idx("t10k-images-idx3-ubyte.gz")[:1])[2][0], places=4)
        # The commands that look at a run leave the class out of its data.
        self.inkling("show", "run", "confusion", "--out", "pictures")
        self.inkling("eval", "run", "--data", "sample", "--reject")

    def test_refusals(self):
        for options, says in [
            (["--none-class", "scribble", "--test-as-validation"], ["--none-class scribble", "no such class"]),
            (["--none-class", 10], ["validation images"]),
            (["--none-class", 10, "--validation", 0.1, "--refuse", 0], ["refuse above 0"]),
            (["--none-class", 10, "--validation", 0.1, "--loss", "mean_squared_error"], ["softmax"]),
            (["--test-as-validation", "--validation", 0.1], ["one of them"]),
        ]:
            with self.subTest(options):
                self.refused("train", "--data", self.data, "--layers", "784,30,11", *options, says=says, status=1)


class Bundled(ProgramTest):
    def test_the_name_digits_is_a_model_everywhere(self):
        report = json.loads(self.inkling("eval", "digits", "--data", "sample", "--json").stdout)
        self.assertGreater(report["accuracy"], 0.9)
        self.assertTrue(self.inkling("show", "digits", "weights", "--terminal").stdout)
        self.assertLessEqual((pathlib.Path(os.environ["INKLING_SOURCE"]) / "models/digits.safetensors").stat().st_size, 420_000)

    def test_predict_without_a_model_takes_it(self):
        image = read_idx("t10k-images-idx3-ubyte.gz")[0]
        png(self.folder / "seven.png", 28, 28, image.tobytes())
        named = json.loads(self.inkling("predict", "digits", "seven.png", "--json").stdout)
        unnamed = json.loads(self.inkling("predict", "seven.png", "--json").stdout)
        self.assertEqual(named, unnamed)
        self.inkling("predict", "--index", 3, "--data", "sample")

    def test_a_file_of_that_name_is_not_passed_over_in_silence(self):
        (self.folder / "digits").write_text("not a model")
        self.assertIn("./digits", self.inkling("eval", "digits", "--data", "sample", "--json").stderr)
        self.refused("eval", "./digits", "--data", "sample", says="digits", status=1)

    def test_predict_wrong_usage(self):
        for arguments in ([], ["a.png", "--index", 3], ["a.png", "--random"]):
            with self.subTest(arguments):
                self.refused("predict", *arguments, says="predict", status=2)


if __name__ == "__main__":
    unittest.main()
