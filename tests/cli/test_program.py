"""The program as a whole: help, usage, and what every command has in common; gradcheck, eval and predict."""
import json
import re
import unittest

from inkling_program import ProgramTest, png

COMMANDS = [["train"], ["eval"], ["predict"], ["read"], ["gradcheck"], ["show"], ["bench"], ["data"], ["data", "find"], ["data", "get"], ["data", "info"], ["data", "show"]]


class Help(ProgramTest):
    def test_every_command_explains_itself_in_80_columns_with_examples(self):
        for command in [[], *COMMANDS]:
            for flag in ("-h", "--help"):
                with self.subTest(command):
                    result = self.inkling(*command, flag)
                    self.assertIn("Examples:\n", result.stdout)
                    self.assertEqual(result.stderr, "")
                    for line in result.stdout.splitlines():
                        self.assertLessEqual(len(line), 80, line)

    def test_options_named_in_the_help_of_a_command_have_descriptions(self):
        for command in COMMANDS:
            for line in self.inkling(*command, "-h").stdout.splitlines():
                if re.match(r"  --?\w", line):
                    self.assertTrue(len(line) <= 26 or "  " in line.strip() or len(line) > 26, line)

    def test_version(self):
        self.assertRegex(self.inkling("--version").stdout, r"^inkling \d+\.\d+\.\d+\n$")

    def test_no_command_and_unknown_commands(self):
        self.refused(says="train", status=2)
        self.refused("tarin", says="did you mean 'train'", status=2)
        self.refused("data", says="find", status=2)
        self.refused("data", "fnd", says="did you mean 'find'", status=2)


class Gradcheck(ProgramTest):
    def test_passes_for_the_named_networks(self):
        for layers in ("784,128,10", "784,25,25,10", "5,4,3,2"):
            text = self.inkling("gradcheck", "--layers", layers, "--parameters", 50).stdout
            self.assertIn("Passed", text)
            tensors = len(layers.split(",")) * 2 - 2
            self.assertEqual(len(re.findall(r"^\d+\.(?:weight|bias) .* ok$", text, re.M)), tensors, text)
            for line in text.splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_checks_every_parameter_when_asked(self):
        self.assertIn("all 20", self.inkling("gradcheck", "--layers", "5,4,3,2", "--parameters", 0).stdout)

    def test_wrong_usage(self):
        for arguments in (["--layers", "5"], ["--images", 0], ["--parameters", "x"], ["--seed", "-3"]):
            with self.subTest(arguments):
                self.refused("gradcheck", *arguments, says=arguments[0], status=2)


