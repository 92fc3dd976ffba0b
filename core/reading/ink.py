"""Finds the ink in a picture, and keeps every step for showing.

The recipe at the end is MNIST's own: ink fitted into a 20-pixel box keeping its shape, antialiased, centre of mass in
the middle of 28x28 (LeCun et al., 1998). Everything before it serves to find the ink.
"""

import functools
import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from core.config import DIGIT_SIZE, POLARITIES
from core.reading.mnist_form import Box, Stage, Trail, box_of, centre_of_mass, stroke_width
from core.reading.picture import Picture
from core.reading.ruled_lines import find_edges, find_frame, find_lines, find_strands, thickest
from core.reading.settings import INK

cv2.setNumThreads(1)  # pictures this small gain nothing from a second, and ten visitors at once lose by it

GIVEN = "Turned upright, at most 1,000 pixels on its longer side."
Crop = tuple[float, float, float, float]
"""Left, top, right and bottom as shares of a picture, 0 to 1."""


@dataclass(frozen=True)
class Ink:
    """The ink of a picture, before it is known what of it is a digit.

    `mask` (H, W) bool says where it is and `strength` (H, W) float32 how far each pixel is from the paper towards ink,
    or how likely it is ink, both at the size the search works at: `scale` of their pixels are one of the upright
    original, whose (width, height) is `size`; `offset` is where they begin in it. `is_guess` says whether the polarity
    may well be the other one. `grey` (H, W) float32 in [0, 1] is the picture's brightness, None where the ink comes
    from no picture or was found without it. `straight` (2, 3) float takes a place (x, y, 1) of ink that was turned back
    to where it lay before; None where it wasn't.
    """

    mask: np.ndarray
    strength: np.ndarray
    polarity: str
    steps: tuple[Stage, ...]
    scale: float
    offset: tuple[float, float]
    size: tuple[int, int]
    is_guess: bool = False
    grey: np.ndarray | None = None
    straight: np.ndarray | None = None

    @functools.cached_property
    def patches(self) -> "Patches":
        """The connected patches of the mask, measured when they are first asked for."""
        return measure_patches(self.mask, self.strength)

    def place(self, box: Box) -> Box:
        """x, y, width, height in pixels of the mask -> the same in pixels of the upright original, inside it."""
        x, y, width, height = box if self.straight is None else _turn_box(box, self.straight)
        left, top = round(x / self.scale + self.offset[0]), round(y / self.scale + self.offset[1])
        left, top = min(max(left, 0), self.size[0] - 1), min(max(top, 0), self.size[1] - 1)
        return (
            left,
            top,
            min(max(1, round(width / self.scale)), self.size[0] - left),
            min(max(1, round(height / self.scale)), self.size[1] - top),
        )

    def turned(self, degrees: int) -> "Ink":
        """The same ink, turned clockwise about its middle, on a sheet that holds all of it."""
        high, wide = self.mask.shape
        turn = cv2.getRotationMatrix2D(((wide - 1) / 2, (high - 1) / 2), -degrees, 1)
        _, _, width, height = _turn_box((0, 0, wide, high), turn)
        turn[:, 2] += (width - wide) / 2, (height - high) / 2
        mask, strength = (
            cv2.warpAffine(plane.astype(np.float32), turn, (width, height)) for plane in (self.mask, self.strength)
        )
        note = f"Turned by {degrees} degrees: not sure as it lies."
        steps = (*self.steps, Stage("Turned", note, (mask > 0.5).astype(np.uint8) * 255))
        straight = cv2.invertAffineTransform(turn)
        return replace(self, mask=mask > 0.5, strength=strength, grey=None, steps=steps, straight=straight)


@dataclass(frozen=True)
class NoInk:
    """A picture without any ink; `reason` says so in a sentence. The other fields are as in `Ink`."""

    polarity: str
    steps: tuple[Stage, ...]
    reason: str
    is_guess: bool = False


@dataclass(frozen=True)
class MnistImage:
    """A picture that already has MNIST's form, (28, 28) float32 in [0, 1]: it needs no search and is no guess."""

    image: np.ndarray
    steps: tuple[Stage, ...]
    polarity: str = "light on dark"
    is_guess: bool = False


