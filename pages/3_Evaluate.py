"""Where a model is wrong, down to the single picture: how good is it, where does it err, can it be trusted?"""

from core.ui import shell

shell.open_page("Evaluate")

from core.ui import widgets
from core.ui.evaluate import (
    compare,
    confidence,
    confusion,
    download,
    errors,
    headline,
    measured,
    per_digit,
    robustness,
    unlabelled,
    verdicts,
)

SECTIONS = {
    "Confusion": confusion.show,
    "Per digit": per_digit.show,
    "Errors": errors.show,
    "Verdicts": verdicts.show,
    "Confidence": confidence.show,
    "Robustness": robustness.show,
    "Compare": compare.show,
    "Download": download.show,
}

shown = measured.ask()  # two boxes, the guards inside; stops where there is nothing to show
headline.show(shown)
if shown.test_set.is_labelled:
    section = widgets.choice("Section", list(SECTIONS), key="evaluate_section")
    SECTIONS[section](shown)
else:
    unlabelled.show(shown)
