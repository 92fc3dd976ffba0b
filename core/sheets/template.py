"""The layout of many sheets alike: how many rows and columns, and what each column may hold.

What a column may hold is evidence: where the likeliest reading is not allowed, the likeliest that is counts, and
somebody is asked to look at it.
"""

import json
import re
from dataclasses import asdict, dataclass, replace
from typing import Any

from core import workspace
from core.access.roles import owners_only
from core.sheets.sheet import ReadCell, Sheet
from core.sheets.sums import to_number

KINDS = {"any": "Anything", "range": "From 0 to …", "digits": "So many digits", "sum": "The sum of the row"}
LEAST = 1e-4  # of the likeliest reading's probability that another one must have to count


class TemplateError(ValueError):
    """A layout that can't be kept or read; the message says why."""


@dataclass(frozen=True)
class Rule:
    """What a column may hold: a `kind`, of `KINDS`, and its `limit`: the highest number, or how many digits."""

    kind: str = "any"
    limit: int = 20

    def allows(self, text: str) -> bool:
        """Whether a text may stand there; an empty cell always may."""
        number = to_number(text)
        if not text or self.kind in ("any", "sum"):
            return True
        if self.kind == "range":
            return number is not None and 0 <= number <= self.limit
        return text.isdecimal() and len(text) == self.limit

    @property
    def sentence(self) -> str:
        """What is allowed, in words."""
        return f"from 0 to {self.limit}" if self.kind == "range" else f"of {self.limit} digits"


@dataclass(frozen=True)
class Template:
    """A layout with its `name`: how many `rows`, and a rule for each column."""

    name: str
    rows: int
    rules: tuple[Rule, ...]

    def apply(self, sheet: Sheet) -> Sheet:
        """The sheet with what the layout says of its cells."""
        if sheet.shape != (self.rows, len(self.rules)):
            here = f"{sheet.shape[0]} and {sheet.shape[1]}, so it was read without it."
            said = f"The layout “{self.name}” has {self.rows} rows and {len(self.rules)} columns; here are {here}"
            return replace(sheet, remark=f"{said} {sheet.remark}".rstrip())
        texts = sheet.rows
        cells = tuple(self._weigh(cell, texts[cell.row]) for cell in sheet.cells)
        return replace(sheet, cells=cells)

    def _weigh(self, cell: ReadCell, texts: list[str]) -> ReadCell:
        rule = self.rules[cell.column]
        if rule.kind == "sum":
            return self._weigh_sum(cell, texts)
        if rule.allows(cell.text):
            return cell
        for text, share in cell.alternatives:
            if share < LEAST:
                break
            if rule.allows(text):
                remark = f"{cell.text} is not {rule.sentence}; {text} is the likeliest that is."
                return replace(cell, text=text, verdict="unsure", remark=remark)
        return replace(cell, verdict="unsure", remark=f"{cell.text} is not {rule.sentence}.")

    def _weigh_sum(self, cell: ReadCell, texts: list[str]) -> ReadCell:
        parts = [number for text in texts[: cell.column] if (number := to_number(text)) is not None]
        written = to_number(cell.text)
        if not parts or written is None:
            return cell
        expected = sum(parts)
        if written == expected:
            return replace(cell, verdict="digit")
        return replace(cell, verdict="unsure", remark=f"{expected} expected, {written} read.")

    def to_record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


@owners_only("keep a layout")
def keep(template: Template) -> None:
    """Keep a layout under its name, in place of one of that name. Raises `TemplateError` for a name without letters,
    `OSError` when the disk refuses, `NotAllowed` for a guest."""
    slug = re.sub(r"[^a-z0-9]+", "-", template.name.lower()).strip("-")
    if not slug:
        raise TemplateError("Give the layout a name with letters or digits.")
    path = workspace.here().forms / f"layout-{slug[:60]}.json"
    workspace.write_atomically(path, json.dumps(template.to_record(), indent=1).encode())


def find_all() -> list[Template]:
    """The layouts that are kept, by name; files that are none are passed over."""
    found = []
    for path in sorted(workspace.here().forms.glob("layout-*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            rules = tuple(Rule(str(rule["kind"]), int(rule["limit"])) for rule in record["rules"])
            if rules and all(rule.kind in KINDS for rule in rules):
                found.append(Template(str(record["name"]), int(record["rows"]), rules))
        except (OSError, ValueError, TypeError, KeyError):
            continue
    return sorted(found, key=lambda one: one.name.lower())
