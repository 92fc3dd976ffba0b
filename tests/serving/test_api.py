"""The API says what the script says, and refuses in sentences, before it reads what is too much."""

import asyncio
import json
import re
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor

import jsonschema
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.access import roles, tokens
from core.network import checkpoint
from core.reading import batch, picture, reader
from core.serving import bodies, openapi
from core.serving.api import Api
from core.serving.problems import Problem
from core.serving.seats import Seats
from core.workspace import SHIPPED

SEVEN = SHIPPED / "samples" / "7_plain_in_the_corner.png"
READ = "/api/v1/read"


def run(work: Coroutine) -> None:
    """Wait for it on a thread of its own: this one may have the loop of a browser."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


def check(kind: str, value: object) -> None:
    """A value is as the document says that it is."""
    jsonschema.Draft202012Validator({**openapi.describe(), "$ref": f"#/components/schemas/{kind}"}).validate(value)


def check_problem(response, status: int) -> str:
    """The sentence of a refusal, which is a problem document."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    check("Problem", response.json())
    assert response.json()["status"] == status
    return response.json()["detail"]


def test_a_picture_in_the_body_is_read_as_the_script_reads_it(client: TestClient):
    answer = client.post(READ, params={"name": SEVEN.name}, content=SEVEN.read_bytes())
    assert answer.status_code == 200
    said = batch.read_file(checkpoint.load(checkpoint.in_use()), SEVEN.name, SEVEN.read_bytes())
    assert answer.json() == json.loads(json.dumps(batch.to_record(said)))
    assert (answer.json()["text"], answer.json()["label"]) == ("7", 7)
    check("Reading", answer.json())


def test_several_pictures_of_a_form_are_read_in_order_and_a_bad_one_stops_none(client: TestClient):
    files = [("a", ("7.png", SEVEN.read_bytes())), ("b", ("bad.png", b"no picture")), ("a", ("8.png", b""))]
    rows = client.post(READ, files=files, data={"expect": "one"}).json()
    assert [row["file"] for row in rows] == ["7.png", "bad.png", "8.png"]
    assert [row["verdict"] for row in rows] == ["digit", "error", "error"]
    for row in rows:
        check("Reading", row)
    sentence = check_problem(client.post(READ, content=b"no picture"), 422)
    assert sentence == rows[1]["error"] == rows[1]["remark"]


def test_parameters_reach_the_reader(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    asked = []

    def look(model, name, content, expect, polarity):
        asked.append((model.name, expect, polarity))
        return batch.refuse(name, "No.")

    monkeypatch.setattr(batch, "read_file", look)
    given = {"expect": "number", "polarity": "dark on light", "model": "modern"}
    client.post(READ, params=given, content=b"x")
    client.post(READ, params={"expect": "one"}, data=given, files={"file": b"x"})
    assert asked == [("modern", "number", "dark on light")] * 2


@pytest.mark.parametrize(
    ("given", "status", "says"),
    [
        ({"expect": "letters"}, 400, "expect must be one of auto, one, number, not 'letters'."),
        ({"polarity": "pink"}, 400, "polarity must be one of"),
        ({"modell": "x"}, 400, "There is no parameter 'modell'. There are: expect"),
        ({"model": "../../etc/passwd"}, 404, "There is no model of this name. There are: reference, modern."),
    ],
)
def test_what_is_no_parameter_is_said(client: TestClient, given: dict[str, str], status: int, says: str):
    assert says in check_problem(client.post(READ, params=given, content=SEVEN.read_bytes()), status)


def test_what_is_too_large_is_refused_before_it_is_read(api: Api):
    """The head announces it; whoever asks for the body would fail."""
    said = []

    async def receive() -> dict:
        raise AssertionError("the body was asked for")

    async def send(message: dict) -> None:
        said.append(message)

    scope = {
        "type": "http", "method": "POST", "path": READ, "root_path": "", "query_string": b"", "scheme": "http",
        "headers": [(b"host", b"localhost"), (b"content-length", b"25000001")], "client": ("127.0.0.1", 1),
    }  # fmt: skip
    run(Starlette(routes=api.routes())(scope, receive, send))
    assert said[0]["status"] == 413
    assert json.loads(said[1]["body"])["detail"].startswith("This file has 25.1 MB; the limit is 25 MB.")


def test_a_client_that_sends_too_slowly_loses_its_seat(api: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bodies, "PATIENCE", 0.05)
    said = []

    async def receive() -> dict:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message: dict) -> None:
        said.append(message)

    scope = {
        "type": "http", "method": "POST", "path": READ, "root_path": "", "query_string": b"", "scheme": "http",
        "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1),
    }  # fmt: skip
    run(Starlette(routes=api.routes())(scope, receive, send))
    assert said[0]["status"] == 408 and api._seats.taken == 0


