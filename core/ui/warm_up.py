"""Loads torch and the model in the background, so that no visitor waits for it."""

from __future__ import annotations

import contextlib
import threading
import time

import streamlit as st

from core.network import checkpoint
from core.ui.resources import ModelInUse, shared_model


@st.cache_resource(show_spinner=False)
def warm_up(_delay: float = 0.0) -> threading.Thread:
    """Load torch, the model and what Predict needs on a thread, once a server, so that no visitor waits for it.

    Begins after `_delay` seconds: importing torch holds Python's lock, and the page that asks for it is painted first.
    """
    models = shared_model()
    thread = threading.Thread(target=_warm_up, args=(models, _delay), name="warm-up", daemon=True)
    thread.start()
    return thread


def _warm_up(models: ModelInUse, delay: float) -> None:
    time.sleep(delay)
    import altair
    import numpy as np

    from core.reading import picture, reader

    with contextlib.suppress(checkpoint.CheckpointError):  # the page says so; here is nobody to tell
        checkpoint_in_use = models.load()
        stroke = np.pad(np.zeros((40, 4), np.uint8), 30, constant_values=255)
        reader.read(checkpoint_in_use, picture.from_array(stroke))
    altair.Chart(altair.Data(values=[])).mark_bar().to_dict()
