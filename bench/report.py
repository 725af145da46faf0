"""How the benchmarks report: options that all of them have, a table for people, and every sample as JSON."""

import argparse
import json
import os
import pathlib

from workers import data_folder, machine


def parser(name, description, rounds):
    result = argparse.ArgumentParser(prog=f"./run bench {name}", description=description)
    result.add_argument("--rounds", type=positive, default=rounds, help=f"timed samples of each program ({rounds})")
    result.add_argument("--data", help="folder of MNIST's four files (INKLING_DATA, or where the library finds them)")
    result.add_argument("--json", metavar="FILE", help="write machine, versions and every sample there")
    return result


def positive(text):
    if int(text) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return int(text)


def begin(options):
    """What the machine is before the work, and the folder of the data."""
    options.data = os.path.abspath(data_folder(options.data))
    return machine()


def headline(computer, what):
    print(what)
    print(f"{computer['processor']}, {computer['cores']} cores, load {computer['load_before']:.1f} before.\n")


def table(columns, rows):
    """Columns are "name" (to the left) or ">name" (to the right); a row is their texts."""
    names = [column.lstrip(">") for column in columns]
    widths = [max(map(len, cells)) for cells in zip(names, *rows)]
    for row in [names, *rows]:
        cells = (f"{cell:>{width}}" if column.startswith(">") else f"{cell:<{width}}"
                 for cell, width, column in zip(row, widths, columns))
        print("  ".join(cells).rstrip())


def name_missing(left_out):
    for name, why in left_out.items():
        print(f"Left out: {name}: {why}")


def write_json(options, computer, **report):
    if options.json:
        settings = {key: value for key, value in vars(options).items() if key not in ("json", "data")}
        report = {"machine": computer, "settings": settings, **report}
        pathlib.Path(options.json).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
