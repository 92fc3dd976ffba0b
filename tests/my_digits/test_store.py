"""My digits: what is kept stays kept, what is deleted is gone, crowds and damage lose nothing."""

import contextlib
import dataclasses
import errno
import multiprocessing
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
import torch

from core.access import roles
from core.data import mnist
from core.data.labels import NO_DIGIT
from core.evaluation import set_files
from core.my_digits import database, store
from core.my_digits.store import Corrections, CorrectionsError, hold_out, to_csv, to_digits, to_zip
from core.network import checkpoint
from core.network.prediction import predict

MNIST = mnist.load(train=True)


@dataclasses.dataclass(frozen=True)
class Place:
    """Where My digits are kept in a test."""

    folder: Path
    address: str = ""

    def open(self) -> Corrections:
        return Corrections(self.folder, self.address)

    @property
    def path(self) -> Path:
        return self.folder / database.NAME


@pytest.fixture
def in_file(tmp_path: Path) -> Place:
    return Place(tmp_path / "my-digits")


@pytest.fixture(params=["in_file", pytest.param("in_database", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest) -> Place:
    return request.getfixturevalue(request.param)


@pytest.fixture
def in_database(tmp_path: Path, postgresql: str) -> Place:
    """An empty PostgreSQL database."""
    with sa.create_engine(postgresql.replace("postgresql:", "postgresql+psycopg:")).begin() as connection:
        database.CORRECTIONS.drop(connection, checkfirst=True)
    return Place(tmp_path / "my-digits", postgresql)


@pytest.fixture
def mine(place: Place) -> Corrections:
    return place.open()


def picture(number: int) -> np.ndarray:
    return MNIST.images[number].numpy()


def keep(mine: Corrections, *numbers: int) -> None:
    for number in numbers:
        mine.keep(picture(number), int(MNIST.labels[number]), "3", "reference", "abc")


def read_files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def test_what_is_kept_is_found_again_by_another_server(mine, place: Place):
    kept = mine.keep(picture(0), 5, "3", "reference", "abc")
    (found,) = place.open().all()
    assert np.array_equal(found.image, picture(0))
    assert (found.label, found.said, found.model, found.version) == (5, "3", "reference", "abc")
    assert found.created == kept.created and abs((datetime.now(UTC) - found.created).total_seconds()) < 60


def test_looking_finds_nothing_and_writes_no_file(mine, place: Place):
    assert mine.all() == [] and mine.find(picture(0)) is None and mine.delete([1]) == []
    assert not place.folder.exists()


def test_the_same_picture_once_more_changes_its_label(mine):
    first = mine.keep(picture(0), 5, "3", "reference", "abc")
    keep(mine, 1)
    mine.keep(picture(0), 8, "5", "Run 1", "def")
    assert [one.id for one in mine.all()] == [first.id, first.id + 1]
    assert [(one.label, one.model) for one in mine.all()] == [(8, "Run 1"), (0, "reference")]
    assert mine.find(picture(0)).label == 8 and mine.find(picture(2)) is None


@pytest.mark.parametrize("label", [10, -2])
def test_only_digits_and_no_digit_are_labels(mine, label: int):
    with pytest.raises(ValueError, match="label"):
        mine.keep(picture(0), label, "3", "reference", "abc")


def test_what_is_deleted_is_gone_from_the_disk_too(in_file: Place):
    mine = in_file.open()
    keep(mine, 0, 1, 2)
    assert picture(1).tobytes() in read_files(in_file.folder)
    mine.delete([mine.find(picture(1)).id])
    assert [one.label for one in mine.all()] == [5, 4] and mine.find(picture(1)) is None
    assert picture(1).tobytes() not in read_files(in_file.folder)


def test_what_was_deleted_by_mistake_comes_back_as_it_was(mine):
    keep(mine, 0, 1, 2)
    before = mine.all()
    deleted = mine.delete(one.id for one in before)
    keep(mine, 1)  # meanwhile somebody kept the same picture again
    mine.restore(deleted)
    assert sorted(one.label for one in mine.all()) == [0, 4, 5]
    mine.restore(deleted)
    assert len(mine.all()) == 3
    first = mine.find(picture(0))
    assert (first.id, first.created) == (before[0].id, before[0].created)


def write_many(place: Place, numbers: range, begin) -> None:
    begin.wait()
    keep(place.open(), *numbers)


def test_processes_and_threads_at_once_lose_nothing(mine, place: Place):
    """From the very first moment, when there is no file yet and each wants to make it."""
    context = multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn")
    begin = context.Barrier(5)
    processes = [context.Process(target=write_many, args=(place, range(n, n + 20), begin)) for n in (0, 20, 40)]
    threads = [threading.Thread(target=write_many, args=(place, range(n, n + 20), begin)) for n in (60, 60)]
    for worker in (*processes, *threads):
        worker.start()
    for worker in (*processes, *threads):
        worker.join(60)
    assert all(process.exitcode == 0 for process in processes)
    assert {one.image.tobytes() for one in mine.all()} == {picture(number).tobytes() for number in range(80)}
    assert len(mine.all()) == 80


def test_the_first_picture_waits_for_another_who_has_just_made_the_file(in_file: Place):
    mine = in_file.open()
    in_file.folder.mkdir()
    with contextlib.closing(sqlite3.connect(in_file.path, isolation_level=None, check_same_thread=False)) as another:
        another.execute("BEGIN IMMEDIATE")
        done = threading.Timer(0.5, another.rollback)
        done.start()
        keep(mine, 0)
        done.join()
    assert len(mine.all()) == 1


def make_foreign(path: Path) -> None:
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE songs (title TEXT)")
    file.close()


def damage(path: Path) -> None:
    keep(Corrections(path.parent), *range(40))
    content = bytearray(path.read_bytes())
    content[4096 : 4096 + 8000] = b"\xff" * 8000  # the head is sound, a page behind it is not
    path.write_bytes(content)


def make_text(path: Path) -> None:
    path.write_bytes(b"no database" * 500)


@pytest.mark.parametrize("spoil", [make_text, make_foreign, damage])
def test_a_damaged_or_foreign_file_is_put_aside_whole_and_nothing_is_lost(in_file: Place, spoil):
    mine = in_file.open()
    in_file.folder.mkdir()
    spoil(in_file.path)
    before = in_file.path.read_bytes()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: keep(mine, number), range(4)))
    assert sorted(one.label for one in mine.all()) == sorted(MNIST.labels[:4].tolist())
    (name,) = mine.put_aside()
    assert (in_file.folder / name).read_bytes() == before


