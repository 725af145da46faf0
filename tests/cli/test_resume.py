"""inkling train --resume and --init-from: a run that was killed, stopped or out of disk ends with the bytes of an unbroken one."""
import hashlib
import json
import random
import resource
import shutil
import signal
import struct
import subprocess
import time
import unittest

import numpy as np

from inkling_program import BINARY, ProgramTest

# Everything whose state matters: moments, an average, masks, a rate that depends on the step, the best weights so far.
RUN = ["train", "--data", "sample", "--layers", "784,64,10", "--limit-train", 1500, "--limit-test", 300, "--validation", 0.2,
       "--batch", 40, "--epochs", 6, "--optimizer", "adamw", "--weight-decay", 0.01, "--schedule", "cosine", "--warmup", 7,
       "--dropout", 0.3, "--batch-norm", "--mixup", 0.2, "--ema", 0.95, "--keep", "best", "--clip-norm", 5, "--seed", 3]
STEPS_AN_EPOCH = 30  # derived: 1500 images, 0.2 of them held out, 40 a batch
EPOCHS = 6


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def metrics(run):
    """The lines of a run, without what the clock said."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    for line in lines:
        del line["train_seconds"], line["test_seconds"]
    return lines


def newest(run):
    """Batches done by the newest checkpoint, -1 without any."""
    return max((int(p.stem) for p in run.glob("checkpoint/[0-9]*.safetensors")), default=-1)


def write_idx(folder, train, test, seed):
    """A data set of random 28x28 images."""
    folder.mkdir()
    rng = np.random.default_rng(seed)
    for name, count in (("train", train), ("t10k", test)):
        pixels = rng.integers(0, 100, count * 784, dtype=np.uint8)
        (folder / f"{name}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, count, 28, 28) + pixels.tobytes())
        labels = np.arange(count, dtype=np.uint8) % 10
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, count) + labels.tobytes())


class ResumeTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.run_folder = self.folder / "run"

    def start(self, *arguments, **options):
        return subprocess.Popen([BINARY, *map(str, arguments)], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                **options)

    def stopped_run(self, run=RUN, seconds=0):
        """What a run says that Ctrl-C has stopped soon after its first epoch."""
        for _ in range(5):  # on a busy machine it may be done before we have read its first line
            process = self.start(*run, "--checkpoint-seconds", seconds, "--out", "run")
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
            _, text = process.communicate(timeout=60)
            if process.returncode != 0:
                break
            shutil.rmtree(self.run_folder)
        self.assertEqual(process.returncode, 130, text)
        return text

    def unbroken(self, run=RUN):
        self.inkling(*run, "--out", "whole")
        return self.folder / "whole"

    def assert_same_run(self, whole):
        self.assertEqual(sha256(self.run_folder / "model.safetensors"), sha256(whole / "model.safetensors"))
        self.assertEqual(metrics(self.run_folder), metrics(whole))
        self.assertEqual(sorted(p.name for p in self.run_folder.iterdir()), ["config.json", "metrics.jsonl", "model.safetensors"])


class Killed(ResumeTest):
    def test_twenty_kills_at_random_moments_change_nothing(self):
        whole = self.unbroken()
        rng = random.Random(20)
        total, kills = EPOCHS * STEPS_AN_EPOCH, 0
        while kills < 20:
            begun = newest(self.run_folder) >= 0
            if not begun and self.run_folder.exists():
                self.refused("train", "--resume", "run", says="no checkpoint to resume from", status=1)
                shutil.rmtree(self.run_folder)
            what = ["--resume", "run"] if begun else [*RUN[1:], "--out", "run"]
            process = self.start("train", *what, "--checkpoint-seconds", 0, "--threads", rng.choice([1, 2]))
            if kills % 4 == 3:  # any moment: while it reads, before anything is done, far into it
                time.sleep(rng.uniform(0, 0.2))
            else:  # a little further than the last time, in whatever the program does there
                target = (kills + 1) * (total - 20) // 20
                while newest(self.run_folder) < target and process.poll() is None:
                    time.sleep(0.001)
                time.sleep(rng.uniform(0, 0.01))
            process.kill()
            _, text = process.communicate(timeout=60)
            self.assertEqual(process.returncode, -signal.SIGKILL, f"it ended before kill {kills}: {text}")
            kills += 1
        self.assertGreater(newest(self.run_folder), total // 2)
        self.assertLessEqual(len(list(self.run_folder.glob("checkpoint/[0-9]*"))), 3)  # the third: killed before it was removed
        self.inkling("train", "--resume", "run", "--checkpoint-seconds", 1e9)
        self.assert_same_run(whole)

    def test_what_a_killed_write_left_goes_away(self):
        self.stopped_run()
        for name in (".metrics.jsonl.1-0.part", "checkpoint/.000000000031.safetensors.1-0.part"):
            (self.run_folder / name).write_text("cut sho")
        process = self.start("train", "--resume", "run", "--checkpoint-seconds", 0)
        process.stdout.readline()  # it trains
        process.kill()
        process.communicate(timeout=60)
        self.assertEqual([str(p) for p in self.run_folder.rglob("*.1-0.part")], [])

    def test_a_damaged_newest_checkpoint_costs_only_the_steps_since_the_one_before(self):
        whole = self.unbroken()
        self.stopped_run()
        files = sorted(self.run_folder.glob("checkpoint/*.safetensors"))
        self.assertEqual(len(files), 2)
        files[1].write_bytes(files[1].read_bytes()[:-100])
        text = self.inkling("train", "--resume", "run").stderr
        self.assertIn(f"checkpoint/{files[1].name}", text)
        self.assertIn("taking the one before", text)
        self.assert_same_run(whole)

    def test_without_a_checkpoint_that_can_be_read(self):
        self.stopped_run()
        for file in self.run_folder.glob("checkpoint/*.safetensors"):
            file.write_bytes(b"nothing")
        self.refused("train", "--resume", "run", says=["checkpoint", "can be read"], status=1)


class Stopped(ResumeTest):
    def test_ctrl_c_and_resume_end_with_the_same_bytes(self):
        long = [40 if before == "--epochs" else word for before, word in zip(["", *RUN], RUN)]
        whole = self.unbroken(long)
        text = self.stopped_run(long, seconds=1e9)  # so that what there is is there for Ctrl-C
        self.assertIn("--resume run", text)
        self.assertTrue(list(self.run_folder.glob("checkpoint/*")))
        self.assertTrue((self.run_folder / "model.safetensors").exists())
        self.assertRegex(self.inkling("train", "--resume", "run").stderr, r"Resumed +\d+ epochs and \d+ batches")
        self.assert_same_run(whole)

    def test_the_disk_fills_up(self):
        """A file-size limit stands for the disk: the checkpoints of the first epoch fit, those with best weights do not."""
        whole = self.unbroken()
        floats = 784 * 64 + 3 * 64 + 64 * 16 + 16  # with padding, bias and scale; weights, last good, average, two moments, best
        limit = int(5.5 * 4 * floats)

        def fill():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        process = self.start(*RUN, "--checkpoint-seconds", 0, "--out", "run", preexec_fn=fill)
        _, text = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, text)
        for part in ("File too large", "run/checkpoint/", "--resume run"):
            self.assertIn(part, text)
        self.assertEqual(newest(self.run_folder), STEPS_AN_EPOCH - 1)
        self.assertFalse([p.name for p in self.run_folder.rglob("*.part")])
        self.inkling("train", "--resume", "run")
        self.assert_same_run(whole)

    def test_a_finished_run_says_so(self):
        self.inkling("train", "--data", "sample", "--epochs", 1, "--limit-train", 500, "--out", "run")
        self.refused("train", "--resume", "run", says="finished", status=1)

    def test_a_run_without_a_checkpoint_says_so_and_stays(self):
        self.run_folder.mkdir()
        for name in ("config.json", "metrics.jsonl"):
            (self.run_folder / name).write_text("{}")
        self.refused("train", "--resume", "run", says=["no checkpoint to resume from", "train anew"], status=1)
        (self.run_folder / "config.json").unlink()
        self.refused("train", "--resume", "run", says="is no run", status=1)
        self.assertTrue((self.run_folder / "metrics.jsonl").exists())

    def test_a_folder_that_is_no_run(self):
        (self.folder / "empty").mkdir()
        (self.folder / "file").write_text("x")
        for folder in ("empty", "nowhere", "file"):
            with self.subTest(folder):
                self.refused("train", "--resume", folder, says=[folder, "is no run"], status=1)


class AnotherRun(ResumeTest):
    def setUp(self):
        super().setUp()
        self.stopped_run()

    def refused_as_another(self, *arguments, says):
        self.refused("train", "--resume", "run", *arguments, says=says, status=1)

    def test_other_options_are_refused_by_name_and_equal_ones_are_not(self):
        self.refused_as_another("--lr", 0.5, says=["learning_rate", "0.001", "0.5"])
        self.refused_as_another("--epochs", 7, says=["epochs", "6", "7"])
        self.refused_as_another("--optimizer", "sgd", says=["optimizer", "adamw", "sgd"])
        self.refused_as_another("--preset", "classic", says="--preset")
        self.refused_as_another("--init-from", "run/model.safetensors", says="--init-from")
        self.refused_as_another("--out", "other", says="--out")
        self.inkling("train", "--resume", "run", "--lr", 0.001, "--data", "sample")

    def test_other_data_are_refused(self):
        write_idx(self.folder / "other", 1600, 400, seed=1)
        self.refused_as_another("--data", "other", says=["belongs to another run", "data is"])

    def test_a_changed_config_is_refused_by_the_options_name(self):
        file = self.run_folder / "config.json"
        good = file.read_text()
        for option, value in [("learning_rate", 0.002), ("dropout", 0.4), ("seed", 4), ("ema", 0), ("layers", [784, 65, 10])]:
            with self.subTest(option):
                file.write_text(json.dumps({**json.loads(good), option: value}))
                self.refused_as_another(says=["belongs to another run", f"{option} is"])
        file.write_text(good[:50])
        self.refused_as_another(says="config.json")
        file.write_text(good)
        self.inkling("train", "--resume", "run")


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, values in tensors.items():
        raw = np.ascontiguousarray(values, dtype="<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


class InitFrom(ResumeTest):
    SHORT = ["train", "--data", "sample", "--epochs", 1, "--limit-train", 500]

    def accuracy(self, run):
        return metrics(self.folder / run)[-1]["test_accuracy"]

    def test_starts_from_a_models_weights(self):
        self.inkling("train", "--data", "sample", "--epochs", 8, "--out", "first")
        gentle = [*self.SHORT, "--lr", 1e-6]
        self.inkling(*gentle, "--out", "cold")
        self.inkling(*gentle, "--init-from", "first/model.safetensors", "--out", "warm")
        self.assertLess(self.accuracy("cold"), 0.5)
        self.assertGreater(self.accuracy("warm"), 0.9)

    def test_starts_from_plain_safetensors(self):
        rng = np.random.default_rng(5)
        tensors = {"0.weight": rng.normal(0, 0.05, (20, 784)), "0.bias": rng.normal(0, 0.1, 20), "2.weight": rng.normal(0, 0.3, (10, 20)),
                   "2.bias": rng.normal(0, 0.1, 10)}
        write_safetensors(self.folder / "plain.safetensors", tensors)
        # A step of nothing leaves them as they were, and NumPy says what they do with the first batch.
        self.inkling(*self.SHORT, "--layers", "784,20,10", "--lr", 1e-30, "--init-from", "plain.safetensors", "--out", "run")
        raw = (self.run_folder / "model.safetensors").read_bytes()
        size = struct.unpack("<Q", raw[:8])[0]
        header = json.loads(raw[8:8 + size])
        for name, values in tensors.items():
            begin, end = header[name]["data_offsets"]
            got = np.frombuffer(raw[8 + size + begin:8 + size + end], "<f4").reshape(header[name]["shape"])
            np.testing.assert_array_equal(got, values.astype("<f4"), name)

    def test_refusals(self):
        rng = np.random.default_rng(6)
        tensors = {"0.weight": rng.normal(0, 1, (20, 784)), "0.bias": np.zeros(20), "2.weight": rng.normal(0, 1, (10, 20)), "2.bias": np.zeros(10)}
        write_safetensors(self.folder / "narrow.safetensors", tensors)
        (self.folder / "text").write_text("no weights")
        write_safetensors(self.folder / "names.safetensors", {f"net.{name}": values for name, values in tensors.items()})
        for file, says in [("narrow.safetensors", ["784-20-10", "784-128-10", "--layers"]), ("text", "text"), ("nowhere", "nowhere"),
                           ("names.safetensors", "names.safetensors")]:
            with self.subTest(file):
                self.refused(*self.SHORT, "--init-from", file, "--out", "run", says=says, status=1)


if __name__ == "__main__":
    unittest.main()
