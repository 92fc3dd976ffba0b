"""How a picture became an answer: each step, and each way to see the picture, with what is said about it."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from core.figures import digit_images
from core.reading.mnist_form import Stage
from core.reading.reader import Hypothesis, Reading
from core.workspace import write_atomically

SQUARES = 10  # pixels: side of a pixel of the 28x28 picture that the model saw
SAID = {"digit": "sure", "unsure": "unsure", "no digit": "no digit"}
LONGEST = 60  # letters of a file's name


def show_hypotheses(hypotheses: Sequence[Hypothesis]) -> tuple[Stage, ...]:
    """Each way to see the one digit of a picture, the likeliest first: what the model saw, and what it said of it."""
    return tuple(
        Stage(
            one.look[0].upper() + one.look[1:],
            f"{one.prediction.digit}, {SAID[one.prediction.verdict.value]}: "
            + (f"{hypotheses[0].evidence - one.evidence:.1f} nats less" if number else "chosen"),
            digit_images.enlarge(one.found.image, SQUARES),
        )
        for number, one in enumerate(hypotheses)
    )


def save(reading: Reading, folder: Path) -> None:
    """Write the steps and the ways to see it as PNG files into a folder, which is made, and steps.json beside them.

    steps.json holds the answer and, in order, each file's name, title and note. What an earlier reading left there is
    replaced. Raises `OSError` when the disk refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    steps = [("step", stage) for stage in reading.found.steps]
    if len(reading.hypotheses) > 1:
        steps += [("way", stage) for stage in show_hypotheses(reading.hypotheses)]
    listed = []
    for number, (kind, stage) in enumerate(steps, start=1):
        name = f"{number:02} {kind} {name_file(stage.title)}.png"
        write_atomically(folder / name, digit_images.to_png(stage.image))
        listed.append({"file": name, "title": stage.title, "note": stage.note})
    for old in {path.name for path in folder.glob("[0-9][0-9] *.png")} - {step["file"] for step in listed}:
        (folder / old).unlink()
    said = {"text": reading.text, "verdict": reading.verdict, "remark": reading.sentence, "steps": listed}
    write_atomically(folder / "steps.json", (json.dumps(said, indent=1) + "\n").encode())


def name_file(text: str) -> str:
    """A text as the name of a file or folder that every system takes."""
    plain = re.sub(r"[^\w .-]+", "-", text).strip(" .-")
    return plain[:LONGEST].rstrip(" .-") or "picture"
