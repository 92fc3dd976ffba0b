"""An Altair chart for the browser, or as SVG and PNG to take away."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any

import altair as alt
from altair.utils import schemapi


def specify(draw: Callable[..., alt.LayerChart | alt.Chart], *arguments: Any) -> dict[str, Any]:
    """The chart that `draw` makes as Vega-Lite, not validated: that takes half the time of a chart drawn each second.

    Python's lock is held meanwhile, and training waits for it.
    """
    with schemapi.debug_mode(False):
        return draw(*arguments).to_dict(validate=False)


def specify_once(draw: Callable[..., alt.LayerChart | alt.Chart], *arguments: Any) -> dict[str, Any]:
    """As `specify`, remembered: for a chart that is shown again and again with the same (hashable) arguments."""
    return copy.deepcopy(_remember(draw, *arguments))


_remember = functools.lru_cache(maxsize=8)(specify)


def as_svg(chart: alt.TopLevelMixin) -> str:
    """The chart as an SVG picture that needs nothing else, on a white ground."""
    import vl_convert  # 80 MB and a second: only those who take a chart away pay for it

    return vl_convert.vegalite_to_svg(_printable(chart))


def as_png(chart: alt.TopLevelMixin, scale: float = 2.0) -> bytes:
    """The chart as a PNG picture with `scale` pixels for each of its own, on a white ground."""
    import vl_convert

    return vl_convert.vegalite_to_png(_printable(chart), scale=scale)


def _printable(chart: alt.TopLevelMixin) -> dict:
    font = "Helvetica, Arial, sans-serif"
    with alt.data_transformers.enable("default", max_rows=None):  # a map has 10,000 digits
        return chart.configure(background="white", font=font).configure_view(strokeWidth=0).to_dict()
