"""Ways to turn pictures: by quarters, mirrored or not."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Turn:
    """Mirrored left to right or not, then turned by this many `quarters` to the left, 0 to 3."""

    name: str
    mirrored: bool
    quarters: int

    def apply(self, pixels: np.ndarray, axes: tuple[int, int] = (-2, -1)) -> np.ndarray:
        """Pictures turned; `axes` are those of rows and columns. A quarter swaps height and width."""
        mirrored = np.flip(pixels, axes[1]) if self.mirrored else pixels
        return np.ascontiguousarray(np.rot90(mirrored, self.quarters, axes))

    @property
    def sentence(self) -> str:
        """What is done, as in "mirrored and turned left by 90°"."""
        turned = ("", "turned left by 90°", "turned by 180°", "turned right by 90°")[self.quarters]
        return " and ".join(filter(None, ("mirrored" if self.mirrored else "", turned))) or "as they are"


UPRIGHT = Turn("none", mirrored=False, quarters=0)
TURNS = (
    Turn("left", mirrored=False, quarters=1),
    Turn("half", mirrored=False, quarters=2),
    Turn("right", mirrored=False, quarters=3),
    Turn("mirror", mirrored=True, quarters=0),
    Turn("mirror-left", mirrored=True, quarters=1),
    Turn("mirror-half", mirrored=True, quarters=2),
    Turn("mirror-right", mirrored=True, quarters=3),
)
