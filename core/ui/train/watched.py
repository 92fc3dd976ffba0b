"""Ten validation digits and the visitor's own drawing, each with what the network says of it at this moment."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.figures import digit_images
from core.network import checkpoint
from core.reading import picture, reader
from core.reading.one_digit import FoundDigit
from core.training.job import Live, Opinion, Over, Phase
from core.ui import handover, resources, visitor

WIDE = 74  # pixels of a digit with its answer: ten side by side, four on a phone

memory = st.session_state


def show(snapshot: Live | Over) -> None:
    """The digits in a row, with answer and confidence, and "Why?" below each where they stand still; nothing before the
    network has seen them."""
    if not snapshot.watched:
        return
    own = snapshot.own_of(visitor.name())
    is_live = isinstance(snapshot, Live)
    when = "what the network in training says of them now" if is_live else "what the network said of them last"
    st.markdown(f"**Watched digits** :small[{when}]")
    opinions = [*snapshot.watched, *([own] if own else [])]
    if isinstance(snapshot, Live) and snapshot.phase is not Phase.PAUSED:
        # Ten links and their boxes would double what every second of a run sends to each page.
        st.html(digit_images.watch([(opinion.image, opinion.label, opinion.probabilities) for opinion in opinions]))
        st.caption("Pause to ask why they are read so.")
    else:
        with st.container(horizontal=True, gap="xsmall", key="watched"):
            for opinion in opinions:
                with st.container(width=WIDE, gap=None):
                    st.html(digit_images.watch([(opinion.image, opinion.label, opinion.probabilities)]))
                    _offer_why(snapshot, opinion)
    if not own and is_live:
        st.caption("Draw a digit on the Predict page: it joins them, and only you see it.")


def _offer_why(snapshot: Live | Over, opinion: Opinion) -> None:
    """The link to Explain, by the model that the run kept, or by its latest state while it goes on."""
    run = snapshot.run
    if not isinstance(snapshot, Live) and run.model not in checkpoint.names():
        return
    name = "Your drawing" if opinion.label is None else f"A watched {opinion.label}"
    handover.offer_to_explain(
        opinion.image, name, opinion.label, run.model or run.name, "pages/2_Train.py", is_small=True
    )


def hand_over_drawing() -> None:
    """Add the visitor's last drawing on Predict to the watched digits, once."""
    drawings = memory.get("drawings")
    if not drawings or not drawings[-1] or memory.get("handed_over") == hash(drawings[-1][1]):
        return
    if (image := find_drawing()) is not None:
        resources.training_job().watch(visitor.name(), image)
        memory.handed_over = hash(drawings[-1][1])


def find_drawing() -> np.ndarray | None:
    """The digit (28, 28) float32 in [0, 1] in the visitor's last drawing on Predict; None where there is none."""
    drawings = memory.get("drawings")
    if not drawings or not drawings[-1]:
        return None
    try:
        found = reader.read(resources.model_in_use(), picture.read(drawings[-1][1])).found
    except (picture.PictureError, checkpoint.CheckpointError):
        return None
    return found.image if isinstance(found, FoundDigit) else None
