"""Parts of bulk reading on the computers of a Ray cluster, where one isn't enough."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator
from typing import Any

from core.reading import part_reader
from core.reading.bulk import BulkError
from core.reading.places import Planned

LOCAL = "local"  # in place of an address: a cluster of this computer alone, for as long as it is needed

Part = tuple[int, list[tuple[Any, ...]]]  # its number, and its pictures as the fields of `Planned`


def read(
    parts: Iterable[Part], address: str, processes: int, how: tuple[str, str, str, str]
) -> Iterator[tuple[int, bytes, int]]:
    """The number of each part as it is done, in any order, with its rows and how many of its pictures were refused.

    `how` is the model, its version, what is expected, and the kind of file. Raises `BulkError` where Ray is missing,
    the cluster can't be reached, or a computer of it has another model.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise BulkError('--ray needs a further package: pip install "digit-lab[cluster]".') from error
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report itself to its makers
    try:
        if address == LOCAL:
            ray.init(num_cpus=processes, include_dashboard=False, log_to_driver=False, configure_logging=False)
        else:
            ray.init(address=address, log_to_driver=False, configure_logging=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise BulkError(f"The cluster at {address} can't be reached: {error}.") from error
    ray.data.DataContext.get_current().enable_progress_bars = False  # there is a line of ours
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    try:
        items = [{"number": number, "pictures": json.dumps(pictures)} for number, pictures in parts]
        done = ray.data.from_items(items, override_num_blocks=len(items)).map_batches(
            _Reader,
            fn_constructor_args=how,
            batch_size=1,
            batch_format="pandas",
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=processes),
            num_cpus=1,
        )
        for row in done.iter_rows():
            if row["fault"]:
                raise BulkError(row["fault"])
            yield int(row["number"]), row["content"], int(row["refused"])
    except ray.exceptions.RayError as error:
        raise BulkError(f"The cluster gave up: {error}. What was read is kept; the same command goes on.") from error
    finally:
        ray.shutdown()


class _Reader:
    """One actor: loads the model once, reads part after part."""

    def __init__(self, model: str, version: str, expect: str, suffix: str) -> None:
        self._suffix, self._fault = suffix, ""
        try:
            found = part_reader.begin(model, expect)
        except Exception as error:  # said with the first part: an actor that fails to begin is begun again for ever
            self._fault = f"A computer of the cluster can't load {model}: {error}"
            return
        if found != version:
            self._fault = f"A computer of the cluster has another {model}: {found}, not {version}. Copy models/ there."

    def __call__(self, batch: Any) -> Any:
        import pandas as pd

        rows = []
        for number, pictures in zip(batch["number"], batch["pictures"], strict=True):
            content, refused = b"", 0
            if not self._fault:
                planned = [Planned(*fields) for fields in json.loads(pictures)]
                content, refused = part_reader.read_rows(planned, self._suffix)
            rows.append({"number": number, "content": content, "refused": refused, "fault": self._fault})
        return pd.DataFrame(rows)
