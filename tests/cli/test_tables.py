"""Tables of images and IDX sets of every kind: training on them, answers to them, submissions, conversion."""
import csv
import gzip
import io
import json
import os
import pathlib
import unittest

import numpy

from inkling_program import ProgramTest, png

SAMPLE = pathlib.Path(os.environ["INKLING_SOURCE"]) / "data" / "sample"
NAMES = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]
QUICK = ("--epochs", 1, "--threads", 1)


def content(path):
    data = path.read_bytes()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def sample(part):
    """Images (count, 784) and labels of the bundled sample's part, "train" or "t10k"."""
    images = numpy.frombuffer(content(SAMPLE / f"{part}-images-idx3-ubyte.gz"), numpy.uint8, offset=16).reshape(-1, 784)
    return images, numpy.frombuffer(content(SAMPLE / f"{part}-labels-idx1-ubyte.gz"), numpy.uint8, offset=8)


def rows(images, labels=None):
    lines = [",".join(map(str, image)) for image in images.tolist()]
    if labels is not None:
        lines = [f"{label},{line}" for label, line in zip(labels.tolist(), lines)]
    return "".join(line + "\n" for line in lines)


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return header + array.astype(numpy.uint8).tobytes()


class TableTest(ProgramTest):
    def put(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def train(self, *arguments, epochs=1):
        return self.inkling("train", "--out", "run", "--epochs", epochs, "--threads", 1, *arguments)

    def put_kaggle(self, count=600):
        """Kaggle's Digit Recognizer, made of the sample."""
        images, labels = sample("train")
        header = ",".join(f"pixel{i}" for i in range(784))
        self.put("kaggle/train.csv", f"label,{header}\n" + rows(images[:count], labels[:count]))
        test, self.answers = sample("t10k")
        self.put("kaggle/test.csv", f"{header}\n" + rows(test[:100]))


class Train(TableTest):
    def test_a_folder_of_two_tables_is_the_same_set_as_its_idx_files(self):
        for part, name in (("train", "mnist_train.csv"), ("t10k", "mnist_test.csv")):
            self.put(f"tables/{name}", rows(*sample(part)))
        self.train("--data", "tables")
        self.inkling("train", "--out", "idx", *QUICK, "--data", SAMPLE)
        self.assertEqual((self.folder / "run/model.safetensors").read_bytes(), (self.folder / "idx/model.safetensors").read_bytes())

    def test_a_packed_table_without_test_part_is_split_and_measured_on_what_was_kept(self):
        images, labels = sample("train")
        self.put("digits.csv.gz", gzip.compress(rows(images[:1000], labels[:1000]).encode()))
        self.train("--data", "digits.csv.gz", "--test", 0.2)
        config = json.loads((self.folder / "run/config.json").read_text())
        self.assertEqual((config["data"]["train_images"], config["data"]["test_images"]), (800, 200))
        self.assertIn("200 test images", self.inkling("eval", "run").stdout)

    def test_small_images_of_named_classes_make_their_own_network(self):
        chance = numpy.random.default_rng(1)
        images = numpy.zeros((300, 16, 16), numpy.uint8)
        labels = numpy.arange(300) % 3
        for j, label in enumerate(labels):
            images[j, 2 + 5 * label, 2:14] = chance.integers(100, 256)
        names = ["line above", "line; between", "line below"]
        text = io.StringIO()
        writer = csv.writer(text, delimiter=";")
        for image, label in zip(images.reshape(300, 256).tolist(), labels):
            writer.writerow([*image, names[label]])
        self.put("lines.csv", text.getvalue())
        output = self.train("--data", "lines.csv", "--test", 0.2, epochs=20)
        self.assertIn("256-128-3", output.stderr)
        lines = self.inkling("predict", "run", "lines.csv", "--format", "csv").stdout.splitlines()
        read = [row[1] for row in csv.reader(lines[1:])]
        self.assertEqual(read, [names[label] for label in labels])
        self.assertIn("line; be", self.inkling("eval", "run").stdout)

    def test_what_is_said_of_a_table_is_remembered_with_the_run(self):
        images, labels = sample("train")
        crop = images[:500].reshape(-1, 28, 28)[:, :, 4:24]
        self.put("narrow.csv", rows(crop.reshape(500, 560), labels[:500]))
        self.refused("train", "--data", "narrow.csv", *QUICK, status=1, says=["561 columns", "--image-size HEIGHTxWIDTH"])
        self.train("--data", "narrow.csv", "--image-size", "28x20", "--label", "first", "--test", 0.2)
        self.assertIn("100 test images", self.inkling("eval", "run").stdout)
        config = json.loads((self.folder / "run/config.json").read_text())["data"]
        self.assertEqual((config["image_size"], config["label"]), ("28x20", "first"))

    def test_emnists_letters_are_turned_and_named(self):
        images, labels = sample("train")
        letters = (labels[:600] % 3 + 1).astype(numpy.uint8)
        letters[0] = 26
        turned = images[:600].reshape(-1, 28, 28).transpose(0, 2, 1)
        for part in ("train", "test"):
            self.put(f"gzip/emnist-letters-{part}-images-idx3-ubyte.gz", gzip.compress(idx(turned)))
            self.put(f"gzip/emnist-letters-{part}-labels-idx1-ubyte.gz", gzip.compress(idx(letters)))
            self.put(f"gzip/emnist-digits-{part}-images-idx3-ubyte.gz", gzip.compress(idx(turned)))
            self.put(f"gzip/emnist-digits-{part}-labels-idx1-ubyte.gz", gzip.compress(idx(labels[:600])))
        self.put("gzip/emnist-letters-mapping.txt", "".join(f"{i} {64 + i} {96 + i}\n" for i in range(1, 27)))
        self.refused("data", "info", "--data", "gzip", status=1, says=["2 sets", "emnist-letters-"])
        info = self.inkling("data", "info", "--data", "gzip/emnist-letters")
        self.assertIn("26 classes", info.stdout)
        self.assertIn("turned", info.stderr)
        self.inkling("data", "convert", "gzip/emnist-letters", "-o", "letters.csv", "--split", "train")
        first = next(csv.reader((self.folder / "letters.csv").read_text().splitlines()[1:2]))
        self.assertEqual(first[0], "Z")
        self.assertEqual(list(map(int, first[1:])), images[0].tolist())


class Predict(TableTest):
    def test_kaggles_contest_from_download_to_submission(self):
        self.put_kaggle()
        self.train("--data", "kaggle", "--test", 0.1, epochs=10)
        result = self.inkling("predict", "run", "kaggle/test.csv", "--format", "kaggle", "-o", "submission.csv")
        self.assertEqual(result.stdout, "")
        table = list(csv.reader((self.folder / "submission.csv").read_text().splitlines()))
        self.assertEqual(table[0], ["ImageId", "Label"])
        self.assertEqual([int(row[0]) for row in table[1:]], list(range(1, 101)))
        right = sum(int(row[1]) == label for row, label in zip(table[1:], self.answers))
        self.assertGreater(right, 60)
        same = self.inkling("predict", "run", "kaggle/test.csv", "--format", "kaggle").stdout
        self.assertEqual(same, (self.folder / "submission.csv").read_text())

    def test_answers_as_text_csv_and_json_say_the_same(self):
        self.put_kaggle()
        self.train("--data", "kaggle", "--test", 0.1, epochs=10)
        images, labels = sample("t10k")
        self.put("ten.csv", "label," + ",".join(f"pixel{i}" for i in range(784)) + "\n" + rows(images[:10], labels[:10]))
        text = self.inkling("predict", "run", "ten.csv")
        self.assertEqual(len(text.stdout.splitlines()), 10)
        self.assertIn(" of 10 right", text.stderr)
        self.inkling("predict", "run", "ten.csv", "-o", "answers.csv")
        table = list(csv.DictReader((self.folder / "answers.csv").read_text().splitlines()))
        objects = [json.loads(line) for line in self.inkling("predict", "run", "ten.csv", "--json").stdout.splitlines()]
        for j, (line, row, each) in enumerate(zip(text.stdout.splitlines(), table, objects)):
            self.assertEqual(line.split()[:2], [str(j), row["class"]])
            self.assertEqual((int(row["index"]), row["class"]), (each["index"], each["class"]))
            self.assertEqual(each["correct"], each["class"] == str(labels[j]))
            self.assertEqual("not a digit" in line, each["refused"] is not None)
            self.assertEqual(row["refused"], each["refused"] or "")
            self.assertEqual("wrong" in line, not each["correct"] and each["refused"] is None)

    def test_idx_files_and_numpy_archives_are_answered_like_tables(self):
        self.put_kaggle()
        self.train("--data", "kaggle", "--test", 0.1, epochs=10)
        images, labels = sample("t10k")
        self.put("ten.csv", rows(images[:10]))
        self.put("ten-images-idx3-ubyte", idx(images[:10].reshape(-1, 28, 28)))
        expected = self.inkling("predict", "run", "ten.csv").stdout
        self.assertEqual(self.inkling("predict", "run", "ten-images-idx3-ubyte").stdout, expected)

    def test_nothing_is_written_where_something_is_wrong(self):
        self.put_kaggle()
        self.train("--data", "kaggle", "--test", 0.1, epochs=10)
        self.put("ragged.csv", "1,2,3,4\n1,2,3\n")
        self.refused("predict", "run", "ragged.csv", "-o", "out.csv", status=1, says="ragged.csv: line 2, column 4")
        self.put("small.csv", "1,2,3,4\n")
        self.refused("predict", "run", "small.csv", "-o", "out.csv", status=1, says=["images of 2x2", "28x28"])
        self.refused("predict", "run", "kaggle/test.csv", "-o", "nowhere/out.csv", status=1, says="cannot be written")
        self.refused("predict", "run", "kaggle/test.csv", "--format", "xml", status=2, says="--format")
        png(self.folder / "a.png", 28, 28, bytes(784))
        self.refused("predict", "run", "a.png", "--format", "kaggle", status=1, says="--format and --output")


class Convert(TableTest):
    def test_every_form_comes_back_byte_for_byte(self):
        original = [content(SAMPLE / f"{name}.gz") for name in NAMES]
        for form, out in (("idx", "a"), ("idx.gz", "b"), ("csv", "c"), ("csv.gz", "d"), ("npz", "e.npz")):
            self.inkling("data", "convert", SAMPLE, "-o", out, "--to", form)
            self.inkling("data", "convert", out, "-o", f"{out}-back", "--to", "idx")
            back = self.folder / f"{out}-back"
            self.assertEqual(sorted(p.name for p in back.iterdir()), sorted(NAMES))
            self.assertEqual([(back / name).read_bytes() for name in NAMES], original, form)
        self.assertEqual(sorted(p.name for p in (self.folder / "b").iterdir()), sorted(f"{name}.gz" for name in NAMES))
        self.assertEqual(sorted(p.name for p in (self.folder / "d").iterdir()), ["test.csv.gz", "train.csv.gz"])
        arrays = numpy.load(self.folder / "e.npz")
        self.assertEqual(arrays["x_train"].tobytes(), original[0][16:])
        self.assertEqual(arrays["y_test"].tobytes(), original[3][8:])

    def test_a_folder_of_images_comes_back_class_by_class(self):
        images, labels = sample("t10k")
        self.inkling("data", "convert", SAMPLE, "-o", "png", "--to", "png", "--split", "test")
        self.assertEqual(sorted(p.name for p in (self.folder / "png").iterdir()), list("0123456789"))
        self.assertEqual(len(list((self.folder / "png").rglob("*.png"))), 1000)
        self.inkling("data", "convert", "png", "-o", "back", "--to", "idx", "--as-is")
        order = numpy.argsort(labels, kind="stable")
        self.assertEqual((self.folder / "back" / NAMES[0]).read_bytes(), idx(images[order].reshape(-1, 28, 28)))
        self.assertEqual((self.folder / "back" / NAMES[1]).read_bytes(), idx(labels[order]))

    def test_two_parts_become_two_folders_of_images(self):
        self.inkling("data", "convert", "sample", "-o", "png/", "--to", "png")
        self.assertEqual(sorted(p.name for p in (self.folder / "png").iterdir()), ["test", "train"])
        self.assertIn("4,000", self.inkling("data", "info", "--data", "png", "--as-is").stdout)

    def test_what_is_there_is_replaced_only_by_force_and_the_source_never(self):
        self.put("out.csv", "mine")
        self.refused("data", "convert", SAMPLE, "-o", "out.csv", "--split", "test", status=1, says=["is there already", "--force"])
        self.assertEqual((self.folder / "out.csv").read_text(), "mine")
        self.inkling("data", "convert", SAMPLE, "-o", "out.csv", "--split", "test", "--force")
        self.assertEqual(len((self.folder / "out.csv").read_text().splitlines()), 1001)
        self.refused("data", "convert", "out.csv", "-o", "out.csv", "--force", status=1, says="name another")
        self.inkling("data", "convert", "out.csv", "-o", "set", "--to", "idx")
        self.refused("data", "convert", "set", "-o", "set", "--to", "png", "--force", status=1, says="name another")
        self.inkling("data", "convert", "out.csv", "-o", "set", "--to", "png", "--force")
        self.assertFalse((self.folder / "set" / NAMES[0]).exists())

    def test_wrong_wishes_are_explained(self):
        self.refused("data", "convert", SAMPLE, "-o", "out", status=1, says=["choose one by --to", "idx.gz"])
        self.refused("data", "convert", SAMPLE, "-o", "out.csv", status=1, says=["two parts", "--split train"])
        self.refused("data", "convert", SAMPLE, "-o", "out", "--to", "xml", status=2, says="--to")
        self.refused("data", "convert", SAMPLE, "-o", "nowhere/out", "--to", "idx", status=1, says="no such folder")
        self.put("one.csv", rows(*sample("t10k")))
        self.refused("data", "convert", "one.csv", "-o", "out", "--to", "idx", "--split", "test", status=1, says="no test part")

    def test_the_same_data_gives_the_same_bytes(self):
        for form in ("csv.gz", "npz"):
            for name in ("a", "b"):
                self.inkling("data", "convert", SAMPLE, "-o", f"{name}.{form}", "--split", "test")
            self.assertEqual((self.folder / f"a.{form}").read_bytes(), (self.folder / f"b.{form}").read_bytes())


class Wrong(TableTest):
    def test_a_table_that_is_wrong_is_named_by_line_and_column(self):
        header = "label,a,b,c,d\n"
        for text, says in (
                (header + "1,0,1,2,0\n2,0,1,2\n", "line 3, column 5: the row ends after 4 columns; expected 5"),
                (header + "1,0,1,2,0\n2,0,1,x,0\n", "line 3, column 4: 'x' is no whole number from 0 to 255"),
                (header + "1,0,1,2,0\n2,0,1,999,0\n", "line 3, column 4: '999'"),
                (header, "a header and no rows"),
                ("", "an empty file"),
                ("7,1,2,3,1\n2,1,2,3,5\n", "--label first or --label last"),
                ("<html>a,b</html>", "a web page")):
            self.put("a.csv", text)
            self.refused("data", "info", "--data", "a.csv", status=1, says=["a.csv", says])

    def test_options_of_a_table_are_checked(self):
        self.put("a.csv", "7,0,1,2,0\n")
        self.refused("data", "info", "--data", "a.csv", "--label", "left", status=2, says="auto, first, last, none")
        self.refused("data", "info", "--data", "a.csv", "--image-size", "28", status=2, says="28x28")

    def test_images_without_labels_are_for_predict_alone(self):
        self.put("test.csv", "0,1,2,0\n")
        self.refused("train", "--data", "test.csv", *QUICK, status=1, says="images without labels")


if __name__ == "__main__":
    unittest.main()
