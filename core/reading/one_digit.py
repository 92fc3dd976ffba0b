"""The one digit in a picture's ink."""

from dataclasses import dataclass

import cv2
import numpy as np

from core.reading.ink import Crop, Ink, MnistImage, NoInk, Patches, find_ink
from core.reading.left_out import NOTHING, Sign, sort_out
from core.reading.mnist_form import Box, Stage, Trail, box_of, centre, fit, stroke_width
from core.reading.picture import Picture
from core.reading.settings import INK


@dataclass(frozen=True)
class FoundDigit:
    """One digit in MNIST's form: `image` (28, 28) float32 in [0, 1], ink bright on dark, and the `steps` to it. `box`
    is (x, y, width, height) of its ink in pixels of the upright original; `others` are the boxes of ink that was left
    out though it is as large as a digit, `signs` the dashes and dots that were."""

    image: np.ndarray
    box: Box
    steps: tuple[Stage, ...]
    polarity: str
    others: tuple[Box, ...] = ()
    signs: tuple[Sign, ...] = ()


@dataclass(frozen=True)
class NothingFound:
    """No digit was found: the `reason` in a sentence, and the `steps` so far."""

    reason: str
    steps: tuple[Stage, ...]
    polarity: str


def preprocess(picture: Picture, polarity: str = "auto", crop: Crop | None = None) -> FoundDigit | NothingFound:
    """Find the digit in a picture and bring it into MNIST's form; see `find_ink` for the arguments."""
    return find_digit(find_ink(picture, polarity, crop))


def find_digit(ink: Ink | NoInk | MnistImage) -> FoundDigit | NothingFound:
    """The one digit in the ink, in MNIST's form."""
    if isinstance(ink, MnistImage):
        return FoundDigit(ink.image, box_of(ink.image > 0.1), ink.steps, ink.polarity)
    if isinstance(ink, NoInk):
        return NothingFound(ink.reason, ink.steps, ink.polarity)
    chosen, rest, doubt = _choose_strokes(ink.patches)
    if doubt:
        return NothingFound(doubt, ink.steps, ink.polarity)
    trail = Trail(list(ink.steps))
    trail.add("The digit", "Strokes that belong together; specks and distant marks are left out.", chosen)
    image = fit(chosen, trail)
    box = box_of(chosen)
    left_out = sort_out(rest, [[box]], stroke_width(chosen)).placed(ink.place) if rest else NOTHING
    return FoundDigit(image, ink.place(box), tuple(trail.steps), ink.polarity, left_out.shapes, left_out.signs)


def whole_picture_as_digit(ink: Ink | NoInk | MnistImage) -> FoundDigit | None:
    """All of a small picture as one digit, in MNIST's form; None where it has no ink or is larger than
    `InkSettings.whole_side`.

    A digit cut out closely leaves hardly any paper to tell light and shadow by, and its strokes end at the borders as
    a neighbour's do. Here the paper is taken for even and all that stands out for the digit; its greys are kept, for
    they say where within so large a pixel a stroke ends. Whether it is so only the model can tell.
    """
    if not isinstance(ink, Ink) or ink.grey is None or max(ink.mask.shape) > INK.whole_side * ink.scale:
        return None
    bright = ink.grey if ink.polarity == "light on dark" else 1 - ink.grey
    paper, darkest = float(np.percentile(bright, 5)), float(bright.max())
    if darkest - paper < INK.faintest:
        return None
    strength = np.clip((bright - paper) / (darkest - paper), 0, 1)
    x, y, width, height = box = box_of(strength > INK.faintest_edge)
    trail = Trail(list(ink.steps[:2]))
    note = "A picture this small is read as one whole digit on plain paper: it looks more like one that way."
    trail.add("The whole picture", note, strength)
    image = centre(strength[y : y + height, x : x + width], trail)
    return FoundDigit(image, ink.place(box), tuple(trail.steps), ink.polarity)