class Answers(ProgramTest):
    def setUp(self):
        super().setUp()
        self.inkling("train", "--data", "sample", "--epochs", 5, "--out", "run")

    def test_eval_prints_accuracy_loss_and_confusion(self):
        text = self.inkling("eval", "run", "--data", "sample").stdout
        self.assertRegex(text, r"Accuracy +\d+\.\d\d % ± \d\.\d\d")
        self.assertRegex(text, r"Loss +\d+\.\d{4}")
        self.assertEqual(len(re.findall(r"^ +\d( +(\d+|\.)){10} +[\d.]+ %$", text, re.M)), 10, text)
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_eval_json_adds_up(self):
        report = json.loads(self.inkling("eval", "run/model.safetensors", "--data", "sample", "--json").stdout)
        confusion = report["confusion"]
        self.assertEqual(sum(map(sum, confusion)), 1000)
        self.assertEqual(sum(confusion[c][c] for c in range(10)), report["correct"])
        self.assertEqual(len(report["mistakes"]), 1000 - report["correct"])
        self.assertAlmostEqual(report["accuracy"], report["correct"] / 1000)
        probabilities = [m["probability"] for m in report["mistakes"]]
        self.assertEqual(probabilities, sorted(probabilities, reverse=True))

    def test_predict_draws_the_image_and_ten_bars_and_judges(self):
        text = self.inkling("predict", "run", "--index", 3, "--data", "sample").stdout
        self.assertEqual(len(re.findall(r"[> ] +\d [#.]+ +[\d.]+ %$", text, re.M)), 10, text)
        self.assertRegex(text, r"\d with [\d.]+ %: (right|wrong, the label is \d)")
        self.assertIn("@", text)
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)
        self.assertNotIn("\x1b", text)

    def test_predict_saliency_draws_signs_beside_the_image_and_sums_to_the_logit(self):
        text = self.inkling("predict", "run", "--index", 3, "--data", "sample", "--saliency").stdout
        self.assertEqual(len(re.findall(r"[> ] +\d [#.]+ +[\d.]+ %$", text, re.M)), 10, text)
        self.assertIn("+9", text)
        self.assertRegex(text, r"\+ ink that speaks for \d, - against it")
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)
        answer = json.loads(self.inkling("predict", "run", "--index", 3, "--data", "sample", "--saliency", "--json").stdout)
        saliency = answer["saliency"]
        self.assertEqual(len(saliency["shares"]), 784)
        self.assertAlmostEqual(sum(saliency["shares"]), saliency["sum"], places=3)
        self.assertLessEqual(abs(saliency["sum"] - saliency["difference"]), 1e-3 * abs(saliency["difference"]))
        black = self.folder / "black.png"
        png(black, 28, 28, bytes(784))
        nothing = json.loads(self.inkling("predict", "run", black, "--json").stdout)
        self.assertAlmostEqual(answer["logits"][answer["digit"]] - nothing["logits"][answer["digit"]], saliency["difference"], places=3)

    def test_weights_in_the_terminal_fit_80_columns(self):
        text = self.inkling("show", "run", "weights", "--terminal").stdout
        self.assertRegex(text, r"(?m)^\d: \d of \d+ units?$")
        self.assertRegex(text, r"[+-]9.*\n")
        self.assertIn("A full pixel adds", text)
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)
        self.assertFalse((self.folder / "run/pictures").exists())
        self.refused("show", "run", "loss", "--terminal", says="'loss' cannot be drawn in a terminal", status=2)

    def test_predict_random_names_its_index(self):
        text = self.inkling("predict", "run", "--random", "--data", "sample").stdout
        self.assertRegex(text, r"image \d+ of the test set")

    def test_predict_json_and_png_agree_with_the_test_set(self):
        by_index = json.loads(self.inkling("predict", "run", "--index", 7, "--data", "sample", "--json").stdout)
        self.assertEqual(by_index["index"], 7)
        self.assertAlmostEqual(sum(by_index["probabilities"]), 1, places=5)
        self.assertEqual(by_index["digit"], by_index["probabilities"].index(max(by_index["probabilities"])))
        self.assertIsNone(by_index["refused"])

        import gzip
        import os
        import pathlib
        images = gzip.decompress((pathlib.Path(os.environ["INKLING_SOURCE"]) / "data/sample/t10k-images-idx3-ubyte.gz").read_bytes())
        png(self.folder / "seven.png", 28, 28, images[16 + 7 * 784:16 + 8 * 784])
        png(self.folder / "eight.png", 28, 28, images[16 + 8 * 784:16 + 9 * 784])
        lines = self.inkling("predict", "run", "seven.png", "eight.png", "--json").stdout.splitlines()
        self.assertEqual([json.loads(line)["image"] for line in lines], ["seven.png", "eight.png"])
        self.assertEqual(json.loads(lines[0])["probabilities"], by_index["probabilities"])

    def test_predict_refusals(self):
        png(self.folder / "big.png", 32, 30, bytes(960))
        (self.folder / "text.png").write_text("no picture")
        (self.folder / "empty.safetensors").write_bytes(b"")
        for arguments, says in [
            (["run", "big.png", "--as-is"], ["big.png", "32", "30", "28"]), (["run", "text.png"], "text.png"), (["run", "no.png"], "no.png"),
            (["run", "--index", 1000, "--data", "sample"], ["1000", "999"]), (["nowhere", "big.png"], "nowhere"),
            (["empty.safetensors", "big.png"], "empty.safetensors"), (["text.png", "big.png"], "text.png"),
            (["run", "."], "beside the folders of the classes"),
        ]:
            with self.subTest(arguments):
                self.refused("predict", *arguments, says=says, status=1)

    def test_full_disk_behind_stdout_is_a_failure(self):
        import subprocess
        from inkling_program import BINARY
        with open("/dev/full", "w") as full:
            result = subprocess.run([BINARY, "eval", "run", "--data", "sample"], cwd=self.folder, stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn("stdout cannot be written", result.stderr)

    def test_predict_wrong_usage(self):
        for arguments in (["run"], ["run", "--index", 1, "--random"], ["run", "a.png", "--random"], ["run", "--index", "x"], []):
            with self.subTest(arguments):
                self.refused("predict", *arguments, says="predict", status=2)

    def test_eval_refuses_data_that_does_not_fit(self):
        self.inkling("train", "--data", "sample", "--layers", "784,12", "--epochs", 1, "--out", "wide")
        self.inkling("eval", "wide", "--data", "sample")
        self.refused("eval", "run", "--data", "nowhere", says="nowhere", status=1)


if __name__ == "__main__":
    unittest.main()
