"""TensorBoard's event file, written without TensorBoard: `tensorboard --logdir runs` shows a run's curves.

The format is TFRecord (length, its checksum, data, its checksum) around `Event` messages of
tensorflow/core/util/event.proto; the handful of fields used here is encoded by hand.
"""

import struct
import time
from pathlib import Path


class EventFile:
    """Curves of one run, appended one value at a time. Raises `OSError` when the disk refuses."""

    def __init__(self, folder: Path, first_step: int = 0) -> None:
        """A new file in `folder`; with `first_step`, what older files say from that step on no longer counts."""
        self._path = folder / f"events.out.tfevents.{time.time_ns() // 1000:017d}.digitlab"
        self._pending = [_record(_text(3, b"brain.Event:2"))]
        if first_step:
            # A session that starts at a step makes TensorBoard drop what an interrupted one wrote after it.
            self._pending.append(_record(_number(2, first_step) + _text(7, _number(1, 1))))

    def add(self, step: int, **values: float) -> None:
        """Values of this step by the name of their curve; `validation_loss` appears as validation/loss."""
        for name, value in values.items():
            entry = _text(1, name.replace("_", "/", 1).encode()) + _key(2, 5) + struct.pack("<f", value)
            self._pending.append(_record(_number(2, step) + _text(5, _text(1, entry))))

    def flush(self) -> None:
        """Write what was added since the last time."""
        with self._path.open("ab") as file:
            file.write(b"".join(self._pending))
        self._pending.clear()


def _record(event: bytes) -> bytes:
    data = _key(1, 1) + struct.pack("<d", time.time()) + event
    length = struct.pack("<Q", len(data))
    return length + _checksum(length) + data + _checksum(data)


def _key(field: int, kind: int) -> bytes:
    return bytes([field << 3 | kind])


def _number(field: int, value: int) -> bytes:
    return _key(field, 0) + _varint(value)


def _text(field: int, value: bytes) -> bytes:
    return _key(field, 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _make_table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _make_table()  # CRC-32C (Castagnoli), RFC 3720


def _checksum(data: bytes) -> bytes:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 255]
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
