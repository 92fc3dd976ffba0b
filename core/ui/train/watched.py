"""Ten validation digits and the visitor's own drawing, each with what the network says of it at this moment."""

from __future__ import annotations

import streamlit as st

from core.figures import digit_images
from core.network import checkpoint
from core.reading import picture, reader
from core.reading.one_digit import FoundDigit
from core.training.job import Live, Over
from core.ui import resources, visitor

memory = st.session_state


def show(snapshot: Live | Over) -> None:
    """The digits in a row, with answer and confidence; nothing before the network has seen them."""
    if not snapshot.watched:
        return
    own = snapshot.own_of(visitor.name())
    is_live = isinstance(snapshot, Live)
    when = "what the network in training says of them now" if is_live else "what the network said of them last"
    st.markdown(f"**Watched digits** :small[{when}]")
    opinions = [*snapshot.watched, *([own] if own else [])]
    st.html(digit_images.watch([(opinion.image, opinion.label, opinion.probabilities) for opinion in opinions]))
    if not own and is_live:
        st.caption("Draw a digit on the Predict page: it joins them, and only you see it.")


def hand_over_drawing() -> None:
    """Add the visitor's last drawing on Predict to the watched digits, once."""
    drawings = memory.get("drawings")
    if not drawings or not drawings[-1] or memory.get("handed_over") == hash(drawings[-1][1]):
        return
    content = drawings[-1][1]
    try:
        found = reader.read(resources.model_in_use(), picture.read(content)).found
    except (picture.PictureError, checkpoint.CheckpointError):
        return
    if isinstance(found, FoundDigit):
        resources.training_job().watch(visitor.name(), found.image)
        memory.handed_over = hash(content)
