"""Reads TensorBoard event files, from the published formats and nothing of Inkling's.

Records: length (8 bytes, little-endian), masked CRC-32C of it, data, masked CRC-32C of that (TensorFlow, "TFRecord").
Data: a protobuf message tensorflow.Event, in protobuf's wire format (event.proto, summary.proto).
"""
import struct


def crc32c(data):
    """Castagnoli's CRC, a bit at a time."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283  # the check value that catalogues of CRCs give


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    """The data of each whole record; a record that is cut short ends the file, a wrong checksum is an error."""
    at = 0
    while at + 12 <= len(data):
        length, crc = struct.unpack_from("<QI", data, at)
        assert crc == masked(data[at:at + 8]), f"checksum of the length at byte {at}"
        if at + 12 + length + 4 > len(data):
            return
        content = data[at + 12:at + 12 + length]
        crc, = struct.unpack_from("<I", data, at + 12 + length)
        assert crc == masked(content), f"checksum of the data at byte {at}"
        yield content
        at += 12 + length + 4


def fields(message):
    """(number, value) of each field: an int, 4 or 8 raw bytes, or a length-delimited one's bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
            continue
        size = {1: lambda: 8, 2: varint, 5: lambda: 4}[kind]()
        assert at + size <= len(message), "a field longer than its message"
        yield key >> 3, message[at:at + size]
        at += size


def one(message, number, default=None):
    return next((value for field, value in fields(message) if field == number), default)


def events(data):
    """A dictionary for each event: wall_time, step, and what it holds: version, session (its status) or values."""
    for record in records(data):
        event = {"wall_time": struct.unpack("<d", one(record, 1))[0], "step": one(record, 2, 0)}
        if one(record, 3) is not None:
            event["version"] = one(record, 3).decode()
        if one(record, 7) is not None:
            event["session"] = one(one(record, 7), 1)
        if one(record, 5) is not None:
            event["values"] = {one(v, 1).decode(): value_of(v) for number, v in fields(one(record, 5)) if number == 1}
        yield event


def value_of(value):
    """A number, a histogram or an image, whichever the summary's value is."""
    if one(value, 2) is not None:
        return struct.unpack("<f", one(value, 2))[0]
    if one(value, 5) is not None:
        def doubles(data):
            return list(struct.unpack(f"<{len(data) // 8}d", data))
        histogram = one(value, 5)
        names = dict(enumerate(("min", "max", "num", "sum", "sum_squares"), 1))
        found = {name: doubles(one(histogram, number))[0] for number, name in names.items()}
        return {**found, "limits": doubles(one(histogram, 6)), "buckets": doubles(one(histogram, 7))}
    image = one(value, 4)
    return {"height": one(image, 1), "width": one(image, 2), "colorspace": one(image, 3), "png": one(image, 4)}
