"""Pictures as PNG and as addresses that need no request of their own; digits side by side, with a model's answers."""

from __future__ import annotations

import base64
import functools
import io
from typing import TYPE_CHECKING

from core import words
from core.figures.theme import ACCENT, SECOND, css

if TYPE_CHECKING:
    import numpy as np

# numpy and Pillow are imported where they are used: the first page only needs its icon.

SIDE = 28  # pixels: a digit as the networks see it
GREYS = 6  # of a digit that is sent each second

STYLE = f"""
<style>
.watched {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(3.8rem, 1fr)); gap: .75rem .5rem;
  margin: 0; }}
.watched figure {{ margin: 0; text-align: center; font-variant-numeric: tabular-nums; }}
.watched img {{ width: 100%; max-width: 5.2rem; image-rendering: pixelated; border-radius: .3rem; display: block;
  margin: 0 auto .2rem; }}
.watched b {{ font-size: 1.5rem; line-height: 1.1; }}
.watched i {{ display: block; height: 4px; border-radius: 2px;
  background: color-mix(in srgb, currentColor 15%, transparent);
  overflow: hidden; max-width: 5.2rem; margin: .15rem auto; }}
.watched s {{ display: block; height: 100%; background: {css(ACCENT)}; }}
.watched .wrong s {{ background: {css(SECOND)}; }}
.watched .wrong b {{ text-decoration: underline dashed {css(SECOND)} 2px; text-underline-offset: 4px; }}
.watched small {{ opacity: .75; font-size: .75rem; }}
</style>
"""


def to_png(pixels: np.ndarray) -> bytes:
    """A picture (H, W), (H, W, 3) or (H, W, 4) uint8 as a PNG."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)  # small already; time matters more
    return buffer.getvalue()


def as_data_url(png: bytes) -> str:
    """A PNG that travels inside a page.

    Streamlit serves other pictures at an address of their own, which it forgets at the next run: a slow browser that
    asks for it then gets a broken picture.
    """
    return "data:image/png;base64," + base64.b64encode(png).decode()


def enlarge(digit: np.ndarray, times: int) -> np.ndarray:
    """A digit (H, W), uint8 or float in [0, 1], as uint8 whose pixels are squares of `times` by `times`."""
    import numpy as np

    pixels = np.asarray(digit)
    if pixels.dtype != np.uint8:
        pixels = (pixels * 255).round().astype(np.uint8)
    return pixels.repeat(times, 0).repeat(times, 1)


def digit_png(digit: np.ndarray, times: int = 3) -> bytes:
    """A digit (28, 28), uint8 or float in [0, 1], as a PNG whose pixels are squares of `times` by `times`."""
    return to_png(enlarge(digit, times))


def strip_png(digits: np.ndarray, times: int = 2, gap: int = 4) -> bytes:
    """Digits (N, 28, 28) uint8 side by side in one PNG, `gap` grey pixels between them."""
    import numpy as np

    spacer = np.full((len(digits[0]) * times, gap), 128, np.uint8)
    parts = [part for digit in digits for part in (spacer, enlarge(digit, times))]
    return to_png(np.concatenate(parts[1:], axis=1))


@functools.lru_cache(maxsize=2000)  # less than a kB each
def digit_url(pixels: bytes, greys: int = 256) -> str:
    """The 28x28 bytes of a digit as the address of a small PNG in so many greys."""
    from PIL import Image

    image = Image.frombytes("L", (SIDE, SIDE), pixels)
    buffer = io.BytesIO()
    (image if greys == 256 else image.quantize(greys)).save(buffer, "PNG", optimize=True)
    return as_data_url(buffer.getvalue())


def show(digits: np.ndarray, what: str) -> str:
    """Digits (N, 28, 28) uint8 side by side; `what` describes them to those who can't see them."""
    figures = "".join(f'<figure><img src="{digit_url(digit.tobytes(), GREYS)}" alt=""></figure>' for digit in digits)
    return f'<div class="watched" role="img" aria-label="{what}">{figures}</div>'


def watch(opinions: list[tuple[np.ndarray, int | None, tuple[float, ...]]]) -> str:
    """Digits with the answer of a model, how sure it is, and what they are where it is wrong.

    Each is an image (28, 28) uint8, its label or None for a visitor's own, and ten probabilities.
    """
    return f'<div class="watched">{"".join(_draw(*opinion) for opinion in opinions)}</div>'


def _draw(image: np.ndarray, label: int | None, probabilities: tuple[float, ...]) -> str:
    answer = max(range(10), key=probabilities.__getitem__)
    sure = words.probability(probabilities[answer])
    is_wrong = label is not None and answer != label
    note, name = f"{sure}<br>yours", "Your drawing"
    if label is not None:
        note, name = f"{sure}<br>is {words.a_digit(label)}" if is_wrong else sure, words.a_digit(label).capitalize()
    return (
        f'<figure{" class=wrong" if is_wrong else ""}><img src="{digit_url(image.tobytes(), GREYS)}" alt="{name}">'
        f"<b>{answer}</b><i><s style='width:{probabilities[answer]:.0%}'></s></i><small>{note}</small></figure>"
    )
