"""What changes things for others is refused to a guest where it is done, whatever a page shows."""

import importlib
import inspect
import pkgutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import core
from core.access import roles, rules, tokens
from core.my_digits import database, store
from core.my_digits.store import Corrections, CorrectionsError
from core.training.job import TrainingJob

# What the owner alone may do; what is added to the rooms must be added here, and asked about.
ACTIONS = {
    *(f"core.training.job.TrainingJob.{name}" for name in ("start", "pause", "go_on", "stop", "set_peak")),
    *(f"core.training.detectors.Detectors.{name}" for name in ("train", "leave_out")),
    *(f"core.training.runs.{name}" for name in ("rename", "delete", "delete_model")),
    *(f"core.network.checkpoint.{name}" for name in ("choose", "add", "add_facts", "remove", "rename")),
    *(f"core.access.tokens.{name}" for name in ("make", "revoke")),
    "core.access.rules.write",
    "core.sheets.template.keep",
}


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> Iterator:
    """Says who asks from now on."""

    def ask_as(id: str) -> None:
        monkeypatch.setattr(roles, "_tell", lambda: roles.Visitor(is_owner=not id, id=id))

    return ask_as


def test_the_list_is_whole():
    for module in pkgutil.walk_packages(core.__path__, "core."):
        if not module.name.startswith(("core.ui", "core.cli")):
            importlib.import_module(module.name)
    assert set(roles.ACTIONS) == ACTIONS


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_a_guest_can_do_none_of_it(asking, name: str):
    action = roles.ACTIONS[name]
    count = sum(one.default is one.empty for one in inspect.signature(action).parameters.values())
    asking("a guest")
    with pytest.raises(roles.NotAllowed, match=r"^Guests can't .*\. Sign in as the owner in the menu"):
        action(*[None] * count)


def test_the_server_may_end_its_own_run(asking):
    asking("a guest")
    TrainingJob(lambda train: None).close()


def picture(value: int) -> np.ndarray:
    return np.full((28, 28), value, np.uint8)


def test_a_guest_sees_changes_and_deletes_only_what_is_theirs(asking, tmp_path: Path):
    mine = Corrections(tmp_path)
    asking("")
    of_owner = mine.keep(picture(1), 1, "7", "m", "v")
    asking("anna")
    of_anna = mine.keep(picture(2), 2, "7", "m", "v")
    asking("ben")
    assert mine.all() == [] and mine.find(picture(2)) is None
    mine.relabel([of_owner.id, of_anna.id], 9)
    assert mine.delete([of_owner.id, of_anna.id]) == []
    with pytest.raises(CorrectionsError, match="Somebody else"):
        mine.keep(picture(2), 5, "7", "m", "v")
    mine.restore([of_anna])
    asking("anna")
    assert [one.label for one in mine.all()] == [2]
    assert mine.keep(picture(2), 3, "7", "m", "v").label == 3
    deleted = mine.delete([of_anna.id])
    mine.restore(deleted)
    asking("")
    assert {(one.label, one.visitor) for one in mine.all()} == {(1, ""), (3, "anna")}
    assert mine.keep(picture(2), 4, "7", "m", "v").visitor == "anna", "put right by the owner, it stays Anna's"


def test_a_guest_keeps_so_many_an_hour_and_all_together_so_many(asking, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(store, "MOST_AN_HOUR", 3)
    mine = Corrections(tmp_path)
    asking("anna")
    for value in range(3):
        mine.keep(picture(value), 1, "", "m", "v")
    with pytest.raises(CorrectionsError, match=r"3 pictures an hour"):
        mine.keep(picture(9), 1, "", "m", "v")

    class Later(datetime):
        @classmethod
        def now(cls, zone=None):
            return datetime.now(UTC) + timedelta(hours=1, seconds=1)

    monkeypatch.setattr(store, "datetime", Later)
    mine.keep(picture(9), 1, "", "m", "v")
    asking("")
    monkeypatch.setattr(store, "MOST", 4)
    with pytest.raises(CorrectionsError, match="as many as it may"):
        mine.keep(picture(10), 1, "", "m", "v")


def test_a_guest_keeps_nothing_where_the_owner_says_so(asking, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))
    asking("")
    rules.write(rules.Rules(keeps_corrections=False))
    Corrections(tmp_path).keep(picture(1), 1, "", "m", "v")
    asking("anna")
    with pytest.raises(CorrectionsError, match="lets guests keep nothing"):
        Corrections(tmp_path).keep(picture(2), 1, "", "m", "v")


def test_a_file_of_an_older_version_is_the_owners(asking, tmp_path: Path):
    asking("")
    columns = "id INTEGER PRIMARY KEY AUTOINCREMENT, image BLOB NOT NULL UNIQUE, label INTEGER NOT NULL"
    texts = ", ".join(f"{name} TEXT NOT NULL" for name in ("said", "model", "version", "created"))
    with sqlite3.connect(tmp_path / database.NAME) as file:
        file.execute(f"CREATE TABLE corrections ({columns}, {texts})")
        file.execute(f"PRAGMA application_id = {database.OURS}")
        file.execute(
            "INSERT INTO corrections (image, label, said, model, version, created) VALUES (?, 1, '7', 'm', 'v', ?)",
            (picture(1).tobytes(), datetime.now(UTC).isoformat()),
        )
    mine = Corrections(tmp_path)
    asking("anna")
    assert mine.all() == []
    asking("")
    assert [(one.label, one.visitor) for one in mine.all()] == [(1, "")]


def test_a_token_is_kept_as_a_hash_that_only_its_owner_reads(asking, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))
    asking("")
    token = tokens.make("the camera")
    path = tmp_path / "access" / "tokens.json"
    assert token.split("_")[2] not in path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o077 == 0
    assert tokens.find(token).name == "the camera"
    for name in ("", " ", "x" * 61, "a\nb"):
        with pytest.raises(tokens.TokenError):
            tokens.make(name)
    path.write_text("[{}]", encoding="utf-8")
    assert tokens.find(token) is None