@pytest.mark.parametrize("is_form", [False, True], ids=["body", "form"])
def test_a_body_without_a_length_ends_at_the_limit(client: TestClient, monkeypatch, is_form: bool):
    monkeypatch.setattr(bodies, "MOST_BYTES", 1_000_000)
    monkeypatch.setattr(picture, "LIMITS", picture.PictureLimits(bytes=1_000_000))
    taken = []

    def chunks() -> Iterator[bytes]:
        if is_form:
            yield b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n\r\n'
        for _ in range(1000):
            taken.append(1)
            yield bytes(10_000)

    headers = {"content-type": "multipart/form-data; boundary=x"} if is_form else {}
    check_problem(client.post(READ, content=chunks(), headers=headers), 413)


@pytest.mark.parametrize(
    ("form", "says"),
    [
        (b"--x\r\nnonsense", "This form can't be read"),
        (b"", "This form can't be read"),
        (b"--x--\r\n", "There is no file in this form"),
        (b'--x\r\nContent-Disposition: form-data; name="expect"\r\n\r\none\r\n--x--\r\n', "There is no file"),
    ],
)
def test_a_form_that_is_none_is_a_problem(client: TestClient, form: bytes, says: str):
    answer = client.post(READ, content=form, headers={"content-type": "multipart/form-data; boundary=x"})
    sentence = check_problem(answer, 400)
    assert says in sentence or "no file" in sentence
    check_problem(client.post(READ, content=form, headers={"content-type": "multipart/form-data"}), 400)


def test_more_pictures_than_a_request_may_hold_are_refused(client: TestClient):
    files = [("f", (f"{number}.png", b"x")) for number in range(bodies.MOST_PICTURES + 1)]
    assert str(bodies.MOST_PICTURES) in check_problem(client.post(READ, files=files), 400)


def test_a_full_queue_says_when_to_come_back(client: TestClient, api: Api, monkeypatch: pytest.MonkeyPatch):
    api._seats.count = 1
    go_on, begun = threading.Event(), threading.Event()

    def wait(*_: object) -> batch.Item:
        begun.set()
        assert go_on.wait(30)
        return batch.refuse("x", "No.")

    monkeypatch.setattr(batch, "read_file", wait)
    first = threading.Thread(target=client.post, args=(READ,), kwargs={"content": b"x"})
    first.start()
    assert begun.wait(30)
    refused = client.post(READ, content=b"x")
    go_on.set()
    first.join()
    assert "Try again in" in check_problem(refused, 429)
    assert int(refused.headers["retry-after"]) >= 1
    assert client.post(READ, content=b"x").status_code == 422, "the seat is free again"