def test_an_empty_file_is_a_new_one(in_file: Place):
    mine = in_file.open()
    in_file.folder.mkdir()
    in_file.path.touch()
    keep(mine, 0)
    assert len(mine.all()) == 1 and mine.put_aside() == []


def test_a_disk_that_refuses_is_a_sentence(in_file: Place, monkeypatch):
    mine = in_file.open()
    keep(mine, 0)
    with monkeypatch.context() as patch:
        patch.setattr(database, "_open", lambda path: open_full(path))
        with pytest.raises(CorrectionsError, match="Free some space"):
            keep(mine, *range(1, 200))
    assert len(mine.all()) >= 1
    blocked = Corrections(in_file.path / "below a file")
    with pytest.raises(CorrectionsError, match="Allow"):
        keep(blocked, 0)


def open_full(path: Path) -> sqlite3.Connection:
    """The file on a disk with no page left."""
    file = sqlite3.connect(path, isolation_level=None)
    file.execute("PRAGMA max_page_count = 1")  # SQLite takes the present size instead
    return file


def test_a_read_only_folder_is_a_sentence(in_file: Place, monkeypatch):
    mine = in_file.open()

    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(CorrectionsError, match="Read-only file system"):
        keep(mine, 0)


def test_a_third_is_set_apart_and_stays_so(mine):
    keep(mine, *range(11))
    mine.keep(picture(11), NO_DIGIT, "3", "reference", "abc")
    learned, held_out = ({one.id for one in part} for part in hold_out(mine.all()))
    assert len(held_out) == 3 and len(learned) == 8 and not learned & held_out
    mine.delete([min(learned)])
    assert {one.id for one in hold_out(mine.all())[1]} == held_out


