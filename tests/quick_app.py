"""The app for tests that wait for training or for a map: it fine-tunes in eight steps, learns little of what is no
digit, doesn't stand back behind answering, and lays digits out roughly."""

import sys
from dataclasses import replace

from streamlit.web import cli

from core.explanation import digit_map
from core.my_digits import fine_tuning
from core.training import detectors, job

if __name__ == "__main__":
    fine_tuning.USUAL = replace(fine_tuning.USUAL, images=1024)
    job.NICENESS = 0
    detectors.DIGITS = 40
    digit_map.ROUGH, digit_map.FINE = 50, 100
    cli.main(["run", "Home.py", *sys.argv[1:]])
