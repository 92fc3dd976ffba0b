"""A batch in any order of actions: table, details and CSV say the same, and what the script says of the same files."""

import csv
import io
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.config import EXPECTATIONS
from core.data.labels import NO_DIGIT, label_from_path
from core.network.prediction import Prediction, Verdict
from core.reading import batch, sources
from core.reading.batch import UNADJUSTED, Adjustment, Group, RefusedFile
from core.reading.one_digit import NothingFound
from core.reading.picture import Picture, PictureError
from core.reading.reader import Digit, FoundNumber, Reading
from scripts import predict

BASE = ("file", "answer", "confidence", "verdict", "label", "remark", "digits", *(f"p{digit}" for digit in range(10)))
FILES = st.tuples(
    st.sampled_from(["7.png", "0/scan 2.png", "0/scan 10.png", "a.png", "=1+1.png", "set/8 b.png", "é\u202f1.png"]),
    st.sampled_from([b"7", b"0", b"8", b"4", b"1984", b"40", b"", b"broken"]),
)


def fake_picture(content: bytes) -> Picture:
    """A picture whose pixels are the digits that it shows."""
    if content == b"broken":
        raise PictureError("This is not a picture.")
    return Picture(np.frombuffer(content or b" ", np.uint8).reshape(1, -1, 1).repeat(3, axis=2), (100, 30))


def fake_reading(model, picture: Picture, polarity: str, crop, expect: str) -> Reading:
    """Reads a fake picture: everything that may be asked changes the answer. A 4 is unsure."""
    text = picture.colours[0, :, 0].tobytes().decode().strip()
    text = text[::-1] if polarity == "light on dark" else text
    text = text[1:] if crop else text
    text = text[:1] if expect == "one" else text
    digits = tuple(Digit(_predict(int(sign), model.version), (0, 0, 1, 1), np.zeros((28, 28))) for sign in text)
    found = FoundNumber((), polarity) if digits else NothingFound("There is no ink.", (), polarity)
    is_one = len(digits) == 1 and expect != "number"
    return Reading(picture, found, digits[0].prediction if is_one else None, digits, model.name, model.version)


def _predict(digit: int, version: str) -> Prediction:
    first = 0.55 if digit == 4 else 0.9123456789 + 0.01 * int(version)
    rest = (1 - first) / 9
    shares = tuple(first if other == digit else rest for other in range(10))
    return Prediction(shares, Verdict.UNSURE if digit == 4 else Verdict.DIGIT)


def read_all_by_script(model, handed_over: list[tuple[str, bytes]], expect: str) -> dict[str, dict[str, str]]:
    """Rows of the script's CSV by the name of the file."""
    found = sources.find_in_files(dict.fromkeys(handed_over))
    items = predict.read_all(model, found.sources, expect, predict.Tally())
    text = batch.csv_header() + "".join(map(batch.csv_row, items))
    return {f"{row['file']} {number}": row for number, row in enumerate(csv.DictReader(io.StringIO(text)))}


