"""Right or wrong, sure or unsure, as Predict's visitors meet it; and what becomes of pictures that are no digits."""

from __future__ import annotations

import numpy as np
import streamlit as st
import torch

from core import words
from core.config import PictureLimits
from core.data.digits import DigitSet
from core.data.labels import UNLABELLED
from core.evaluation import verdicts
from core.evaluation.report import Evaluation
from core.evaluation.testset import TestSet
from core.evaluation.verdicts import NonDigits, Outcome
from core.figures import digit_images, evaluation_tables
from core.network.checkpoint import Checkpoint, CheckpointError
from core.network.prediction import Verdict
from core.reading import picture, reader
from core.synthesis import non_digits
from core.ui import resources, widgets
from core.ui.evaluate import look, pictures
from core.ui.evaluate.measured import Shown, rerun_when_model_changed

DRAWN, SEED = 500, 2_718_281  # a seed that no training uses: the same kinds of non-digits, drawn anew
MOST_OWN = 300  # pictures, about 40 ms each
DRAWN_FOR_ME, OWN = "Drawn by rule", "Your own"

memory = st.session_state


def show(shown: Shown) -> None:
    """The five counts with the pictures behind each, and below them the same question for non-digits."""
    _show_outcomes(shown)
    st.divider()
    _show_non_digits(shown)


@st.fragment
def _show_outcomes(shown: Shown) -> None:
    rerun_when_model_changed()
    counts = verdicts.count(shown.evaluation)
    table, gallery = st.columns([1, 1], gap="large")
    with table:
        look.heading(
            "What Predict would say of these pictures",
            help="Predict calls an answer sure when its confidence is high, no other digit comes near and the picture "
            "looks like a digit. It refuses what doesn't look like one.",
        )
        st.dataframe(
            evaluation_tables.verdicts(counts),
            hide_index=True,
            alt="Verdicts: " + ", ".join(f"{kind} {number:,}" for kind, number in counts.items()),
        )
        if shown.evaluation.numbers:
            left = words.count(shown.evaluation.numbers, "picture")
            st.caption(f"Not counted: {left} read as a number.")
    with gallery:
        names = [str(kind) for kind in Outcome]
        kind = Outcome(st.selectbox("Pictures", names, 2, key="outcome", width=240, bind="query-params"))
        members = shown.behind_outcome(kind)
        if members:
            pictures.show_gallery(shown, members, f"outcome-{kind.name}", beside=False)
        else:
            st.markdown("There are none in which a digit was found.")


@st.fragment
def _show_non_digits(shown: Shown) -> None:
    rerun_when_model_changed()
    look.heading(
        "And of pictures that show no digit?",
        help="Letters, symbols, scribbles, textures. A network that knows ten answers is as sure of a letter as of a "
        "digit; a second part, the out-of-distribution detector, has to notice.",
    )
    which = widgets.choice("Non-digits", (DRAWN_FOR_ME, OWN), key="non_digits", in_address=False)
    if shown.evaluation.version != shown.card.version:
        st.info("Measure the new version of this model first, see above.", icon=":material/info:")
        return
    if which == DRAWN_FOR_ME:
        _show_drawn(shown)
    else:
        _show_own(shown)


def _show_drawn(shown: Shown) -> None:
    key = ("non-digits", shown.card.name, shown.card.version, shown.test_set.key)
    if not (found := resources.results().find(key)):
        offer = st.empty()
        with offer.container():
            st.markdown(f"{DRAWN} non-digits of {len(set(non_digits.KINDS.values()))} kinds, drawn for this alone.")
            if not st.button("Measure", type="primary", icon=":material/play_arrow:", key="measure_non_digits"):
                return
        try:
            with st.spinner("Drawing and asking, a few seconds …"):
                drawn = resources.results().keep(("drawn non-digits",), lambda: non_digits.make(DRAWN, SEED))
                model = resources.model(shown.card.name)
                found = resources.results().keep(
                    key, lambda: verdicts.measure_non_digits(model, drawn, shown.evaluation.report)
                )
        except CheckpointError as error:
            st.error(words.escape_markdown(str(error)), icon=":material/error:")
            return
        offer.empty()
    _say_what_became(found)
    st.caption(
        "They are of the kinds that the detector was trained on, newly drawn. Kinds it has never seen are harder: try "
        "some of your own too."
    )
    _show_taken(shown, found, tuple(f"non-digit {place + 1:,}" for place in range(len(found))))


