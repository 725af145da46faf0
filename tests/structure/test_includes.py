"""The house's walls: who may include whom, and what every source file looks like.

Each rule is a function from a source tree to a list of complaints. The first class runs all rules over Inkling itself
(INKLING_SOURCE, or the tree this file stands in) and expects no complaint; the second runs each over small made-up
trees with one thing wrong, so that every rule has been seen to fail.
"""

import os
import pathlib
import re
import tempfile
import unittest

# What each room sees besides itself. A folder of inkling/ that is not named here is a complaint.
BELOW_TRAIN = {"core", "kernel", "image", "data", "model"}
BELOW_SERVE = BELOW_TRAIN | {"train", "format", "inspect", "report"}
SEES = {
    "core": set(),
    "kernel": {"core"},
    "image": {"core"},
    "data": {"core", "image"},
    "model": {"core", "kernel", "data"},
    "train": BELOW_TRAIN | {"format"},
    "format": BELOW_TRAIN,
    "inspect": BELOW_TRAIN | {"train"},
    "report": BELOW_TRAIN | {"train", "format", "inspect"},
    "serve": BELOW_SERVE,
    "measure": BELOW_TRAIN | {"train"},
    "reader": BELOW_TRAIN | {"train", "format"},
}
PRIVATE = {"app", "tests", "fuzz", "bench", "examples", "tools"}  # each sees the library and itself; tests see app, too, tools tests

SOURCES = {".h", ".cpp", ".S", ".py", ".sh", ".cmake", ".ts"}
MOST_LINES = 600
EMPTY_NAMES = {"util", "utils", "common", "helper", "helpers", "manager", "managers", "base", "misc"}
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK")) + r")\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def sources(root):
    """Every source file below root, in order, as paths relative to it."""
    found = []
    for folder in ["inkling", *sorted(PRIVATE), "cmake", "web"]:
        files = sorted((root / folder).rglob("*"))
        found += [p.relative_to(root) for p in files if p.suffix in SOURCES and p.is_file()]
    return found


def lines(root, path):
    return (root / path).read_text(encoding="utf-8").splitlines()