class AnyOrder(RuleBasedStateMachine):
    """What a visitor may do with a batch, one after the other, and what must hold after each."""

    def __init__(self) -> None:
        super().__init__()
        self.batch = batch.Batch()
        self.model, self.expect = SimpleNamespace(name="stub", version="1"), "auto"
        self.handed_over: list[tuple[str, bytes, list[str]]] = []  # name, content, keys
        self.adjusted: dict[str, Adjustment] = {}
        self.said: dict[str, str] = {}

    @initialize(files=st.lists(FILES, min_size=1, max_size=3))
    def begin(self, files) -> None:
        for file in files:
            self.hand_over(file)
        self.ask("auto")

    def any_key(self, data) -> str:
        return data.draw(st.sampled_from([item.key for item in self.batch.items]))

    def has_some(self) -> bool:
        return bool(self.batch.items)

    @rule(file=FILES)
    def hand_over(self, file) -> None:
        name, content = file
        self.handed_over.append((name, content, self.batch.add(sources.find_in_files([file]).sources, content)))

    @rule(files=st.lists(FILES, min_size=1, max_size=3, unique_by=lambda file: file[0]))
    def hand_over_a_zip(self, files) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in files:
                archive.writestr(zipfile.ZipInfo(name), content)
        self.hand_over((f"{len(files)}.zip", buffer.getvalue()))

    @precondition(lambda self: self.handed_over)
    @rule(data=st.data())
    def take_away(self, data) -> None:
        """The × beside a name in the uploader."""
        _, _, keys = self.handed_over.pop(data.draw(st.integers(0, len(self.handed_over) - 1)))
        gone = set(keys).difference(*(others for _, _, others in self.handed_over))
        self.batch.remove(gone)
        for key in gone:
            self.adjusted.pop(key, None)
            self.said.pop(key, None)

    @rule(expect=st.sampled_from(EXPECTATIONS))
    def ask(self, expect) -> None:
        self.expect = expect
        self.batch.ask(self.model, expect)

    @rule(version=st.sampled_from("12"))
    def use_another_model(self, version) -> None:
        self.model = SimpleNamespace(name="stub", version=version)
        self.ask(self.expect)

    @rule(count=st.integers(0, 3))
    def read_some(self, count) -> None:
        """A click interrupts the reading."""
        for key in self.batch.waiting[:count]:
            self.batch.read(key)

    @rule()
    def read_all(self) -> None:
        for key in self.batch.waiting:
            self.batch.read(key)

    @precondition(has_some)
    @rule(data=st.data(), polarity=st.sampled_from(["auto", "light on dark"]), is_cropped=st.booleans())
    def adjust(self, data, polarity, is_cropped) -> None:
        key = self.any_key(data)
        self.adjusted[key] = Adjustment(polarity, (0.1, 0.0, 1.0, 1.0) if is_cropped else None)
        self.batch.adjust(key, self.adjusted[key])

    @precondition(lambda self: self.adjusted)
    @rule(data=st.data())
    def take_the_adjustment_off(self, data) -> None:
        key = data.draw(st.sampled_from(sorted(self.adjusted)))
        del self.adjusted[key]
        self.batch.adjust(key, UNADJUSTED)

    @precondition(has_some)
    @rule(data=st.data(), label=st.sampled_from([NO_DIGIT, *range(10)]))
    def correct_one_digit(self, data, label) -> None:
        key = self.any_key(data)
        text = self.batch.read(key).text
        at = data.draw(st.integers(0, max(len(text) - 1, 0)))
        self.batch.correct(key, at, label)
        assert self.batch.put_right(key, at) in (label, None if text[at : at + 1] == str(label) else label)
        self.said[key] = self.batch.read(key).checked
        assert label == NO_DIGIT or str(label) in self.said[key]
        assert len(self.said[key]) <= max(len(text), 1)

    @precondition(has_some)
    @rule(data=st.data())
    def take_back_one_digit(self, data) -> None:
        key = self.any_key(data)
        at = data.draw(st.integers(0, max(len(self.batch.read(key).text) - 1, 0)))
        self.batch.correct(key, at, None)
        assert self.batch.put_right(key, at) is None
        self.note(key)

    @precondition(has_some)
    @rule(typed=st.sampled_from(["", "7", " 1984 ", "no", "-"]))
    def check_and_go_on(self, typed) -> None:
        key, before = self.batch.chosen, self.batch.shown
        if key is None:
            return
        shows = batch.parse_answer(typed)
        self.batch.check_and_go_on(shows)
        said = self.batch.read(key).checked
        assert said is not None and (shows is None or said == shows)
        self.said[key] = said
        left = [item.key for item in before if item.key != key and self.batch.group.holds(self.batch.read(item.key))]
        if left and self.batch.group is not Group.ALL:
            assert self.batch.chosen in left

    @precondition(lambda self: self.batch.can_undo)
    @rule()
    def undo(self) -> None:
        self.batch.undo()
        self.said = {item.key: item.checked for item in self.batch.items if item.checked is not None} | {
            key: said
            for key, said in self.said.items()
            if key in self.batch.waiting and self.batch.checked(key) == said
        }

    def note(self, key: str) -> None:
        if self.batch.checked(key) is None:
            self.said.pop(key, None)
        else:
            self.said[key] = self.batch.checked(key)

    @rule(group=st.sampled_from(Group))
    def show(self, group) -> None:
        chosen, before = self.batch.chosen, self.batch.group
        self.batch.show(group)
        if group is not before:
            assert all(group.holds(item) for item in self.batch.shown)
        if chosen and self.batch.chosen != chosen:  # selection follows the file, or is the first of the group
            assert self.batch.chosen == next(iter([item.key for item in self.batch.shown]), None)

    @precondition(has_some)
    @rule(data=st.data())
    def choose(self, data) -> None:
        shown = [item.key for item in self.batch.shown]
        if shown:
            key = data.draw(st.sampled_from(shown))
            self.batch.choose(key)
            assert self.batch.chosen == key

    @rule(by=st.sampled_from([-1, 1]))
    def step(self, by) -> None:
        before, chosen = [item.key for item in self.batch.shown], self.batch.chosen
        self.batch.step(by)
        if chosen:
            at = before.index(chosen) + by
            assert self.batch.chosen == (before[at] if 0 <= at < len(before) else chosen)

    @rule()
    def stop_and_go_on(self) -> None:
        self.batch.stop()
        self.batch.go_on()

    # What holds after each

    @invariant()
    def every_file_is_there_once_read_or_waiting(self) -> None:
        keys = {key for _, _, keys in self.handed_over for key in keys}
        read = [item.key for item in self.batch.items]
        assert sorted(read + self.batch.waiting) == sorted(keys)
        assert len(self.batch) == len(keys)

    @invariant()
    def the_csv_is_the_scripts_but_for_what_a_person_did(self) -> None:
        waiting, page = set(self.batch.waiting), {}
        rows = csv.DictReader(io.StringIO(batch.to_csv(self.batch.items).decode("utf-8-sig")))
        for item, row in zip(self.batch.items, rows, strict=True):
            page[item.key] = row
        script = read_all_by_script(self.model, [(name, content) for name, content, _ in self.handed_over], self.expect)
        in_order = sorted(
            self.batch.items + [SimpleNamespace(key=key, name=self.batch.name(key)) for key in waiting],
            key=lambda item: sources.in_order_of_people(item.name),
        )
        assert len(in_order) == len(script)
        untouched = [key for key in page if key not in self.adjusted and key not in self.said]
        lines = [tuple(row.values()) for row in script.values()]
        assert all(tuple(page[key].values()) in lines for key in untouched)
        bare = [tuple(row[name] for name in BASE) for row in script.values()]
        for key, row in page.items():
            if self.adjusted.get(key, UNADJUSTED) == UNADJUSTED:
                assert tuple(row[name] for name in BASE) in bare
                assert row["adjusted"] == ""
            assert row["checked"] == str(key in self.said)
            said, answer = self.said.get(key), row["answer"]
            assert row["final"] == (answer if said is None else said)
            assert row["corrected"] == ("" if said in (None, answer) else said or "no digit")
        if not waiting and not self.said and not any(map(UNADJUSTED.__ne__, self.adjusted.values())):
            assert sorted(map(tuple, map(dict.values, page.values()))) == sorted(lines)

    @invariant()
    def table_details_and_csv_are_one(self) -> None:
        items = self.batch.items
        names = [item.name for item in items]
        assert names == sorted(names, key=sources.in_order_of_people)
        table = batch.tabulate(items).astype(object)
        rows = csv.DictReader(io.StringIO(batch.to_csv(items).decode("utf-8-sig")))
        for (_, cells), row, item in zip(table.iterrows(), rows, items, strict=True):
            for name in batch.COLUMNS[1:]:
                value = cells[name]
                assert row[name] == ("" if pd.isna(value) else str(value))
            if isinstance(item, RefusedFile):
                continue
            how = self.adjusted.get(item.key, UNADJUSTED)
            assert item.adjustment == how == self.batch.adjustment(item.key)
            reading = self.batch.reading(item.key)
            details = batch.summarise(item.name, item.key, item.label, reading, how)
            assert replace(item, checked=None) == details
            assert (reading.version, item.label) == (self.model.version, label_from_path(item.name))

    @invariant()
    def what_is_chosen_is_shown_and_all_of_the_group_is(self) -> None:
        shown, group = self.batch.shown, self.batch.group
        keys = [item.key for item in shown]
        assert (self.batch.chosen in keys) if keys else self.batch.chosen is None
        assert {item.key for item in self.batch.items if group.holds(item)} <= set(keys)
        assert all(group.holds(item) or item.key == self.batch.chosen for item in shown)


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "read_picture", fake_picture)
    monkeypatch.setattr(
        batch,
        "read",
        lambda model, picture, polarity="auto", crop=None, expect="auto": fake_reading(
            model, picture, polarity, crop, expect
        ),
    )


