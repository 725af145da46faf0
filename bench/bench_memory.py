"""./run bench memory: peak resident memory and time of `inkling train --epochs 1`, from process start to end.

Both are the operating system's own figures for the child process. The run is saved into a temporary folder.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

BINARY = pathlib.Path(__file__).resolve().parents[1] / "build/release/inkling"


def measure(command):
    """(peak bytes, seconds) of one process; ends this one when it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        sys.exit(f"{' '.join(map(str, command))}: failed")
    return usage.ru_maxrss * 1024, seconds


def main():
    parser = argparse.ArgumentParser(prog="./run bench memory", description="Memory and time of one epoch of training.")
    parser.add_argument("--runs", type=int, default=3, help="how often (3); the worst memory and the best time count")
    parser.add_argument("options", nargs="*", metavar="OPTION", help="behind --: options of inkling train")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs must be at least 1")
    with tempfile.TemporaryDirectory() as folder:
        command = [BINARY, "train", "--epochs", "1", *options.options, "--out"]
        runs = [measure([*command, f"{folder}/{number}"]) for number in range(options.runs)]
    print(f"inkling train --epochs 1 {' '.join(options.options)}".rstrip())
    print(f"peak resident memory  {max(peak for peak, _ in runs) / 1e6:8.1f} MB")
    print(f"process start to end  {min(seconds for _, seconds in runs):8.2f} s")


main()
