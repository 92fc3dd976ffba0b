"""A picture -> the 28x28 digit the model reads, with every step kept for showing.

The recipe at the end is MNIST's own: ink fitted into a 20-pixel box keeping its shape, antialiased, centre of mass in
the middle of 28x28 (LeCun et al., 1998). Everything before it serves to find the ink.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

from core.config import DIGIT_SIZE, INK_SIZE, POLARITIES
from core.picture import Picture

cv2.setNumThreads(1)  # pictures this small gain nothing from a second, and ten visitors at once lose by it

WORKING_SIDE = 640  # pixels: longer side while the ink is searched; a digit a tenth as high still has 64
SMALLEST_SIDE = 224  # pixels: smaller pictures are enlarged first, so that a stroke is several pixels wide
FAINTEST = 0.05  # of full scale: ink nearer to the paper's brightness than this is not seen
LINE_GAP = 11  # pixels: widest ruled line whose crossing by a stroke is mended
MOST_PATCHES = 400  # patches of ink looked at, largest first: noise has tens of thousands
THINNEST, THICKEST = 2.0, 4.2  # pixels at 28x28: strokes outside are thickened or thinned; MNIST's mean is about 2.9


@dataclass(frozen=True)
class Step:
    """One stage of the way: `title`, a `note` that explains it, and `image` (H, W) or (H, W, 3) uint8."""

    title: str
    note: str
    image: np.ndarray


@dataclass(frozen=True)
class Preprocessed:
    """`digit` (28, 28) float32 in [0, 1], ink bright on dark, or None where there is no ink to read; `why_not` says
    then why. `box` is (x, y, width, height) of the ink in pixels of the upright original. `others` are the boxes of
    ink that was left out though it is as large as a digit."""

    digit: np.ndarray | None
    steps: tuple[Step, ...]
    polarity: str = "auto"
    box: tuple[int, int, int, int] | None = None
    others: tuple[tuple[int, int, int, int], ...] = ()
    why_not: str = ""


@dataclass
class Trail:
    """The steps taken so far."""

    steps: list[Step] = field(default_factory=list)

    def add(self, title: str, note: str, image: np.ndarray) -> None:
        """Keep one step; masks and float images, of which [0, 1] is shown, become bytes."""
        if image.dtype == bool:
            image = image.astype(np.uint8) * 255
        elif image.dtype != np.uint8:
            image = cv2.convertScaleAbs(np.maximum(image, 0), alpha=255)
        self.steps.append(Step(title, note, image))


def preprocess(
    picture: Picture, polarity: str = "auto", crop: tuple[float, float, float, float] | None = None
) -> Preprocessed:
    """Find the digit in a picture and bring it into MNIST's form.

    `polarity` is one of `POLARITIES`; `crop` is (left, top, right, bottom) as shares of the picture, 0 to 1, and takes
    the whole picture when None. Raises `ValueError` for anything else.
    """
    if polarity not in POLARITIES:
        raise ValueError(f"polarity must be one of {', '.join(POLARITIES)}, not {polarity!r}")
    trail = Trail()
    trail.add("The picture as given", "Turned upright, at most 1,000 pixels on its longer side.", picture.colours)
    ready = _as_mnist(picture.colours) if polarity == "auto" and crop is None else None
    if ready is not None:
        trail.add("Already in MNIST's form", "28x28, bright ink centred on black: it passes unchanged.", ready)
        return Preprocessed(ready, tuple(trail.steps), "light on dark", _box_of(ready > 0.1))
    colours, offset = _cut(picture.colours, crop)
    colours, scale = _resize(colours)
    scale *= max(picture.colours.shape[:2]) / max(picture.size)
    grey = _to_grey(colours)
    trail.add(
        "Grey", "Colours are mixed so that ink and paper differ most: red or blue pens keep their contrast.", grey
    )
    dark_ink, contrast = _find_contrast(grey, polarity)
    found = "dark on light" if dark_ink else "light on dark"
    trail.add("Paper flattened", f"Shadows and tints are divided out. The ink is {found}; it is bright here.", contrast)
    mask = _find_ink(contrast)
    if not mask.any():
        return Preprocessed(None, tuple(trail.steps), found, why_not="There is no ink in this picture.")
    trail.add("Ink", "What is clearly darker or lighter than the paper; ruled lines and frames are dropped.", mask)
    chosen, others, why_not = _choose_strokes(mask, contrast)

    def place(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        x, y, width, height = box
        back = 1 / scale
        return (
            round(x * back + offset[0] * picture.size[0]),
            round(y * back + offset[1] * picture.size[1]),
            max(1, round(width * back)),
            max(1, round(height * back)),
        )

    if why_not:
        return Preprocessed(None, tuple(trail.steps), found, why_not=why_not)
    trail.add("The digit", "Strokes that belong together; specks and distant marks are left out.", chosen)
    digit = fit(chosen, trail)
    box = _box_of(chosen)
    return Preprocessed(digit, tuple(trail.steps), found, place(box), tuple(place(other) for other in others))


def _as_mnist(colours: np.ndarray) -> np.ndarray | None:
    """The picture itself, as (28, 28) float32, where it already is what MNIST's makers would have made of it."""
    if colours.shape[:2] != (DIGIT_SIZE, DIGIT_SIZE) or np.any(colours != colours[..., :1]):
        return None
    digit = colours[..., 0].astype(np.float32) / 255
    border = np.concatenate([digit[:2].ravel(), digit[-2:].ravel(), digit[:, :2].ravel(), digit[:, -2:].ravel()])
    if digit.max() < 0.5 or border.mean() > 0.03 or np.median(digit) > 0.05:
        return None
    _, _, width, height = _box_of(digit > 0.1)
    centre = _centre_of_mass(digit)
    is_centred = all(abs(value - (DIGIT_SIZE - 1) / 2) < 1.6 for value in centre)
    return digit if is_centred and 17 <= max(width, height) <= 22 else None


