"""Two servers of one workspace behind Caddy, with the configuration in deploy/; and what deploy/install.sh makes."""

import contextlib
import http.client
import os
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_app import ROOT, start_server

COOKIE = "digit_lab_server"


@contextlib.contextmanager
def start_proxy(folder: Path, servers: list[str]) -> Iterator[int]:
    """Caddy in front of servers such as 127.0.0.1:8501; gives its port."""
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("Caddy is not installed: apt-get install caddy")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    given = {"DIGIT_LAB_SITE": f":{port}", "DIGIT_LAB_SERVERS": " ".join(servers), "HOME": str(folder)}
    command = [caddy, "run", "--config", str(ROOT / "deploy" / "Caddyfile"), "--adapter", "caddyfile"]
    process = subprocess.Popen(
        command, env={**os.environ, **given}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(30)


def ask(port: int, path: str, cookie: str = "") -> tuple[int, str]:
    """The status of an answer, and the cookie that it brings."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers={"Cookie": f"{COOKIE}={cookie}"} if cookie else {})
        answer = connection.getresponse()
        given = answer.headers.get("Set-Cookie") or ""
        return answer.status, given.partition(f"{COOKIE}=")[2].partition(";")[0]
    finally:
        connection.close()


def wait_for(port: int, path: str) -> str:
    """Until this is answered by 200; gives the cookie."""
    until, status = time.monotonic() + 90, 0
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            status, cookie = ask(port, path)
            if status == 200:
                return cookie
        time.sleep(0.2)
    pytest.fail(f"{path} was answered by {status} at last")


@pytest.mark.slow
def test_a_visitor_stays_with_one_of_two_servers_and_meets_the_other_when_it_ends(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("DIGIT_LAB_SHARE", "http://lab.example")  # behind a proxy everybody is a guest
    home = tmp_path / "home"
    with (
        start_server(tmp_path / "1.txt", home) as one,
        start_server(tmp_path / "2.txt", home) as two,
        start_proxy(tmp_path, [server.url.removeprefix("http://") for server in (one, two)]) as port,
    ):
        cookie = wait_for(port, "/ready")
        assert cookie, "the proxy says which server it was"
        assert [ask(port, "/health", cookie) for _ in range(6)] == [(200, "")] * 6, "it stays the same"
        assert ask(port, "/api/v1/models")[0] == 401, "guests alone come through a proxy"
        one.process.terminate()
        assert one.process.wait(30) is not None
        assert [ask(port, "/health", cookie)[0] for _ in range(4)] == [200] * 4, "the other one answers"
        assert wait_for(port, "/ready") and two.process.poll() is None


@pytest.mark.slow
def test_what_is_installed_runs_where_nothing_but_its_workspace_can_be_written(tmp_path: Path):
    prefix = tmp_path / "prefix"
    subprocess.run([ROOT / "deploy" / "install.sh", "app", prefix], cwd=ROOT, check=True)
    writable = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
    try:
        assert not [path for path in (prefix / "app").rglob("*") if path.stat().st_mode & writable]
        with start_server(tmp_path / "log.txt", tmp_path / "home", prefix / "app") as server:
            wait_for(int(server.url.rpartition(":")[2]), "/ready")
    finally:
        subprocess.run(["chmod", "-R", "u+w", prefix], check=True)
