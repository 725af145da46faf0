"""inkling data: find, get, info and show."""
import gzip
import hashlib
import http.server
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import struct
import subprocess
import threading
import time
import unittest

from inkling_program import BINARY, MNIST, ProgramTest

SAMPLE = pathlib.Path(os.environ["INKLING_SOURCE"]) / "data" / "sample"
NAMES = [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]


class DataTest(ProgramTest):
    """The user's own folders and data are out of sight."""

    def setUp(self):
        super().setUp()
        self.home = self.folder / "home"
        self.home.mkdir()
        for name in ("INKLING_DATA", "XDG_CACHE_HOME"):
            before = os.environ.pop(name, None)
            if before is not None:
                self.addCleanup(os.environ.__setitem__, name, before)

    def data(self, *arguments, env=None, **options):
        return self.inkling("data", *arguments, env={"HOME": str(self.home), **(env or {})}, **options)

    def sample_folder(self, name="set"):
        return pathlib.Path(shutil.copytree(SAMPLE, self.folder / name))

    def assert_80_columns(self, text):
        self.assertLessEqual(max(map(len, text.splitlines())), 80, text)


class Find(DataTest):
    def test_every_place_is_listed_in_order_and_the_used_one_is_marked(self):
        self.sample_folder("data/mnist")
        text = self.data("find").stdout
        places = ["./data/MNIST ", "./data/MNIST/raw", "./data/mnist", "./data ", "inkling/mnist", "mnist.npz", "download", "bundled sample"]
        found = [text.find(place) for place in places]
        self.assertEqual(found, sorted(found))
        self.assertGreater(found[0], 0)
        self.assertEqual([line.split()[1] for line in text.splitlines() if line.startswith("->")], ["./data/mnist"])
        self.assertIn("4,000 + 1,000 images of 28x28", text)
        self.assertIn("none of the checksums is MNIST's", " ".join(text.split()))

    def test_without_data_the_download_is_next_and_without_mirrors_the_sample(self):
        self.assertIn("-> download", self.data("find").stdout)
        self.assertIn("-> the bundled sample", self.data("find", env={"INKLING_MIRRORS": ""}).stdout)

    def test_an_incomplete_place_says_what_is_missing(self):
        (self.sample_folder("data") / "t10k-labels-idx1-ubyte.gz").unlink()
        self.assertIn("missing: t10k-labels-idx1-ubyte", self.data("find").stdout)

    def test_a_chosen_place_that_cannot_be_used_ends_with_1(self):
        result = self.data("find", env={"INKLING_DATA": "nowhere"}, status=1)
        self.assertIn("nowhere ($INKLING_DATA)", result.stdout)
        self.assertNotIn("->", result.stdout)
        self.assertIn("$INKLING_DATA is never passed over", result.stdout)

    def test_json_says_the_same(self):
        folder = self.sample_folder()
        report = json.loads(self.data("find", "--json", env={"INKLING_DATA": str(folder)}).stdout)
        self.assertEqual(report["used"], str(folder))
        first = report["places"][0]
        self.assertEqual((first["from"], first["found"], first["mnist"]), ("$INKLING_DATA", "complete", False))
        content = gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())
        self.assertEqual(first["sha256"]["t10k-labels-idx1-ubyte"], hashlib.sha256(content).hexdigest())
        own = [place for place in report["places"][1:] if not place["path"].startswith("/usr/share")]
        self.assertEqual({place["found"] for place in own}, {"nothing"})

    def test_it_fits_80_columns(self):
        for folder in ("nowhere", str(self.sample_folder())):
            result = self.data("find", env={"INKLING_DATA": folder}, status=int(folder == "nowhere"))
            self.assert_80_columns(result.stdout.replace(str(self.folder), "/tmp/test"))

    @unittest.skipUnless(MNIST, "needs $INKLING_DATA, a folder that has MNIST")
    def test_mnist_is_recognised(self):
        text = " ".join(self.data("find", env={"INKLING_DATA": os.path.abspath(MNIST)}).stdout.split())
        self.assertIn("60,000 + 10,000 images of 28x28, all four checksums are MNIST's", text)


