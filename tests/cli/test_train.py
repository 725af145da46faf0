"""inkling train: what it prints, what it leaves, and how it refuses."""
import hashlib
import json
import os
import pty
import re
import resource
import select
import signal
import subprocess
import time
import unittest

from inkling_program import BINARY, ProgramTest

EPOCH = re.compile(r"^Epoch +\d+/\d+ \| Loss: \d+\.\d{4} \| Train Acc: \d+\.\d\d% \| Test Acc: \d+\.\d\d%$")
SAMPLE = ["train", "--data", "sample"]


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Train(ProgramTest):
    def test_learns_the_sample_and_prints_only_epochs_to_a_pipe(self):
        result = self.inkling(*SAMPLE, "--epochs", 12, "--out", "run")
        lines = result.stdout.splitlines()
        self.assertEqual(len(lines), 12)
        for line in lines:
            self.assertRegex(line, EPOCH)
        self.assertNotIn("\x1b", result.stdout + result.stderr)
        self.assertNotIn("\r", result.stderr)
        self.assertGreater(float(re.search(r"Test Acc: ([\d.]+)%", lines[-1]).group(1)), 92)
        self.assertLess(float(re.search(r"Loss: ([\d.]+)", lines[-1]).group(1)), 0.2)

    def test_says_what_it_runs_on_and_where_the_run_is(self):
        text = self.inkling(*SAMPLE, "--epochs", 1, "--threads", 2, "--seed", 42, "--out", "run").stderr
        for part in ("784-128-10", "101,770 parameters", "seed 42", "2 threads", "4,000", "1,000", "0.1", "batch 128", "standard error",
                     "run/model.safetensors"):
            self.assertIn(part, text)

    def test_nobody_mistakes_the_sample_for_mnist(self):
        text = self.inkling(*SAMPLE, "--epochs", 1, "--out", "run").stderr
        self.assertRegex(text, r"(?i)not MNIST")

    def test_run_folder_holds_configuration_metrics_and_model(self):
        self.inkling(*SAMPLE, "--epochs", 3, "--lr", 0.05, "--out", "run")
        config = json.loads((self.folder / "run/config.json").read_text())
        self.assertEqual((config["layers"], config["learning_rate"], config["epochs"]), ([784, 128, 10], 0.05, 3))
        self.assertEqual([len(sha) for sha in config["data"]["idx_sha256"]], [64] * 4)
        metrics = [json.loads(line) for line in (self.folder / "run/metrics.jsonl").read_text().splitlines()]
        self.assertEqual([m["epoch"] for m in metrics], [1, 2, 3])
        self.assertTrue(all(0 <= m["test_accuracy"] <= 1 for m in metrics))
        self.assertEqual(sorted(p.name for p in (self.folder / "run").iterdir()), ["config.json", "metrics.jsonl", "model.safetensors"])

    def test_default_folder_is_in_runs_and_latest_points_at_the_newest(self):
        for _ in range(2):
            self.inkling(*SAMPLE, "--epochs", 1)
        runs = sorted(p for p in (self.folder / "runs").iterdir() if not p.is_symlink())
        self.assertEqual(len(runs), 2)
        self.assertEqual((self.folder / "runs/latest").resolve(), max(runs, key=lambda p: p.stat().st_mtime_ns))
        self.inkling("eval", "runs/latest", "--data", "sample")

    def test_one_seed_gives_one_file_for_any_threads_and_instruction_set(self):
        isas = re.search(r"Instruction set:([^(]*)\(", " ".join(self.inkling("train", "-h").stdout.split())).group(1)
        isas = [isa.strip() for isa in isas.split(",")]
        self.assertIn("portable", isas)
        sums = set()
        for isa in isas:
            for threads in (1, 2, 5):
                out = f"{isa}-{threads}"
                self.inkling(*SAMPLE, "--epochs", 1, "--isa", isa, "--threads", threads, "--out", out)
                sums.add(sha256(self.folder / out / "model.safetensors"))
        self.assertEqual(len(sums), 1)
        self.inkling(*SAMPLE, "--epochs", 1, "--seed", 2, "--out", "other")
        self.assertNotIn(sha256(self.folder / "other/model.safetensors"), sums)

    def test_bf16_is_another_file_the_same_for_any_threads_and_instruction_set(self):
        isas = re.search(r"Instruction set:([^(]*)\(", " ".join(self.inkling("train", "-h").stdout.split())).group(1)
        few = [*SAMPLE, "--epochs", 1, "--limit-train", 640, "--limit-test", 100]  # `portable` is slow, more so under sanitizers
        sums = set()
        for isa in isas.split(","):
            for threads in (1, 2):
                out = f"{isa.strip()}-{threads}"
                self.inkling(*few, "--precision", "bf16", "--isa", isa.strip(), "--threads", threads, "--out", out)
                sums.add(sha256(self.folder / out / "model.safetensors"))
        self.assertEqual(len(sums), 1)
        self.inkling(*few, "--out", "fp32")
        self.assertNotIn(sha256(self.folder / "fp32/model.safetensors"), sums)
        precisions = [json.loads((self.folder / run / "config.json").read_text())["precision"] for run in ("portable-1", "fp32")]
        self.assertEqual(precisions, ["bf16", "fp32"])
        self.refused(*SAMPLE, "--precision", "fp16", says=["precision", "'fp16'", "fp32, bf16"], status=2)

    def test_whole_data_set_as_one_batch(self):
        self.inkling(*SAMPLE, "--epochs", 2, "--batch", "full", "--out", "a")
        self.inkling(*SAMPLE, "--epochs", 2, "--batch", 4000, "--out", "b")
        self.assertEqual(sha256(self.folder / "a/model.safetensors"), sha256(self.folder / "b/model.safetensors"))

    def test_any_number_of_hidden_layers(self):
        for layers in ("784,10", "784,25,25,10", "784,16,16,16,16,12"):
            self.inkling(*SAMPLE, "--epochs", 1, "--layers", layers, "--out", layers)

    def test_wrong_usage(self):
        for arguments, says in [
            (["--batch", 0], "'0'"), (["--batch", -1], "'-1'"), (["--batch", "many"], "'many'"), (["--epochs", 0], "'0'"),
            (["--epochs", "1.5"], "'1.5'"), (["--epochs", "010"], "'010'"), (["--layers", "784,,10"], "'784,,10'"), (["--layers", "784"], "'784'"),
            (["--layers", "784,-5,10"], "'784,-5,10'"), (["--layers", ""], "784,128,10"), (["--lr", "nan"], "'nan'"),
            (["--lr", 0], "'0'"), (["--lr", "inf"], "'inf'"), (["--lr", "-0.1"], "'-0.1'"), (["--seed", "-1"], "'-1'"),
            (["--seed", "99999999999999999999"], "99999999999999999999"), (["--threads", 0], "'0'"), (["--threads", 100000], "'100000'"),
            (["--epoch", 3], "did you mean '--epochs'"), (["--frobnicate"], "--frobnicate"), (["surprise"], "surprise"),
        ]:
            with self.subTest(arguments):
                text = self.refused(*SAMPLE, *arguments, says=says, status=2).stderr
                self.assertIn("--help", text)

    def test_refusals(self):
        (self.folder / "file").write_text("x")
        (self.folder / "full").mkdir()
        (self.folder / "full/precious").write_text("x")
        for arguments, says in [
            (["--layers", "784,128,9"], ["10 classes", "9 outputs"]), (["--layers", "100,10"], ["28x28", "100 inputs"]),
            (["--layers", "784,9999999999,10"], "9999999999"), (["--isa", "mmx"], "portable"),
            (["--out", "file"], "it is a file"), (["--out", "full"], "holds something already"), (["--out", "file/below"], "file/below"),
        ]:
            with self.subTest(arguments):
                self.refused(*SAMPLE, "--epochs", 1, *arguments, says=says, status=1)
        for source in ("nowhere", "file"):
            self.refused("train", "--data", source, says=source, status=1)

    def test_unwritable_folder_is_found_before_training(self):
        if os.geteuid() == 0:
            self.refused(*SAMPLE, "--epochs", 1, "--out", "/proc/run", says="/proc/run", status=1)
            return
        (self.folder / "locked").mkdir(mode=0o500)
        self.refused(*SAMPLE, "--epochs", 1, "--out", "locked/run", says="locked/run", status=1)

    def test_full_disk(self):
        """A file-size limit stands for the disk: metrics still fit, the model does not."""
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        result = subprocess.run([BINARY, *SAMPLE, "--epochs", "1", "--out", "run"], cwd=self.folder, capture_output=True, text=True,
                                preexec_fn=limit, timeout=120)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("File too large", result.stderr)
        self.assertIn("run/model.safetensors", result.stderr)
        self.assertFalse((self.folder / "run").exists())

    def test_diverging_in_the_first_epoch_says_why_and_leaves_nothing(self):
        text = self.refused(*SAMPLE, "--lr", 1e20, "--batch", 10, says=["epoch 1", "batch", "learning rate"], status=1).stderr
        self.assertIn("try 1e+19", text)
        self.assertFalse(any((self.folder).rglob("*.safetensors")))


