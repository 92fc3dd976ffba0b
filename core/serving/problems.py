"""What a program is told when something can't be done: RFC 9457 problem documents with the sentences of the pages."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """A request that can't be answered: its HTTP `status`, and a sentence that says why and what to do instead."""

    def __init__(self, status: HTTPStatus, sentence: str, headers: dict[str, str] | None = None) -> None:
        """`headers` go with the answer, `Retry-After` for example."""
        super().__init__(sentence)
        self.status, self.headers = status, headers or {}


def answer(request: Request, problem: Exception) -> Response:
    """The problem document: type, title, status, detail and the path that was asked (RFC 9457, section 3.1)."""
    if not isinstance(problem, Problem):  # a fault of ours: the log has the whole of it, a stranger has a sentence
        problem = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "This is a fault of the program; its log says more.")
    document = {
        "type": "about:blank",  # the status says all there is to say of its kind
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": str(problem),
        "instance": request.url.path,
    }
    return JSONResponse(document, problem.status.value, problem.headers, MEDIA_TYPE)
