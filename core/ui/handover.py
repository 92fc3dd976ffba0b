"""A picture handed from one page to another: what it is, who read it there, and the way back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import streamlit as st

from core.figures import digit_images
from core.ui import shell

if TYPE_CHECKING:
    import numpy as np

MOST_OFFERED = 40  # pictures whose links a visitor may still press, or come back to

memory = st.session_state


@dataclass(frozen=True)
class Handed:
    """A picture for Predict or Explain: its `name`, the `content` of its file, its `label` where somebody gave one, the
    name of the `model` that read it, and `page`, where it comes from, one of `shell.PAGES`."""

    name: str
    content: bytes
    label: int | None
    model: str
    page: str

    @cached_property
    def address(self) -> str:
        """What stands for it in an address."""
        what = repr((self.name, self.label, self.model, self.page)).encode("utf-8", "surrogatepass")
        return f"from-{hashlib.sha256(what + self.content).hexdigest()[:16]}"


def offer_to_predict(handed: Handed) -> None:
    """A link that shows a picture on Predict, read by the model that read it here.

    A link, for Back leads from a link to where it was pressed, and from a page that code switched to somewhere else.
    """
    keep(handed)
    st.page_link(
        "pages/1_Predict.py",
        label="Open in Predict",
        icon=":material/open_in_new:",
        width="content",
        query_params={"way": "Samples", "sample": handed.address},
    )


def offer_to_explain(
    image: np.ndarray, name: str, label: int | None, model: str, page: str, is_small: bool = False
) -> None:
    """The link "Why?" below an answer of `model`: it opens Explain with the digit (28, 28) that the model saw, uint8 or
    float in [0, 1]. `is_small`: without its icon, below a small picture."""
    handed = Handed(name, digit_images.digit_png(image, 1), label, model, page)
    keep(handed)
    st.page_link(
        "pages/5_Explain.py",
        label="Why?",
        icon=None if is_small else ":material/account_tree:",
        width="content",
        query_params={"digit": handed.address, "explain_model": model},
    )


def keep(handed: Handed) -> None:
    """Hold a picture for this visitor, and let go of the one that was offered longest ago where there are too many."""
    offered: dict[str, Handed] = memory.setdefault("offered", {})
    offered.pop(handed.address, None)
    offered[handed.address] = _all_offered()[handed.address] = handed
    for oldest in list(offered)[:-MOST_OFFERED]:
        del offered[oldest]


def find(address: str) -> Handed | None:
    """The picture that another page offered under this address, if somebody still holds it."""
    offered: dict[str, Handed] = memory.get("offered", {})
    return offered.get(address) or _all_offered().get(address)


def show_way_back(handed: Handed) -> None:
    """A link to the page that the picture comes from; what was open there is open again."""
    label = next(label for path, label, _ in shell.PAGES if path == handed.page)
    st.page_link(handed.page, label=f"Back to {label}", icon=":material/arrow_back:")


@st.cache_resource(show_spinner=False)
def _all_offered() -> WeakValueDictionary[str, Handed]:
    """What visitors hold at the moment: a reload makes a new visitor of the same person, and the old one is forgotten a
    little later."""
    return WeakValueDictionary()
