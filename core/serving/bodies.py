"""The pictures and parameters in a request's body, never more of it than is allowed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from core.reading import picture
from core.serving.problems import Problem

MOST_PICTURES = 100  # in one request: a few seconds of reading; more go into several requests
MOST_BYTES = 4 * picture.LIMITS.bytes  # of all pictures of one request together
MOST_HELD = 5 * MOST_BYTES  # of all requests together; one alone is always let in
MOST_FIELDS = 10
FIELD_BYTES = 1000  # of a parameter
HEADS = 100_000  # bytes that the parts' own heads may take beside the pictures
PATIENCE = 60  # seconds for a body to arrive: 100 MB on a line of 14 Mbit/s
WITHOUT_NAME = "picture"


@dataclass(frozen=True)
class Body:
    """The `pictures`, each a name and the content of its file, and the `fields` beside them."""

    pictures: tuple[tuple[str, bytes], ...]
    fields: Mapping[str, str]


class _Parser(MultiPartParser):
    spool_max_size = MOST_BYTES + 1  # what is sent stays in memory: nothing is written to disk


def is_multipart(request: Request) -> bool:
    """Whether a request brings a form with files, and not one picture as it is."""
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


async def read(request: Request) -> Body:
    """All that a request brings. Raises a `Problem` for what is too much, before it is read, and what is no form."""
    limit = _limit(request)
    _check_announced(request, limit)
    async with _patience():
        if is_multipart(request):
            return await _read_form(request, limit)
        content = b"".join([chunk async for chunk in _limited(request, limit)])
    return Body(((request.query_params.get("name", WITHOUT_NAME), content),), {})


def most_bytes(request: Request) -> int:
    """How many bytes of a request may have to be held: what it announces, else all that is allowed."""
    announced = request.headers.get("content-length", "")
    return min(int(announced), _limit(request)) if announced.isdecimal() else _limit(request)


async def read_short(request: Request, limit: int) -> str:
    """A body of at most so many bytes as text. Raises a `Problem` for more."""
    _check_announced(request, limit)
    async with _patience():
        content = b"".join([chunk async for chunk in _limited(request, limit)])
    return content.decode("utf-8", "replace")


def _limit(request: Request) -> int:
    return MOST_BYTES + HEADS if is_multipart(request) else picture.LIMITS.bytes


@contextlib.asynccontextmanager
async def _patience() -> AsyncIterator[None]:
    """Raise a `Problem` where a body takes too long, or its client went away."""
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except TimeoutError as error:
        sentence = f"The body did not arrive within {PATIENCE} s. Send smaller pictures, or fewer at once."
        raise Problem(HTTPStatus.REQUEST_TIMEOUT, sentence) from error
    except ClientDisconnect as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "The connection was closed before the body was there.") from error


def _check_announced(request: Request, limit: int) -> None:
    """Refuse by what the head says, while nothing of the body has been read."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal():
        raise Problem(HTTPStatus.BAD_REQUEST, "Content-Length must be a number of bytes.")
    if int(announced) > limit:
        raise _too_much(request, int(announced))


def _too_much(request: Request, size: int) -> Problem:
    if not is_multipart(request):
        try:
            picture.check_size(size)
        except picture.PictureError as error:
            return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error))
    sentence = f"All pictures of a request together may have {MOST_BYTES // 10**6} MB. Send them in several requests."
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence)


async def _limited(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """The body piece by piece; a body that announced no length ends with a `Problem` once it is over the limit."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_much(request, size)
        yield chunk


async def _read_form(request: Request, limit: int) -> Body:
    parser = _Parser(
        request.headers, _limited(request, limit), max_files=MOST_PICTURES, max_fields=MOST_FIELDS,
        max_part_size=FIELD_BYTES,
    )  # fmt: skip
    try:
        form = await parser.parse()
    except MultiPartException as error:
        sentence = (
            f"This form can't be read: {error.message.rstrip('.')}. A request takes up to {MOST_PICTURES} files and "
            f"{MOST_FIELDS} fields."
        )
        raise Problem(HTTPStatus.BAD_REQUEST, sentence) from error
    except KeyError as error:  # of a Content-Type without its boundary
        sentence = "This form can't be read: its Content-Type names no boundary. Let your HTTP client write that line."
        raise Problem(HTTPStatus.BAD_REQUEST, sentence) from error
    pictures, fields = [], {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields[name] = value
        else:
            pictures.append((value.filename or WITHOUT_NAME, await value.read()))
    await form.close()
    if not pictures:
        raise Problem(HTTPStatus.BAD_REQUEST, "There is no file in this form. Send each picture as a file of it.")
    return Body(tuple(pictures), fields)