def _turn_box(box: Box, matrix: np.ndarray) -> Box:
    """The box around a box that was turned by a matrix (2, 3)."""
    x, y, width, height = box
    corners = np.array([(x + right - 0.5, y + below - 0.5, 1) for right in (0, width) for below in (0, height)])
    places = corners @ matrix.T + 0.5
    left, top = np.round(places.min(0)).astype(int)
    right, bottom = np.round(places.max(0)).astype(int)
    return int(left), int(top), int(right - left), int(bottom - top)


def find_ink(
    picture: Picture,
    polarity: str = "auto",
    crop: Crop | None = None,
    smallest: int | None = None,
) -> Ink | NoInk | MnistImage:
    """Find what was written in a picture by its contrast to the paper.

    `polarity` is one of `POLARITIES`; `crop` is (left, top, right, bottom) as shares of the picture, 0 to 1, and takes
    the whole picture when None. Raises `ValueError` for anything else. What is less than `smallest` pixels long,
    `INK.smallest_side` unless told, is enlarged to that before the search.
    """
    if polarity not in POLARITIES:
        raise ValueError(f"polarity must be one of {', '.join(POLARITIES)}, not {polarity!r}")
    trail = Trail()
    trail.add("The picture as given", GIVEN, picture.colours)
    ready = _as_mnist(picture.colours) if polarity == "auto" and crop is None else None
    if ready is not None:
        trail.add("Already in MNIST's form", "28x28, bright ink centred on black: it passes unchanged.", ready)
        return MnistImage(ready, tuple(trail.steps))
    colours, corner = cut(picture.colours, crop)
    colours, enlarged = _resize(colours, INK.smallest_side if smallest is None else smallest)
    scale = enlarged * max(picture.colours.shape[:2]) / max(picture.size)
    shown = picture.colours.shape[1] / picture.size[0]
    offset = corner[0] / shown, corner[1] / shown
    grey = _to_grey(colours)
    trail.add(
        "Grey", "Colours are mixed so that ink and paper differ most: red or blue pens keep their contrast.", grey
    )
    evidence = {"dark on light": math.inf, "light on dark": -math.inf}.get(polarity)
    if evidence is None:
        evidence = _weigh_polarity(grey, enlarged)
    dark_ink, is_guess = evidence > 0, abs(evidence) < INK.sure_polarity
    contrast = _find_contrast(grey, dark_ink)
    found = "dark on light" if dark_ink else "light on dark"
    trail.add("Paper flattened", f"Shadows and tints are divided out. The ink is {found}; here it is bright.", contrast)
    mask = _find_ink(contrast, _find_lowest(contrast))
    if not mask.any():
        return NoInk(found, tuple(trail.steps), "There is no ink in this picture.", is_guess)
    note = "What is clearly darker or lighter than the paper; ruled lines and frames are dropped."
    trail.add("Ink", note, mask)
    return Ink(mask, contrast, found, tuple(trail.steps), scale, offset, picture.size, is_guess, grey)


def _as_mnist(colours: np.ndarray) -> np.ndarray | None:
    """The picture itself, as (28, 28) float32, where it already is what MNIST's makers would have made of it."""
    if colours.shape[:2] != (DIGIT_SIZE, DIGIT_SIZE) or np.any(colours != colours[..., :1]):
        return None
    image = colours[..., 0].astype(np.float32) / 255
    border = np.concatenate([image[:2].ravel(), image[-2:].ravel(), image[:, :2].ravel(), image[:, -2:].ravel()])
    if image.max() < 0.5 or border.mean() > 0.03 or np.median(image) > 0.05:
        return None
    _, _, width, height = box_of(image > 0.1)
    centre = centre_of_mass(image)
    is_centred = all(abs(value - (DIGIT_SIZE - 1) / 2) < 1.6 for value in centre)
    return image if is_centred and 17 <= max(width, height) <= 22 else None