class Interrupted(ProgramTest):
    def start(self, *arguments, out="run"):
        return subprocess.Popen([BINARY, *SAMPLE, "--epochs", "100000", "--out", out, *arguments], cwd=self.folder,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait_for_an_epoch(self, process):
        self.assertRegex(process.stdout.readline().rstrip(), EPOCH)

    def test_ctrl_c_saves_the_model_so_far_and_says_where(self):
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(sign):
                process = self.start(out=f"run-{sign}")
                self.wait_for_an_epoch(process)
                process.send_signal(sign)
                _, text = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 128 + sign, text)
                self.assertIn(f"run-{sign}/model.safetensors", text)
                self.assertIn("Stopped", text)
                self.inkling("eval", f"run-{sign}", "--data", "sample")

    def test_closed_pipe_ends_training_and_saves(self):
        process = self.start()
        self.wait_for_an_epoch(process)
        process.stdout.close()
        text = process.stderr.read()
        process.stderr.close()
        self.assertEqual(process.wait(timeout=60), 1, text)
        self.assertIn("stdout cannot be written", text)
        self.inkling("eval", "run", "--data", "sample")

    def test_second_ctrl_c_stops_at_once(self):
        # One batch of everything, so that the first signal is still being served when the second comes.
        process = self.start("--batch", "full", "--layers", "784,2000,2000,10", "--isa", "portable", "--threads", "1")
        while "Run " not in process.stderr.readline():
            pass
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        self.assertIsNone(process.poll(), "the first one is still being served")
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertLess(time.monotonic() - begun, 5)
        self.assertFalse((self.folder / "run/model.safetensors").exists())


class OnATerminal(ProgramTest):
    def test_progress_line_fits_80_columns_and_is_wiped(self):
        reader, terminal = pty.openpty()
        process = subprocess.Popen([BINARY, *SAMPLE, "--layers", "784,256,256,10", "--epochs", "15", "--out", "run"], cwd=self.folder,
                                   stdout=terminal, stderr=terminal, env={**os.environ, "TERM": "xterm-256color"})
        os.close(terminal)
        output = b""
        while select.select([reader], [], [], 60)[0]:
            try:
                data = os.read(reader, 65536)
            except OSError:  # the program has closed the other end
                break
            if not data:
                break
            output += data
        self.assertEqual(process.wait(timeout=60), 0)
        text = output.decode()
        self.assertIn("images/s", text)
        self.assertIn("left", text)
        for line in re.split(r"[\r\n]+", text):
            self.assertLessEqual(len(line.replace("\x1b[K", "")), 80, line)
        self.assertEqual(len([line for line in text.replace("\x1b[K", "").split("\n") if EPOCH.match(line.strip().split("\r")[-1])]), 15)


if __name__ == "__main__":
    unittest.main()
