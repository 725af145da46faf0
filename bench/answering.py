"""The programs that answer images, and the model that all of them answer with: what predict and start share."""

import pathlib
import subprocess
import sys

from onnx_file import write_onnx
from workers import BINARY, BUILT, HERE, PYTHON, Peer, openblas_settings

INK = 3
INKLING = Peer("Inkling", [str(BUILT / "bench/inkling_predict")])
ONNX = Peer("ONNX Runtime", ["node", str(HERE / "onnx_predict.js")])
PYTORCH = Peer("PyTorch", [PYTHON, str(HERE / "torch_predict.py")], openblas_settings)
PEERS = [INKLING, ONNX, PYTORCH]


def trained_model(data, folder):
    """Arguments of the workers for a 784-128-10 that has been trained for an epoch, written into folder."""
    run = pathlib.Path(folder) / "run"
    trained = subprocess.run([BINARY, "train", "--data", data, "--epochs", "1", "--ink", str(INK), "--out", run],
                             capture_output=True, text=True)
    if trained.returncode != 0:
        sys.exit(trained.stderr)
    model, onnx = run / "model.safetensors", pathlib.Path(folder) / "model.onnx"
    write_onnx(model, onnx)
    return ["--data", data, "--model", model], ["--onnx", onnx, "--ink", INK]


def arguments_for(peer, ours, besides, batch):
    return [*ours, *(besides if peer is not INKLING else []), "--batch", batch]