def test_the_model_answers_as_predict_does(mine):
    model = checkpoint.load(checkpoint.SHIPPED)
    keep(mine, *range(20))
    mine.keep(np.eye(28, dtype=np.uint8) * 255, NO_DIGIT, "1", "reference", "abc")
    said = [
        found.text for found in predict(model, np.stack([one.image for one in mine.all()]).astype(np.float32) / 255)
    ]
    assert store.answer(model, mine.all()) == said
    assert store.count_right(model, mine.all()) == sum(
        text == one.text for text, one in zip(said, mine.all(), strict=True)
    )


@pytest.mark.parametrize("suffix", ["zip", "csv"])
def test_what_is_exported_is_read_as_an_own_test_set(mine, suffix: str):
    keep(mine, *range(10))
    content = {"zip": to_zip, "csv": to_csv}[suffix](mine.all())
    found = set_files.read_files("mine", [(f"mine.{suffix}", content)]).for_model(checkpoint.load(checkpoint.SHIPPED))
    assert found.is_labelled and not found.skipped
    expected = to_digits(mine.all())
    found_order, expected_order = found.digits.labels.argsort(stable=True), expected.labels.argsort(stable=True)
    assert torch.equal(found.digits.labels[found_order], expected.labels[expected_order])
    assert torch.equal(found.digits.images[found_order], expected.images[expected_order])


def test_what_is_no_digit_is_exported_but_never_learnt(mine):
    keep(mine, 0)
    mine.keep(picture(1), NO_DIGIT, "3", "reference", "abc")
    assert to_digits(mine.all()).labels.tolist() == [5]
    found = set_files.read_files("mine", [("mine.zip", to_zip(mine.all()))])
    assert [one.label for one in found.pictures] == [5] and [one.name for one in found.skipped] == ["no-digit_2.png"]


def test_another_label_changes_nothing_else(tmp_path):
    mine = Corrections(tmp_path)
    first = mine.keep(np.full((28, 28), 7, np.uint8), 3, "8", "reference", "abc")
    second = mine.keep(np.full((28, 28), 9, np.uint8), 4, "1", "reference", "abc")
    mine.relabel([first.id], NO_DIGIT)
    assert mine.all() == [dataclasses.replace(first, label=NO_DIGIT), second]
    with pytest.raises(ValueError):
        mine.relabel([first.id], 10)


def test_a_guest_s_nickname_is_kept_and_opens_nothing(mine, monkeypatch):
    monkeypatch.setattr(roles, "_tell", lambda: roles.Visitor(False, "1", "Anna"))
    kept = mine.keep(picture(0), 5, "3", "reference", "abc")
    assert kept.nickname == "Anna" and mine.all() == [kept]
    monkeypatch.setattr(roles, "_tell", lambda: roles.Visitor(False, "2", "Anna"))
    assert mine.all() == [] and mine.delete([kept.id]) == []
    monkeypatch.setattr(roles, "_tell", lambda: roles.OWNER)
    assert [one.nickname for one in mine.all()] == ["Anna"]
    mine.restore(mine.delete([kept.id]))
    assert mine.all() == [kept]


def test_a_file_of_the_first_version_is_brought_up_to_date(in_file: Place):
    keep(in_file.open(), 0)
    with contextlib.closing(sqlite3.connect(in_file.path)) as file:
        for name in database.LATER:
            file.execute(f"ALTER TABLE corrections DROP COLUMN {name}")
        file.commit()
    keep(in_file.open(), 1)
    assert [(one.label, one.visitor, one.nickname) for one in in_file.open().all()] == [(5, "", ""), (0, "", "")]


@pytest.mark.parametrize(
    ("address", "says"),
    [("mysql://x/y", "begins with postgresql://"), ("nonsense", "postgresql://user@host/name is wanted")],
)
def test_an_address_that_is_none_is_a_sentence(address: str, says: str):
    with pytest.raises(CorrectionsError, match=says):
        Corrections(address=address)


def test_a_database_that_is_away_is_a_sentence_without_its_password():
    with pytest.raises(CorrectionsError, match="Nothing was changed") as refused:
        Corrections(address="postgresql://anna:secret@127.0.0.1:1/digits").all()
    assert "secret" not in str(refused.value)
