"""Small pictures for a page, as HTML that needs no request of its own."""

from __future__ import annotations

import base64
import functools
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# numpy and Pillow are imported where they are used: the first page only needs its icon.

STYLE = """
<style>
.watched { display: grid; grid-template-columns: repeat(auto-fill, minmax(3.8rem, 1fr)); gap: .75rem .5rem; margin: 0; }
.watched figure { margin: 0; text-align: center; font-variant-numeric: tabular-nums; }
.watched img { width: 100%; max-width: 5.2rem; image-rendering: pixelated; border-radius: .3rem; display: block;
  margin: 0 auto .2rem; }
.watched b { font-size: 1.5rem; line-height: 1.1; }
.watched i { display: block; height: 4px; border-radius: 2px;
  background: color-mix(in srgb, currentColor 15%, transparent);
  overflow: hidden; max-width: 5.2rem; margin: .15rem auto; }
.watched s { display: block; height: 100%; background: #0b6e99; }
.watched .wrong s { background: #d9822b; }
.watched .wrong b { text-decoration: underline dashed #d9822b 2px; text-underline-offset: 4px; }
.watched small { opacity: .75; font-size: .75rem; }
</style>
"""


def as_data_url(png: bytes) -> str:
    """A PNG that travels inside a page.

    Streamlit serves other pictures at an address of their own, which it forgets at the next run: a slow browser that
    asks for it then gets a broken picture.
    """
    return "data:image/png;base64," + base64.b64encode(png).decode()


def show(digits: np.ndarray, what: str) -> str:
    """Digits (N, 28, 28) uint8 side by side; `what` describes them to those who can't see them."""
    figures = "".join(f'<figure><img src="{_encode(digit.tobytes())}" alt=""></figure>' for digit in digits)
    return f'<div class="watched" role="img" aria-label="{what}">{figures}</div>'


def watch(opinions: list[tuple[np.ndarray, int | None, tuple[float, ...]]]) -> str:
    """Digits with the answer of a model, how sure it is, and what they are where it is wrong.

    Each is an image (28, 28) uint8, its label or None for a visitor's own, and ten probabilities.
    """
    return f'<div class="watched">{"".join(_draw(*opinion) for opinion in opinions)}</div>'


def _draw(image: np.ndarray, label: int | None, probabilities: tuple[float, ...]) -> str:
    answer = max(range(10), key=probabilities.__getitem__)
    sure = f"{probabilities[answer]:.0%}"
    is_wrong = label is not None and answer != label
    note, name = f"{sure}<br>yours", "Your drawing"
    if label is not None:
        note, name = f"{sure}<br>is a {label}" if is_wrong else sure, f"A {label}"
    return (
        f'<figure{" class=wrong" if is_wrong else ""}><img src="{_encode(image.tobytes())}" alt="{name}">'
        f"<b>{answer}</b><i><s style='width:{sure}'></s></i><small>{note}</small></figure>"
    )


@functools.lru_cache(maxsize=200)
def _encode(pixels: bytes) -> str:
    """28x28 bytes as the address of a PNG in six greys: it is sent each second."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.frombytes("L", (28, 28), pixels).quantize(6).save(buffer, "PNG", optimize=True)
    return as_data_url(buffer.getvalue())


def digit_png(digit: np.ndarray, times: int = 3) -> bytes:
    """A digit (28, 28) uint8 as a PNG whose pixels are squares of `times` by `times`."""
    return _png(_enlarge(digit, times))


def strip_png(digits: np.ndarray, times: int = 2, gap: int = 4) -> bytes:
    """Digits (N, 28, 28) uint8 side by side in one PNG, `gap` grey pixels between them."""
    import numpy as np

    spacer = np.full((len(digits[0]) * times, gap), 128, np.uint8)
    parts = [part for digit in digits for part in (spacer, _enlarge(digit, times))]
    return _png(np.concatenate(parts[1:], axis=1))


def _enlarge(digit: np.ndarray, times: int) -> np.ndarray:
    import numpy as np

    return np.asarray(digit).repeat(times, 0).repeat(times, 1)


def _png(pixels: np.ndarray) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
