"""inkling bench: what it prints and what its JSON holds. How fast the machine is, no test looks at."""
import json
import unittest

from inkling_program import ProgramTest

QUICK = ["--data", "sample", "--seconds", 0]


class Bench(ProgramTest):
    def test_table_has_every_part_within_80_columns(self):
        text = self.inkling("bench", *QUICK, "--threads", 2).stdout
        self.assertRegex(text, r"Machine   2 threads, \w+, fp32; measured peak \d+ GFLOP/s\n")
        self.assertIn("Data      the bundled sample", text)
        self.assertRegex(text, r"Training 784-128-10, .* 4,000 images\n +[\d.]+ s \([\d.]+ to [\d.]+, \d+ epochs\), [\d,]+ images/s")
        for product in ("forward", "forward_pixels", "weight_gradient", "weight_gradient_pixels", "input_gradient"):
            self.assertRegex(text, rf"(?m)^{product} +\d+ x \d+ x \d+ +[\d.]+ +[\d.]+ +\d+ %$")
        self.assertRegex(text, r"one image, one thread +[\d.]+ us \(p99 [\d.]+, p99.9 [\d.]+\)")
        for batch in ("256", "10,000"):
            self.assertRegex(text, rf"batches of {batch} +[\d.]+ us an image, [\d,]+ images/s")
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_json_adds_up(self):
        report = json.loads(self.inkling("bench", *QUICK, "--threads", 1, "--json").stdout)
        self.assertEqual(report["machine"]["threads"], 1)
        timings = [report["peak"], report["training"], *report["products"], *report["batches"]]
        for timing in timings:
            samples = timing["samples"]
            self.assertGreaterEqual(len(samples), 3)
            self.assertGreater(min(samples), 0)
            self.assertEqual((timing["min_seconds"], timing["max_seconds"]), (min(samples), max(samples)))
            self.assertIn(timing["median_seconds"], samples)
        for product in report["products"]:
            flops = 2 * product["images"] * product["inputs"] * product["outputs"] / product["median_seconds"]
            self.assertAlmostEqual(product["flops"] / flops, 1, places=6)
            self.assertAlmostEqual(product["share_of_peak"] * report["peak"]["flops"] / flops, 1, places=6)
            self.assertLessEqual("sparse" in product["product"], product["inputs"] == 784)
        one = report["one_image"]
        self.assertLessEqual(one["p50_seconds"], one["p99_seconds"])
        self.assertLessEqual(one["p99_seconds"], one["p99_9_seconds"])
        self.assertEqual([each["batch"] for each in report["batches"]], [256, 10000])

    def test_leaves_no_file_and_needs_no_network(self):
        self.inkling("bench", "--seconds", 0, env={"INKLING_DATA": "", "HOME": str(self.folder)})
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_wrong_usage(self):
        for arguments in (["--seconds", "-1"], ["--seconds", "x"], ["--threads", 0]):
            with self.subTest(arguments):
                self.refused("bench", *arguments, says=arguments[0], status=2)
        self.refused("bench", "--data", "nowhere", says="nowhere", status=1)


if __name__ == "__main__":
    unittest.main()
