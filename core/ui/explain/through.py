"""Through the network: what each layer makes of the digit, down to the sum behind a single value."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from core import words
from core.config import ARCHITECTURES
from core.explanation import arithmetic, layers, receptive_field
from core.explanation.layers import Layer
from core.figures import digit_images, layer_images
from core.ui import resources, shell, widgets
from core.ui.explain import about, sums
from core.ui.explain.subject import Shown

ORDERS = ("Strongest first", "In order")
MOST_MAPS, MOST_UNITS = 64, 16  # in a row that can be pressed; the others by their number

STYLE = """
<style>
[class*="st-key-layer-"] [role="radiogroup"] { flex-wrap: nowrap; overflow-x: auto; padding: 3px; gap: .25rem; }
[class*="st-key-layer-"] [data-testid="stButtonGroup"] button { height: auto; min-height: 0; padding: 2px 4px;
  flex: 0 0 auto; border-radius: .4rem; }
[class*="st-key-layer-"] button img { display: block; height: 3.5rem; max-height: none; width: auto;
  image-rendering: pixelated; margin: 0 auto; }
[class*="st-key-layer-"] button p { font-size: .75rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.scale { display: flex; align-items: center; gap: .5rem; font-size: .8rem; font-variant-numeric: tabular-nums; }
.scale i { width: 8rem; height: .6rem; border: 1px solid rgba(128, 128, 128, .35); }
</style>
"""

memory = st.session_state


def show(shown: Shown) -> None:
    """Every layer as a row of its maps; the chosen one opens below its row."""
    st.html(STYLE + sums.STYLE)
    about.show("through")
    network = shown.model.model
    found = resources.results().keep(key_of(shown), lambda: layers.follow(network, shown.digit.image))
    order = widgets.choice("Order", ORDERS, "map_order", in_address=False)
    st.caption(
        f"{ARCHITECTURES[shown.model.architecture]}: the digit passes {len(found)} layers from top to bottom. "
        "Blue is above zero, orange below, paper is zero. Press a map or a unit to see how it came about."
    )
    chosen = _chosen(shown, found)
    for at, layer in enumerate(found):
        with st.container(key=f"layer-{at}"):
            _show_layer(shown, found, at, order, chosen[1] if chosen[0] == at else None)
        if chosen[0] == at:
            with st.container(border=True):
                if at == len(found) - 1 and not layer.is_maps:
                    sums.show_output(shown, found, at, chosen[1])
                elif layer.is_maps:
                    _show_map(shown, found, at, chosen[1])
                else:
                    sums.show_unit(shown, found, at, chosen[1])


def key_of(shown: Shown) -> tuple[object, ...]:
    """Under which the digit's layers are kept."""
    return "layers", *shown.key


def _chosen(shown: Shown, found: tuple[Layer, ...]) -> tuple[int, int]:
    """The layer and the map or unit that are open; at first the map of the first layer that answers most."""
    usual = (0, int(found[0].order[0]))
    network, at, channel = memory.get("explain_map", ("", *usual))
    fits = network == shown.model.architecture and at < len(found) and channel < len(found[at].values)
    return (at, channel) if fits else usual


def _choose(key: str, architecture: str, at: int) -> None:
    if memory[key] is not None:
        memory.explain_map = (architecture, at, memory[key])


def _show_layer(shown: Shown, found: tuple[Layer, ...], at: int, order: str, chosen: int | None) -> None:
    layer, dark = found[at], shell.is_dark()
    shape = "×".join(map(str, layer.values.shape[1:]))
    count = words.count(len(layer.values), "map" if layer.is_maps else "unit") + (f" of {shape}" if shape else "")
    weights = words.count(layer.parameters, "parameter")
    limit = layer_images.find_limit(layer.values)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{words.escape_markdown(layer.name)}** · {layer.title} · {count} · {weights}", width="content")
        st.html(_scale(limit, dark), width="content")
    places = layer.order if order == ORDERS[0] else np.arange(len(layer.values))
    is_last = at == len(found) - 1 and not layer.is_maps
    if is_last:
        places = np.arange(len(layer.values))
    if not layer.is_maps and not is_last:
        st.image(
            layer_images.strip_url(layer.values, limit, dark),
            width="content",
            alt=f"{layer.name}: {count} as squares in order, {int((layer.values > 0).sum()):,} of them above zero",
        )
    shown_places = [int(one) for one in places[: MOST_MAPS if layer.is_maps else MOST_UNITS]]
    if chosen is not None and chosen not in shown_places:
        shown_places = [chosen, *shown_places[:-1]]
    key = f"map-{shown.model.architecture}-{at}"
    memory[key] = chosen
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.pills(
            f"{layer.name}: choose one",
            shown_places,
            format_func=lambda one: _label(layer, one, limit, dark, is_last),
            key=key,
            label_visibility="collapsed",
            on_change=_choose,
            args=(key, shown.model.architecture, at),
        )
        if len(layer.values) > len(shown_places):
            number = f"number-{shown.model.architecture}-{at}"
            st.number_input(
                "Any by its number", 0, len(layer.values) - 1, value=None, key=number, width=160,
                on_change=_choose, args=(number, shown.model.architecture, at),
            )  # fmt: skip


def _label(layer: Layer, one: int, limit: float, dark: bool, is_last: bool) -> str:
    """A map as a small picture with its number, a unit as its number and value."""
    if not layer.is_maps:
        value = f"{float(layer.values[one]):.2f}".replace("-", words.MINUS)
        return f"**{one}**  \n{value}" if is_last else f"{one}: {value}"
    times = max(1, 56 // layer.values.shape[1])
    return f"![map {one}]({layer_images.map_url(layer.values[one], limit, times, dark)}) {one}"


def _scale(limit: float, dark: bool) -> str:
    """The colours of a row from its lowest to its highest value, zero in the middle."""
    stops = ", ".join(
        f"rgb({red}, {green}, {blue})"
        for red, green, blue in layer_images.shade(np.array([-1.0, 0.0, 1.0]), 1.0, dark).tolist()
    )
    return (
        f'<div class="scale" role="img" aria-label="Colours from minus {limit:.2f} through zero to {limit:.2f}">'
        f'{words.MINUS}{limit:.2f}<i style="background: linear-gradient(90deg, {stops})"></i>{limit:.2f}</div>'
    )


def _show_map(shown: Shown, found: tuple[Layer, ...], at: int, channel: int) -> None:
    """One map: where it answers most, what of the picture that place sees, and the sum behind a chosen place."""
    from core.figures import explanation_charts

    layer, dark = found[at], shell.is_dark()
    values = layer.values[channel]
    top = np.unravel_index(int(values.argmax()), values.shape)
    strongest = (int(top[0]), int(top[1]))
    key = f"{shown.model.architecture}-{at}-{channel}"
    row, column = _ask_for_place(key, values, strongest)
    reaches = resources.results().keep(
        ("reach", shown.model.architecture), lambda: receptive_field.measure(shown.model.model)
    )
    part = receptive_field.frame(reaches, at, layer, row, column)
    limit = layer_images.find_limit(layer.values)
    with st.container(horizontal=True, gap="large"):
        left, right = st.container(width=320), st.container(width=240)
    with left:
        st.markdown(f"Map {channel} of {words.escape_markdown(layer.name)}")
        st.altair_chart(
            explanation_charts.press_map(values, limit, (row, column), dark),
            on_select=partial(_press, key),
            key=f"press-{key}",
            alt=f"{layer.name}, map {channel}: {describe(values)}",
            width="content",
        )
    with right:
        st.markdown("What this place sees")
        st.image(
            _frame_url(shown, part),
            width=224,
            alt=f"The digit with a frame around rows {part[0]} to {part[2] - 1} and columns {part[1]} to {part[3] - 1}",
        )
        st.caption(
            f"The place in row {row}, column {column} sees {part[2] - part[0]}×{part[3] - part[1]} pixels of the "
            "picture: its receptive field."
        )
    if layer.first.is_weighted:
        sums.show_sum(arithmetic.add_up(shown.model.model, layer, channel, row, column), key)
    else:
        block = arithmetic.find_block(found[at - 1], layer, channel, row, column) if at else None
        sums.show_block(block, layer)


def _frame_url(shown: Shown, part: tuple[int, int, int, int]) -> str:
    """The digit with a frame around a part of it, as the address of a PNG."""
    return digit_images.as_data_url(digit_images.to_png(layer_images.frame_part(shown.digit.image, part)))


def _ask_for_place(key: str, values: np.ndarray, strongest: tuple[int, int]) -> tuple[int, int]:
    """The place on the map, by number: the same as pressing it. At first the strongest answer."""
    high, wide = values.shape
    row_key, column_key = f"row-{key}", f"column-{key}"
    for name, value in ((row_key, strongest[0]), (column_key, strongest[1])):
        if name not in memory:
            memory[name] = value
    with st.container(horizontal=True, vertical_alignment="bottom"):
        row = st.number_input("Row", 0, high - 1, key=row_key, width=120)
        column = st.number_input("Column", 0, wide - 1, key=column_key, width=120)
        st.button(
            "Strongest answer",
            icon=":material/my_location:",
            key=f"strongest-{key}",
            on_click=_go_to,
            args=(key, strongest),
            disabled=(row, column) == strongest,
        )
    return int(row), int(column)


def _go_to(key: str, place: tuple[int, int]) -> None:
    memory[f"row-{key}"], memory[f"column-{key}"] = place


def _press(key: str) -> None:
    """A press on the map moves the numbers."""
    places = memory[f"press-{key}"]["selection"].get("place")
    if places:
        _go_to(key, (int(places[0]["row"]), int(places[0]["column"])))


def describe(values: np.ndarray) -> str:
    """Where a map (H, W) answers most, in words for those who don't see it."""
    if float(values.max()) <= 0:
        return "nowhere above zero"
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    where = words.name_place(int(row), int(column), (values.shape[0], values.shape[1]))
    return f"answers most at {where}, with {float(values.max()):.2f}"
