"""A PostgreSQL server for the tests that need one."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


def find_program(name: str) -> str | None:
    """Debian keeps the server's programs off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(found[-1]) if found else None)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a database on a server of our own, which ends with the tests."""
    pytest.importorskip("psycopg")
    make, serve = find_program("initdb"), find_program("postgres")
    if make is None or serve is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    user = {"user": "postgres"} if os.geteuid() == 0 else {}  # it refuses to be run by root
    with tempfile.TemporaryDirectory() as name, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        folder = Path(name)
        if user:
            shutil.chown(folder, "postgres")
        data = folder / "data"
        quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **user}
        subprocess.run(
            [make, "-D", data, "-U", "tests", "--auth=trust", "--no-sync", "-E", "UTF8"], check=True, **quiet
        )
        probe.close()
        options = ("-c", "fsync=off", "-c", f"port={port}", "-c", "listen_addresses=127.0.0.1", "-k", str(folder))
        server = subprocess.Popen([serve, "-D", data, *options], **quiet)
        try:
            _wait_for(port, server)
            yield f"postgresql://tests@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)  # without waiting for connections that are kept open
            server.wait(30)


def _wait_for(port: int, server: subprocess.Popen) -> None:
    import psycopg

    until = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="tests", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > until or server.poll() is not None:
                raise
            time.sleep(0.1)
