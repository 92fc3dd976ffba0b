"""What this page's parts look like where the theme can't say it: thumbnails, and a phone's width."""

from __future__ import annotations

import streamlit as st

from core.figures import theme
from core.ui import shell, widgets

STYLE = f"""
<style>
/* Thumbnails: the picture above its caption, the open one framed as well as coloured. */
[class*="st-key-gallery"] [data-testid="stButtonGroup"] button {{ height: auto; min-height: 0; padding: .25rem;
  border-radius: .5rem; }}
[class*="st-key-gallery"] button img {{ display: block; margin: 0 auto .15rem; }}
[class*="st-key-gallery"] button p {{ font-size: .75rem; line-height: 1.2; font-variant-numeric: tabular-nums; }}
[class*="st-key-gallery"] button[data-selected="true"] {{ outline: 2px solid {theme.css(theme.ACCENT)};
  outline-offset: 1px; }}
/* The tools of a table or chart lie over what stands above it. Tables are small here and can be downloaded. */
[data-testid="stElementContainer"]:has([data-testid="stDataFrame"]) [data-testid="stElementToolbar"]
  {{ display: none; }}
@media (hover: none) {{ [data-testid="stElementToolbar"] {{ display: none; }} }} /* always out on a phone */
[class*="st-key-gallery"] {{ scroll-margin-top: 4rem; }} /* the header lies over the page */
/* Before a figure is there it takes its room. */
.st-key-headline > [data-testid="stElementContainer"] {{ min-height: 6.5rem; }}
/* The matrix fills its place, and the place is as high as the screen has room. */
[data-testid="stLayoutWrapper"]:has(> .st-key-matrix) {{ flex: none; height: 24rem; }}
.st-key-matrix, .st-key-matrix > [data-testid="stElementContainer"] {{ height: 100%; }}
@media (max-width: 1000px) {{ /* the menu leaves little, or covers all: what is looked at first */
  [data-testid="stLayoutWrapper"]:has(> :is(.st-key-matrix_ways, .st-key-fine_print)) {{ order: 1; }}
}}
@media (max-width: 640px) {{
  /* One row to push sideways each: what is pressed stays in sight above what it opens. */
  [class*="st-key-gallery"] [role="radiogroup"], [class*="st-key-gallery"] [role="group"],
  .st-key-evaluate_section [role="radiogroup"] {{ flex-wrap: nowrap; overflow-x: auto; padding: 4px; }}
  [class*="st-key-gallery"] button, .st-key-evaluate_section button {{ flex: 0 0 auto; }}
  /* The first screen reaches down to the matrix. */
  .st-key-evaluate_asked h1 {{ font-size: 1.75rem; padding: 0; }}
  .st-key-evaluate_asked {{ gap: .5rem; }}
  .st-key-evaluate_asked > :first-child {{ flex: 1 0 100%; }}
  .st-key-evaluate_asked > :not(:first-child) {{ flex: 1 1 40%; width: auto; min-width: 0; }}
  .st-key-headline {{ gap: .75rem; flex-wrap: nowrap; overflow-x: auto; }}
  .st-key-headline > [data-testid="stElementContainer"] {{ min-height: 4.5rem; }}
  .st-key-headline [data-testid="stMetricValue"] {{ font-size: 1.125rem; }}
  .st-key-headline [data-testid="stMetric"] {{ --gap: 0; }}
  .st-key-headline [data-testid="stMetricDelta"] {{ font-size: .75rem; padding: 0 .25rem; }}
  .st-key-headline [data-testid="stMetricLabel"] {{ font-size: .8rem; }}
  [data-testid="stLayoutWrapper"]:has(> .st-key-matrix) {{ height: clamp(17rem, 100vh - 21rem, 24rem); }}
}}
</style>
"""
# For a room: the whole matrix on the screen, below no more than the figures one reads out.
PRESENTED = """
<style>
.st-key-headline { flex-wrap: nowrap; }
.st-key-headline [data-testid="stMetricDelta"] { display: none; }
.st-key-headline > [data-testid="stElementContainer"] { min-height: 0; }
[data-testid="stLayoutWrapper"]:has(> :is(.st-key-matrix_ways, .st-key-fine_print)) { order: 1; }
[data-testid="stLayoutWrapper"]:has(> .st-key-matrix) { height: max(17rem, 100vh - 16.5rem); }
/* Widths in pixels don't grow with the type. */
.stMain :is(.st-key-true_digit, .st-key-read_digit) { min-width: 7.5rem; }
.stMain :is(.st-key-evaluate_model, .st-key-evaluate_data, .st-key-cell_order) { min-width: 14rem; }
</style>
"""


def heading(text: str, help: str | None = None) -> None:
    """What a part of the page is about: of the second level, right below the page's title."""
    st.header(text, help=help)


def apply() -> None:
    """Style the page."""
    st.html(widgets.SIDE_BY_SIDE + STYLE + (PRESENTED if shell.is_presenting() else ""))
