"""A server that is asked to end saves the run that is going on."""

from pathlib import Path

import pytest
from running_app import start_server

# As the server is started, but for a job that says when it is closed.
CODE = """
import sys
from core.training.job import TrainingJob
TrainingJob.close = lambda job: print("the run is saved", flush=True)
from streamlit.web import cli
cli.main(["run", "app.py", *sys.argv[1:]])
"""


@pytest.mark.slow
def test_sigterm_saves_the_run_though_a_page_is_open(page, tmp_path: Path):
    with start_server(tmp_path / "log.txt", tmp_path / "home", command=("-c", CODE)) as server:
        page.goto(server.url)
        page.get_by_role("heading", name="Digit Lab").wait_for()
        server.process.terminate()
        server.process.wait(30)
        assert "the run is saved" in server.read_log()
        page.goto("about:blank")
