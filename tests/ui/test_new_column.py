"""The README's recipe for a new column of the runs table, followed to the letter on the module's own text."""

from pathlib import Path
from types import ModuleType

import pytest

from core.training import runs
from core.ui.train import runs_table
from core.workspace import SHIPPED

OLD_RUNS = SHIPPED / "tests" / "training" / "runs_of_format_1"


@pytest.fixture
def changed() -> ModuleType:
    """The module with one name more in COLUMNS and one value more in what `_describe` gives."""
    text = Path(runs_table.__file__).read_text(encoding="utf-8")
    for before, after in (
        ('"Started"]', '"Started", "Batch size"]'),
        ('"Run": run.name,', '"Run": run.name, "Batch size": run.settings.batch_size,'),
    ):
        assert text.count(before) == 1
        text = text.replace(before, after)
    module = ModuleType("changed")
    exec(compile(text, "changed", "exec"), vars(module))
    return module


def test_it_shows_its_value_for_runs_of_any_version_and_nothing_for_what_cannot_be_read(changed):
    listed = runs.list_all(OLD_RUNS)
    assert listed
    shown = changed._tabulate([*listed, runs.UnreadableRun("torn", "It is torn.")])
    assert list(shown["Batch size"][:-1]) == [run.settings.batch_size for run in listed]
    assert shown["Batch size"].isna().iloc[-1]