def cut(colours: np.ndarray, crop: Crop | None) -> tuple[np.ndarray, tuple[int, int]]:
    """The part of a picture (H, W, 3) inside `crop`, and where it begins in it, in pixels (x, y). Raises `ValueError`
    where the sides of `crop` are in the wrong order or outside."""
    if crop is None:
        return colours, (0, 0)
    left, top, right, bottom = crop
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise ValueError(f"crop must be shares with left < right and top < bottom, not {crop}")
    height, width = colours.shape[:2]
    x, y = min(int(left * width), width - 1), min(int(top * height), height - 1)
    return colours[y : max(y + 1, round(bottom * height)), x : max(x + 1, round(right * width))], (x, y)


def _resize(colours: np.ndarray, smallest: int) -> tuple[np.ndarray, float]:
    """Bring the longer side between the smallest and the largest the search works at; gives the factor too."""
    longest = max(colours.shape[:2])
    scale = min(max(1.0, smallest / longest), INK.working_side / longest)
    if scale == 1:
        return colours, 1.0
    size = tuple(max(1, round(side * scale)) for side in colours.shape[1::-1])
    return cv2.resize(colours, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), scale


def _to_grey(colours: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 -> (H, W) float32 in [0, 1]: projected on the direction in which its colours vary most."""
    small = cv2.resize(colours, (64, 64), interpolation=cv2.INTER_AREA)
    paper = cv2.medianBlur(small, 31)
    away = (small.astype(np.float32) - paper).reshape(-1, 3) / 255
    _, vectors = np.linalg.eigh(away.T @ away)
    direction = vectors[:, -1]
    direction = direction if direction.sum() >= 0 else -direction
    luminance = np.array([0.299, 0.587, 0.114])
    # Grey ink varies all channels alike; there the usual luminance is less noisy than a fitted mixture.
    if direction.min() > 0.3 or not np.any(away):
        direction = luminance
    weights = (direction / np.abs(direction).sum()).astype(np.float32).reshape(1, 3)
    grey = cv2.transform(colours.astype(np.float32) / 255, weights)
    return cv2.GaussianBlur(grey - min(0.0, float(grey.min())), (0, 0), 0.8)


def _find_contrast(grey: np.ndarray, dark_ink: bool) -> np.ndarray:
    """How far each pixel is from the paper towards ink: (H, W) float32, 0 for paper, at most 1; negative where a pixel
    is away from the paper on the other side."""
    bright_paper = grey if dark_ink else 1 - grey
    contrast: np.ndarray = _estimate_paper(bright_paper) - bright_paper
    return contrast


def _weigh_polarity(grey: np.ndarray, enlarged: float = 1.0) -> float:
    """Signed evidence for dark ink on light paper; negative means light ink on dark.

    Ink is the minority that stands out from what surrounds it; on a tight crop, what seldom touches the border; and
    strokes are thin and sharp, which shadows and patches of sunlight are not, unless the picture was `enlarged` so many
    times that nothing in it is."""
    small = _shrink(grey)
    away = small - cv2.medianBlur(small, 2 * (max(small.shape) // 4) + 1).astype(np.float32)
    away /= max(1.0, float(np.abs(away).max()))
    dark, light = float((np.clip(-away, 0, 1) ** 3).sum()), float((np.clip(away, 0, 1) ** 3).sum())
    tail = (dark - light) / max(dark + light, 1e-6)
    thin = _weigh_lines(grey) if enlarged <= INK.most_enlarged else 0.0
    threshold, _ = cv2.threshold(small, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    inset = min(max(1, min(small.shape) // 16), (min(small.shape) - 1) // 2)  # frame lines lie on the border itself
    inner = small[inset : -inset or None, inset : -inset or None]
    ring = np.concatenate([inner[0], inner[-1], inner[:, 0], inner[:, -1]])
    # The corners are the last that a digit fills.
    far = max(1, min(inner.shape) // 10)
    ends = np.r_[:far, -far:0]
    ring_is_light, corners_are_light = (
        2 * float((part > threshold).mean()) - 1 for part in (ring, inner[np.ix_(ends, ends)])
    )
    return tail + 0.8 * ring_is_light + corners_are_light + 4 * thin


def _weigh_lines(grey: np.ndarray) -> float:
    """1 where a picture (H, W) float32 has thin dark lines, -1 where it has light ones, near 0 where both or none."""
    # A line stands out most along its middle: of differences of Gaussians, cubed, those at edges count little.
    lines = cv2.GaussianBlur(grey, (0, 0), 1.6 * INK.line_scale) - cv2.GaussianBlur(grey, (0, 0), INK.line_scale)
    sides = (np.maximum(side, 0) for side in (lines, -lines))
    dark, light = (float(np.vdot(side * side, side)) for side in sides)  # `** 3` takes ten times as long
    return (dark - light) / max(dark + light, 1e-9)


def _shrink(grey: np.ndarray, side: int = 96) -> np.ndarray:
    scale = side / max(grey.shape)
    size = tuple(max(1, round(length * scale)) for length in grey.shape[::-1])
    return (np.clip(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), 0, 1) * 255).round().astype(np.uint8)


def _estimate_paper(bright_paper: np.ndarray) -> np.ndarray:
    """The paper as it would look without dark ink: (H, W) float32 -> (H, W) float32.

    Thin strokes vanish in a closing, wide ones are taken out of a median and filled in from around them. Closing,
    median and filling keep the edge of a shadow where it is; a blur would turn it into a stroke.
    """
    height, width = bright_paper.shape
    reach = max(3, 2 * (max(height, width) // 80) + 1)
    closed = cv2.morphologyEx(bright_paper, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach,) * 2))
    small = _shrink(closed)
    ink = _split_strokes(small)
    if ink is None:
        median = cv2.medianBlur(small, 2 * (max(small.shape) // 4) + 1)
        below = median.astype(np.int16) - small
        noise = 1.4826 * float(np.median(np.abs(below)))
        ink = (below > max(12.0, 4 * noise)).astype(np.uint8)
        small = np.where(cv2.dilate(ink, np.ones((3, 3), np.uint8)) > 0, median, small)
    if 0 < ink.mean() < 0.7:
        small = cv2.inpaint(small, cv2.dilate(ink, np.ones((3, 3), np.uint8)), 3, cv2.INPAINT_TELEA)
    small = cv2.medianBlur(small, 5)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255


def _split_strokes(small: np.ndarray) -> np.ndarray | None:
    """The dark ones of two brightnesses, (H, W) uint8 0 or 1, where they have the shape of strokes; None where not.

    A tight crop holds nearly as much ink as paper, and a median would take the ink for paper. The dark half of a
    shadowed page is no stroke: it is far wider than any.
    """
    _, dark = cv2.threshold(small, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    share = float(dark.mean())
    if not 0.02 < share < 0.65:
        return None
    spread = small[dark > 0].mean() - small[dark == 0].mean()
    separation = share * (1 - share) * float(spread) ** 2 / max(float(small.var()), 1e-6)
    # In a narrow crop a 1 may be as wide as a shadow elsewhere; only it leaves most of the border free.
    height, width = small.shape
    ring = np.concatenate([dark[0], dark[-1], dark[:, 0], dark[:, -1]])
    room = 0.42 * np.sqrt(height * width) if ring.mean() < 0.15 else 0.32 * min(height, width)
    return dark if separation > 0.6 and stroke_width(dark > 0) < room else None


def _find_lowest(contrast: np.ndarray) -> float:
    """The contrast, 0 to 1, below which a pixel may be the paper's: four times its noise, or what nobody would see."""
    # Where a pixel is brighter than the paper it can't be ink: that side shows the noise alone.
    above = contrast[contrast < 0]
    noise = 1.4826 * float(np.median(-above)) if above.size > 0.05 * contrast.size else 0.0
    return max(INK.faintest, 4 * noise)


def _find_ink(contrast: np.ndarray, lowest: float) -> np.ndarray:
    """Where the ink is: (H, W) bool, nowhere set where nothing stands out from the paper by more than `lowest`.

    Each connected patch is compared with its own darkness, so that a faint digit survives beside a blot.
    """
    visible = contrast > lowest
    lines = find_frame(visible)
    lines |= find_edges(visible & ~lines)
    lines |= find_lines(visible & ~lines, contrast)
    unruled = visible & ~lines
    if not unruled.any() and lines.any() and box_of(lines)[2] < 0.2 * box_of(lines)[3]:
        # One upright line and nothing else: a 1 from border to border.
        unruled, lines = visible, np.zeros_like(visible)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(unruled.astype(np.uint8), connectivity=8)
    levels = np.full(count, np.inf, np.float32)
    smallest = max(6, contrast.size // 40_000)
    for label in np.argsort(-stats[1:, cv2.CC_STAT_AREA])[: INK.most_patches] + 1:
        x, y, width, height, area = stats[label]
        if area < smallest:
            break
        part = contrast[y : y + height, x : x + width][labels[y : y + height, x : x + width] == label]
        level = float(np.percentile(part, 90))
        if level > 1.5 * lowest:  # mottled paper hardly rises above the threshold that it just passes
            levels[label] = max(lowest, 0.5 * level)
    ink = contrast > levels[labels]
    ink |= _follow_faint(contrast, levels[labels], lowest)
    if lines.any():
        # A stroke that crossed a line has a gap there now: what the line covered between two ends of ink is ink again.
        widest = max(INK.line_gap, round(2 * thickest(lines)))
        bridge = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (widest, widest))
        ink |= cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_CLOSE, bridge).astype(bool) & lines
        ink &= ~find_strands(ink)
    return ink


