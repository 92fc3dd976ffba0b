"""The arithmetic behind one value, printed so that it adds up: sums of products, pooling, arguments for and against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core import words
from core.explanation import arithmetic
from core.explanation.arithmetic import Block, Sum
from core.explanation.layers import Layer
from core.figures import digit_images, layer_images, theme
from core.ui import shell
from core.ui.explain.subject import Shown

MOST = 6  # terms that are printed one by one, on each side
STYLE = f"""
<style>
.sum {{ display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; margin: .25rem 0; }}
.sum figure {{ margin: 0; }}
.sum figcaption {{ font-size: .8rem; opacity: .75; }}
.sum table {{ border-collapse: collapse; font-size: .75rem; font-variant-numeric: tabular-nums; }}
.sum td {{ padding: .15rem .3rem; text-align: right; border: 1px solid {theme.css(theme.RULE)}; }}
.sum .above {{ background: color-mix(in srgb, {theme.css(theme.ACCENT)} calc(40% * var(--share)), transparent); }}
.sum .below {{ background: color-mix(in srgb, {theme.css(theme.SECOND)} calc(40% * var(--share)), transparent); }}
.sum b {{ font-size: 1.25rem; font-weight: 400; }}
</style>
"""


def number(value: float) -> str:
    """Three decimals, with a true minus and never "−0.000"."""
    return f"{value + 0.0:.3f}".replace("-0.000", "0.000").replace("-", words.MINUS)


def show_sum(one: Sum, key: str) -> None:
    """A place of a convolution's map: its patch times its filter, plus the bias, and what follows."""
    maps = len(one.seen)
    subtotals = one.products.reshape(maps, -1).sum(axis=1, dtype=np.float64)
    printed = arithmetic.share_out(np.append(subtotals, one.bias))
    strongest = [int(at) for at in np.argsort(-np.abs(subtotals), kind="stable")[:MOST]]
    at = 0
    if maps > 1:
        at = (
            st.pills(
                "Which of the maps it sees",
                strongest,
                format_func=lambda each: f"map {each}: {number(float(printed[each]))}",
                default=strongest[0],
                required=True,
                key=f"input-{key}",
                help="The filter has a part for each map of the layer before; these add most.",
            )
            or strongest[0]
        )
    products = arithmetic.share_out(one.products[at], total=float(printed[at]))
    st.html(
        '<div class="sum">'
        + _tabulate(one.seen[at], "What it sees")
        + "<b>×</b>"
        + _tabulate(one.weights[at], "Filter", shaded=True)
        + "<b>=</b>"
        + _tabulate(products, "Products", shaded=True)
        + "</div>"
    )
    if maps == 1:
        said = f"The {products.size} products add up to **{number(float(printed[0]))}**"
    else:
        rest = float(printed[:-1].sum() - sum(printed[each] for each in strongest))
        listed = " + ".join(f"{number(float(printed[each]))}" for each in strongest)
        others = f" + {number(rest)} from the other {words.count(maps - len(strongest), 'map')}" if maps > MOST else ""
        said = (
            f"The products of map {at} add up to {number(float(printed[at]))}. All maps together: {listed}{others} "
            f"= **{number(float(printed[:-1].sum()))}**"
        )
    st.markdown(
        f"{said}, plus the bias {number(float(printed[-1]))}: **{number(float(printed.sum()))}**{_follow(one)}."
    )


def show_block(block: Block | None, layer: Layer) -> None:
    """A place of a pooled map: the values it is the largest of."""
    if block is None:
        st.caption(f"{layer.title.capitalize()}: this value is not a sum of products.")
        return
    st.html('<div class="sum">' + _tabulate(block.candidates, "Pooled from", shaded=True) + "</div>")
    st.markdown(f"The largest of them is **{number(block.pooled)}**{_follow(block)}.")


