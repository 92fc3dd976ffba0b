"""An explanation as one HTML page that opens offline: no script, no link, no font from elsewhere."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import altair as alt
import jinja2
from markupsafe import Markup

from core.figures import digit_images, export

TEMPLATE = "explanation_report.html.jinja"


@dataclass(frozen=True)
class Shot:
    """A picture of the page: its PNG, what is written below it, and what it shows in words."""

    png: bytes
    caption: str
    alt: str


@dataclass(frozen=True)
class Part:
    """One view: its title, sentences, pictures, charts with what they say in words, and where the method is from."""

    title: str
    sentences: Sequence[str]
    shots: Sequence[Shot] = ()
    charts: Sequence[tuple[alt.TopLevelMixin, str]] = ()
    about: str = ""
    source: str = ""


def as_html(title: str, sentence: str, digit: Shot, made_by: str, parts: Sequence[Part]) -> str:
    """The page: the digit with its answer in a `sentence`, then its parts. `made_by` names model and version."""
    return _template().render(title=title, sentence=sentence, digit=digit, made_by=made_by, parts=parts)


@functools.cache
def _template() -> jinja2.Template:
    here = jinja2.FileSystemLoader(Path(__file__).parent)
    page = jinja2.Environment(
        loader=here, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page.filters |= {"address": digit_images.as_data_url, "svg": _svg}
    return page.get_template(TEMPLATE)


def _svg(chart: alt.TopLevelMixin, text: str) -> Markup:
    """A chart inside the page, and in words for those who don't see it."""
    label = Markup('<svg role="img" aria-label="{}" ').format(text)
    return Markup(export.as_svg(chart).replace("<svg ", label, 1))  # its own words are escaped by what drew it
