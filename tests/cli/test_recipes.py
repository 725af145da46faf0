"""inkling train's options as files and presets, its trials (--find-lr, --overfit-one-batch), and gradcheck of any of them."""
import json
import re
import unittest

from inkling_program import MNIST, ProgramTest

SAMPLE = ["train", "--data", "sample"]
EPOCH = re.compile(r"^Epoch +\d+/\d+ \| Loss: \d+\.\d{4} \| Train Acc: \d+\.\d\d% \| Val: (\d+\.\d\d)% \| Test Acc: (\d+\.\d\d)%$")
# Every option but those that exclude one another, none at its default.
MANY = ["--layers", "784,30,20,10", "--activation", "tanh,gelu", "--loss", "focal", "--label-smoothing", 0.1, "--focal-gamma", 1.5,
        "--class-weights", "1,2,1,1,1,1,1,1,1,0.5", "--ink", 1, "--batch-norm", "--init", "orthogonal", "--optimizer", "adamw", "--lr", 0.003,
        "--beta1", 0.85, "--beta2", 0.98, "--epsilon", 1e-6, "--weight-decay", 0.01, "--schedule", "cosine", "--warmup", 10, "--lowest-rate",
        1e-5, "--l2", 1e-4, "--l1", 1e-5, "--max-norm", 3, "--dropout", 0.2, "--dropout-input", 0.1, "--input-noise", 0.1, "--mixup", 0.2,
        "--clip-norm", 1, "--clip-value", 0.5, "--ema", 0.99, "--epochs", 2, "--batch", 50, "--accumulate", 2, "--seed", 18446744073709551615,
        "--patience", 3, "--watch", "accuracy", "--keep", "best", "--limit-train", 600, "--limit-test", 200, "--validation", 0.2]


class Files(ProgramTest):
    def show(self, *arguments):
        return self.inkling("train", *arguments, "--show-config").stdout

    def test_what_show_config_prints_config_takes_back(self):
        for arguments in ([], MANY, ["--preset", "numpy"], ["--preset", "dropout"], ["--optimizer", "lbfgs", "--batch", "full"]):
            with self.subTest(arguments):
                text = self.show(*arguments)
                json.loads(text)
                (self.folder / "file.json").write_text(text)
                self.assertEqual(self.show("--config", "file.json"), text)
                self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["file.json"], "it shows and does nothing")

    def test_a_run_with_every_option_and_its_config_again(self):
        self.inkling(*SAMPLE, *MANY, "--out", "a")
        self.inkling(*SAMPLE, "--config", "a/config.json", "--out", "b")
        self.assertEqual((self.folder / "a/model.safetensors").read_bytes(), (self.folder / "b/model.safetensors").read_bytes())

    def test_later_sources_win(self):
        (self.folder / "file.json").write_text('{"epochs": 7, "learning_rate": 0.25}')
        config = json.loads(self.show("--preset", "numpy", "--config", "file.json", "--lr", 0.75))
        self.assertEqual((config["layers"], config["epochs"], config["learning_rate"]), ([784, 25, 25, 10], 7, 0.75))

    def test_an_optimizer_brings_its_rate_unless_one_is_given(self):
        self.assertEqual(json.loads(self.show("--optimizer", "adamw"))["learning_rate"], 0.001)
        self.assertEqual(json.loads(self.show("--lr", 0.5, "--optimizer", "adamw"))["learning_rate"], 0.5)

    def test_wrong_files_exit_with_1_and_say_where(self):
        for text, says in [('{"epoch": 3}', ["file.json", "'epochs'"]), ('{"optimizer": "adamm"}', ["file.json", "'adam'"]),
                           ('{"epochs": 0}', ["file.json", "epochs", "'0'"]), ('{"dropout": "much"}', ["file.json", "dropout", "much"]),
                           ('{"dropout": null}', ["file.json", "dropout"]), ('{"epochs": 3,}', ["file.json"]), ("[]", ["file.json"])]:
            with self.subTest(text):
                (self.folder / "file.json").write_text(text)
                self.refused(*SAMPLE, "--config", "file.json", says=says, status=1)
        self.refused(*SAMPLE, "--config", "nowhere.json", says="nowhere.json", status=1)

    def test_wrong_words_on_the_command_line_exit_with_2(self):
        for arguments, says in [(["--optimizer", "adamm"], "'adam'"), (["--activation", "rellu"], "'relu'"), (["--drop-out", 0.5], "'--dropout'"),
                                (["--dropout", 1], "'1'"), (["--schedule", "cosin"], "'cosine'"), (["--keep", "worst"], "worst")]:
            with self.subTest(arguments):
                self.refused(*SAMPLE, *arguments, says=says, status=2)

    def test_what_does_not_go_together_exits_with_1(self):
        for arguments, says in [(["--patience", 3], "validation"), (["--keep", "best"], "validation"), (["--optimizer", "lbfgs"], "batch full"),
                                (["--ema", 0.9, "--swa-start", 2], "ema"), (["--preset", "nunpy"], "numpy"),
                                (["--activation", "relu,tanh"], "activation"), (["--class-weights", "1,2"], "weights")]:
            with self.subTest(arguments):
                self.refused(*SAMPLE, *arguments, says=says, status=1)


