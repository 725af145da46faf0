"""Runs the program for the tests of its commands."""
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import unittest
import zlib

BINARY = os.environ["INKLING_BINARY"]
MNIST = os.environ.get("INKLING_DATA")


def run(*arguments, cwd=None, env=None, timeout=300):
    """The finished process, with its output as text. The network and a user's own data are kept out of reach."""
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "INKLING_MIRRORS")}
    environment["INKLING_MIRRORS"] = "http://127.0.0.1:1/"
    environment.update(env or {})
    return subprocess.run([BINARY, *map(str, arguments)], cwd=cwd, env=environment, timeout=timeout, capture_output=True, text=True)


def png(path, width, height, pixels):
    """Writes an 8-bit grey PNG."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes(pixels[y * width:(y + 1) * width]) for y in range(height))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class ProgramTest(unittest.TestCase):
    """A test with a folder of its own, which is the program's current folder."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="inkling-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def inkling(self, *arguments, status=0, **options):
        result = run(*arguments, cwd=self.folder, **options)
        self.assertEqual(result.returncode, status, f"{arguments}\n{result.stdout}\n{result.stderr}")
        return result

    def refused(self, *arguments, says, status):
        """Fails with that status, one short error and no file left behind."""
        before = sorted(self.folder.rglob("*"))
        result = self.inkling(*arguments, status=status)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, result.stderr)
        self.assertLessEqual(len(result.stderr.splitlines()), 16, result.stderr)
        self.assertEqual(sorted(self.folder.rglob("*")), before)
        return result
