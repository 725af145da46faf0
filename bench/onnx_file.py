"""Writes a model of Inkling's as an ONNX file: Gemm, Relu, ..., Gemm, Softmax, from its safetensors file.

Both formats are simple enough to be read and written here in full: a safetensors file is a JSON header and raw numbers;
ONNX is protocol buffers, of which only nested messages, varints and bytes are needed (field numbers: onnx.proto3).
"""

import json
import struct

OPSET = 13
FLOAT = 1


def read_safetensors(path):
    """The tensors: name -> (shape, bytes of little-endian floats), layer by layer, each weight before its bias."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    tensors = {name: (entry["shape"], data[8 + size + entry["data_offsets"][0]:8 + size + entry["data_offsets"][1]])
               for name, entry in header.items()}
    return dict(sorted(tensors.items(), key=lambda item: (int(item[0].split(".")[0]), item[0].endswith(".bias"))))


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def field(number, value):
    """One field of a message: an int as a varint, text and bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name, shape, raw):
    return b"".join(field(1, size) for size in shape) + field(2, FLOAT) + field(8, name) + field(9, raw)


def value(name, shape):
    """A tensor's name and type; a size given as text is a free one."""
    sizes = b"".join(field(1, field(2 if isinstance(size, str) else 1, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, FLOAT) + field(2, sizes)))


def node(kind, inputs, output, **integers):
    attributes = b"".join(field(5, field(1, name) + field(3, each) + field(20, 2)) for name, each in integers.items())
    return b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, kind) + attributes


def write_onnx(model, path):
    """model: a ReLU network's .safetensors, path: the file to write."""
    tensors = read_safetensors(model)
    layers = [name.removesuffix(".weight") for name in tensors if name.endswith(".weight")]
    nodes, x = [], "images"
    for layer in layers:
        last = layer == layers[-1]
        nodes.append(node("Gemm", [x, f"{layer}.weight", f"{layer}.bias"], f"{layer}.z", transB=1))
        nodes.append(node("Softmax", [f"{layer}.z"], "probabilities", axis=1) if last else
                     node("Relu", [f"{layer}.z"], f"{layer}.a"))
        x = f"{layer}.a"
    inputs, outputs = tensors[f"{layers[0]}.weight"][0][1], tensors[f"{layers[-1]}.weight"][0][0]
    graph = (b"".join(field(1, each) for each in nodes) + field(2, "digits")
             + b"".join(field(5, tensor(name, shape, raw)) for name, (shape, raw) in tensors.items())
             + field(11, value("images", ["count", inputs])) + field(12, value("probabilities", ["count", outputs])))
    path.write_bytes(field(1, 7) + field(2, "inkling") + field(7, graph) + field(8, field(1, "") + field(2, OPSET)))