class Runs(ProgramTest):
    def test_preset_numpy(self):
        source = ["--data", MNIST] if MNIST else ["--data", "sample", "--limit-train", 1000, "--limit-test", 200]
        result = self.inkling("train", *source, "--preset", "numpy", "--epochs", 3, "--out", "run")
        self.assertIn("784-25-25-10", result.stderr)
        self.assertIn(f"{6000 if MNIST else 1000:,} training and {1000 if MNIST else 200:,} test images", result.stderr)
        self.assertEqual(len(result.stdout.splitlines()), 1, "it reports every 500 epochs, and at the end")
        self.assertRegex(result.stdout, r"Loss: \d\.\d{4}/\d\.\d{4}")

    def test_validation_is_shown_and_fits_a_temperature(self):
        result = self.inkling(*SAMPLE, "--validation", 0.1, "--epochs", 4, "--out", "run")
        lines = result.stdout.splitlines()
        self.assertEqual(len(lines), 4)
        for line in lines:
            self.assertRegex(line, EPOCH)
        self.assertIn("3,600 training, 400 validation and 1,000 test images", result.stderr)
        temperature = float(re.search(r"Temperature (\d+\.\d+)", result.stderr).group(1))
        raw = (self.folder / "run/model.safetensors").read_bytes()
        header = json.loads(raw[8:8 + int.from_bytes(raw[:8], "little")])
        stored = re.search(r'"temperature\\*":\s*([\d.]+)', json.dumps(header["__metadata__"]))
        self.assertIsNotNone(stored, header["__metadata__"])
        self.assertAlmostEqual(float(stored.group(1)), temperature, places=3)
        metrics = [json.loads(line) for line in (self.folder / "run/metrics.jsonl").read_text().splitlines()]
        self.assertTrue(all(0 < m["validation_loss"] and 0 <= m["validation_accuracy"] <= 1 for m in metrics))


class Trials(ProgramTest):
    def assert_80_columns(self, text):
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_find_lr_draws_its_curve(self):
        for arguments in ([], ["--optimizer", "adam", "--dropout", 0.2]):
            result = self.inkling(*SAMPLE, "--find-lr", *arguments)
            self.assert_80_columns(result.stdout)
            self.assertGreater(len(re.findall(r"\*", result.stdout)), 20)
            self.assertIn("^", result.stdout)
            suggested = float(re.search(r"--lr ([\d.e+-]+\d)", result.stdout).group(1))
            self.assertTrue(1e-5 < suggested < 5, suggested)
            self.assertEqual(list(self.folder.iterdir()), [], "a trial leaves nothing")
        # What it suggests does train.
        text = self.inkling(*SAMPLE, "--lr", suggested, *arguments, "--epochs", 3, "--out", "run").stdout
        self.assertGreater(float(re.search(r"Test Acc: ([\d.]+)%", text.splitlines()[-1]).group(1)), 85)

    def test_overfit_one_batch_passes(self):
        result = self.inkling(*SAMPLE, "--overfit-one-batch")
        self.assertIn("Passed", result.stdout)
        self.assert_80_columns(result.stdout)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_overfit_one_batch_fails_where_nothing_can_be_learnt(self):
        result = self.inkling(*SAMPLE, "--overfit-one-batch", "--lr", 1e-9, "--layers", "784,10", status=1)
        self.assertIn("FAILED", result.stdout)
        self.assertIn("--find-lr", result.stdout)
        self.assert_80_columns(result.stdout)


class Gradcheck(ProgramTest):
    def assert_passes(self, *arguments):
        result = self.inkling("gradcheck", *arguments)
        self.assertIn("Passed", result.stdout)
        for line in result.stdout.splitlines():
            self.assertLessEqual(len(line), 80, line)
        return result.stdout

    def test_everything(self):
        text = self.assert_passes("--all")
        activations = ["linear", "relu", "leaky_relu", "elu", "selu", "gelu", "gelu_tanh", "silu", "mish", "sigmoid", "tanh", "scaled_tanh", "softplus"]
        for activation in activations:
            self.assertRegex(text, rf"(?m)^{activation} ")
        cells = int(re.search(r"(\d+) cells", text).group(1))
        self.assertEqual(cells % (len(activations) * 6), 0)
        rows = re.findall(r"(?m)^[\w ]{24}(?: +\d+e[-+]\d+){6}$", text)
        self.assertEqual(6 * len(rows), cells, "a number for every cell, and none with a mark of failure")

    def test_options(self):
        for arguments in (["--dropout", 0.3], ["--batch-norm"], ["--loss", "focal"], ["--loss", "binary_cross_entropy", "--label-smoothing", 0.1],
                          ["--loss", "mean_squared_error", "--mixup", 0.4], ["--l2", 0.01, "--l1", 0.001], ["--input-noise", 0.2, "--dropout-input", 0.2],
                          ["--activation", "gelu,tanh", "--layers", "7,6,5,4"]):
            with self.subTest(arguments):
                self.assert_passes(*([] if "--layers" in arguments else ["--layers", "12,8,4"]), *arguments)


if __name__ == "__main__":
    unittest.main()