def _choose_strokes(patches: Patches) -> tuple[np.ndarray, list[Box], str]:
    """The strokes of the one digit to read, the boxes of other ink, and why there is no digit, if there isn't."""
    main = _find_main(patches, patches.labels.shape)
    left, top, width, height = patches.box(main)
    right, bottom, size = left + width, top + height, max(width, height)
    members, rest = [main], []
    stroke = stroke_width(patches.labels == main + 1)
    distance = cv2.distanceTransform((patches.labels != main + 1).astype(np.uint8), cv2.DIST_L2, 3)
    for index in np.argsort(-patches.area):
        if index == main or patches.area[index] < max(0.01 * patches.area[main], 4):
            continue
        x, y, wide, high = patches.box(index)
        near = distance[y : y + high, x : x + wide][patches.labels[y : y + high, x : x + wide] == index + 1].min()
        if patches.at_border[index] and _is_cut_off(patches, index, main, stroke):
            continue
        if patches.mean_strength(index) < INK.faintest_part * patches.mean_strength(
            main
        ):  # what is left of the lines of squared paper
            continue
        gap_x, gap_y = max(x - right, left - x - wide, 0), max(y - bottom, top - y - high, 0)
        overlap_x = min(right, x + wide) - max(left, x)
        is_stacked = overlap_x > 0.3 * min(wide, right - left)
        # A loose bar of a 5 or 7 lies above or beside the rest of it; the second stroke of a 4 stands close by.
        is_bar = is_stacked and gap_y < 0.25 * size and max(wide, high) > 0.12 * size
        whole = max(right, x + wide) - min(left, x), max(bottom, y + high) - min(top, y)
        is_beside = gap_x < 0.15 * size and gap_y == 0 and high > 0.4 * size and whole[0] < 0.95 * whole[1]
        # A faint stretch breaks a stroke in two: the other end is near and as thick.
        is_next = near < 1.5 * stroke and patches.area[index] > 0.5 * stroke * max(wide, high)
        if (gap_x == gap_y == 0 and is_stacked) or is_bar or is_beside or is_next:
            members.append(index)
            left, top, right, bottom = min(left, x), min(top, y), max(right, x + wide), max(bottom, y + high)
        else:
            rest.append((x, y, wide, high))
    chosen = np.isin(patches.labels, np.array(members) + 1)
    return chosen, rest, _doubt(chosen, patches.area, main, len(members))


def _find_main(patches: Patches, shape: tuple[int, int]) -> int:
    """The patch that is most likely the digit, or the largest part of it: strong, large, and not cut off."""
    away = np.hypot((patches.left + patches.right) / shape[1] - 1, (patches.top + patches.bottom) / shape[0] - 1)
    width, height = patches.right - patches.left, patches.bottom - patches.top
    score = patches.strength * np.sqrt(np.maximum(width, height))
    # The edge of the table or a neighbour's stroke is cut off by the border and off centre; a shadow fills a corner.
    score *= np.where(patches.at_border, np.clip(1.1 - away, 0.05, 1), 1.0)
    score *= np.where(patches.at_corner & (patches.area > 0.4 * width * height), 0.05, 1.0)
    return int(np.argmax(score))


def _is_cut_off(patches: Patches, index: int, main: int, stroke: float) -> bool:
    """Whether a patch at the border belongs to something outside: a rule, or a neighbour's stroke.

    The loose bar of a 5 may touch the upper border: it lies above the digit and is as thick as its strokes, `stroke`
    pixels.
    """
    _, _, width, height = patches.box(index)
    thickness = patches.area[index] / max(width, height)
    overlap = min(patches.right[index], patches.right[main]) - max(patches.left[index], patches.left[main])
    return bool(thickness < 0.6 * stroke or overlap < 0.3 * width)


def _doubt(chosen: np.ndarray, areas: np.ndarray, main: int, patches: int) -> str:
    """The reason why the ink can't be a digit, empty where it can."""
    _, _, width, height = box_of(chosen)
    size = max(width, height)
    if size < 7:
        return "There is only a speck of ink. Draw the digit larger, or take the picture from closer."
    busy = int((areas > 0.02 * areas[main]).sum())
    is_scattered = patches > 8 and areas[main] < 0.5 * np.count_nonzero(chosen)
    if busy > 60 or is_scattered or (busy > 12 and areas[main] < 0.25 * areas.sum()):
        return "This looks like a texture or a photograph, not like a digit on paper."
    if width > 4 * height:
        return "There is a line, but no digit. If it is a 1 lying on its side, turn the picture."
    if stroke_width(chosen) > 0.6 * size:
        return "There is a blot or a dot, but no digit. Draw the digit with an open shape."
    return ""
