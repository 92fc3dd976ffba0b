"""Write benchmarks/README.md from the result files: `python benchmarks/render.py [--check]`.

--check writes nothing and ends with 1 where README.md says anything else than the result files.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from itertools import groupby

from benchmarks.result_file import BENCHMARKS, BUSY, ROOT, Conditions, Result, ResultError, Row, read_all
from core.workspace import write_atomically

README = ROOT / "benchmarks" / "README.md"
HEAD = """\
# What was measured

Rendered from [results/](results) by `python benchmarks/render.py`: don't edit. A date leads to all that its command
found; the letter behind it names the conditions. `make bench` runs all but the real handwriting, which is
`make bench-realworld FOLDER=...`. Experiments and earlier figures: [docs/experiments.md](../docs/experiments.md)."""


def main() -> int:
    """Write README.md, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare only")
    options = parser.parse_args()
    try:
        text = render(read_all())
    except ResultError as error:
        print(error)
        return 1
    if options.check:
        is_same = README.is_file() and README.read_text(encoding="utf-8") == text
        print(
            "benchmarks/README.md " + ("is up to date." if is_same else "is out of date: python benchmarks/render.py")
        )
        return 0 if is_same else 1
    write(text)
    return 0


def write(text: str) -> None:
    """README.md, whole or not at all."""
    write_atomically(README, text.encode())


def render(results: Mapping[str, Result]) -> str:
    """README.md's text, from results by their benchmarks' names in the order of BENCHMARKS: the same for the same."""
    seen = list(dict.fromkeys(describe(result.conditions) for result in results.values()))
    parts = [HEAD, _count_missed(results)]
    if seen:
        parts.append("\n".join(f"- {_letter(place)}: {conditions}" for place, conditions in enumerate(seen)))
    for name, result in results.items():
        letter = _letter(seen.index(describe(result.conditions)))
        parts += [f"## {BENCHMARKS[name].title}", _describe_run(name, result, letter), *render_rows(result.rows)]
    if missing := [benchmark for name, benchmark in BENCHMARKS.items() if name not in results]:
        parts += [
            "## Not measured yet",
            "No figures here until somebody has run:",
            "\n".join(f"- {benchmark.title}: `{benchmark.command}`" for benchmark in missing),
        ]
    return "\n\n".join(parts) + "\n"


def _count_missed(results: Mapping[str, Result]) -> str:
    limited = [(name, row) for name, result in results.items() for row in result.rows if row.limit is not None]
    missed = [BENCHMARKS[name].title for name, row in limited if row.is_missed]
    if not missed:
        return f"Limits kept: all {len(limited)}." if limited else "No figure below has a limit."
    where = ", ".join(f"{title} ({missed.count(title)})" for title in dict.fromkeys(missed))
    return f"**Limits missed: {len(missed)} of {len(limited)}.** {where}."


def describe(conditions: Conditions) -> str:
    """Which code computed on what: equal for results that may be compared."""
    return (
        f"commit {conditions.commit}{' with changes' if conditions.is_dirty else ''}, {conditions.processor}, "
        f"{conditions.cores} cores, {conditions.memory} GB, Python {conditions.python}, torch {conditions.torch}, "
        f"streamlit {conditions.streamlit}"
    )


def _letter(place: int) -> str:
    return chr(ord("A") + place)


def _describe_run(name: str, result: Result, letter: str) -> str:
    """The command, when it ran, the letter of its conditions, and whether times are too long."""
    conditions = result.conditions
    parts = [f"`{result.command}`", f"[{conditions.date[:10]}](results/{name}.json)", letter]
    if BENCHMARKS[name].is_timed and conditions.load > BUSY:
        parts.append(f"**NOT IDLE**, load {conditions.load:.1f}")
    return " · ".join(parts)


def render_rows(rows: Sequence[Row]) -> list[str]:
    """Tables of all rows that are no details: neighbours with columns share one, neighbours without share another."""
    shown = [row for row in rows if not row.is_detail]
    return [
        _render_columns(list(group)) if has_columns else _render_list(list(group))
        for has_columns, group in groupby(shown, key=lambda row: bool(row.column))
    ]


def _render_list(rows: Sequence[Row]) -> str:
    """A line for each row; columns for limits and notes where there are any."""
    titles = ["figure", "value"]
    cells = [[row.name, _with_unit(row)] for row in rows]
    if any(row.limit is not None for row in rows):
        titles.append("limit")
        cells = [[*line, _limit(row)] for line, row in zip(cells, rows, strict=True)]
    if any(row.note for row in rows):
        titles.append("note")
        cells = [[*line, row.note] for line, row in zip(cells, rows, strict=True)]
    return _table(titles, cells)


def _render_columns(rows: Sequence[Row]) -> str:
    """A line for each name, a cell for each column; a unit that all cells share stands at their head."""
    columns, names = (list(dict.fromkeys(getattr(row, key) for row in rows)) for key in ("column", "name"))
    units = {column: {row.unit for row in rows if row.column == column} for column in columns}
    titles = [
        f"{column} [{next(iter(units[column]))}]" if len(units[column]) == 1 and "" not in units[column] else column
        for column in columns
    ]
    cells = {(row.name, row.column): row for row in rows}
    if len(cells) < len(rows):
        raise ValueError("Two rows have the same name and column.")
    lines = []
    for name in names:
        line = [name]
        for column in columns:
            row = cells.get((name, column))
            if row is None:
                line.append("")
                continue
            shown = _with_unit(row) if len(units[column]) > 1 else _number(row.value, row.digits)
            line.append(" ".join(filter(None, (shown, f"({_limit(row)})" if row.limit is not None else "", row.note))))
        lines.append(line)
    return _table(["", *titles], lines)


def _number(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}"


def _with_unit(row: Row) -> str:
    return f"{_number(row.value, row.digits)} {row.unit}".strip()


def _limit(row: Row) -> str:
    """ "≤ 25", and loudly where the value is beyond it; nothing without a limit."""
    if row.limit is None:
        return ""
    return f"{'≤' if row.is_at_most else '≥'} {row.limit:,g}" + (" **MISSED**" if row.is_missed else "")


def _table(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table: words to the left, figures to the right."""
    escaped = [[cell.replace("|", "\\|") for cell in line] for line in (titles, *lines)]
    rows = ["|" + "|".join(line) + "|" for line in escaped]
    sides = ["-" if place == 0 or title == "note" else "-:" for place, title in enumerate(titles)]
    return "\n".join([rows[0], f"|{'|'.join(sides)}|", *rows[1:]])


if __name__ == "__main__":
    sys.exit(main())
