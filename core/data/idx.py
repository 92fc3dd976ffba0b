"""IDX, the file format that MNIST is published in."""

import math
import struct

import numpy as np


class IdxError(ValueError):
    """Content that is no IDX file of unsigned bytes; the message says what is wrong and what to do."""


def parse(name: str, content: bytes) -> np.ndarray:
    """The array in an unpacked IDX file: labels (N,) or images (N, H, W), uint8, read-only.

    The format: two zero bytes, the type (8 is unsigned byte), the number of dimensions, their sizes as big-endian
    32-bit integers, then the values. `name` only appears in messages. Raises `IdxError`.
    """
    if len(content) < 4 or content[:2] != b"\0\0":
        raise IdxError(f"{name} is not an IDX file: it doesn't begin like one.")
    if content[2] != 8 or content[3] not in (1, 3):
        raise IdxError(f"{name} is an IDX file of another kind; images or labels of unsigned bytes are needed.")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise IdxError(f"{name} ends within its first line. Copy or download it again.")
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise IdxError(
            f"{name} should hold {math.prod(shape):,} bytes after its header but holds {len(content) - start:,}: it is "
            "cut off or damaged. Copy or download it again."
        )
    if 0 in shape:  # the other sizes may be anything, more than an array can have
        raise IdxError(f"{name} holds no digits: its header says {' x '.join(f'{size:,}' for size in shape)}.")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
