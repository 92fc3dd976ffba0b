"""The app for tests that wait for training: it fine-tunes in eight steps, learns little of what is no
digit, and doesn't stand back behind answering."""

import sys
from dataclasses import replace

from streamlit.web import cli

from core.my_digits import fine_tuning
from core.training import detectors, job

if __name__ == "__main__":
    fine_tuning.USUAL = replace(fine_tuning.USUAL, images=1024)
    job.NICENESS = 0
    detectors.DIGITS = 40
    cli.main(["run", "Home.py", *sys.argv[1:]])