def _cut(colours: np.ndarray, crop: tuple[float, float, float, float] | None) -> tuple[np.ndarray, tuple[float, float]]:
    """The part of the picture inside `crop` and the offset of its corner as shares of the picture."""
    if crop is None:
        return colours, (0.0, 0.0)
    left, top, right, bottom = crop
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise ValueError(f"crop must be shares with left < right and top < bottom, not {crop}")
    height, width = colours.shape[:2]
    x, y = min(int(left * width), width - 1), min(int(top * height), height - 1)
    part = colours[y : max(y + 1, round(bottom * height)), x : max(x + 1, round(right * width))]
    return part, (x / width, y / height)


def _resize(colours: np.ndarray) -> tuple[np.ndarray, float]:
    """Bring the longer side between the smallest and the largest the search works at; gives the factor too."""
    longest = max(colours.shape[:2])
    scale = min(max(1.0, SMALLEST_SIDE / longest), WORKING_SIDE / longest)
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


def _find_contrast(grey: np.ndarray, polarity: str) -> tuple[bool, np.ndarray]:
    """Whether the ink is darker than the paper, and how far each pixel is from the paper towards ink: (H, W) float32,
    0 for paper, at most 1; negative where a pixel is away from the paper on the other side."""
    dark_ink = _is_ink_dark(grey) if polarity == "auto" else polarity == "dark on light"
    bright_paper = grey if dark_ink else 1 - grey
    return dark_ink, _estimate_paper(bright_paper) - bright_paper


