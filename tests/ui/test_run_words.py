"""A run that is under way has the same words on every page."""

import pytest

from core.config import TrainingSettings
from core.training.job import Live, Phase
from core.training.runs import Run
from core.ui import run_words


def snapshot(phase: str, step: int, base: str | None = None) -> Live:
    """A run of ten steps, at one of them."""
    run = Run(
        id="1", name="one", status="running", sentence="", created="", settings=TrainingSettings(), parameters=1,
        steps=10, training_images=1, validation_images=1, base=base,
    )  # fmt: skip
    return Live(run, phase=Phase(phase), step=step)


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_of_a_live_run_has_words_of_its_own(phase: str) -> None:
    others = {run_words.phase(snapshot(other, 4)) for other in run_words.PHASES if other != phase}
    assert run_words.phase(snapshot(phase, 4)) not in others


def test_a_fine_tuned_copy_is_measured_when_its_steps_are_done() -> None:
    assert run_words.phase(snapshot("running", 9, base="reference")) == "training"
    assert "measuring" in run_words.phase(snapshot("running", 10, base="reference"))
    assert run_words.phase(snapshot("running", 10)) == "training"


def test_progress_is_a_share_of_the_steps() -> None:
    assert run_words.share(snapshot("running", 4)) == 0.4
    assert run_words.share(snapshot("running", 12)) == 1
    assert run_words.share(snapshot("finishing", 10)) == 1
    assert run_words.share(snapshot("preparing", 0)) == 0
