"""train --plot on a terminal (a pseudo-terminal with a screen of its own), and what is left of it elsewhere."""
import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unittest

from inkling_program import BINARY, ProgramTest

SAMPLE = ["train", "--data", "sample", "--layers", "784,256,256,10"]
FOREVER = [*SAMPLE, "--epochs", 100000]
BRAILLE = re.compile("[\u2801-\u28ff]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Screen:
    """As much of a terminal as is written to: text, cursor, erasing, inserted lines. Anything else is an error."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.cells = [[" "] * columns for _ in range(rows)]
        self.x = self.y = 0

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

    def epoch(self):
        """The last that stands there: a test that is late sees later ones."""
        return max((int(number) for number in re.findall(r"Epoch +(\d+)/", "".join(self.lines()))), default=0)

    def has_chart(self):
        return bool(BRAILLE.search("".join(self.lines())))


class Terminal:
    """The program on a pseudo-terminal: all that it wrote, and the screen."""

    def __init__(self, test, *arguments, columns=80, rows=24, **environment):
        self.reader, terminal = pty.openpty()
        self.decoder, self.pending, self.text = codecs.getincrementaldecoder("utf-8")(), "", ""
        self.resize(columns, rows)
        known = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLORTERM")}
        self.process = subprocess.Popen([BINARY, *map(str, arguments)], cwd=test.folder, stdout=terminal, stderr=terminal,
                                        start_new_session=True, env={**known, "TERM": "xterm-256color", **environment})
        os.close(terminal)
        test.addCleanup(self.close)

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.reader)

    def resize(self, columns, rows):
        """The screen is empty then, and what is drawn later stands as if at its top."""
        fcntl.ioctl(self.reader, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen = Screen(columns, rows)

    def feed(self, text):
        text = self.pending + text
        self.text += text[len(self.pending):]
        whole = len(text) if "\x1b" not in text[-16:] or re.search(r"\x1b\[[0-9;]*[A-Za-z][^\x1b]*$", text) else text.rindex("\x1b")
        self.pending = text[whole:]
        for sequence, letter, character in re.findall(r"\x1b\[([0-9;]*)([A-Za-z])|([^\x1b])", text[:whole]):
            self.screen.control(sequence, letter) if letter else self.screen.write(character)

    def read(self, until=lambda screen: False):
        """Until the screen is as wanted and the program pauses, or until it ends; false then."""
        end = time.monotonic() + 300  # a busy disk can hold a run up
        while time.monotonic() < end:
            if until(self.screen) and not select.select([self.reader], [], [], 0)[0]:
                return True
            if not select.select([self.reader], [], [], 1)[0]:
                continue
            try:
                data = os.read(self.reader, 65536)
            except OSError:  # the program has closed the other end
                return False
            if not data:
                return False
            self.feed(self.decoder.decode(data))
        return False

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        self.read()
        return self.process.wait(timeout=60)


class Plot(ProgramTest):
    def ended(self, *arguments, columns=80, rows=200, **environment):
        """The program's whole text, and the lines on the screen at its end."""
        terminal = Terminal(self, *arguments, columns=columns, rows=rows, **environment)
        terminal.read()
        self.assertEqual(terminal.process.wait(timeout=60), 0, terminal.text)
        return terminal.text, [line for line in terminal.screen.lines() if line]

    def test_the_chart_stands_below_the_progress_line_and_ctrl_c_wipes_it(self):
        terminal = Terminal(self, *FOREVER, "--plot", "--out", "run")
        screen = terminal.screen
        self.assertTrue(terminal.read(until=lambda screen: screen.epoch() >= 5 and screen.x == 0
                                      and "images/s" in screen.lines()[screen.y]), terminal.text)
        lines, progress = screen.lines(), screen.y
        self.assertRegex(lines[progress - 1], r"^Epoch +\d+/100000 \| Loss")
        self.assertRegex(lines[progress + 1], r"^loss .*train \d\.\d{4}.*test \d\.\d{4} .*accuracy %.*train \d\d\.\d\d.*test \d\d\.\d\d$")
        # How many cells depends on the epoch that the test came to see; a point or two would be no curve.
        self.assertGreater(len(BRAILLE.findall("".join(lines[progress + 2:]))), 8)
        self.assertIn("epochs", lines[progress + 9])
        self.assertFalse("".join(lines[progress + 10:]).strip())
        self.assertEqual(terminal.interrupt(), 130)
        self.assertFalse(screen.has_chart())
        self.assertFalse([line for line in screen.lines() if "images/s," in line])
        self.assertEqual((screen.x, screen.lines()[screen.y]), (0, ""))

    def test_nothing_of_it_stays_and_the_lines_and_the_model_are_those_of_a_plain_run(self):
        text, with_plot = self.ended(*SAMPLE, "--epochs", 12, "--plot", "--out", "run", rows=24)
        self.assertRegex(text, BRAILLE)
        self.assertFalse(BRAILLE.search("".join(with_plot)))
        (self.folder / "run").rename(self.folder / "first")
        _, without = self.ended(*SAMPLE, "--epochs", 12, "--out", "run", rows=24)
        speed = re.compile(r"Trained in.*")
        self.assertEqual(*[[speed.sub("", line) for line in lines] for lines in (with_plot, without)])
        self.assertEqual(*[(self.folder / run / "model.safetensors").read_bytes() for run in ("first", "run")])

    def test_colours_as_far_as_the_terminal_has_them(self):
        for k, (environment, expected) in enumerate((({}, "38;5;"), ({"COLORTERM": "truecolor"}, "38;2;"), ({"NO_COLOR": "1"}, None),
                                                     ({"TERM": "xterm"}, None))):
            with self.subTest(environment):
                text, _ = self.ended(*SAMPLE, "--epochs", 4, "--plot", "--out", k, **environment)
                self.assertRegex(text, BRAILLE)
                self.assertEqual(bool(COLOUR.search(text)), expected is not None)
                self.assertIn(f"\x1b[{expected}" if expected else "", text)
        text, _ = self.ended(*SAMPLE, "--epochs", 4, "--plot", "--out", "console", TERM="linux")
        self.assertIn("accuracy %", text)
        self.assertTrue(all(c < "\x80" or c == "±" for c in text), "plain characters where Braille cannot be shown")

    def test_nothing_of_it_where_it_cannot_be_drawn(self):
        result = self.inkling(*SAMPLE, "--epochs", 2, "--plot", "--out", "piped")
        self.assertNotIn("\x1b", result.stdout + result.stderr)
        self.assertIsNone(BRAILLE.search(result.stdout + result.stderr))
        text, _ = self.ended(*SAMPLE, "--epochs", 2, "--plot", "--out", "dumb", TERM="dumb")
        self.assertNotIn("\x1b", text)
        for k, size in enumerate(({"columns": 39}, {"rows": 11})):
            text, _ = self.ended(*SAMPLE, "--epochs", 2, "--plot", "--out", k, **size)
            self.assertIsNone(BRAILLE.search(text))
            self.assertIn("--plot draws from 40 columns and 12 lines on", text)

    def test_another_size_while_it_runs(self):
        terminal = Terminal(self, *FOREVER, "--plot", "--out", "run")
        self.assertTrue(terminal.read(until=Screen.has_chart), terminal.text)
        for columns, rows, panels in ((60, 24, 1), (30, 24, 0), (200, 60, 2), (80, 10, 0)):
            for _ in range(2):  # of the first ones some may be of the old size: what is drawn after them counts
                terminal.resize(columns, rows)
                wanted = terminal.text.count("Epoch ") + 15
                self.assertTrue(terminal.read(until=lambda screen: terminal.text.count("Epoch ") > wanted and screen.x == 0))
            found = ["epochs" in line and line.count("epochs") for line in terminal.screen.lines()]
            self.assertEqual((max(found), terminal.screen.has_chart()), (panels, panels > 0), terminal.screen.lines())
        self.assertEqual(terminal.interrupt(), 130)

    def test_a_resumed_run_draws_its_past(self):
        terminal = Terminal(self, *FOREVER, "--plot", "--out", "run")
        self.assertTrue(terminal.read(until=lambda screen: screen.epoch() >= 12))
        self.assertEqual(terminal.interrupt(), 130)
        resumed = Terminal(self, "train", "--resume", "run", "--plot")
        self.assertTrue(resumed.read(until=Screen.has_chart))
        resumed.interrupt()
        first = resumed.text[resumed.text.index("accuracy %"):][:3000]
        self.assertGreater(len(BRAILLE.findall(first.split("epochs")[0])), 10, "a curve, where a fresh run has a dot")
        self.assertRegex(resumed.text, r"test \d\.\d{4}")


if __name__ == "__main__":
    unittest.main()
