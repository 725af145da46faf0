"""inkling show: which files come, what is left out and why, and how it refuses."""
import json
import os
import pathlib
import shutil
import signal
import stat
import struct
import subprocess
import time
import unittest
import zlib

from inkling_program import BINARY, ProgramTest, run

CHARTS = ["accuracy", "gradients", "histograms", "line", "loss", "map", "rate", "reliability"]
PIXELS = ["activations", "class-activations", "confusion", "mistakes", "predictions", "preferred", "saliency", "weights"]
OF_RUNS = ["accuracy", "gradients", "loss", "rate"]
GNUPLOT = shutil.which("gnuplot") is not None


def png_size(path):
    """Width and height, after every chunk's checksum has been looked at."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", path
    at, kinds = 8, []
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length:at + 12 + length])[0] == zlib.crc32(kind + body), (path, kind)
        kinds.append(kind)
        at += 12 + length
    assert kinds[0] == b"IHDR" and kinds[-1] == b"IEND", path
    return struct.unpack(">II", data[16:24])


class Show(ProgramTest):
    @classmethod
    def setUpClass(cls):
        if "no FreeType" in run("show", "nothing").stderr:
            raise unittest.SkipTest("built without FreeType")

    def setUp(self):
        super().setUp()
        self.inkling("train", "--data", "sample", "--epochs", 2, "--layers", "784,16,10", "--out", "run")
        # A PATH in which there is a gnuplot or not, as a test wants it.
        self.empty = self.folder / "no-programs"
        self.empty.mkdir()
        self.without_gnuplot = {"PATH": str(self.empty)}

    def files(self, folder):
        return sorted(p.name for p in (self.folder / folder).iterdir())

    def model_of(self, layers, name, **train):
        options = [text for key, value in train.items() for text in (f"--{key}", value)]
        self.inkling("train", "--data", "sample", "--epochs", 1, "--layers", layers, "--out", name, *options)
        return f"{name}/model.safetensors"

    @unittest.skipUnless(GNUPLOT, "no gnuplot here")
    def test_a_run_gives_every_picture(self):
        result = self.inkling("show", "run")
        self.assertEqual(result.stderr.count("Left out"), 0, result.stderr)
        expected = [f"{name}.png" for name in CHARTS + PIXELS] + [f"{name}.svg" for name in CHARTS]
        self.assertEqual(self.files("run/pictures"), sorted(expected))
        for name in CHARTS + PIXELS:
            width, height = png_size(self.folder / f"run/pictures/{name}.png")
            self.assertGreater(min(width, height), 300, name)
            self.assertIn(f"run/pictures/{name}.png", result.stdout)
        for name in CHARTS:
            text = (self.folder / f"run/pictures/{name}.svg").read_text()
            self.assertTrue(text.startswith("<?xml") and text.rstrip().endswith("</svg>"), name)
        self.assertTrue(all(len(line) <= 80 for line in result.stdout.splitlines()), result.stdout)

    def test_the_same_pictures_twice(self):
        for folder, threads in (("a", 1), ("b", 3)):
            self.inkling("show", "run", *PIXELS, "-o", folder, "--threads", threads)
        for name in PIXELS:
            a, b = ((self.folder / folder / f"{name}.png").read_bytes() for folder in "ab")
            self.assertEqual(a, b, name)

    def test_without_gnuplot_the_other_pictures_come(self):
        result = self.inkling("show", "run", env=self.without_gnuplot)
        self.assertEqual(self.files("run/pictures"), sorted(f"{name}.png" for name in PIXELS))
        self.assertIn("gnuplot-nox", result.stderr)
        for name in CHARTS:
            self.assertIn(name, result.stderr)
        asked = self.inkling("show", "run", "loss", "weights", "-o", "some", env=self.without_gnuplot, status=1)
        self.assertEqual(self.files("some"), ["weights.png"])
        self.assertIn("gnuplot-nox", asked.stderr)
        self.inkling("show", "run", "loss", "-o", "none", env=self.without_gnuplot, status=1)
        self.assertFalse((self.folder / "none").exists())

    def test_a_gnuplot_that_fails_is_an_error(self):
        program = self.empty / "gnuplot"
        program.write_text("#!/bin/sh\necho it broke >&2\nexit 1\n")
        program.chmod(0o755)
        result = self.inkling("show", "run", "loss", "-o", "x", env=self.without_gnuplot, status=1)
        self.assertIn("it broke", result.stderr)
        self.assertFalse((self.folder / "x").exists())

    def test_ctrl_c_ends_gnuplot_and_leaves_nothing(self):
        programs, temporary = self.folder / "programs", self.folder / "temporary"
        programs.mkdir()
        temporary.mkdir()
        (programs / "gnuplot").write_text("#!/bin/sh\nexec /bin/sleep 60\n")
        (programs / "gnuplot").chmod(0o755)
        process = subprocess.Popen([BINARY, "show", "run"], cwd=self.folder, start_new_session=True, stdout=subprocess.DEVNULL,
                                   env={**os.environ, "PATH": str(programs), "TMPDIR": str(temporary)})
        end = time.monotonic() + 60
        while not list(temporary.glob("*/said")) and time.monotonic() < end:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        self.assertEqual(process.wait(timeout=30), 130)
        self.assertEqual(list(temporary.iterdir()), [])

    def test_only_what_was_named(self):
        self.inkling("show", "run", "weights", "confusion", "-o", "deep/er")
        self.assertEqual(self.files("deep/er"), ["confusion.png", "weights.png"])

    def test_a_model_file_with_data(self):
        shutil.copy(self.folder / "run/model.safetensors", self.folder / "digits.safetensors")
        result = self.inkling("show", "digits.safetensors", "--data", "sample", env=self.without_gnuplot)
        self.assertEqual(self.files("digits-pictures"), sorted(f"{name}.png" for name in PIXELS))
        for name in OF_RUNS:
            self.assertIn(name, result.stderr)
        self.assertIn("--against", result.stderr)

    @unittest.skipUnless(GNUPLOT, "no gnuplot here")
    def test_the_line_to_another_model(self):
        self.inkling("train", "--data", "sample", "--epochs", 1, "--layers", "784,16,10", "--seed", 2, "--out", "other")
        self.inkling("show", "run/model.safetensors", "line", "--data", "sample", "--against", "other", "-o", "x")
        self.assertEqual(self.files("x"), ["line.png", "line.svg"])
        different = self.model_of("784,8,10", "different")
        result = self.inkling("show", "run", "line", "--against", different, "-o", "y", status=1)
        self.assertIn("784-8-10", result.stderr)
        self.assertFalse((self.folder / "y").exists())

    def test_a_model_of_other_images_draws_what_needs_no_data(self):
        """One that reads 28x28 but not ten digits: MNIST is not looked for."""
        path = self.model_of("784,9,26", "letters")
        data = (self.folder / path).read_bytes()
        size = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:8 + size])
        header["__metadata__"]["inkling.classes"] = json.dumps({"names": [chr(97 + k) for k in range(26)]})
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        (self.folder / "letters.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data[8 + size:])
        result = self.inkling("show", "letters.safetensors", env=self.without_gnuplot)
        self.assertEqual(self.files("letters-pictures"), ["preferred.png", "weights.png"])
        self.assertIn("--data", result.stderr)

    def test_no_hidden_layer_and_many(self):
        self.model_of("784,10", "flat")
        result = self.inkling("show", "flat", env=self.without_gnuplot)
        self.assertEqual(self.files("flat/pictures"), ["confusion.png", "mistakes.png", "predictions.png", "preferred.png",
                                                       "saliency.png", "weights.png"])
        self.assertIn("no hidden layer", result.stderr)
        self.model_of("784,12,11,10,9,8,7,6,10", "deep", activation="tanh")
        self.inkling("show", "deep", env=self.without_gnuplot)
        self.assertEqual(self.files("deep/pictures"), sorted(f"{name}.png" for name in PIXELS))
        if GNUPLOT:
            self.inkling("show", "deep", *CHARTS)

    def test_a_run_with_batch_normalisation_and_held_out_images(self):
        self.model_of("784,12,10", "normal", validation=0.2)
        self.inkling("train", "--data", "sample", "--epochs", 1, "--layers", "784,12,10", "--batch-norm", "--out", "bn")
        for run in ("normal", "bn"):
            self.inkling("show", run, *(CHARTS + PIXELS if GNUPLOT else PIXELS))

    def test_other_images_than_the_runs_are_not_taken_for_them(self):
        config = self.folder / "run/config.json"
        text = json.loads(config.read_text())
        text["data"]["idx_sha256"][0] = "0" * 64
        config.write_text(json.dumps(text))
        result = self.inkling("show", "run", "-o", "x", env=self.without_gnuplot)
        self.assertEqual(self.files("x"), ["preferred.png", "weights.png"])
        self.assertIn("other images than those of the run", result.stderr)
        self.inkling("show", "run", "confusion", "-o", "x", status=1)

    def test_list_names_all(self):
        lines = self.inkling("show", "--list").stdout.splitlines()
        self.assertEqual(sorted(line.split()[0] for line in lines), sorted(CHARTS + PIXELS))
        self.assertTrue(all(len(line) <= 80 for line in lines))

    def test_refusals(self):
        self.refused("show", says="expected the folder of a run", status=2)
        self.refused("show", "run", "los", says=["did you mean 'loss'"], status=2)
        self.refused("show", "nowhere", says="nowhere", status=1)
        self.refused("show", "run", "--data", "nowhere", says="nowhere", status=1)
        self.refused("show", "run", "saliency", "--index", 1000, says="0 to 999", status=1)
        self.refused("show", "run", "--index", "-1", says="--index", status=2)
        self.refused("show", "run", "-o", "run/config.json", says="run/config.json", status=1)
        self.refused("show", "run", "-o", "run/config.json/x", says="run/config.json", status=1)

    def test_broken_files(self):
        config = self.folder / "run/config.json"
        metrics = self.folder / "run/metrics.jsonl"
        model = self.folder / "run/model.safetensors"
        for path, damage in ((config, b"{"), (metrics, b"no json\n{}\n"), (model, model.read_bytes()[:100])):
            kept = path.read_bytes()
            path.write_bytes(damage)
            self.refused("show", "run", says=path.name, status=1)
            path.write_bytes(kept)

    def test_a_run_that_has_no_model_yet(self):
        (self.folder / "run/model.safetensors").unlink()
        result = self.inkling("show", "run", status=0 if GNUPLOT else 1)
        self.assertIn("has no model yet", result.stderr)
        if GNUPLOT:
            self.assertEqual(self.files("run/pictures"), sorted(f"{n}.{e}" for n in OF_RUNS for e in ("png", "svg")))

    @unittest.skipIf(os.geteuid() == 0, "root writes anywhere")
    def test_a_folder_that_cannot_be_written(self):
        locked = self.folder / "locked"
        locked.mkdir()
        locked.chmod(stat.S_IRUSR | stat.S_IXUSR)
        self.inkling("show", "run", "weights", "-o", "locked", status=1)
        self.assertEqual(self.files("locked"), [])


if __name__ == "__main__":
    unittest.main()
