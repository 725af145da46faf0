"""inkling report: one file that holds what the run's own files say; refusals; runs beside each other.

What a browser makes of it is looked at by tests/web. Skipped where the program was built without the page.
"""
import base64
import json
import os
import re
import unittest

from inkling_program import ProgramTest, run

HAS_PAGE = "without the report's page" not in run("report", "no-such-run").stderr


def data_of(path):
    page = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="report-data">(.*?)</script', page, re.S).group(1))


@unittest.skipUnless(HAS_PAGE, "built without the report's page (INKLING_WEB)")
class Report(ProgramTest):
    def setUp(self):
        super().setUp()
        self.inkling("train", "--data", "sample", "--epochs", 3, "--layers", "784,16,10", "--limit-test", 500, "--out", "run")

    def report(self, *arguments, out="run/report.html"):
        result = self.inkling("report", *arguments)
        self.assertEqual(result.stdout, f"{out}\n")
        return data_of(self.folder / out)

    def test_holds_what_the_files_of_the_run_say(self):
        data = self.report("run")
        lines = [json.loads(line) for line in (self.folder / "run/metrics.jsonl").read_text().splitlines()]
        config = json.loads((self.folder / "run/config.json").read_text())
        curves = data["run"]["curves"]
        for name in ("epoch", "steps", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "learning_rate"):
            for here, there in zip(curves[name], (line[name] for line in lines), strict=True):
                self.assertAlmostEqual(here, there, delta=1e-5 * abs(there))
        self.assertEqual([c["sha256"] for c in data["run"]["data"]["checksums"]], config["data"]["idx_sha256"])
        values = {row["name"]: row["value"] for row in data["run"]["config"]}
        self.assertEqual((values["layers"], values["epochs"], values["batch_norm"]), ("784,16,10", "3", "false"))
        self.assertEqual([row["name"] for row in data["run"]["config"] if row["changed"]], ["layers", "epochs", "limit_test"])
        self.assertEqual(data["run"]["command"], "inkling train --layers 784,16,10 --epochs 3 --limit-test 500 --data sample")
        self.assertEqual(data["notes"], [])

    def test_scores_are_those_of_the_run_and_its_images_are_counted(self):
        data = self.report("run")
        last = json.loads((self.folder / "run/metrics.jsonl").read_text().splitlines()[-1])
        found = data["findings"]
        self.assertEqual((found["images"], found["accuracy"]), (500, last["test_accuracy"]))
        self.assertEqual(sum(map(sum, found["confusion"])), 500)
        wrong = 500 - found["correct"]
        gallery = found["gallery"]
        labels, top = base64.b64decode(gallery["label"]), base64.b64decode(gallery["top_class"])
        shown = [(labels[i], top[3 * i]) for i in range(len(labels))]
        self.assertEqual(sum(label != read for label, read in shown), wrong)  # so few that all of them fit
        for label in range(10):
            for read in range(10):
                if label != read:
                    self.assertEqual(shown.count((label, read)), found["confusion"][label][read])
        self.assertEqual(len(base64.b64decode(gallery["pixels"])), 784 * len(labels))

    def test_the_command_on_the_page_gives_the_same_model(self):
        command = self.report("run")["run"]["command"].split()
        self.inkling(*command[1:], "--out", "again")
        self.assertEqual((self.folder / "again/model.safetensors").read_bytes(), (self.folder / "run/model.safetensors").read_bytes())

    def test_is_one_file_that_fetches_nothing_and_the_same_each_time(self):
        self.inkling("report", "run", "-o", "a.html", "--threads", 1)
        self.inkling("report", "run", "-o", "b.html", "--threads", 3, "--isa", "portable")
        page = (self.folder / "a.html").read_text()
        self.assertEqual(page, (self.folder / "b.html").read_text())
        self.assertLess(len(page.encode()), 2_000_000)
        self.assertIn("default-src 'none'", page)
        self.assertNotRegex(page, r'(src|href)="(?!data:)(https?:)?//')

    def test_a_run_that_has_no_model_shows_its_curves(self):
        (self.folder / "run/model.safetensors").unlink()
        data = self.report("run")
        self.assertNotIn("findings", data)
        self.assertEqual(len(data["run"]["curves"]["epoch"]), 3)
        self.assertIn("has no model yet", data["notes"][0])

    def test_data_that_are_gone_are_said_to_be(self):
        config = self.folder / "run/config.json"
        for source, says in (("nowhere/mnist", "could not be read"), ("sample", "holds others")):
            text = json.loads(config.read_text())
            text["data"]["source"] = source
            text["data"]["idx_sha256"] = ["0" * 64] * 4
            config.write_text(json.dumps(text))
            result = self.inkling("report", "run")
            data = data_of(self.folder / "run/report.html")
            self.assertIn(says, data["notes"][0])
            self.assertIn(says, result.stderr)
            self.assertNotIn("findings", data)
            self.assertIn("weights", data)
        # Named data are taken, and that they are others is said.
        data = self.report("run", "--data", "sample")
        self.assertEqual(data["findings"]["images"], 1000)
        self.assertIn("was tested on other images", data["notes"][0])

    def test_runs_beside_each_other(self):
        self.inkling("train", "--data", "sample", "--epochs", 2, "--optimizer", "adam", "--limit-test", 500, "--out", "other")
        data = self.report("run", "other", out="comparison.html")
        rows = {row["name"]: row["values"] for row in data["differences"]}
        self.assertEqual(rows, {"layers": ["784,16,10", "784,128,10"], "optimizer": ["sgd", "adam"],
                                "learning_rate": ["0.1", "0.001"], "epochs": ["3", "2"]})
        compared = json.loads(self.inkling("eval", "run", "--compare", "other", "--data", "sample", "--json").stdout)
        all_images = self.report("run", "other", "--data", "sample", out="comparison.html")
        pair = all_images["pairs"][0]
        self.assertEqual((pair["both_right"], pair["only_first"], pair["only_second"]),
                         (compared["compare"]["both_right"], compared["compare"]["only_first_right"], compared["compare"]["only_second_right"]))
        self.assertAlmostEqual(pair["p_value"], compared["compare"]["p_value"], delta=1e-5 * pair["p_value"])
        self.assertEqual(data["test"]["images"], 500)
        self.assertEqual(data["disagreements"]["total"], data["pairs"][0]["only_first"] + data["pairs"][0]["only_second"])

    def test_a_link_to_a_run_is_the_run(self):
        (self.folder / "latest").symlink_to("run")
        self.assertEqual(self.report("latest")["run"]["name"], "run")

    def test_refusals_leave_nothing(self):
        self.refused("report", "nothing", says="nothing: is no run: it has no config.json", status=1)
        self.refused("report", "run/model.safetensors", says="is a file, and the folder of a run is needed", status=1)
        self.refused("report", says="RUN", status=2)
        self.refused("report", *["run"] * 9, says="9 runs are more than the 8", status=1)
        self.refused("report", "run", "-o", "nowhere/x.html", says="nowhere/x.html", status=1)
        self.refused("report", "run", "--data", "nowhere", says="nowhere", status=1)
        metrics = self.folder / "run/metrics.jsonl"
        metrics.write_text(metrics.read_text().replace('"epoch":2', '"epoch":7'))
        self.refused("report", "run", says="run/metrics.jsonl: line 2: epoch: expected one from 2", status=1)

    def test_a_line_that_a_killed_run_left_is_passed_over(self):
        metrics = self.folder / "run/metrics.jsonl"
        metrics.write_text(metrics.read_text()[:-20])
        self.assertEqual(self.report("run")["run"]["curves"]["epoch"], [1, 2])

    def test_help_ends_in_examples(self):
        self.assertIn("Examples:\n  inkling report", self.inkling("report", "-h").stdout)


if __name__ == "__main__":
    unittest.main()
