"""Makes a PNG of what a command shows on a terminal: terminal_picture.py [--when TEXT] OUT.png COLUMNS ROWS COMMAND...

The screen is the one that the command leaves, or with --when the first that holds the text; the command is then
killed. Needs Debian's python3-pyte (the terminal), python3-pil and fonts-dejavu-core. docs/predict.png and
docs/plot.png were made by it.
"""
import fcntl
import os
import pty
import signal
import struct
import sys
import termios

import pyte
from PIL import Image, ImageDraw, ImageFont

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"
SIZE = 16
GROUND, INK = "#101418", "#d8dee4"


def screen_of(command, columns, rows, when):
    """The screen when the command has ended, or shows the text."""
    screen = pyte.Screen(columns, rows)
    stream = pyte.ByteStream(screen)
    screen.set_mode(pyte.modes.LNM)
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", COLUMNS=str(columns), LINES=str(rows))
        os.execvp(command[0], command)
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        stream.feed(data)
        if when and any(when in line for line in screen.display):
            os.kill(pid, signal.SIGKILL)
            break
    os.waitpid(pid, 0)
    return screen


def colour(name, default):
    named = {"default": default, "black": "#000000", "white": "#ffffff", "red": "#e06c75", "green": "#98c379", "brown": "#e5c07b",
             "blue": "#61afef", "magenta": "#c678dd", "cyan": "#56b6c2"}
    return named.get(name, "#" + name if len(name) == 6 else default)


def main():
    arguments = sys.argv[1:]
    when = None
    if arguments[0] == "--when":
        when, arguments = arguments[1], arguments[2:]
    out, columns, rows, command = arguments[0], int(arguments[1]), int(arguments[2]), arguments[3:]
    screen = screen_of(command, columns, rows, when)
    font = ImageFont.truetype(FONT, SIZE)
    width, height = round(font.getlength("M")), SIZE + 4
    picture = Image.new("RGB", (columns * width + 24, rows * height + 24), GROUND)
    draw = ImageDraw.Draw(picture)
    for y in range(rows):
        for x in range(columns):
            cell = screen.buffer[y][x]
            left, top = 12 + x * width, 12 + y * height
            front, back = colour(cell.fg, INK), colour(cell.bg, GROUND)
            if cell.reverse:
                front, back = back, front
            draw.rectangle([left, top, left + width - 1, top + height - 1], fill=back)
            if cell.data == "▀":  # drawn, because a font leaves a gap
                draw.rectangle([left, top, left + width - 1, top + height // 2 - 1], fill=front)
            elif cell.data == "█":
                draw.rectangle([left, top + 2, left + width - 1, top + height - 3], fill=front)
            elif "\u2800" <= cell.data <= "\u28ff":  # dots, which this font lacks
                for bit, (column, row) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]):
                    if ord(cell.data) >> bit & 1:
                        dot = left + 1 + column * width // 2, top + 1 + row * height // 4
                        draw.rectangle([*dot, dot[0] + 2, dot[1] + 2], fill=front)
            elif cell.data.strip():
                draw.text((left, top), cell.data, font=font, fill=front)
    picture.quantize(256, Image.Quantize.MAXCOVERAGE).save(out, optimize=True)


if __name__ == "__main__":
    main()