class TestAnyOrder(AnyOrder.TestCase):
    settings = settings(max_examples=8, stateful_step_count=15, deadline=None)


@pytest.mark.slow
class TestAnyOrderAtLength(AnyOrder.TestCase):
    settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_what_was_put_right_in_one_reading_is_not_mixed_into_another() -> None:
    pile, model = batch.Batch(), SimpleNamespace(name="stub", version="1")
    pile.ask(model, "auto")
    (key,) = pile.add(sources.find_in_files([("a.png", b"1984")]).sources, b"1984")
    pile.correct(key, 1, 0)
    pile.correct(key, 3, 5)
    assert (pile.read(key).text, pile.read(key).final) == ("1984", "1085")
    pile.ask(model, "one")
    assert (pile.read(key).text, pile.read(key).final, pile.put_right(key, 0)) == ("1", "1085", None)
    pile.correct(key, 0, 7)
    assert pile.read(key).final == "7"
    pile.correct(key, 0, None)
    assert pile.read(key).checked is None


@pytest.mark.parametrize(
    ("typed", "shows"), [("", None), ("  ", None), ("7", "7"), (" 19  84 ", "19 84"), ("٣", "3"), ("-3.14", "-3.14")]
)
def test_what_is_typed_is_digits(typed: str, shows: str | None) -> None:
    assert batch.parse_answer(typed) == shows


@pytest.mark.parametrize("typed", ["no", "-", "No digit", "–"])
def test_no_digit_can_be_typed(typed: str) -> None:
    assert batch.parse_answer(typed) == ""


@pytest.mark.parametrize("typed", ["z", "7a", "3.", "--3", "²"])
def test_what_is_no_digit_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(ValueError, match="Type the digits"):
        batch.parse_answer(typed)