class Info(DataTest):
    def test_counts_sizes_balance_and_ink(self):
        result = self.data("info", "--data", "sample")
        self.assertRegex(result.stdout, r"28x28 pixels, 10 classes")
        self.assertRegex(result.stdout, r"images +4,000 +1,000")
        self.assertRegex(result.stdout, r"ink +19\.8 % +19\.9 %")
        for digit in range(10):
            self.assertRegex(result.stdout, rf"(?m)^{digit} +400 +10\.0 % +100 +10\.0 %$")
        self.assert_80_columns(result.stdout)
        self.assertIn("NOT MNIST", result.stderr)

    def test_json_says_the_same(self):
        report = json.loads(self.data("info", "--data", "sample", "--json").stdout)
        self.assertEqual((report["sample"], report["mnist"], report["height"], report["width"]), (True, False, 28, 28))
        self.assertEqual(report["train"]["class_counts"], [400] * 10)
        self.assertEqual(report["test"]["images"], 1000)
        pixels = gzip.decompress((SAMPLE / "t10k-images-idx3-ubyte.gz").read_bytes())[16:]
        self.assertAlmostEqual(report["test"]["ink"], 1 - pixels.count(0) / len(pixels))

    def test_a_folder_of_any_images_of_ten_classes(self):
        for part, count in (("train", 3), ("t10k", 2)):
            (self.folder / f"{part}-images.idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, count, 1, 2) + bytes([0, 5] * count))
            (self.folder / f"{part}-labels.idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, count) + bytes(range(count)))
        report = json.loads(self.data("info", "--data", ".", "--json").stdout)
        self.assertEqual((report["height"], report["width"], report["train"]["ink"]), (1, 2, 0.5))
        self.assertEqual(report["train"]["class_counts"], [1, 1, 1] + [0] * 7)

    @unittest.skipUnless(MNIST, "needs $INKLING_DATA, a folder that has MNIST")
    def test_mnist(self):
        result = self.data("info", "--data", os.path.abspath(MNIST))
        self.assertIn("all four checksums are MNIST's", result.stdout)
        self.assertRegex(result.stdout, r"ink +19\.1 % +19\.3 %")
        self.assertRegex(result.stdout, r"(?m)^5 +5,421 +9\.0 % +892 +8\.9 %$")
        self.assertEqual(result.stderr, "")


class Show(DataTest):
    def drawing(self, *arguments, **options):
        return self.data("show", "--data", "sample", *arguments, **options).stdout

    def test_an_image_is_drawn_with_its_label_and_index(self):
        text = self.drawing("--index", 17)
        self.assertIn("7 (test 17)", text)
        lines = text.splitlines()
        pixels = gzip.decompress((SAMPLE / "t10k-images-idx3-ubyte.gz").read_bytes())[16:]
        image = pixels[17 * 784:18 * 784]
        ramp = " .:-=+*#%@"
        for row in range(28):
            self.assertEqual(lines[row], "".join(2 * ramp[p * 10 // 256] for p in image[28 * row:28 * row + 28]))

    def test_the_training_part_and_several_images(self):
        text = self.drawing("--split", "train", "--index", 3998, "--count", 2)
        self.assertIn("8 (train 3998)", text)
        self.assertIn("9 (train 3999)", text)
        self.assertEqual(len(re.findall(r"\(test \d+\)", self.drawing("--random", "--count", 3))), 3)

    def test_a_count_beyond_the_end_shows_what_there_is(self):
        self.assertEqual(len(re.findall(r"\(test \d+\)", self.drawing("--index", 998, "--count", 10))), 2)

    def test_output_that_is_no_terminal_fits_80_columns_without_escape_codes(self):
        text = self.drawing("--count", 3)
        self.assert_80_columns(text)
        self.assertNotIn("\x1b", text)

    def on_terminal(self, env):
        """What show writes to a terminal of 80 columns."""
        environment = {**os.environ, "TERM": "xterm-256color", "HOME": str(self.home), **env}
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(BINARY, [BINARY, "data", "show", "--data", "sample"], environment)
        text = b""
        try:
            while chunk := os.read(terminal, 65536):
                text += chunk
        except OSError:  # the other side has closed
            pass
        os.close(terminal)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        return text.decode()

    def test_a_terminal_gets_grey_half_blocks_side_by_side_and_no_color_is_heeded(self):
        colored = self.on_terminal({"NO_COLOR": ""})
        self.assertIn("\x1b[38;5;", colored)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", colored)
        self.assertIn("0 (test 0)", plain)
        self.assertIn("1 (test 1)", plain)
        rows = [line for line in plain.splitlines() if "▀" in line]
        self.assertEqual({len(row) for row in rows}, {2 * 28 + 2})
        self.assertEqual(len(rows), 14)
        for env in ({"NO_COLOR": "1"}, {"TERM": "dumb", "COLORTERM": "", "NO_COLOR": ""}):
            self.assertNotRegex(self.on_terminal(env), r"\x1b\[[34]8;5")


class Refusals(DataTest):
    def test_wrong_usage_ends_with_2(self):
        for arguments, says in (
                ([], "find, get, info, show"), (["shwo"], "did you mean 'show'"), (["show", "--index", "-1"], "--index"),
                (["show", "--index", "x"], "whole number"), (["show", "--count", 0], "whole number"),
                (["show", "--split", "middle"], "--split"), (["show", "--index", 1, "--random"], "--random"),
                (["find", "--data", "sample"], "--data"), (["info", "surplus"], "surplus"), (["get", "--dir"], "--dir")):
            with self.subTest(arguments):
                self.refused("data", *arguments, says=says, status=2)

    def test_data_that_is_not_there_ends_with_1(self):
        for command in ("info", "show"):
            self.refused("data", command, "--data", "nowhere", says=["nowhere", "expected mnist, fashion, sample, a folder"], status=1)
            self.refused("data", command, "--data", ".", says="accepted are IDX files", status=1)
        self.refused("data", "show", "--data", "sample", "--index", 1000, says="images 0 to 999", status=1)

    def test_each_missing_file_is_named(self):
        for name in NAMES:
            folder = self.sample_folder(name)
            (folder / f"{name}.gz").unlink()
            self.refused("data", "info", "--data", folder, says=f"missing: {name}", status=1)

    def test_a_damaged_file_is_named(self):
        folder = self.sample_folder()
        path = folder / "train-labels-idx1-ubyte.gz"
        path.write_bytes(path.read_bytes()[:-1])
        self.refused("data", "info", "--data", folder, says=[str(path), "truncated or corrupt"], status=1)

    def test_a_download_without_network_says_what_to_do_and_leaves_nothing(self):
        start = time.monotonic()
        self.refused("data", "get", "--dir", "new", says=["http://127.0.0.1:1/", "new", "--data sample"], status=1)
        self.assertLess(time.monotonic() - start, 5)

    def test_forbidden_downloads(self):
        result = self.data("get", "--dir", "new", env={"INKLING_MIRRORS": ""}, status=1)
        self.assertIn("$INKLING_MIRRORS is empty", result.stderr)


class Mirror(http.server.BaseHTTPRequestHandler):
    """Serves server.files, with ranges; sends only the first server.silent_after bytes of a file and then nothing."""

    def do_GET(self):
        content = self.server.files[self.path.strip("/")]
        start = int(re.search(r"\d+", self.headers.get("Range", "0")).group())
        self.server.starts.append(start)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if self.server.silent_after is None:
            self.wfile.write(content[start:])
            return
        self.wfile.write(content[start:self.server.silent_after])
        self.wfile.flush()
        self.rfile.read(1)  # until the other side goes

    def log_message(self, *_):
        pass


class Get(DataTest):
    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
        self.server.starts, self.server.silent_after = [], None
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        self.env = {"no_proxy": "127.0.0.1", "HOME": str(self.home)}

    @unittest.skipUnless(MNIST, "needs $INKLING_DATA, a folder that has MNIST")
    def test_mnist_arrives_in_the_cache_folder_and_is_found_there(self):
        self.server.files = {f"{name}.gz": (pathlib.Path(MNIST) / f"{name}.gz").read_bytes() for name in NAMES}
        result = self.data("get", "--mirror", "http://127.0.0.1:1/", "--mirror", self.url, env=self.env)
        cache = self.home / ".cache/inkling/mnist"
        self.assertIn(str(cache), result.stdout)
        self.assertEqual(result.stderr, "", "no progress where nobody watches")
        self.assertEqual(sorted(p.name for p in cache.iterdir()), sorted(self.server.files))
        report = json.loads(self.data("info", "--json").stdout)
        self.assertTrue(report["mnist"])
        self.assertEqual(report["origin"], f"MNIST in {cache}")

    @unittest.skipUnless(MNIST, "needs $INKLING_DATA, a folder that has MNIST")
    def test_an_interrupted_download_leaves_no_half_file_and_goes_on_where_it_ended(self):
        self.server.files = {f"{name}.gz": (pathlib.Path(MNIST) / f"{name}.gz").read_bytes() for name in NAMES}
        self.server.silent_after = 1_000_000
        process = subprocess.Popen([BINARY, "data", "get", "--dir", "new", "--mirror", self.url], cwd=self.folder,
                                   env={**os.environ, **self.env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        part = self.folder / "new/train-images-idx3-ubyte.gz.part"
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not (part.exists() and part.stat().st_size > 900_000):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        self.assertNotEqual(process.returncode, 0)
        self.assertEqual([p.name for p in (self.folder / "new").iterdir()], [part.name])
        size = part.stat().st_size
        self.assertGreater(size, 900_000)

        self.server.silent_after, self.server.starts = None, []
        self.data("get", "--dir", "new", "--mirror", self.url, env=self.env)
        self.assertEqual(self.server.starts, [size, 0, 0, 0])
        self.assertTrue(json.loads(self.data("info", "--data", "new", "--json").stdout)["mnist"])

    def test_false_content_is_refused_by_its_checksum_and_not_kept(self):
        self.server.files = {f"{name}.gz": (SAMPLE / f"{name}.gz").read_bytes() for name in NAMES}
        result = self.data("get", "--dir", "new", "--mirror", self.url, env=self.env, status=1)
        self.assertIn("wrong content: SHA-256", result.stderr)
        self.assertFalse((self.folder / "new").exists())


if __name__ == "__main__":
    unittest.main()
