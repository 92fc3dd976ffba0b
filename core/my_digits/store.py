"""My digits: pictures whose answer somebody corrected, for many visitors and servers at once."""

import csv
import io
import os
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import sqlalchemy as sa
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sqlalchemy.dialects import postgresql, sqlite

from core import workspace
from core.access import roles, rules
from core.config import DIGIT_SIZE
from core.data.digits import DigitSet
from core.data.labels import NO_DIGIT
from core.my_digits.database import CORRECTIONS, CorrectionsError, open_database
from core.network.checkpoint import Checkpoint
from core.network.prediction import predict

ADDRESS = "DIGIT_LAB_DATABASE"  # of a PostgreSQL database; without it My digits are a file of the workspace
AT_ONCE = 500  # pictures the model is asked about together: 200 MB of the reference network's features
EVERY = 3  # every third kept digit is held out
MOST = 100_000  # pictures in all: 100 MB
MOST_AN_HOUR = 200  # of one guest: who corrects by hand needs longer for so many


@dataclass(frozen=True)
class Correction:
    """One corrected picture: `image` (28, 28) uint8, ink bright on dark, as the network read it; `label` 0 to 9 or
    `NO_DIGIT`; `said` what `version` of `model` read, empty for no digit; `created` in UTC; `visitor` the guest whose
    it is, empty for the owner's, and the `nickname` they gave, if any."""

    id: int
    image: np.ndarray = field(compare=False)  # arrays have no single answer to ==; the id names the picture
    label: int
    said: str
    model: str
    version: str
    created: datetime
    visitor: str = ""
    nickname: str = ""

    @property
    def is_digit(self) -> bool:
        """Whether it shows a digit at all."""
        return self.label != NO_DIGIT

    @property
    def text(self) -> str:
        """What should be read, as `said`: "7", empty for no digit."""
        return str(self.label) if self.is_digit else ""


class Corrections:
    """The kept digits. Each method may be called from any thread and process at any time.

    A guest sees, changes and deletes what was kept in the same visit, the owner everything.

    Every method raises `CorrectionsError` when the disk or the database refuses. A damaged file, or another program's,
    is put aside first and a new one begun, so that what is kept now is kept; `put_aside` names what lies there.
    """

    def __init__(self, folder: Path | None = None, address: str | None = None) -> None:
        """Kept in `folder`, by default the workspace's, or at the `address` of a PostgreSQL database, by default the
        one in `ADDRESS`. Nothing is written before something is kept. Raises `CorrectionsError` for an address that
        can't be used."""
        found = os.environ.get(ADDRESS, "") if address is None and folder is None else address or ""
        self._database = open_database(folder or workspace.here().my_digits, found)

    @property
    def place(self) -> str:
        """Where they are kept, as pages say it: "the file my-digits/my-digits.sqlite"."""
        return self._database.place

    def keep(self, image: np.ndarray, label: int, said: str, model: str, version: str) -> Correction:
        """Keep a picture with its right label; one that is kept already gets the new label.

        `image` (28, 28) uint8, `label` 0 to 9 or `NO_DIGIT`; raises `ValueError` for others, `CorrectionsError` also
        for a guest's picture that is somebody else's already, or one too many.
        """
        if image.shape != (DIGIT_SIZE, DIGIT_SIZE) or image.dtype != np.uint8 or not NO_DIGIT <= label <= 9:
            raise ValueError("A correction is a (28, 28) uint8 picture with a label from -1 to 9.")
        now, who = datetime.now(UTC), roles.visitor()
        new = {"label": label, "said": said, "model": model, "version": version, "created": _to_text(now)}
        row = {"image": image.tobytes(), **new, "visitor": who.id, "nickname": who.nickname}

        def put(connection: sa.Connection) -> Correction:
            _check_room(connection, who, now)
            change = _insert(connection).on_conflict_do_update(index_elements=["image"], set_=new, where=_mine(who))
            done = connection.execute(change, row)
            if not done.rowcount:
                raise CorrectionsError("Somebody else has kept this very picture; their label stays.")
            return _select(connection, CORRECTIONS.c.image == row["image"])[0]

        return self._database.write(put)

    def find(self, image: np.ndarray) -> Correction | None:
        """The correction of exactly this picture, (28, 28) uint8, if there is one."""
        rows = self._query(CORRECTIONS.c.image == image.tobytes())
        return rows[0] if rows else None

    def all(self) -> list[Correction]:
        """Everything kept that is this visitor's to see, the oldest first."""
        return self._query()

    def relabel(self, ids: Iterable[int], label: int) -> None:
        """Give kept pictures another label, 0 to 9 or `NO_DIGIT`; when and as what they were kept stays as it was."""
        if not NO_DIGIT <= label <= 9:
            raise ValueError("A label is -1 to 9.")
        chosen = sa.and_(CORRECTIONS.c.id.in_(list(ids)), _mine(roles.visitor()))
        change = sa.update(CORRECTIONS).where(chosen).values(label=label)
        self._database.write(lambda connection: connection.execute(change))

    def delete(self, ids: Iterable[int]) -> list[Correction]:
        """Delete for good, from a file pixels included; gives what was deleted, for `restore`."""
        ids = list(ids)
        chosen = sa.and_(CORRECTIONS.c.id.in_(ids), _mine(roles.visitor()))

        def remove(connection: sa.Connection) -> list[Correction]:
            found = _select(connection, chosen)
            connection.execute(sa.delete(CORRECTIONS).where(chosen))
            return found

        return self._database.write(remove) if ids and not self._database.is_new else []

    def restore(self, deleted: Iterable[Correction]) -> None:
        """Bring back what `delete` gave, unless somebody has kept the same picture again meanwhile."""
        who = roles.visitor()
        rows = [_to_row(one) for one in deleted if who.is_owner or one.visitor == who.id]
        if rows:
            self._database.write(
                lambda connection: connection.execute(_insert(connection).on_conflict_do_nothing(), rows)
            )

    def put_aside(self) -> list[str]:
        """Names of the files that were damaged or not ours, the oldest first; they lie beside the file in use."""
        return list(self._database.put_aside)

    def _query(self, *conditions: sa.ColumnElement[bool]) -> list[Correction]:
        if self._database.is_new:
            return []
        mine = sa.and_(_mine(roles.visitor()), *conditions)
        return self._database.read(lambda connection: _select(connection, mine))


