"""Data that people have: folders of images and NumPy arrays, test parts by --test, names of classes through every command."""
import json
import pathlib
import random
import shutil
import signal
import subprocess
import time
import unicodedata
import unittest

import numpy

from inkling_program import BINARY, ProgramTest, png

LONG = "sehr-langer-Name-einer-Klasse-"


def bar(upright, seed):
    """28 x 28 pixels with an upright or a lying bar of ink, light on dark, a little noise around it."""
    chance = random.Random(seed)
    pixels = numpy.zeros((28, 28), numpy.uint8)
    pixels[12:15, 4:24] = chance.randrange(180, 256)
    pixels[12 + chance.randrange(3), 4:24] = 255
    return pixels.T.copy() if upright else pixels


def columns(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


class FolderTest(ProgramTest):
    def put(self, path, pixels):
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        png(path, pixels.shape[1], pixels.shape[0], pixels.tobytes())

    def put_bars(self, folder="bars", count=20, names=("lying", "upright")):
        for i in range(count):
            for c, name in enumerate(names):
                self.put(f"{folder}/{name}/{i}.png", bar(c % 2, 1000 * c + i))

    def train(self, *arguments, data="bars", out="run", status=0):
        return self.inkling("train", "--data", data, "--as-is", "--epochs", 3, "--layers", "784,8,2", "--batch", 8, "--out", out,
                            *arguments, status=status)

    def config(self, run="run"):
        return json.loads((self.folder / run / "config.json").read_text())["data"]


class Folders(FolderTest):
    def test_images_are_prepared_trained_on_and_read(self):
        for i in range(20):
            for c, name in enumerate(("lying", "upright")):
                page = numpy.full((50 + i, 70), 255, numpy.uint8)
                page[10:38, 20:48] -= bar(c, 1000 * c + i)  # dark on light, off the middle
                self.put(f"bars/{name}/{i}.png", page)
        said = self.inkling("train", "--data", "bars", "--epochs", 20, "--batch", 8, "--out", "run").stderr
        self.assertIn("36 training and 4 test images of 28x28, 2 classes", said)
        self.assertIn("784-128-2", said)  # outputs follow the data
        self.assertIn("Accuracy  100.00 %", said)
        answer = json.loads(self.inkling("predict", "run", "--index", 0, "--json").stdout)
        self.assertEqual((answer["class"], answer["label"], answer["digit"]), ("lying", "lying", None))

    def test_without_a_test_part_a_tenth_is_one_and_the_run_remembers(self):
        self.put_bars()
        said = self.train().stderr
        self.assertIn("bars: has no test part: 10 % of its images", said)
        self.assertIn("36 training and 4 test images", said)
        data = self.config()
        self.assertEqual((data["test"], data["test_seed"], data["as_is"]), (0.1, 1, True))
        sums = data["idx_sha256"]
        self.assertNotIn("skip_bad", data)
        of_run = json.loads(self.inkling("eval", "run", "--json").stdout)
        self.assertEqual((of_run["images"], of_run["classes"]), (4, ["lying", "upright"]))
        named = self.inkling("eval", "run", "--data", "bars", "--as-is", "--json")
        self.assertEqual(json.loads(named.stdout)["images"], 4)
        self.assertIn("measured on the 10 % that it did not see", named.stderr)
        whole = json.loads(self.inkling("eval", "run/model.safetensors", "--data", "bars", "--as-is", "--json").stdout)
        self.assertEqual(whole["images"], 40)
        self.train(out="again")
        self.assertEqual(self.config("again")["idx_sha256"], sums)

    def test_the_share_and_its_seed_are_chosen(self):
        self.put_bars()
        self.assertIn("30 training and 10 test images", self.train("--test", 0.25, "--test-seed", 3).stderr)
        first = self.config()
        self.assertEqual((first["test"], first["test_seed"]), (0.25, 3))
        self.assertEqual(json.loads(self.inkling("eval", "run", "--json").stdout)["images"], 10)
        self.train("--test", 0.25, "--test-seed", 4, out="other")
        self.assertNotEqual(self.config("other")["idx_sha256"], first["idx_sha256"])
        self.train("--test", 0.25, "--test-seed", 3, "--seed", 9, out="same")  # another seed, measured on the same images
        self.assertEqual(self.config("same")["idx_sha256"], first["idx_sha256"])
        for wrong in ("0", "1", "-0.1", "nan", "half"):
            self.refused("train", "--data", "bars", "--test", wrong, says="--test", status=2)
        self.refused("train", "--data", "bars", "--as-is", "--test", 0.01, says="leaves 40 to train on and 0 to test with", status=1)
        self.refused("train", "--data", "sample", "--test", 0.1, says="has a test part", status=1)

    def test_a_resumed_run_is_measured_on_the_same_images(self):
        self.put_bars()
        arguments = ["train", "--data", "bars", "--as-is", "--test", "0.25", "--test-seed", "7", "--layers", "784,8,2", "--epochs", "1000000",
                     "--out", "run", "--checkpoint-seconds", "0"]

        def stopped(*words):
            process = subprocess.Popen([BINARY, *words], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            process.stdout.readline()  # an epoch is done
            end = time.monotonic() + 60
            while not any((self.folder / "run/checkpoint").glob("*")) and time.monotonic() < end:
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=120)[1]
            self.assertEqual(process.returncode, 128 + signal.SIGINT, said)
            return said

        self.assertIn("30 training and 10 test images", stopped(*arguments))
        said = stopped("train", "--resume", "run")
        self.assertIn("Resumed ", said)
        self.assertIn("30 training and 10 test images", said)
        self.refused("train", "--resume", "run", "--test", 0.5, says="--resume takes the data from the run", status=1)
        said = self.inkling("train", "--resume", "run", "--data", "bars", "--as-is", "--test", 0.5, status=1).stderr
        self.assertIn("data", said)  # other images than those that the checkpoint knows

    def test_folders_of_both_parts(self):
        self.put_bars("bars/train", 12)
        self.put_bars("bars/test", 5)
        said = self.train().stderr
        self.assertIn("24 training and 10 test images", said)
        self.assertNotIn("test", self.config())
        report = json.loads(self.inkling("data", "info", "--data", "bars", "--as-is", "--json").stdout)
        self.assertEqual((report["train"]["class_counts"], report["test"]["class_counts"]), ([12, 12], [5, 5]))
        self.refused("train", "--data", "bars", "--as-is", "--test", 0.1, says="has a test part of 10 images: leave out --test", status=1)

    def test_bad_images_stop_the_run_or_are_left_out_for_good(self):
        self.put_bars()
        (self.folder / "bars/lying/bad.png").write_bytes(b"\x89PNG\r\n\x1a\n cut")
        (self.folder / "bars/lying/notes.txt").write_text("no image")
        self.refused("train", "--data", "bars", "--as-is", status=1,
                     says=["1 of 41 images cannot be read", "--skip-bad", "bars/lying/bad.png"])
        said = self.train("--skip-bad").stderr
        self.assertIn("1 of 41 images cannot be read and are left out", said)
        self.assertIn("Passed over, no images: bars/lying/notes.txt", said)
        self.assertTrue(self.config()["skip_bad"])
        self.assertEqual(json.loads(self.inkling("eval", "run", "--json").stdout)["images"], 4)

    def test_each_wrong_folder_has_one_short_error(self):
        self.put_bars()
        shutil.copytree(self.folder / "bars", self.folder / "one/bars")
        (self.folder / "bars-loop").mkdir()
        for name in ("lying", "upright"):
            shutil.copytree(self.folder / "bars" / name, self.folder / "bars-loop" / name)
        (self.folder / "bars-loop/lying/up").symlink_to("..")
        for folder, says in (("bars-loop", "up: a folder within the class lying"), ("nowhere", "unknown data source")):
            self.refused("train", "--data", folder, says=says, status=1)
        shutil.rmtree(self.folder / "bars/lying")
        self.refused("data", "info", "--data", "bars", says="one class alone, upright", status=1)

    def test_sets_that_are_looked_at_need_no_test_part(self):
        self.put_bars()
        text = self.inkling("data", "info", "--data", "bars", "--as-is").stdout
        self.assertRegex(text, r"images +40 +0\n")
        self.assertIn("(train 0)", self.inkling("data", "show", "--data", "bars", "--as-is", "--index", 0).stdout)
        self.refused("data", "show", "--data", "bars", "--as-is", "--split", "test", says="has no test part", status=1)


class ClassNames(FolderTest):
    def test_long_and_foreign_names_go_through_every_command(self):
        names = [LONG + "1", LONG + "2", "\u65e5\u672c\u8a9e", "\u00e9t\u00e9"]
        for c, name in enumerate(names):
            for i in range(12):
                pixels = bar(c % 2, 1000 * c + i)
                self.put(f"bars/{name}/{i}.png", numpy.roll(pixels, 6 * (c // 2), axis=c % 2))
        ordered = sorted(names, key=lambda name: name.encode())
        self.inkling("train", "--data", "bars", "--as-is", "--epochs", 10, "--batch", 8, "--out", "run")
        report = json.loads(self.inkling("eval", "run", "--json").stdout)
        self.assertEqual(report["classes"], ordered)
        text = self.inkling("eval", "run").stdout
        for c, name in enumerate(ordered):
            self.assertIn(f"{c} {name}", text)  # two names begin alike: numbers, and what they stand for
        info = self.inkling("data", "info", "--data", "bars", "--as-is").stdout
        answer = self.inkling("predict", "run", "--index", 0).stdout
        for text in (text, info, answer):
            for line in text.splitlines():
                self.assertLessEqual(columns(line), 80, line)
        for name in ordered:
            self.assertIn(name, info)
        self.assertEqual(json.loads(self.inkling("predict", "run", "--index", 0, "--json").stdout)["label"], ordered[0])

    def test_a_set_with_fewer_classes_is_matched_by_name(self):
        self.put_bars(names=("a", "b", "c"))
        self.inkling("train", "--data", "bars", "--as-is", "--epochs", 2, "--out", "run")
        shutil.copytree(self.folder / "bars", self.folder / "some")
        shutil.rmtree(self.folder / "some/a")
        report = json.loads(self.inkling("eval", "run/model.safetensors", "--data", "some", "--as-is", "--json").stdout)
        self.assertEqual(report["classes"], ["a", "b", "c"])
        self.assertEqual([row["images"] for row in report["per_class"]], [0, 20, 20])
        (self.folder / "some/b").rename(self.folder / "some/zebra")
        self.refused("eval", "run/model.safetensors", "--data", "some", "--as-is", says="zebra", status=1)

    def test_digits_stay_digits(self):
        for d in (3, 1, 2):
            for i in range(10):
                self.put(f"digits/{d}/{i}.png", bar(d % 2, 100 * d + i))
        self.inkling("train", "--data", "digits", "--as-is", "--epochs", 1, "--out", "run")
        answer = json.loads(self.inkling("predict", "run", "--index", 0, "--json").stdout)
        self.assertEqual(answer["label"], "1")
        self.assertEqual(len(answer["probabilities"]), 3)
        self.assertIn(answer["digit"], (1, 2, 3))


class Arrays(FolderTest):
    def setUp(self):
        super().setUp()
        self.images = numpy.stack([bar(i % 2, i) for i in range(60)])
        self.labels = numpy.arange(60) % 2

    def info(self, source):
        return json.loads(self.inkling("data", "info", "--data", source, "--json").stdout)

    def sums(self, source):
        """Checksums of images and labels of both parts."""
        return list(self.info(source)["sha256"].values())

    def test_every_form_of_the_same_set_has_the_same_checksums(self):
        x, y = self.images, self.labels
        parts = {"x_train": x[:50], "y_train": y[:50].astype("u1"), "x_test": x[50:], "y_test": y[50:].astype("u1")}
        numpy.savez(self.folder / "keras.npz", **parts)
        expected = self.sums("keras.npz")
        numpy.savez_compressed(self.folder / "med.npz", train_images=x[:50], train_labels=y[:50, None].astype("u1"),
                               test_images=x[50:], test_labels=y[50:, None].astype("u1"), val_images=x, val_labels=y)
        numpy.savez(self.folder / "flat.npz", X_train=x[:50].reshape(50, 784), Y_train=y[:50].astype(">i4"),
                    X_test=x[50:].reshape(10, 784), Y_test=y[50:].astype(">i4"))
        numpy.savez(self.folder / "floats.npz", x_train=(x[:50] / 255).astype("f4"), y_train=y[:50], x_test=x[50:] / 255.0, y_test=y[50:])
        numpy.savez(self.folder / "halves.npz", x_train=x[:50].astype("f2"), y_train=y[:50], x_test=x[50:, :, :, None].astype("i8"), y_test=y[50:])
        (self.folder / "arrays").mkdir()
        for name, array in parts.items():
            numpy.save(self.folder / "arrays" / name, array)
        for source in ("med.npz", "flat.npz", "floats.npz", "halves.npz", "arrays", "arrays/x_train.npy"):
            with self.subTest(source):
                self.assertEqual(self.sums(source), expected)

    def test_a_set_without_a_test_part_is_split(self):
        numpy.savez(self.folder / "xy.npz", X=self.images, y=self.labels)
        (self.folder / "pair").mkdir()
        numpy.save(self.folder / "pair/images", self.images)
        numpy.save(self.folder / "pair/labels", self.labels)
        for source in ("xy.npz", "pair"):
            said = self.inkling("train", "--data", source, "--test", 0.2, "--epochs", 1, "--out", f"run-{source}").stderr
            self.assertIn("48 training and 12 test images of 28x28, 10 classes", said)

    def test_what_is_not_read_is_refused_by_name(self):
        numpy.savez(self.folder / "objects.npz", x_train=numpy.array([[None, 1]], dtype=object), y_train=self.labels)
        numpy.savez(self.folder / "fortran.npz", images=numpy.asfortranarray(self.images), labels=self.labels)
        numpy.savez(self.folder / "scaled.npz", images=(self.images - 127.5) / 127.5, labels=self.labels)
        numpy.savez(self.folder / "digits8x8.npz", images=self.images / 16, labels=self.labels)
        numpy.savez(self.folder / "words.npz", images=self.images, labels=numpy.array(["a"] * 60))
        numpy.savez(self.folder / "model.npz", weight=self.images, bias=self.labels)
        whole = (self.folder / "fortran.npz").read_bytes()
        (self.folder / "directory.npz").write_bytes(whole[:-22] + bytes(whole[-22:-6]) + b"\xff\xff\xff\x7f" + whole[-2:])
        for name, says in (("objects", "Python objects"), ("fortran", "in Fortran order"), ("scaled", "expected pixels in 0..1"),
                           ("digits8x8", "neither 0..1 nor 0..255"), ("words", "an array of text"),
                           ("model", "known by these names: weight, bias"), ("directory", "truncated or corrupt")):
            with self.subTest(name):
                self.refused("train", "--data", f"{name}.npz", says=[f"{name}.npz", says], status=1)


if __name__ == "__main__":
    unittest.main()