def _follow_faint(contrast: np.ndarray, level: np.ndarray, lowest: float) -> np.ndarray:
    """Faint strokes: ink compared with the darkest nearby, not with the whole patch's.

    `contrast` and `level` (H, W) float32, `lowest` the contrast below which nothing is seen -> (H, W) bool.
    """
    reach = 2 * (max(contrast.shape) // INK.nearby) + 1
    near = cv2.dilate(contrast, np.ones((reach, reach), np.float32))
    near = cv2.blur(near, (reach, reach))
    faint: np.ndarray = np.isfinite(level) & (contrast > np.maximum(lowest * 1.5, 0.65 * near))
    return faint & (contrast > 0.4 * level)


@dataclass(frozen=True)
class Patches:
    """The connected patches of ink, one array entry each: label in `labels` less 1, box edges in pixels, `area` in
    pixels, `strength` (the sum over its pixels), and whether the patch touches a border, or two that meet in a
    corner."""

    labels: np.ndarray
    left: np.ndarray
    top: np.ndarray
    right: np.ndarray
    bottom: np.ndarray
    area: np.ndarray
    strength: np.ndarray
    at_border: np.ndarray
    at_corner: np.ndarray

    def box(self, index: int) -> Box:
        """x, y, width, height of one patch."""
        x, y = int(self.left[index]), int(self.top[index])
        return x, y, int(self.right[index]) - x, int(self.bottom[index]) - y

    def mean_strength(self, index: int) -> float:
        """Mean strength of one patch's pixels, 0 to 1."""
        return float(self.strength[index] / self.area[index])


def measure_patches(mask: np.ndarray, strength: np.ndarray) -> Patches:
    """The connected patches of a mask (H, W) bool, with the strength of its pixels (H, W) float32."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    left, top, width, height, area = stats[1:].T.astype(float)
    right, bottom = left + width, top + height
    sums = np.bincount(labels.ravel(), np.clip(strength, 0, 1).ravel(), count)[1:]
    sideways = (left <= 1) | (right >= mask.shape[1] - 1)
    upright = (top <= 1) | (bottom >= mask.shape[0] - 1)
    return Patches(labels, left, top, right, bottom, area, sums, sideways | upright, sideways & upright)


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """The value that half of all weight lies below: both (N,), N at least 1."""
    order = np.argsort(values)
    return float(values[order][np.searchsorted(weights[order].cumsum(), 0.5 * weights.sum())])