def includes(root, path):
    """(line number, bracket, included path) of each #include."""
    if path.suffix not in {".h", ".cpp"}:
        return
    for number, line in enumerate(lines(root, path), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def place(path):
    """("room", name) inside inkling/, ("umbrella", ...) for inkling/inkling.h, ("private", folder) elsewhere."""
    if path.parts[0] != "inkling":
        return "private", path.parts[0]
    return ("umbrella", "inkling") if len(path.parts) == 2 else ("room", path.parts[1])


def may_include(reader, target):
    reader_kind, reader_name = place(reader)
    target_kind, target_name = place(target)
    if target_kind == "private":
        seen = {"tests": {"tests", "app"}, "tools": {"tools", "tests"}}.get(reader_name, {reader_name})
        return reader_kind == "private" and target_name in seen
    if reader_kind == "room":
        return target_kind == "room" and (target_name == reader_name or target_name in SEES.get(reader_name, set()))
    return True  # the umbrella and everything outside inkling/ see the whole library


def wrong_directions(root):
    complaints = []
    for path in sources(root):
        for number, _, name in includes(root, path):
            if (root / name).is_file() and not may_include(path, pathlib.PurePath(name)):
                complaints.append(f"{path}:{number}: may not include {name}")
    return complaints


def unknown_rooms(root):
    rooms = {p.parts[1] for p in sources(root) if place(p)[0] == "room"}
    return [f"inkling/{room}: a room whose directions nobody has written down" for room in sorted(rooms - SEES.keys())]


def partial_paths(root):
    """Our own files are included in quotes and by their path from the root; everything else in angle brackets."""
    complaints = []
    for path in sources(root):
        for number, bracket, name in includes(root, path):
            ours = (root / name).is_file()
            if bracket == '"' and not ours:
                complaints.append(f'{path}:{number}: "{name}" is no path from the root (ours), or wants <> (others)')
            if bracket == "<" and ours and path.parts[0] != "examples":  # examples are written as a user writes
                complaints.append(f"{path}:{number}: <{name}> is ours and wants quotes")
    return complaints


def headers_without_opening(root):
    complaints = []
    for path in sources(root):
        if path.suffix != ".h":
            continue
        text = lines(root, path)
        if not text or not text[0].startswith("// "):
            complaints.append(f"{path}: a header starts with a comment that says what it does")
        flips = any("HWY_TARGET_TOGGLE" in line for line in text)  # read once for each instruction set
        if not flips and "#pragma once" not in text:
            complaints.append(f"{path}: no #pragma once")
    return complaints


def long_files(root):
    counted = ((path, len(lines(root, path))) for path in sources(root))
    return [f"{path}: {count} lines, more than {MOST_LINES}" for path, count in counted if count > MOST_LINES]


def empty_names(root):
    return [f"{path}: a name that does not say what is inside" for path in sources(root)
            if EMPTY_NAMES & set(re.split(r"[_\-.]", path.name.lower()))]


def unfinished(root):
    return [f"{path}:{number}: unfinished: {line.strip()}" for path in sources(root)
            for number, line in enumerate(lines(root, path), 1) if UNFINISHED.search(line)]


RULES = [wrong_directions, unknown_rooms, partial_paths, headers_without_opening, long_files, empty_names, unfinished]


class Inkling(unittest.TestCase):
    root = pathlib.Path(os.environ.get("INKLING_SOURCE", pathlib.Path(__file__).resolve().parents[2]))

    def test_there_is_something_to_check(self):
        rooms = {p.parts[1] for p in sources(self.root) if place(p)[0] == "room"}
        self.assertGreaterEqual(rooms, {"core", "kernel", "data", "model", "train", "format"})

    def test_every_rule_holds(self):
        for rule in RULES:
            with self.subTest(rule=rule.__name__):
                self.assertEqual([], rule(self.root))


OPENING = "// What it is for.\n#pragma once\n"


class Rules(unittest.TestCase):
    def complaints(self, rule, files):
        """What the rule says of a tree of these files: {path: text}."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8")
            return rule(root)

    def direction(self, reader, target):
        return self.complaints(wrong_directions, {target: OPENING, reader: f'#include "{target}"\n'})

    def test_each_room_sees_what_it_may(self):
        for room, seen in SEES.items():
            for other in SEES:
                with self.subTest(room=room, other=other):
                    complaints = self.direction(f"inkling/{room}/a.cpp", f"inkling/{other}/b.h")
                    self.assertEqual(other not in seen | {room}, bool(complaints))

    def test_directions_have_no_way_back(self):
        for room, seen in SEES.items():
            for other in seen:
                self.assertNotIn(room, SEES[other])

    def test_a_lower_room_that_looks_up_is_named_with_its_line(self):
        files = {"inkling/model/mlp.h": OPENING,
                 "inkling/core/file.cpp": '#include <vector>\n#  include "inkling/model/mlp.h"\n'}
        self.assertEqual(["inkling/core/file.cpp:2: may not include inkling/model/mlp.h"],
                         self.complaints(wrong_directions, files))

    def test_a_wrong_direction_in_angle_brackets_is_seen(self):
        files = {"inkling/model/mlp.h": OPENING, "inkling/core/file.cpp": "#include <inkling/model/mlp.h>\n"}
        self.assertEqual(1, len(self.complaints(wrong_directions, files)))

    def test_the_library_sees_neither_program_nor_tests_nor_umbrella(self):
        self.assertTrue(self.direction("inkling/train/fit.cpp", "app/progress.h"))
        self.assertTrue(self.direction("inkling/serve/api.cpp", "tests/core/shape.h"))
        self.assertTrue(self.direction("inkling/inkling.h", "app/progress.h"))
        self.assertTrue(self.direction("inkling/train/fit.cpp", "inkling/inkling.h"))

    def test_the_umbrella_the_program_and_the_tests_see_the_library(self):
        for reader in ("inkling/inkling.h", "app/train.cpp", "tests/core/file.cpp", "bench/worker.cpp"):
            with self.subTest(reader=reader):
                self.assertEqual([], self.direction(reader, "inkling/train/fit.h"))

    def test_only_tests_see_the_program(self):
        self.assertEqual([], self.direction("tests/app/draw.cpp", "app/draw.h"))
        self.assertTrue(self.direction("bench/worker.cpp", "app/draw.h"))
        self.assertTrue(self.direction("app/train.cpp", "tests/core/shape.h"))

    def test_a_room_that_nobody_wrote_down(self):
        self.assertTrue(self.complaints(unknown_rooms, {"inkling/attic/box.h": OPENING}))
        self.assertFalse(self.complaints(unknown_rooms, {"inkling/core/box.h": OPENING, "inkling/inkling.h": OPENING}))

    def test_an_include_by_less_than_the_full_path(self):
        def of(text):
            files = {"inkling/core/file.h": OPENING, "inkling/core/a.cpp": f"#include {text}\n"}
            return self.complaints(partial_paths, files)

        for text in ('"file.h"', '"core/file.h"', '"../core/file.h"', '"fmt/format.h"', "<inkling/core/file.h>"):
            with self.subTest(text=text):
                self.assertTrue(of(text))
        for text in ('"inkling/core/file.h"', "<fmt/format.h>", "<vector>"):
            with self.subTest(text=text):
                self.assertFalse(of(text))

    def test_an_example_includes_as_a_user_does(self):
        files = {"inkling/inkling.h": OPENING, "examples/train.cpp": "#include <inkling/inkling.h>\n"}
        self.assertFalse(self.complaints(partial_paths, files))

    def test_a_header_without_opening_comment(self):
        for text, wrong in (("#pragma once\n// Late.\n", True), ("", True), (OPENING, False)):
            with self.subTest(text=text):
                self.assertEqual(wrong, bool(self.complaints(headers_without_opening, {"inkling/core/a.h": text})))

    def test_a_header_without_pragma_once(self):
        toggle = "// What it is for.\n#if defined(A_H_) == defined(HWY_TARGET_TOGGLE)\n"
        for text, wrong in (("// What it is for.\n", True), (toggle, False)):
            with self.subTest(text=text):
                self.assertEqual(wrong, bool(self.complaints(headers_without_opening, {"inkling/core/a.h": text})))

    def test_a_file_that_is_too_long(self):
        self.assertFalse(self.complaints(long_files, {"app/a.cpp": "\n" * MOST_LINES}))
        self.assertTrue(self.complaints(long_files, {"app/a.cpp": "\n" * (MOST_LINES + 1)}))

    def test_a_name_that_says_nothing(self):
        for name in ("utils.h", "string_util.cpp", "test_helpers.py", "pool_manager.h", "layer-base.h", "common.h"):
            with self.subTest(name=name):
                self.assertTrue(self.complaints(empty_names, {f"inkling/core/{name}": OPENING}))
        for name in ("database.h", "utility.cpp"):
            self.assertFalse(self.complaints(empty_names, {f"inkling/core/{name}": OPENING}))

    def test_unfinished_work(self):
        for word in ("TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK"):
            with self.subTest(word=word):
                self.assertTrue(self.complaints(unfinished, {"app/a.cpp": f"// {word}: later\n"}))
        self.assertFalse(self.complaints(unfinished, {"app/a.cpp": "// see HACKING.md\n"}))


if __name__ == "__main__":
    unittest.main()
