#!/usr/bin/python3
"""Makes the golden model of the tests: a 5-4-3 ReLU network as another program would save it, with inputs and their logits.

The safetensors file is put together by hand from its specification (no padding, another order than Inkling's), the logits are
NumPy's in double precision. Run from the repository's root; the same bytes come out every time:
    tools/make_golden_model.py tests/golden
"""
import json
import pathlib
import struct
import sys

import numpy as np

WIDTHS = [5, 4, 3]
SEED = 20
INPUTS = 6


def main():
    folder = pathlib.Path(sys.argv[1])
    rng = np.random.default_rng(SEED)
    tensors = {}
    for layer, (inputs, outputs) in enumerate(zip(WIDTHS, WIDTHS[1:])):
        tensors[f"{2 * layer}.bias"] = rng.normal(size=outputs).astype("<f4")
        tensors[f"{2 * layer}.weight"] = rng.normal(size=(outputs, inputs)).astype("<f4")

    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in tensors.items():
        begin = len(data)
        data += tensor.tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    (folder / "net_5_4_3.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)

    images = rng.integers(0, 256, size=(INPUTS, WIDTHS[0]))
    activations = images / 255
    for layer in range(len(WIDTHS) - 1):
        weight, bias = (tensors[f"{2 * layer}.{part}"].astype(np.float64) for part in ("weight", "bias"))
        activations = activations @ weight.T + bias
        if layer + 2 < len(WIDTHS):
            activations = np.maximum(activations, 0)
    golden = {"pixels": images.tolist(), "logits": activations.tolist()}
    (folder / "net_5_4_3.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
