"""One app for all tests of a file that train or keep digits, and the folder of what they make."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from running_app import QUICK_APP, Server, start_server

from core.ui import shell


@pytest.fixture(scope="session", autouse=True)
def _no_browser_waits_for_a_style() -> Iterator[None]:
    """Each `AppTest` is a new visitor, with no browser that loads anything."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shell, "STYLED_AFTER", 0)
        yield


@pytest.fixture(scope="module", autouse=True)
def _pages_do_not_wait_for_what_other_tests_see() -> Iterator[None]:
    """How fast training is, tests/training measures; whether charts keep to Vega's schema, tests/figures asks."""
    from altair.utils import schemapi

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.training.estimate.measure", lambda *_: 1e-4)
        patch.setattr(schemapi.SchemaBase, "validate", lambda *_, **__: None)
        patch.setattr(schemapi, "DEBUG_MODE", False)
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where what these tests make lies: runs, models and digits."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def app(home: Path) -> Iterator[Server]:
    """One server for all tests of the file: a test that starts a run ends it."""
    with start_server(home / "log.txt", home, command=QUICK_APP) as running:
        yield running