def _say_what_became(found: NonDigits) -> None:
    refused, unsure, taken = (found.count(one) for one in (Verdict.NO_DIGIT, Verdict.UNSURE, Verdict.DIGIT))
    low, high = (words.percent(share, 1) for share in found.interval(Verdict.DIGIT))
    st.markdown(
        f"Of {words.count(len(found), 'non-digit')} **{refused:,}** are refused, {unsure:,} called unsure, and "
        f"**{taken:,}** taken for a digit ({words.percent(taken / len(found), 1)}, 95 % interval {low} to {high})."
    )
    if found.separation is None:
        st.caption("This model has no out-of-distribution detector: confidence alone decides.")
    else:
        st.caption(
            f"A digit of the set above scores higher than a non-digit {words.percent(found.separation)} of the time "
            "(area under the ROC curve; 50 % would be chance)."
        )


def _show_taken(shown: Shown, found: NonDigits, names: tuple[str, ...]) -> None:
    """The non-digits that were not refused, as pictures of a set without labels."""
    members = found.taken_for_digits()
    if not members:
        return
    images = torch.from_numpy(found.images)
    test_set = TestSet("Non-digits", DigitSet(images, torch.full((len(images),), UNLABELLED)), names)
    evaluation = Evaluation(
        shown.card.name,
        shown.card.version,
        test_set.name,
        shown.evaluation.when,
        found.report,
        shown.temperature,
        verdicts=found.verdicts,
    )
    st.markdown("**Not refused**, those called sure first")
    pictures.show_gallery(
        Shown(evaluation, test_set, shown.card, test_set), members, f"taken-{len(found)}", can_mark=False
    )


def _show_own(shown: Shown) -> None:
    """Pictures of the visitor's that show no digit, each read as on Predict."""
    files = st.file_uploader(
        "Pictures that show no digit: letters, doodles, photos",
        accept_multiple_files=True,
        max_upload_size=PictureLimits().bytes // 10**6,
        key="own_non_digits",
        help="Read as on Predict.",
    )
    st.caption(f"Up to {PictureLimits().bytes // 10**6} MB a file.")
    if not files:
        return
    if len(files) > MOST_OWN:
        st.info(f"Only the first {MOST_OWN} of {len(files):,} pictures are read.", icon=":material/info:")
    chosen = files[:MOST_OWN]
    token = ("own non-digits", shown.card.name, shown.card.version, tuple(file.file_id for file in chosen))
    try:
        model = resources.model(shown.card.name)
    except CheckpointError as error:
        st.error(words.escape_markdown(str(error)), icon=":material/error:")
        return
    if memory.get("own_non_digits_token") != token:
        progress = st.progress(0.0, "Reading …")
        rows = []
        for place, file in enumerate(chosen):
            rows.append(_read(model, file.name, file.getvalue()))
            progress.progress((place + 1) / len(chosen), f"Reading {place + 1:,} of {len(chosen):,} …")
        progress.empty()
        memory.own_non_digits_token, memory.own_non_digits_rows = token, rows
    rows = memory.own_non_digits_rows
    wrong = [row for row in rows if row["Verdict"] == Verdict.DIGIT]
    refused = sum(row["Verdict"] == Verdict.NO_DIGIT for row in rows)
    unsure = sum(row["Verdict"] == Verdict.UNSURE for row in rows)
    st.markdown(
        f"Of {words.count(len(rows), 'picture')} **{refused:,}** are refused, {unsure:,} called unsure, and "
        f"**{len(wrong):,}** taken for a digit or a number."
    )
    st.dataframe(
        rows,
        hide_index=True,
        column_config={"Picture": widgets.picture_column("Seen", help="What the model sees.")},
        alt="Pictures without a digit, each with what it was taken for",
    )


def _read(model: Checkpoint, name: str, content: bytes) -> dict[str, str | None]:
    try:
        reading = reader.read(model, picture.read(content))
    except picture.PictureError as error:
        return {"Picture": None, "File": name, "Verdict": "not read", "Taken for": words.NONE, "Why": str(error)}
    seen = getattr(reading.found, "image", None)
    return {
        "Picture": None if seen is None else digit_images.as_data_url(digit_images.digit_png(np.asarray(seen))),
        "File": name,
        "Verdict": str(reading.verdict),
        "Taken for": reading.text or words.NONE,
        "Why": reading.sentence,
    }
