"""The program in the README is the one that is built and run by the tests."""
import os
import pathlib
import re
import unittest

SOURCE = pathlib.Path(os.environ["INKLING_SOURCE"])


class Readme(unittest.TestCase):
    def test_program_is_the_example(self):
        shown = re.search(r"```cpp\n(.*?)```", (SOURCE / "README.md").read_text(), re.S).group(1)
        self.assertEqual(shown, (SOURCE / "examples/train_mnist.cpp").read_text())


if __name__ == "__main__":
    unittest.main()
