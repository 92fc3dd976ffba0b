"""The picture as given with a box around each digit and the digit's own confidence beside it."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from core import words
from core.figures import theme
from core.reading.mnist_form import Box
from core.reading.one_digit import FoundDigit
from core.reading.reader import Reading

COLOUR, QUIET = theme.rgb(theme.ACCENT[False]), theme.rgb(theme.QUIET[False])
SIDE = 400  # pixels: longer side of a picture of one digit
WIDE = 760  # pixels: width of a picture of a number, enlarged to it where it is smaller
HIGHEST = 4 * WIDE  # pixels: of such a picture; a strip a few pixels wide would be enlarged to gigabytes
MARGIN = 1.2  # of the digits' height: what is shown around a number
LABEL = 22  # pixels: height of a confidence


def mark_digit(reading: Reading) -> np.ndarray:
    """One digit: the picture (H, W, 3) uint8, at most 400 pixels, a box around what was read, thin ones around the
    rest."""
    image = Image.fromarray(reading.picture.colours)
    image.thumbnail((SIDE, SIDE))
    if image.width < 100:
        image = image.resize((image.width * 8, image.height * 8), Image.Resampling.NEAREST)
    scale = image.width / reading.picture.size[0], image.height / reading.picture.size[1]
    draw = ImageDraw.Draw(image)
    found = reading.found
    for number, box in enumerate([found.box, *reading.unread] if isinstance(found, FoundDigit) else []):
        draw.rectangle(_frame(box, scale), outline=COLOUR, width=3 if number == 0 else 1)
    return np.array(image)


def mark_number(reading: Reading, chosen: int) -> np.ndarray:
    """A number: the part of the picture around it, (H, 760, 3) uint8 or narrower where it would be higher than 3,040
    pixels, a box and a confidence for each digit, the one of the digit `chosen` (counted from 0) thicker, and thin
    boxes around ink that was left out."""
    boxes = [digit.box for digit in reading.digits]
    margin = MARGIN * max(box[3] for box in boxes)
    width, height = reading.picture.size
    shown = [*boxes, *reading.unread]
    left, top = max(0, min(box[0] for box in shown) - margin), max(0, min(box[1] for box in shown) - margin)
    right = min(width, max(box[0] + box[2] for box in shown) + margin)
    bottom = min(height, max(box[1] + box[3] for box in shown) + margin)
    scale = min(WIDE / (right - left), HIGHEST / (bottom - top))
    part = Image.fromarray(reading.picture.colours).resize(
        (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))),
        Image.Resampling.BICUBIC,
        reading.picture.locate(left, top, right, bottom),
    )
    for x, y, wide, high in reading.unread:
        frame = _frame((x - left, y - top, wide, high), (scale, scale))
        ImageDraw.Draw(part).rectangle(frame, outline=COLOUR, width=1)
    draw, font = ImageDraw.Draw(part), ImageFont.load_default(LABEL)
    for number, digit in enumerate(reading.digits):
        x, y, wide, high = digit.box
        frame = _frame((x - left, y - top, wide, high), (scale, scale))
        is_chosen = number == chosen
        draw.rectangle(frame, outline=COLOUR if is_chosen else QUIET, width=4 if is_chosen else 2)
        label = words.probability(digit.confidence, 0).replace(words.SPACE, " ")  # the font has no such space
        middle = (frame[0] + frame[2]) / 2
        extent = draw.textbbox((middle, frame[1] - 3), label, font, "mb")
        draw.rectangle(
            (extent[0] - 3, extent[1] - 2, extent[2] + 3, extent[3] + 2), fill=COLOUR if is_chosen else QUIET
        )
        draw.text((middle, frame[1] - 3), label, (255, 255, 255), font, "mb")
    return np.array(part)


def _frame(
    box: tuple[float, float, float, float] | Box, scale: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a box's frame, a little outside it, in a picture scaled across and down."""
    x, y, width, height = box
    across, down = scale
    return x * across - 4, y * down - 4, (x + width) * across + 4, (y + height) * down + 4
