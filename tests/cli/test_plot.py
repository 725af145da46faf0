"""train --plot on a terminal (a pseudo-terminal with a screen of its own), and what is left of it elsewhere."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import unittest

from inkling_program import BINARY, ProgramTest

SAMPLE = ["train", "--data", "sample", "--layers", "784,256,256,10"]
BRAILLE = re.compile("[\u2801-\u28ff]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Screen:
    """As much of a terminal as is written to: text, cursor, erasing, inserted lines. Anything else is an error."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.cells = [[" "] * columns for _ in range(rows)]
        self.x = self.y = 0

    def feed(self, text):
        for sequence, letter, character in re.findall(r"\x1b\[([0-9;]*)([A-Za-z])|([^\x1b])", text):
            self.control(sequence, letter) if letter else self.write(character)

    def control(self, sequence, letter):
        number = int(sequence or 1) if letter in "AL" else 0
        if letter == "K":
            self.cells[self.y][self.x:] = [" "] * (self.columns - self.x)
        elif letter == "J":
            self.control("", "K")
            self.cells[self.y + 1:] = [[" "] * self.columns for _ in self.cells[self.y + 1:]]
        elif letter == "A":
            self.y = max(0, self.y - number)
        elif letter == "L":
            blank = [[" "] * self.columns for _ in range(number)]
            self.cells = (self.cells[:self.y] + blank + self.cells[self.y:])[:self.rows]
        else:
            assert letter == "m", letter

    def write(self, character):
        if character == "\r":
            self.x = 0
        elif character == "\n":
            if self.y == self.rows - 1:
                self.cells = self.cells[1:] + [[" "] * self.columns]
            self.y = min(self.y + 1, self.rows - 1)
        else:
            if self.x == self.columns:
                self.write("\n")
                self.x = 0
            self.cells[self.y][self.x] = character
            self.x += 1

    def lines(self):
        return ["".join(row).rstrip() for row in self.cells]


