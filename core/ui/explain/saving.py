"""What can be taken away: each view as PNG or SVG, and the whole page as one HTML file that opens offline."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core import words
from core.explanation import changes, layers
from core.explanation.changes import SLIDERS, Changes
from core.explanation.evidence import METHODS, Evidence, NoMethod, Question
from core.figures import digit_images, layer_images
from core.figures.explanation_report import Part, Shot
from core.ui import resources
from core.ui.explain import about, changing, map_maker, reasons, sums
from core.ui.explain.subject import Shown

if TYPE_CHECKING:
    import altair as alt

    from core.explanation.counterfactual import Change
    from core.explanation.digit_map import DigitMap

memory = st.session_state

File = tuple[str, str, str, Callable[[], str | bytes]]  # what it is, its name's end, its type, and how it is made


def offer(shown: Shown) -> None:
    """A button for each file, which is made when the button is pressed; evidence, a change and a map that nobody looked
    at yet are not among them."""
    stem = re.sub(r"[^\w.-]+", "-", f"{shown.model.name} {shown.model.version} {shown.digit.title}").strip("-.")
    with st.popover("Save", icon=":material/download:"):
        for title, end, mime, make in _list_files(shown):
            st.download_button(title, make, f"{stem}-{end}", mime, on_click="ignore", key=f"save-{end}")


def _list_files(shown: Shown) -> list[File]:
    """What there is at the moment, as the views stand."""
    now, chosen = memory.get("break_now", Changes()), memory.get("break_curve")
    slider = chosen if chosen in SLIDERS else next(iter(SLIDERS))
    question = reasons.question_now(shown)
    method = memory.get("method") or next(iter(METHODS))
    curve, change, where = partial(_draw_curve, shown, now, slider), _find_change(shown), _find_map(shown)
    files: list[File] = [
        ("Whole page (HTML)", "page.html", "text/html", partial(_make_page, shown, now, slider, change, where)),
        ("Layers (PNG)", "layers.png", "image/png", partial(_draw_layers, shown)),
    ]
    evidence: Evidence | None = resources.results().find(reasons.key_of(shown, method, question))
    if evidence:
        files.append(("Evidence (PNG)", "evidence.png", "image/png", partial(_draw_evidence, shown, evidence)))
    if change:
        files.append(("Change (PNG)", "change.png", "image/png", partial(_draw_change, change)))
    files += [
        ("Curve (PNG)", "curve.png", "image/png", lambda: _as_png(curve()[0])),
        ("Curve (SVG)", "curve.svg", "image/svg+xml", lambda: _as_svg(curve()[0])),
    ]
    if where:
        files += [
            ("Map (PNG)", "map.png", "image/png", lambda: _as_png(_draw_map(shown, where))),
            ("Map (SVG)", "map.svg", "image/svg+xml", lambda: _as_svg(_draw_map(shown, where))),
        ]
    return files


def _find_change(shown: Shown) -> Change | None:
    wanted = memory.get("change_to", shown.prediction.second)
    known: tuple[Change | None] | None = resources.results().find(changing.key_of(shown, wanted))
    return known[0] if known else None


def _find_map(shown: Shown) -> DigitMap | None:
    return map_maker.shared().find(shown.model.name, shown.model.version)


def _as_png(chart: alt.TopLevelMixin) -> bytes:
    from core.figures import export

    return export.as_png(chart)


def _as_svg(chart: alt.TopLevelMixin) -> str:
    from core.figures import export

    return export.as_svg(chart)


def _draw_layers(shown: Shown) -> bytes:
    found = layers.follow(shown.model.model, shown.digit.image)
    return digit_images.to_png(
        layer_images.stack([layer_images.draw_layer(one.values, layer_images.find_limit(one.values)) for one in found])
    )


def _draw_evidence(shown: Shown, found: Evidence) -> bytes:
    return digit_images.to_png(reasons.draw(shown, found, dark=False))


def _draw_change(change: Change) -> bytes:
    return digit_images.to_png(layer_images.mark_change(change.before, change.after, 10))


def _draw_curve(shown: Shown, now: Changes, slider: str) -> tuple[alt.LayerChart, str]:
    """The curve of a slider for paper, and what it says."""
    from core.figures import explanation_charts

    its = SLIDERS[slider]
    curve = changes.trace(shown.model, shown.digit.image, now, slider)
    flips = [(flip.high, f"then {words.a_digit(flip.after)}") for flip in curve.flips]
    title = f"{its.title.lower()} ({its.unit})"
    chart = explanation_charts.follow_change(
        curve.positions, curve.probabilities, flips, asdict(now)[slider], title
    ).properties(width=520)
    return chart, curve.sentence


def _draw_map(shown: Shown, where: DigitMap) -> alt.LayerChart:
    from core.figures import explanation_charts

    own = where.place(shown.model.model, shown.digit.image)
    return explanation_charts.map_digits(where.places, where.labels, where.answers, own).properties(width=520)


def _make_page(shown: Shown, now: Changes, slider: str, change: Change | None, where: DigitMap | None) -> str:
    """All views below each other, of this digit and this model."""
    from core.figures import explanation_report

    prediction = shown.prediction
    sentence = f"Read as {prediction.digit} with {words.probability(prediction.confidence)}. {prediction.sentence}"
    digit = Shot(digit_images.digit_png(shown.digit.image, 8), shown.digit.title, "The digit as the model sees it")
    parts = [_tell_layers(shown), _tell_evidence(shown)]
    if change:
        added, gone = change.ink
        said = (
            f"{words.count(change.pixels, 'pixel')} make it {words.a_digit(change.wanted)}: as much ink as {added:.1f} "
            f"full pixels is added (blue), {gone:.1f} taken away (orange)."
        )
        shot = Shot(_draw_change(change), "Blue is added, orange taken away", "The digit with its change marked")
        parts.append(_part("What would change it", "change", [said], [shot]))
    curve, said = _draw_curve(shown, now, slider)
    changed = changes.apply(shown.digit.image, now)
    shot = Shot(digit_images.digit_png(changed, 8), "As the sliders stand", "The changed digit")
    parts.append(replace(_part("Break it", "break", [said], [shot]), charts=[(curve, said)]))
    if where:
        count = f"{len(where.places):,} test digits by t-SNE of the last hidden layer."
        parts.append(
            replace(_part("Among all digits", "among", [count], []), charts=[(_draw_map(shown, where), count)])
        )
    made_by = f"{shown.model.name} {shown.model.version}, Digit Lab"
    return explanation_report.as_html(f"Why {words.a_digit(prediction.digit)}?", sentence, digit, made_by, parts)


def _part(title: str, view: str, sentences: list[str], shots: list[Shot]) -> Part:
    text, source = about.TEXTS[view]
    return Part(title, sentences, shots, about=text, source=source)


def _tell_layers(shown: Shown) -> Part:
    shots = []
    for layer in layers.follow(shown.model.model, shown.digit.image):
        limit = layer_images.find_limit(layer.values)
        caption = (
            f"{layer.name}: {layer.title}, {words.count(layer.parameters, 'parameter')}; full color is {limit:.2f}"
        )
        png = digit_images.to_png(layer_images.draw_layer(layer.values, limit))
        shots.append(Shot(png, caption, f"All that {layer.name} hands on"))
    return _part("Through the network", "through", [], shots)


def _tell_evidence(shown: Shown) -> Part:
    question = Question(shown.prediction.digit)
    shots, sentences = [], []
    for method in METHODS:
        try:
            found = METHODS[method](shown.model.model, shown.digit.image, question)
        except NoMethod as error:
            sentences.append(str(error))
            continue
        limit = sums.number(float(abs(found.pixels).max()))
        picture = digit_images.to_png(reasons.draw(shown, found, dark=False))
        shots.append(Shot(picture, f"{method}; full color is {limit}", reasons.describe(found.pixels)))
        sentences.append(f"{method}: {reasons.tell(found, method, question)} {reasons.LIMITS[method]}")
    return _part("Why, and why not", "reasons", sentences, shots)
