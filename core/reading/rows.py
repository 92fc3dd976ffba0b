"""The rows of bulk reading: written part by part, joined to one file that appears at once."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from core.reading.batch import Item

# pyarrow is imported where it is needed: CSV does without.

FORMATS = (".parquet", ".csv", ".jsonl")
GROUP = 100  # parts read together for one row group of the Parquet file: 10,000 rows, some megabytes


def schema() -> pa.Schema:
    """The columns of the Parquet file: the fields of `batch.to_record`, by their names."""
    import pyarrow as pa

    digit = pa.struct([("digit", pa.int8()), ("confidence", pa.float64()), ("box", pa.list_(pa.int32()))])
    return pa.schema(
        [
            ("file", pa.string()),
            ("text", pa.string()),
            ("verdict", pa.string()),
            ("confidence", pa.float64()),
            ("probabilities", pa.list_(pa.float64())),
            ("digits", pa.list_(digit)),
            ("error", pa.string()),
            ("remark", pa.string()),
            ("label", pa.int8()),
        ]
    )


def write(items: Sequence[Item], suffix: str) -> bytes:
    """The rows of a part, without what stands above all of them."""
    from core.reading import batch

    if suffix == ".csv":
        return "".join(map(batch.csv_row, items)).encode("utf-8", "backslashreplace")
    records = [batch.to_record(item) for item in items]
    if suffix == ".jsonl":
        return "".join(json.dumps(record) + "\n" for record in records).encode()
    import pyarrow as pa
    import pyarrow.parquet as pq

    for record in records:  # a name that is no UTF-8 is written as Python writes it
        record["file"] = record["file"].encode("utf-8", "backslashreplace").decode()
    buffer = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(records, schema()), buffer)
    content: bytes = buffer.getvalue().to_pybytes()
    return content


def join(parts: Sequence[Path], output: Path) -> None:
    """All parts, in order, as one file that appears at once."""
    from core.reading import batch

    unfinished = output.with_name(f".{output.name}.unfinished")
    try:
        if output.suffix.lower() == ".parquet":
            _join_tables(parts, unfinished)
        else:
            with unfinished.open("wb") as whole:
                if output.suffix.lower() == ".csv":
                    whole.write(batch.csv_header().encode("utf-8-sig"))
                for part in parts:
                    whole.write(part.read_bytes())
        unfinished.replace(output)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise


def _join_tables(parts: Sequence[Path], file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetWriter(file, schema()) as whole:
        for start in range(0, len(parts), GROUP):
            whole.write_table(pa.concat_tables(pq.read_table(part) for part in parts[start : start + GROUP]))