class Plot(ProgramTest):
    def begin(self, *arguments, columns=80, rows=24, **environment):
        reader, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        known = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLORTERM")}
        run = arguments if "--resume" in arguments else (*SAMPLE, *arguments)
        process = subprocess.Popen([BINARY, *map(str, run)], cwd=self.folder, stdout=terminal, stderr=terminal, start_new_session=True,
                                   env={**known, "TERM": "xterm-256color", **environment})
        os.close(terminal)
        self.addCleanup(os.close, reader)
        return process, reader

    def read(self, reader, until=None):
        """What arrives until the program ends, or until the text has been seen."""
        data = b""
        while select.select([reader], [], [], 60)[0]:
            try:
                piece = os.read(reader, 65536)
            except OSError:  # the program has closed the other end
                break
            data += piece
            if not piece or (until and until(data.decode(errors="ignore"))):
                break
        return data.decode(errors="ignore" if until else "strict")

    def run_on_a_terminal(self, *arguments, out="run", columns=80, rows=24, **environment):
        process, reader = self.begin(*arguments, "--out", out, columns=columns, rows=rows, **environment)
        text = self.read(reader)
        self.assertEqual(process.wait(timeout=60), 0, text)
        screen = Screen(columns, 200)
        screen.feed(text)
        return text, [line for line in screen.lines() if line]

    def test_the_chart_stands_below_the_progress_line_while_training(self):
        process, reader = self.begin("--epochs", 1000, "--plot", "--out", "run")
        screen = Screen(80, 24)
        # Whole drawings end by moving the cursor back up.
        screen.feed(self.read(reader, until=lambda text: "Epoch  5" in text and text.endswith("A\r")))
        lines = screen.lines()
        progress = next(k for k, line in enumerate(lines) if "images/s" in line)
        self.assertRegex(lines[progress - 1], r"^Epoch +\d+/1000 \| Loss")
        self.assertEqual((screen.x, screen.y), (0, progress))
        self.assertRegex(lines[progress + 1], r"^loss .*train \d\.\d{4}.*test \d\.\d{4} .*accuracy %.*train \d\d\.\d\d.*test \d\d\.\d\d$")
        self.assertGreater(len(BRAILLE.findall("".join(lines[progress + 2:]))), 20)
        self.assertIn("epochs", lines[progress + 9])
        self.assertFalse("".join(lines[progress + 10:]).strip())
        process.send_signal(signal.SIGINT)
        screen.feed(self.read(reader))
        self.assertEqual(process.wait(timeout=60), 130)
        self.assertFalse(BRAILLE.search("".join(screen.lines())))
        self.assertEqual((screen.x, screen.lines()[screen.y]), (0, ""))

    def test_nothing_of_it_stays_and_the_epochs_lines_are_those_of_a_plain_run(self):
        text, with_plot = self.run_on_a_terminal("--epochs", 12, "--plot")
        self.assertRegex(text, BRAILLE)
        (self.folder / "run").rename(self.folder / "first")
        _, without = self.run_on_a_terminal("--epochs", 12)
        epochs = [[line for line in lines if line.startswith("Epoch")] for lines in (with_plot, without)]
        self.assertEqual(len(epochs[0]), 12)
        self.assertEqual(*epochs)
        self.assertEqual(*[[re.sub(r"[\d.,]+", "0", line) for line in lines] for lines in (with_plot, without)])
        self.assertEqual(*[(self.folder / run / "model.safetensors").read_bytes() for run in ("first", "run")])

    def test_colours_as_far_as_the_terminal_has_them(self):
        for environment, expected in (({}, "38;5;"), ({"COLORTERM": "truecolor"}, "38;2;"), ({"NO_COLOR": "1"}, None), ({"TERM": "xterm"}, None)):
            with self.subTest(environment):
                text, _ = self.run_on_a_terminal("--epochs", 3, "--plot", out=f"run{len(environment)}{expected}{environment.get('TERM')}", **environment)
                self.assertRegex(text, BRAILLE)
                self.assertEqual(bool(COLOUR.search(text)), expected is not None)
                self.assertIn(f"\x1b[{expected}" if expected else "", text)

    def test_nothing_of_it_where_it_cannot_be_drawn(self):
        result = self.inkling(*SAMPLE, "--epochs", 2, "--plot", "--out", "piped")
        self.assertNotIn("\x1b", result.stdout + result.stderr)
        self.assertIsNone(BRAILLE.search(result.stdout + result.stderr))
        text, lines = self.run_on_a_terminal("--epochs", 2, "--plot", out="dumb", TERM="dumb")
        self.assertNotIn("\x1b", text)
        for size in ({"columns": 39}, {"rows": 11}):
            text, lines = self.run_on_a_terminal("--epochs", 2, "--plot", out=f"small{min(size)}", **size)
            self.assertIsNone(BRAILLE.search(text))
            self.assertIn("--plot draws from 40 columns and 12 lines on", " ".join(" ".join(lines).split()))

    def test_another_size_while_it_runs(self):
        process, reader = self.begin("--epochs", 1000, "--plot", "--out", "run")
        self.read(reader, until=lambda text: "accuracy %" in text)
        for columns, rows, drawn in ((60, 24, True), (30, 24, False), (200, 60, True)):
            fcntl.ioctl(reader, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            self.read(reader, until=lambda text: text.count("images/s") > 3 or text.count("\x1b[J") > 3)
            screen = Screen(columns, rows)
            screen.feed(self.read(reader, until=lambda text: text.count("\x1b[K") > 60 and (text.endswith("A\r") or not drawn)))
            self.assertEqual(bool(BRAILLE.search("".join(screen.lines()))), drawn, screen.lines())
        process.send_signal(signal.SIGINT)
        self.read(reader)
        self.assertEqual(process.wait(timeout=60), 130)

    def test_a_resumed_run_draws_its_past(self):
        process, reader = self.begin("--epochs", 1000, "--plot", "--out", "run")
        self.read(reader, until=lambda text: "Epoch  9" in text)
        process.send_signal(signal.SIGINT)
        self.read(reader)
        process.wait(timeout=60)
        process, reader = self.begin("train", "--resume", "run", "--plot")
        text = self.read(reader, until=lambda text: "accuracy %" in text and text.endswith("A\r"))
        process.send_signal(signal.SIGINT)
        self.read(reader)
        process.wait(timeout=60)
        # The first drawing has a curve, where a fresh run would have a dot.
        self.assertGreater(len(BRAILLE.findall(text)), 10)
        self.assertRegex(text, r"test \d\.\d{4}")


if __name__ == "__main__":
    unittest.main()