def test_a_seat_is_given_back_whatever_happens():
    seats = Seats(1, 1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), seats.take():
            run(seats.work(lambda: 1 // 0))
    with seats.take(), pytest.raises(Problem), seats.take():
        pass
    assert seats.taken == 0


def test_all_requests_together_bring_no_more_than_memory_is_there_for():
    seats = Seats(10, 1, most_bytes=100)
    with seats.take(300):  # one alone is let in
        with pytest.raises(Problem, match="as large as may be"), seats.take(1):
            pass
        assert seats.taken == 1
    with seats.take(60), seats.take(40), pytest.raises(Problem), seats.take(1):
        pass
    with seats.take(100):
        pass


def test_models_and_runs_are_as_the_document_says(client: TestClient):
    listed = client.get("/api/v1/models").json()
    assert [row["name"] for row in listed if row["in_use"]] == [checkpoint.in_use()]
    for row in listed:
        check("Model", row)
    assert client.get("/api/v1/runs").json() == []


def test_a_choice_made_by_another_server_counts_at_once(client: TestClient):
    """Each asks the workspace's files anew."""
    checkpoint.choose("modern")
    assert [row["name"] for row in client.get("/api/v1/models").json() if row["in_use"]] == ["modern"]


def test_a_fault_of_ours_is_a_sentence_without_details(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checkpoint, "names", lambda: 1 // 0)
    assert "division" not in check_problem(client.get("/api/v1/models"), 500)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", READ, 405), ("GET", "/api/v2/x", 404)])
def test_what_the_api_does_not_do_is_a_problem_too(client: TestClient, method: str, path: str, status: int):
    assert "/api/" in check_problem(client.request(method, path), status)


FROM_ELSEWHERE = [
    {"peer": "192.168.1.7"},
    {"host": "evil.example"},  # a page elsewhere whose name leads here
    {"X-Forwarded-For": "192.168.1.7"},
    {"Forwarded": "for=192.168.1.7"},
    {"X-Forwarded-Host": "lab.example"},
    {"CF-Connecting-IP": "192.168.1.7"},
]


@pytest.mark.parametrize("place", FROM_ELSEWHERE, ids=str)
def test_over_a_network_a_token_is_needed(make_client: Callable[..., TestClient], place: dict[str, str]):
    stranger = make_client(**place)
    for path in ("/api/v1/models", "/api/v1/runs", "/metrics"):
        check_problem(stranger.get(path), 401)
    check_problem(stranger.post(READ, content=SEVEN.read_bytes()), 401)
    token = tokens.make("a test")
    stranger.headers["Authorization"] = f"Bearer {token}"
    assert stranger.post(READ, content=SEVEN.read_bytes()).status_code == 200
    for wrong in (token[:-1], token + "x", token.replace(tokens.MARK, "x"), "", "digitlab__", token.upper()):
        stranger.headers["Authorization"] = f"Bearer {wrong}"
        check_problem(stranger.get("/api/v1/models"), 401)
    tokens.revoke(tokens.list_all()[0].id)
    stranger.headers["Authorization"] = f"Bearer {token}"
    check_problem(stranger.get("/api/v1/models"), 401)
    assert stranger.get("/health").status_code == stranger.get("/ready").status_code == 200


def test_a_shared_server_wants_a_token_from_its_own_computer_too(make_client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DIGIT_LAB_SHARE", "1")
    check_problem(make_client().get("/api/v1/models"), 401)


def test_a_guest_makes_no_token():
    before = roles._tell
    roles.introduce(lambda: roles.Visitor(False, "x"))
    try:
        with pytest.raises(roles.NotAllowed, match=r"Guests can't make a token"):
            tokens.make("a test")
    finally:
        roles.introduce(before)
    assert tokens.list_all() == []


def test_the_document_is_valid_and_the_page_asks_nobody(client: TestClient):
    document = client.get("/api/v1/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    page = client.get("/api/").text
    for path in document["paths"]:
        assert path in page
    assert not re.search(r"<script|<link|@import|url\(|src=", page)
    assert not [url for url in re.findall(r"https?://[\w.]+", page) if not url.startswith("http://localhost")]


def test_every_route_is_in_the_document_and_the_other_way_round(client: TestClient):
    for path, methods in openapi.describe()["paths"].items():
        for method, operation in methods.items():
            assert str(client.request(method, path).status_code) in {*operation["responses"]}, path


def test_figures_count_readings_and_refusals(client: TestClient):
    client.post(READ, content=SEVEN.read_bytes())
    client.post(READ, content=b"no picture")
    model = checkpoint.load(checkpoint.in_use())
    reader.read(model, picture.read(SEVEN.read_bytes()))  # as a page does it
    figures = client.get("/metrics").text
    assert 'digit_lab_readings_total{verdict="digit"} 2.0' in figures
    assert 'digit_lab_refusals_total{status="422"} 1.0' in figures
    assert "digit_lab_refused_pictures_total 1.0" in figures
    assert "digit_lab_reading_seconds_count 2.0" in figures
    assert 'digit_lab_run{state="idle"} 1.0' in figures
