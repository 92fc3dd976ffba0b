"""The picture as given with a box around each digit, and beside a doubtful or chosen one how sure its answer is."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from core import words
from core.figures import theme
from core.reading.mnist_form import Box
from core.reading.one_digit import FoundDigit
from core.reading.reader import Reading

COLOUR, QUIET, DOUBT = (theme.rgb(colour[False]) for colour in (theme.ACCENT, theme.SMALL_TEXT, theme.DOUBT))
WHITE = (255, 255, 255)
SIDE = 400  # pixels: longer side of a picture of one digit
WIDE = 760  # pixels: width of a picture of a number, enlarged to it where it is smaller
HIGHEST = 4 * WIDE  # pixels: of such a picture; a strip a few pixels wide would be enlarged to gigabytes
MARGIN = 1.2  # of the digits' height: what is shown around a number
LABEL = 24  # pixels: height of a confidence's letters
OUTSIDE = 4  # pixels: from a box to its frame
ROOM = LABEL + 16  # pixels: at least so much above a number, for the confidences of its first line

Frame = tuple[float, float, float, float]  # left, top, right, bottom


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
    pixels, with a box for each digit: orange where it is doubtful, thick where it is `chosen` (counted from 0). Thin
    orange boxes are around ink that was left out.

    Doubtful digits and the chosen one also say how sure they are, as far as there is room: percentages that lie on each
    other can't be read, and a digit without one is sure.
    """
    boxes = [digit.box for digit in reading.digits]
    margin = MARGIN * max(box[3] for box in boxes)
    width, height = reading.picture.size
    shown = [*boxes, *reading.unread]
    left, top = max(0, min(box[0] for box in shown) - margin), max(0, min(box[1] for box in shown) - margin)
    right = min(width, max(box[0] + box[2] for box in shown) + margin)
    bottom = min(height, max(box[1] + box[3] for box in shown) + margin)
    scale = min(WIDE / (right - left), (HIGHEST - ROOM - OUTSIDE) / (bottom - top))
    part = Image.fromarray(reading.picture.colours).resize(
        (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))),
        Image.Resampling.BICUBIC,
        reading.picture.locate(left, top, right, bottom),
    )
    frames = [_frame((box[0] - left, box[1] - top, box[2], box[3]), (scale, scale)) for box in shown]
    if (lacking := round(ROOM - min(frame[1] for frame in frames[: len(boxes)]))) > 0:
        frames = [_shift(frame, lacking) for frame in frames]
    frames, unread = frames[: len(boxes)], frames[len(boxes) :]
    sheet = Image.new("RGB", (part.width, part.height + max(0, lacking)), _find_paper(part))
    sheet.paste(part, (0, max(0, lacking)))
    draw = ImageDraw.Draw(sheet)
    for frame in unread:
        draw.rectangle(frame, outline=DOUBT, width=1)
    for number, frame in enumerate(frames):
        colour = DOUBT if number in reading.doubtful else COLOUR if number == chosen else QUIET
        draw.rectangle(frame, outline=colour, width=5 if number == chosen else 2)
    labels = place_labels(reading, chosen, frames, sheet.width)
    for number, place in labels.items():
        draw.rectangle(place, fill=DOUBT if number in reading.doubtful else COLOUR)
        middle = (place[0] + place[2]) / 2, (place[1] + place[3]) / 2
        draw.text(middle, _say(reading, number), WHITE, ImageFont.load_default(LABEL), "mm")
    return np.array(sheet)


def mark_crop(colours: np.ndarray, crop: tuple[float, float, float, float]) -> np.ndarray:
    """A picture (H, W, 3) uint8 of which a part is read, at most 400 pixels: that part framed, the rest in shade.
    `crop` is left, top, right, bottom as shares of the picture."""
    image = Image.fromarray(colours)
    image.thumbnail((SIDE, SIDE))
    pixels = np.asarray(image)
    high, wide = pixels.shape[:2]
    left, right = (round(share * (wide - 1)) for share in crop[::2])
    top, bottom = (round(share * (high - 1)) for share in crop[1::2])
    marked = (pixels * 0.35).astype(np.uint8)
    marked[top : bottom + 1, left : right + 1] = pixels[top : bottom + 1, left : right + 1]
    framed = Image.fromarray(marked)
    ImageDraw.Draw(framed).rectangle((left, top, right, bottom), outline=COLOUR, width=2)
    return np.array(framed)


def place_labels(reading: Reading, chosen: int, frames: list[Frame], width: int) -> dict[int, Frame]:
    """Where the confidences of a number's digits go, by the digit's place: above its frame, never over each other nor
    over the edge of the picture of this `width`. The chosen digit comes first, then the doubtful ones in order."""
    placed: dict[int, Frame] = {}
    for number in dict.fromkeys([chosen, *reading.doubtful]):
        long = ImageFont.load_default(LABEL).getlength(_say(reading, number)) + 12
        left = (frames[number][0] + frames[number][2] - long) / 2
        left = max(0.0, min(left, width - 1 - long))
        bottom = max(frames[number][1] - 2, LABEL + 10)
        place = (left, bottom - LABEL - 10, left + long, bottom)
        if left + long < width and not any(_meet(place, other) for other in placed.values()):
            placed[number] = place
    return placed


def _find_paper(image: Image.Image) -> tuple[int, int, int]:
    """The usual colour of a picture's upper edge, which goes on above it."""
    red, green, blue = np.median(np.asarray(image)[0], axis=0).astype(int).tolist()
    return red, green, blue


def _say(reading: Reading, number: int) -> str:
    """How sure a digit is; the font has no space that holds words together."""
    return words.probability(reading.digits[number].confidence).replace(words.SPACE, " ")


def _meet(one: Frame, other: Frame) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _shift(frame: Frame, down: float) -> Frame:
    left, top, right, bottom = frame
    return left, top + down, right, bottom + down


def _frame(box: tuple[float, float, float, float] | Box, scale: tuple[float, float]) -> Frame:
    """The frame of a box, a little outside it, in a picture scaled across and down."""
    x, y, width, height = box
    across, down = scale
    return (
        x * across - OUTSIDE,
        y * down - OUTSIDE,
        (x + width) * across + OUTSIDE,
        (y + height) * down + OUTSIDE,
    )