def show_unit(shown: Shown, found: tuple[Layer, ...], at: int, unit: int) -> None:
    """A unit of a fully connected layer: what argues for it and against it, and where that comes from."""
    layer = found[at]
    st.markdown(f"Unit {unit} of {words.escape_markdown(layer.name)}")
    if not layer.first.is_weighted:
        st.caption(f"{layer.title.capitalize()}: this value is not a sum of products.")
        return
    one = arithmetic.add_up(shown.model.model, layer, unit)
    if one.products.size == shown.digit.image.size:
        _show_on_digit(shown, one)
    _show_arguments(found, at, one, f"unit {unit}")


def show_output(shown: Shown, found: tuple[Layer, ...], at: int, digit: int) -> None:
    """One of the ten outputs: the units that argue most for and against it."""
    st.markdown(f"Output {digit}: the score of {words.a_digit(digit)}")
    if not found[at].first.is_weighted:
        st.caption("This network's scores are not a sum of products.")
        return
    _show_arguments(found, at, arithmetic.add_up(shown.model.model, found[at], digit), words.a_digit(digit))


def _show_arguments(found: tuple[Layer, ...], at: int, one: Sum, what: str) -> None:
    """What adds most to a value and what takes most away, as bars, and the sum in words."""
    from core.figures import explanation_charts

    before = found[at - 1] if at else None
    if before is not None and before.is_maps and before.values.size == one.products.size:
        terms = one.products.reshape(len(before.values), -1).sum(axis=1, dtype=np.float64)
        kind = "map"
    else:
        terms, kind = one.products.astype(np.float64), "unit" if at else "pixel"
    printed = arithmetic.share_out(np.append(terms, one.bias))
    order = np.argsort(-terms, kind="stable")
    best = [int(each) for each in order[:MOST] if terms[each] > 0]
    worst = [int(each) for each in order[::-1][:MOST] if terms[each] < 0][::-1]
    rows = [(f"{kind} {each}", float(printed[each])) for each in best]
    rest = float(printed[:-1].sum() - sum(printed[each] for each in [*best, *worst]))
    rows.append((f"the other {words.count(len(terms) - len(best) - len(worst), kind)}", rest))
    rows += [(f"{kind} {each}", float(printed[each])) for each in worst]
    rows.append(("bias", float(printed[-1])))
    st.altair_chart(
        explanation_charts.weigh_arguments(rows, shell.is_dark()),
        alt=f"What adds to {what}: " + ", ".join(f"{name} {number(value)}" for name, value in rows),
    )
    if best and kind == "unit":
        first = best[0]
        st.markdown(
            f"Unit {first} argues most for it: its value {number(float(one.seen[first]))} times the weight "
            f"{number(float(one.weights[first]))}."
        )
    st.markdown(f"All bars together: **{number(float(printed.sum()))}**{_follow(one)}.")


def _show_on_digit(shown: Shown, one: Sum) -> None:
    """What each pixel of the picture adds, where a unit sees the picture itself."""
    products = one.products.reshape(shown.digit.image.shape)
    picture = layer_images.lay_over(
        np.zeros_like(products), products, float(np.abs(products).max()), dark=shell.is_dark()
    )
    st.image(
        digit_images.as_data_url(digit_images.to_png(picture)),
        width=224,
        alt="What each pixel adds to this unit: blue adds, orange takes away",
    )


def _follow(one: Sum | Block) -> str:
    """What comes after a sum, in words: ", after ReLU 0.000"."""
    return "".join(f", after {title} **{number(value)}**" for title, value in one.following)


def _tabulate(values: np.ndarray, caption: str, shaded: bool = False) -> str:
    """Numbers (H, W) as a small table; `shaded`: blue above zero, orange below."""
    limit = float(np.abs(values).max())
    rows: Sequence[Sequence[float]] = values.tolist()
    body = "".join(
        "<tr>" + "".join(f"<td{_tint(value, limit) if shaded else ''}>{number(value)}</td>" for value in row) + "</tr>"
        for row in rows
    )
    return f"<figure><table>{body}</table><figcaption>{caption}</figcaption></figure>"


def _tint(value: float, limit: float) -> str:
    """The ground of a cell, pale enough for the text on it."""
    if not limit or not value:
        return ""
    return f' class="{"above" if value > 0 else "below"}" style="--share: {abs(value) / limit:.2f}"'
