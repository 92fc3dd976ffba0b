"""The palette: readable on its papers, and the same as the pages'."""

import importlib
import inspect
import pkgutil
import tomllib
from pathlib import Path

import pytest
from running_app import contrast

from core import figures
from core.figures import theme

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("dark", [False, True])
def test_charts_wear_the_pages_colours(dark):
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
    page = config["dark" if dark else "light"]
    assert (theme.ACCENT[dark], theme.TEXT[dark], theme.RULE[dark]) == (
        page["primaryColor"],
        page["textColor"],
        page["borderColor"],
    )


@pytest.mark.parametrize("dark", [False, True])
def test_colours_stand_out_on_their_paper(dark):
    paper = theme.PAPER[dark]
    assert contrast(theme.TEXT[dark], paper) >= 7
    assert contrast(theme.SMALL_TEXT[dark], paper) >= 4.5
    assert all(contrast(colour[dark], paper) >= 3 for colour in (theme.ACCENT, theme.SECOND, theme.QUIET))
    assert all(contrast(colour, paper) >= 3 for colour in (*theme.LINES[dark], *theme.SERIES))


CAPTION = 0.6  # Streamlit writes captions, hints and ticks with this share of the text's colour


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", ["page", "menu"])
def test_captions_can_be_read_on_paper_and_in_the_menu(scheme, place):
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"][scheme]
    paper = (config if place == "page" else config["sidebar"])["backgroundColor"]
    ink = [
        round(CAPTION * text + (1 - CAPTION) * under)
        for text, under in zip(theme.rgb(config["textColor"]), theme.rgb(paper), strict=True)
    ]
    assert contrast("#" + bytes(ink).hex(), paper) >= 4.5


def test_a_colour_for_pixels_is_the_colour_of_the_page():
    assert theme.rgb("#0b6e99") == (11, 110, 153)


def test_unless_told_otherwise_every_figure_is_for_light_paper():
    """The report and what is taken away are light, whatever the page's theme."""
    modules = [importlib.import_module(f"core.figures.{one.name}") for one in pkgutil.iter_modules(figures.__path__)]
    functions = [one for module in modules for one in vars(module).values() if inspect.isfunction(one)]
    defaults = {
        one.__qualname__: parameters["dark"].default
        for one in functions
        if one.__module__.startswith("core.figures") and "dark" in (parameters := inspect.signature(one).parameters)
    }
    assert len(defaults) > 10 and set(defaults.values()) <= {False, inspect.Parameter.empty}
