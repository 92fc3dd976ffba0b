"""NPY, the file format in which NumPy keeps one array; a .npz file is a zip of such files."""

import io
import math
import tokenize

import numpy as np

HEAD = b"\x93NUMPY"


class NpyError(ValueError):
    """Content that is not an NPY file of numbers; the message says what is wrong and what to do."""


def parse(name: str, content: bytes) -> np.ndarray:
    """The array in an NPY file: numbers or truth values of any shape, read-only.

    Never unpickles, so that no stranger's program runs; takes the shape only where the content is as long as it says.
    `name` only appears in messages. Raises `NpyError`.
    """
    file = io.BytesIO(content)
    try:
        read_head = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, is_fortran, kind = read_head[np.lib.format.read_magic(file)](file)
    except (ValueError, KeyError, TypeError, SyntaxError, EOFError, tokenize.TokenError, RecursionError) as error:
        raise NpyError(
            f"{name} is not an NPY file, or its header is damaged. Save it again with numpy.save."
        ) from error
    if kind.kind not in "buif" or kind.itemsize > 8:
        raise NpyError(f"{name} holds {kind.name}, not numbers. Save pixels as uint8 and labels as int64.")
    if len(shape) > 4 or any(length < 0 for length in shape):
        raise NpyError(f"{name} has the shape {shape}; images are (N, 28, 28) and labels (N,).")
    size, held = math.prod(shape) * kind.itemsize, len(content) - file.tell()
    if size != held:
        raise NpyError(
            f"{name} should hold {size:,} bytes after its header but holds {held:,}: it is cut off or damaged. "
            "Save it again."
        )
    if not shape or 0 in shape:
        raise NpyError(f"{name} holds no digits: its shape is {shape}.")
    values = np.frombuffer(content, kind, offset=file.tell())
    return values.reshape(shape, order="F" if is_fortran else "C")