def hold_out(corrections: list[Correction]) -> tuple[list[Correction], list[Correction]]:
    """The digits to learn from and those held out for evaluation; pictures without a digit are in neither.

    Every third is held out, by the number it got when it was kept: no copy ever learns from it.
    """
    digits = [one for one in corrections if one.is_digit]
    return [one for one in digits if one.id % EVERY], [one for one in digits if one.id % EVERY == 0]


def answer(model: Checkpoint, corrections: list[Correction]) -> list[str]:
    """What the model says of each picture today, as Predict does: "7", empty for no digit."""
    said = []
    for start in range(0, len(corrections), AT_ONCE):
        images = np.stack([one.image for one in corrections[start : start + AT_ONCE]])
        said += [found.text for found in predict(model, images.astype(np.float32) / 255)]
    return said


def count_right(model: Checkpoint, corrections: list[Correction]) -> int:
    """How many of the pictures the model reads correctly."""
    return sum(said == one.text for said, one in zip(answer(model, corrections), corrections, strict=True))


def to_digits(corrections: list[Correction]) -> DigitSet:
    """The same digits as the networks' data: (N, 28, 28) uint8 with (N,) int64 labels; no picture without a digit."""
    digits = [one for one in corrections if one.is_digit]
    images = np.stack([one.image for one in digits]) if digits else np.zeros((0, DIGIT_SIZE, DIGIT_SIZE), np.uint8)
    return DigitSet(torch.from_numpy(images), torch.tensor([one.label for one in digits], dtype=torch.int64))


def to_zip(corrections: list[Correction]) -> bytes:
    """A zip of 28x28 PNGs named by their label, `7_12.png`, as the Evaluate page reads them.

    What was said, by which model and when stands in each PNG's text.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for one in corrections:
            facts, picture = PngInfo(), io.BytesIO()
            for name in ("said", "model", "version"):
                facts.add_itxt(name, getattr(one, name))
            facts.add_itxt("created", one.created.isoformat())
            Image.fromarray(one.image).save(picture, "PNG", pnginfo=facts)
            archive.writestr(f"{one.label if one.is_digit else 'no-digit'}_{one.id}.png", picture.getvalue())
    return buffer.getvalue()


def to_csv(corrections: list[Correction]) -> bytes:
    """The digits one a row, label and 784 pixels with a header, as the Evaluate page reads them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["label", *(f"pixel{number}" for number in range(DIGIT_SIZE * DIGIT_SIZE))])
    writer.writerows([one.label, *one.image.ravel().tolist()] for one in corrections if one.is_digit)
    return text.getvalue().encode()


def _mine(who: roles.Visitor) -> sa.ColumnElement[bool]:
    """What is this visitor's: of the owner all."""
    return sa.true() if who.is_owner else CORRECTIONS.c.visitor == who.id


def _insert(connection: sa.Connection) -> postgresql.Insert | sqlite.Insert:
    """To insert rows, with a word to come on pictures that are there already."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return insert(CORRECTIONS)


def _select(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[Correction]:
    rows = connection.execute(sa.select(CORRECTIONS).where(condition).order_by(CORRECTIONS.c.id)).mappings()
    return [
        Correction(
            **{
                **row,
                "image": np.frombuffer(row["image"], np.uint8).reshape(DIGIT_SIZE, DIGIT_SIZE),
                "created": datetime.fromisoformat(row["created"]),
            }
        )
        for row in rows
    ]


def _to_row(one: Correction) -> dict[str, object]:
    return {**vars(one), "image": one.image.tobytes(), "created": _to_text(one.created)}


def _to_text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _check_room(connection: sa.Connection, who: roles.Visitor, now: datetime) -> None:
    """Raise `CorrectionsError` where no more is kept: of this guest in an hour, or of all together."""
    count = sa.select(sa.func.count()).select_from(CORRECTIONS)
    if connection.execute(count).scalar_one() >= MOST:
        raise CorrectionsError(f"My digits holds {MOST:,} pictures, as many as it may. Delete some of them first.")
    if who.is_owner:
        return
    if not rules.read().keeps_corrections:
        raise CorrectionsError("The owner of this server lets guests keep nothing in My digits.")
    lately = CORRECTIONS.c.created > _to_text(now - timedelta(hours=1))
    if connection.execute(count.where(_mine(who), lately)).scalar_one() >= MOST_AN_HOUR:
        raise CorrectionsError(f"A guest may keep {MOST_AN_HOUR} pictures an hour. Go on a little later.")
