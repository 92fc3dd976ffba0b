"""A set without labels: what the model answers, the least sure first, and all of it to take away."""

from __future__ import annotations

from core.figures import take_away
from core.ui.evaluate import download_buttons, look, pictures
from core.ui.evaluate.measured import Shown


def show(shown: Shown) -> None:
    """Answers, in place of the sections that need labels."""
    look.heading("What the model answers, the least sure first")
    pictures.show_gallery(shown, shown.least_sure_first(), "unlabelled")
    download_buttons.show(take_away.tables(shown.evaluation, shown.test_set), ":material/table:")