def _is_ink_dark(grey: np.ndarray) -> bool:
    """Ink is the minority that stands out from what surrounds it; on a tight crop, what seldom touches the border."""
    small = _shrink(grey)
    away = small - cv2.medianBlur(small, 2 * (max(small.shape) // 4) + 1).astype(np.float32)
    away /= max(1.0, float(np.abs(away).max()))
    dark, light = float((np.clip(-away, 0, 1) ** 3).sum()), float((np.clip(away, 0, 1) ** 3).sum())
    tail = (dark - light) / max(dark + light, 1e-6)
    threshold, _ = cv2.threshold(small, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    inset = min(max(1, min(small.shape) // 16), (min(small.shape) - 1) // 2)  # frame lines lie on the border itself
    inner = small[inset : -inset or None, inset : -inset or None]
    ring = np.concatenate([inner[0], inner[-1], inner[:, 0], inner[:, -1]])
    return tail + 0.8 * (2 * float((ring > threshold).mean()) - 1) > 0


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
    return dark if separation > 0.6 and _stroke_width(dark > 0) < 0.32 * min(small.shape) else None


def _find_ink(contrast: np.ndarray) -> np.ndarray:
    """Where the ink is: (H, W) bool, nowhere set where nothing stands out from the paper.

    Each connected patch is judged against its own darkness, so that a faint digit survives beside a blot.
    """
    # Where a pixel is brighter than the paper it can't be ink: that side shows the noise alone.
    above = contrast[contrast < 0]
    noise = 1.4826 * float(np.median(-above)) if above.size > 0.05 * contrast.size else 0.0
    lowest = max(FAINTEST, 4 * noise)
    visible = contrast > lowest
    lines = _find_lines(visible, contrast)
    unruled = visible & ~lines
    if not unruled.any() and lines.any() and _box_of(lines)[2] < 0.2 * _box_of(lines)[3]:
        # One upright line and nothing else: a 1 from border to border.
        unruled, lines = visible, np.zeros_like(visible)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(unruled.astype(np.uint8), connectivity=8)
    levels = np.full(count, np.inf, np.float32)
    smallest = max(6, contrast.size // 40_000)
    for label in np.argsort(-stats[1:, cv2.CC_STAT_AREA])[:MOST_PATCHES] + 1:
        x, y, width, height, area = stats[label]
        if area < smallest:
            break
        part = contrast[y : y + height, x : x + width][labels[y : y + height, x : x + width] == label]
        level = float(np.percentile(part, 90))
        if level > 1.5 * lowest:  # mottled paper hardly rises above the threshold that it just passes
            levels[label] = max(lowest, 0.5 * level)
    ink = contrast > levels[labels]
    if lines.any():
        # A stroke that crossed a line has a gap there now: what the line covered between two ends of ink is ink again.
        bridge = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (LINE_GAP, LINE_GAP))
        ink |= cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_CLOSE, bridge).astype(bool) & lines
    return ink


def _find_lines(visible: np.ndarray, contrast: np.ndarray) -> np.ndarray:
    """Ruled lines, squared paper and frames: straight, thin, and from one border to the other. (H, W) bool to bool.

    Where a stroke darker than the line lies on it, the pixel is the stroke's.
    """
    lines = np.zeros(visible.shape, bool)
    ink = visible.astype(np.uint8)
    for axis in (0, 1):  # rows, then columns, as rows of the picture laid on its side
        laid = ink if axis == 0 else ink.T
        across, length = laid.shape
        runs = cv2.morphologyEx(
            np.ascontiguousarray(laid), cv2.MORPH_OPEN, np.ones((1, max(15, length // 8)), np.uint8)
        )
        if cv2.countNonZero(runs) < 0.5 * length:
            continue
        joined = cv2.dilate(runs, np.ones((3, 9), np.uint8))
        count, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
        for label in range(1, count):
            start, extent = stats[label, cv2.CC_STAT_LEFT], stats[label, cv2.CC_STAT_WIDTH]
            if extent > 0.9 * length and start < 0.05 * length:
                line = (labels == label) if axis == 0 else (labels == label).T
                on_run = line & ((runs if axis == 0 else runs.T) > 0)
                # The darkest pixel across the line, at each place along it: most places have only the line.
                darkest = np.where(on_run, contrast, 0).max(axis)
                line &= contrast < 1.3 * float(np.median(darkest[darkest > 0]))
                if np.count_nonzero(line & on_run) / extent < 0.03 * across:
                    lines |= line
    return lines & visible


@dataclass(frozen=True)
class Patches:
    """The connected patches of ink, one array entry each: label in `labels` less 1, box edges in pixels, `area` in
    pixels, `strength` (the sum of contrast), and whether the patch touches a border, or two that meet in a corner."""

    labels: np.ndarray
    left: np.ndarray
    top: np.ndarray
    right: np.ndarray
    bottom: np.ndarray
    area: np.ndarray
    strength: np.ndarray
    at_border: np.ndarray
    at_corner: np.ndarray

    def box(self, index: int) -> tuple[int, int, int, int]:
        """x, y, width, height of one patch."""
        x, y = int(self.left[index]), int(self.top[index])
        return x, y, int(self.right[index]) - x, int(self.bottom[index]) - y

    def darkness(self, index: int) -> float:
        """Mean contrast of one patch, 0 to 1."""
        return float(self.strength[index] / self.area[index])


def _measure_patches(mask: np.ndarray, contrast: np.ndarray) -> Patches:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    left, top, width, height, area = stats[1:].T.astype(float)
    right, bottom = left + width, top + height
    strength = np.bincount(labels.ravel(), np.clip(contrast, 0, 1).ravel(), count)[1:]
    sideways = (left <= 1) | (right >= mask.shape[1] - 1)
    upright = (top <= 1) | (bottom >= mask.shape[0] - 1)
    return Patches(labels, left, top, right, bottom, area, strength, sideways | upright, sideways & upright)


def _choose_strokes(mask: np.ndarray, contrast: np.ndarray) -> tuple[np.ndarray, list[tuple[int, int, int, int]], str]:
    """The strokes of the one digit to read, the boxes of other large ink, and why there is no digit, if there isn't."""
    patches = _measure_patches(mask, contrast)
    main = _find_main(patches, mask.shape)
    left, top, width, height = patches.box(main)
    right, bottom, size = left + width, top + height, max(width, height)
    members, others = [main], []
    for index in np.argsort(-patches.area):
        if index == main or patches.area[index] < max(0.01 * patches.area[main], 4):
            continue
        if patches.at_border[index] and not patches.at_border[main]:
            continue
        if patches.darkness(index) < 0.6 * patches.darkness(main):  # what is left of the lines of squared paper
            continue
        x, y, wide, high = patches.box(index)
        gap_x, gap_y = max(x - right, left - x - wide, 0), max(y - bottom, top - y - high, 0)
        overlap_x = min(right, x + wide) - max(left, x)
        is_stacked = overlap_x > 0.3 * min(wide, right - left)
        # A loose bar of a 5 or 7 lies above or beside the rest of it; the second stroke of a 4 stands close by.
        is_bar = is_stacked and gap_y < 0.25 * size and max(wide, high) > 0.12 * size
        whole = max(right, x + wide) - min(left, x), max(bottom, y + high) - min(top, y)
        is_beside = gap_x < 0.15 * size and gap_y == 0 and high > 0.4 * size and whole[0] < 0.95 * whole[1]
        if (gap_x == gap_y == 0 and is_stacked) or is_bar or is_beside:
            members.append(index)
            left, top, right, bottom = min(left, x), min(top, y), max(right, x + wide), max(bottom, y + high)
        elif high > 0.45 * size:
            others.append((x, y, wide, high))
    chosen = np.isin(patches.labels, np.array(members) + 1)
    return chosen, others, _doubt(chosen, patches.area, main, len(members))


def _find_main(patches: Patches, shape: tuple[int, int]) -> int:
    """The patch that is most likely the digit, or the largest part of it: strong, large, and not cut off."""
    away = np.hypot((patches.left + patches.right) / shape[1] - 1, (patches.top + patches.bottom) / shape[0] - 1)
    width, height = patches.right - patches.left, patches.bottom - patches.top
    score = patches.strength * np.sqrt(np.maximum(width, height))
    # The edge of the table or a neighbour's stroke is cut off by the border and off centre; a shadow fills a corner.
    score *= np.where(patches.at_border, np.clip(1.1 - away, 0.05, 1), 1.0)
    score *= np.where(patches.at_corner & (patches.area > 0.4 * width * height), 0.05, 1.0)
    return int(np.argmax(score))


def _doubt(chosen: np.ndarray, areas: np.ndarray, main: int, pieces: int) -> str:
    """Why what was found can't be a digit, or an empty string."""
    _, _, width, height = _box_of(chosen)
    size = max(width, height)
    if size < 7:
        return "There is only a speck of ink. Draw the digit larger, or take the picture from nearer."
    busy = int((areas > 0.02 * areas[main]).sum())
    is_scattered = pieces > 8 and areas[main] < 0.5 * np.count_nonzero(chosen)
    if busy > 60 or is_scattered or (busy > 12 and areas[main] < 0.25 * areas.sum()):
        return "This looks like a texture or a photograph, not like a digit on paper."
    if width > 4 * height:
        return "There is a line, but no digit. If it is a 1 lying on its side, turn the picture."
    if _stroke_width(chosen) > 0.6 * size:
        return "There is a blot or a dot, but no digit. Draw the digit with an open shape."
    return ""


def _stroke_width(ink: np.ndarray) -> float:
    """Mean width of the strokes in pixels: across a stroke, the distance to paper averages a quarter of its width."""
    padded = np.pad(ink.astype(np.uint8), 1)
    return 4 * float(cv2.distanceTransform(padded, cv2.DIST_L2, 5)[padded > 0].mean()) - 1


def fit(chosen: np.ndarray, trail: Trail) -> np.ndarray:
    """MNIST's recipe: the ink in a 20-pixel box, its centre of mass in the middle of 28x28.

    (H, W) bool with something set -> (28, 28) float32 in [0, 1].
    """
    x, y, width, height = _box_of(chosen)
    ink = chosen[y : y + height, x : x + width].astype(np.float32)
    # Work at ten times the final size: thickening and antialiasing are then smooth whatever the picture's size was.
    scale = 10 * INK_SIZE / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    ink = cv2.resize(ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    if scale > 1:  # the pixels of a small picture are steps of this size now
        ink = cv2.GaussianBlur(ink, (0, 0), 0.5 * scale)
    # Made smaller, a thin stroke covers less than half of each pixel it runs through, and must not fall apart.
    ink = np.pad(ink, 30) > (0.5 if scale > 1 else 0.3)
    if not ink.any():
        ink = np.pad(np.ones(size[::-1], bool), 30)
    stroke = _stroke_width(ink) / 10
    if stroke < THINNEST:
        ink = _grow(ink, round(10 * (THINNEST - stroke)))
    elif stroke > THICKEST:
        thinner = ~_grow(~ink, round(10 * min(stroke - THICKEST, stroke / 3)))
        ink = thinner if thinner.any() else ink
    trail.add(
        "Stroke width",
        f"Strokes of {stroke:.1f} pixels, as the model would see them, brought near MNIST's own.",
        ink,
    )
    x, y, width, height = _box_of(ink)
    scale = INK_SIZE / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(ink[y : y + height, x : x + width].astype(np.float32), size, interpolation=cv2.INTER_AREA)
    digit = np.zeros((DIGIT_SIZE, DIGIT_SIZE), np.float32)
    left, top = (DIGIT_SIZE - size[0]) // 2, (DIGIT_SIZE - size[1]) // 2
    digit[top : top + size[1], left : left + size[0]] = small
    row, column = _centre_of_mass(digit)
    middle = (DIGIT_SIZE - 1) / 2
    # Whole pixels, as in MNIST: a fraction would blur the strokes.
    shift = np.float32([[1, 0, round(middle - column)], [0, 1, round(middle - row)]])
    digit = np.clip(cv2.warpAffine(digit, shift, (DIGIT_SIZE, DIGIT_SIZE)), 0, 1)
    trail.add("What the model sees", "Fitted into 20 pixels, its centre of mass in the middle of 28x28.", digit)
    return digit


def _grow(ink: np.ndarray, diameter: int) -> np.ndarray:
    if diameter < 1:
        return ink
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter + 1, diameter + 1))
    return cv2.dilate(ink.astype(np.uint8), disc).astype(bool)


def _box_of(ink: np.ndarray) -> tuple[int, int, int, int]:
    """x, y, width, height of what is set in a mask (H, W) bool that has something set."""
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    x, y = int(columns[0]), int(rows[0])
    return x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1


def _centre_of_mass(image: np.ndarray) -> tuple[float, float]:
    """Row and column, in pixels, of the centre of an image (H, W) with some brightness."""
    total = float(image.sum())
    rows, columns = image.sum(1) @ np.arange(image.shape[0]), image.sum(0) @ np.arange(image.shape[1])
    return float(rows) / total, float(columns) / total
