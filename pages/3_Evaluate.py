"""Where a model is wrong, down to the single picture: how good is it, where does it err, can it be trusted?"""

import math
import re
from dataclasses import dataclass

import streamlit as st

from core.ui import resources, shell

shell.open_page("Evaluate")

import pandas as pd

from core.data.digits import DataError
from core.evaluation import neighbours as neighbours_module
from core.evaluation import robustness, testset
from core.evaluation.comparison import Comparison
from core.evaluation.report import ERROR_ORDERS, REFUSED_SHARES, Evaluation, measure
from core.evaluation.robustness import DAMAGES, Point
from core.figures import digit_images, evaluation_charts, html_report, probability_chart, theme
from core.network import checkpoint
from core.words import count, percent

SETS = ("MNIST test set", "Validation split", "Your own set")
MOST_MODELS = 4  # lines a chart keeps apart
NEIGHBOURS = 8
KEEP = {"persist_state": "session"}  # a choice survives a visit to another page

memory = st.session_state
memory.setdefault("own_set", None)  # the last own test set that could be read
memory.setdefault("shown_version", {})  # by model and data: the version whose figures this visitor sees


@dataclass(frozen=True)
class Shown:
    """What the page is about: the model's answers and the digits they belong to."""

    evaluation: Evaluation
    digits: testset.TestSet
    card: checkpoint.ModelCard

    @property
    def temperature(self) -> float:
        """What every confidence on this page, as on Predict, is computed with."""
        return self.evaluation.temperature


def main() -> None:
    """Ask for model and data, measure, show one section."""
    names = checkpoint.names()
    if not names:
        st.title("Evaluate")
        st.info("There is no model yet. Train one, and this page shows where it is wrong.", icon=":material/info:")
        st.stop()
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.title("Evaluate", width="content")
        default = names.index(checkpoint.in_use()) if checkpoint.in_use() in names else 0
        name = st.selectbox("Model", names, index=default, key="evaluate_model", width=220, bind="query-params", **KEEP)
        chosen = st.selectbox("Pictures", SETS, key="evaluate_data", width=220, bind="query-params", **KEEP)
    try:
        card = resources.model_card(name)
        digits = choose_digits(chosen, card)
        shown = Shown(find_evaluation(card, digits), digits, card)
    except (checkpoint.CheckpointError, DataError) as error:
        st.error(plain(str(error)), icon=":material/error:")
        st.stop()
    say_when_model_changed(name)
    show_headline(shown)
    if not digits.is_labelled:
        show_unlabelled(shown)
        return
    sections = {
        "Confusion": show_confusion,
        "Per digit": show_per_digit,
        "Errors": show_errors,
        "Confidence": show_confidence,
        "Robustness": show_robustness,
        "Compare": show_compare,
        "Take away": show_take_away,
    }
    section = st.segmented_control(
        "Section",
        list(sections),
        default="Confusion",
        required=True,
        key="evaluate_section",
        label_visibility="collapsed",
        bind="query-params",
        **KEEP,
    )
    sections[section](shown)


# --- model and data ---------------------------------------------------------------------------------------------------


def choose_digits(chosen: str, card: checkpoint.ModelCard) -> testset.TestSet:
    """The digits to judge by; for an own set that is not there yet it asks for one and stops."""
    if chosen == SETS[0]:
        return resources.results().keep(("test set",), lambda: testset.TestSet(SETS[0], resources.digits(train=False)))
    if chosen == SETS[1]:
        settings = str(sorted((card.facts.get("settings") or {}).items()))
        return resources.results().keep(
            ("validation split", settings), lambda: testset.validation(card.facts, resources.digits(train=True))
        )
    return ask_for_own_set()


def ask_for_own_set() -> testset.TestSet:
    """Read what the visitor sends; keep the last good set when nothing new is there."""
    with st.expander("Your own set", expanded=memory.own_set is None, icon=":material/upload:"):
        whole_folder = st.toggle("Choose a whole folder", help="A folder of pictures, with or without folders in it.")
        files = st.file_uploader(
            "A folder of pictures" if whole_folder else "A zip of pictures, single pictures, a CSV or IDX files",
            accept_multiple_files="directory" if whole_folder else True,
            max_upload_size=200,
            key=f"own_files_{whole_folder}",
        )
        st.caption(
            "Pictures are named by their digit (7.png, 7_anna.jpg) or lie in a folder named by it (7/anna.jpg). "
            "A CSV has one digit a row: the label and 784 pixels, with or without a header. "
            "IDX is MNIST's own format, packed or not: images and labels together."
        )
    files = files or []
    token = tuple(file.file_id for file in files)
    if files and memory.get("own_token") != token:
        progress = st.progress(0.0, "Reading your pictures …")
        name = files[0].name if len(files) == 1 else f"{files[0].name} and {len(files) - 1:,} more"
        if whole_folder:
            name = files[0].name.split("/")[0]
        try:
            memory.own_set = testset.read_files(
                name,
                [(file.name, file.getvalue()) for file in files],
                lambda share: progress.progress(share, f"Reading your pictures … {share:.0%}"),
            )
            memory.own_refusal = None
        except testset.TestSetError as error:
            memory.own_set, memory.own_refusal = None, str(error)
        memory.own_token = token
        progress.empty()
    elif not files:
        memory.own_refusal = None  # what was refused is taken back
    if memory.get("own_refusal"):
        st.error(plain(memory.own_refusal), icon=":material/error:")
    if memory.own_set is None:
        if not files:
            st.info("Send a set above, and its figures appear here.", icon=":material/upload:")
        st.stop()
    return memory.own_set


def find_evaluation(card: checkpoint.ModelCard, digits: testset.TestSet) -> Evaluation:
    """The model's answers on these digits, measured now where nobody asked for them before.

    When the model's weights changed since this visitor saw its figures, the old ones stay until asked.
    """
    place = (card.name, digits.key, digits.name)
    seen = memory.shown_version.get(place, card.version)
    old = resources.results().find(("evaluation", *place, seen)) if seen != card.version else None
    if old:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.warning(
                f"{card.name} has changed: it is version {card.version} now. These are the figures of {seen}.",
                icon=":material/update:",
            )
            if not st.button("Measure the new version", type="primary", key=f"renew-{card.name}"):
                return old
    memory.shown_version[place] = card.version
    return resources.results().keep(("evaluation", *place, card.version), lambda: measure_now(card.name, digits))


def measure_now(name: str, digits: testset.TestSet) -> Evaluation:
    """Ask the model about every digit, saying how far it has got."""
    progress = st.progress(0.0, "Loading the model …")
    try:
        return measure(
            resources.model(name),
            digits,
            lambda share: progress.progress(share, f"Reading {count(len(digits.digits), 'picture')} … {share:.0%}"),
        )
    finally:
        progress.empty()


def say_when_model_changed(name: str) -> None:
    """The visitor came for the model in use; say so when meanwhile another one was chosen."""
    in_use = memory.in_use_at_last_run = checkpoint.in_use()
    if name != in_use and memory.get("model_in_use_seen", in_use) != in_use:
        st.info(f"The model in use is {in_use} now. This page still shows {name}.", icon=":material/update:")
    else:
        memory.model_in_use_seen = in_use


def rerun_when_model_changed() -> None:
    """For a part of the page that runs alone: when another model was chosen, the whole page has something to say."""
    if checkpoint.in_use() != memory.in_use_at_last_run:
        st.rerun()


def show_headline(shown: Shown) -> None:
    """The few figures one came for, and where they come from."""
    answers, temperature = shown.evaluation.report, shown.temperature
    if shown.digits.is_labelled:
        low, high = answers.accuracy_interval
        with st.container(horizontal=True, gap="medium"):
            show_figure(
                "Accuracy",
                percent(answers.accuracy),
                f"{percent(low)} to {percent(high)}",
                "Share of right answers. Below it the 95 % interval (Wilson): where the accuracy on many more such "
                "pictures would lie.",
            )
            show_figure(
                "Errors",
                f"{answers.errors:,}",
                f"of {count(len(answers), 'picture')}",
                "How many answers are not the label.",
            )
            show_figure(
                "Loss",
                f"{answers.loss():.4f}",
                "nats, less is better",
                "How surprised the model is by the right digit, on average: 0 would be never. After temperature "
                f"scaling, see Confidence, it is {answers.loss(temperature):.4f}.",
            )
            show_figure(
                "Calibration",
                answers.calibration_grade(temperature),
                f"confidence off by {percent(answers.calibration_error(temperature))}",
                "Expected calibration error: how far confidence and the share of right answers lie apart. "
                "Good below 1 %, fair below 3 %.",
            )
    for remark in shown.digits.remarks:
        st.info(remark, icon=":material/info:")
    if shown.digits.skipped:
        with st.expander(f"Files left out ({len(shown.digits.skipped):,})"):
            st.dataframe(
                pd.DataFrame([(entry.name, entry.why) for entry in shown.digits.skipped], columns=["File", "Why"]),
                hide_index=True,
            )
    show_source(shown.evaluation.source)


def show_source(line: str) -> None:
    """What stands under every figure: model, version, data and time."""
    st.caption(plain(line))


def plain(words: str) -> str:
    """Words that hold a file's name, which is no Markdown: it may read like a link, a picture or a formula."""
    return re.sub(r"([\[\]$])", r"\\\1", words)


def show_figure(label: str, value: str, note: str, text: str) -> None:
    """One figure of the headline, a note below it, the explanation behind its help mark."""
    st.metric(label, value, delta=note, delta_color="off", delta_arrow="off", help=text, width="content")


def show_unlabelled(shown: Shown) -> None:
    """Answers without labels: the least sure first, and all of them to take away."""
    order = shown.evaluation.report.confidence(shown.temperature).argsort().tolist()
    st.subheader("What the model answers, the least sure first")
    show_gallery(shown, order, "unlabelled")
    offer(html_report.tables(shown.evaluation, shown.digits), ":material/table:")


# --- confusion --------------------------------------------------------------------------------------------------------


@st.fragment
def show_confusion(shown: Shown) -> None:
    """The matrix, and the pictures behind the chosen cell beside it."""
    rerun_when_model_changed()
    answers = shown.evaluation.report
    worst = answers.worst_pair()
    if memory.get("cell_of") != shown.evaluation.source:  # another model or other data: its own worst pair
        memory.cell_of, memory.true_digit, memory.read_digit = shown.evaluation.source, *worst
        forget_click()
    elif (clicked := clicked_cell()) and clicked != memory.last_click:
        memory.last_click = clicked
        memory.true_digit, memory.read_digit = clicked
    memory.setdefault("true_digit", worst[0])
    memory.setdefault("read_digit", worst[1])
    left, right = st.columns([1, 1], gap="large")
    with left:
        view = st.segmented_control(
            "Show", evaluation_charts.MATRIX_VIEWS, default="Counts", required=True, key="matrix_view", **KEEP
        )
        hide = st.toggle("Hide the right answers", key="matrix_hide", help="Leaves the diagonal empty.", **KEEP)
        chart = evaluation_charts.confusion_matrix(
            answers, view, hide, (memory.true_digit, memory.read_digit), dark=shell.is_dark()
        )
        st.altair_chart(
            chart,
            key=f"matrix-{memory.matrix_number}",
            on_select="rerun",
            selection_mode="cell",
            alt=f"Confusion matrix, {shown.evaluation.source}. Most frequent: {worst[0]} read as {worst[1]}.",
        )
        show_source(shown.evaluation.source)
    with right:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            true = st.selectbox(
                "True digit",
                range(10),
                key="true_digit",
                width=110,
                help="The same as clicking a cell of the matrix.",
                on_change=forget_click,
                **KEEP,
            )
            read = st.selectbox("Read as", range(10), key="read_digit", width=110, on_change=forget_click, **KEEP)
        members = answers.behind_cell(true, read, shown.temperature)
        verb = "read right" if true == read else f"read as {read}"
        st.subheader(f"{true} {verb}: {count(len(members), 'picture')}")
        if not len(members):
            st.markdown(f"No {true} was {verb}. Choose another cell.")
            return
        show_gallery(shown, members.tolist(), f"cell-{true}-{read}", beside=False)


def forget_click() -> None:
    """Start with a new matrix: the old one would keep quiet when the cell that is selected in it is clicked again."""
    memory.last_click = None
    memory.matrix_number = memory.get("matrix_number", 0) + 1


def clicked_cell() -> tuple[int, int] | None:
    """The cell selected in the matrix, as (true, predicted), or None."""
    state = memory.get(f"matrix-{memory.matrix_number}") or {}
    points = state.get("selection", {}).get("cell") or []
    return (int(points[0]["true"]), int(points[0]["predicted"])) if points else None


# --- pictures ---------------------------------------------------------------------------------------------------------


def show_gallery(shown: Shown, members: list[int], key: str, beside: bool = True) -> int:
    """Pictures one can press, a page at a time, and the pressed one in detail, beside them or below.

    `members` are indices into the set, at least one. Gives the index of the open picture.
    """
    per_page = 20 if beside else 12
    pages = math.ceil(len(members) / per_page)
    page = min(memory.get(f"page-{key}", 1), pages)
    if pages > 1:
        memory[f"page-{key}"] = page  # a filter may have left fewer pages than the one that was open
    part = members[(page - 1) * per_page : page * per_page]
    picked = memory.get(f"picked-{key}")
    picked = picked if picked in part else part[0]
    confidence = shown.evaluation.report.confidence(shown.temperature)
    gallery, detail = st.columns(2, gap="large") if beside else (st.container(), st.container())
    with gallery, st.container(horizontal=True, key=f"gallery-{key}", gap="xsmall"):
        for index in part:
            answer, label = int(shown.evaluation.report.answers[index]), int(shown.digits.digits.labels[index])
            truth = "" if label == testset.UNKNOWN else f"a {label} "
            picture = digit_images.as_data_url(digit_images.digit_png(shown.digits.digits.images[index]))
            st.button(
                f"![{truth}read as {answer}, {theme.show_percent(confidence[index].item())} sure]({picture})",
                key=f"{key}-{index}",
                type="primary" if index == picked else "secondary",
                on_click=pick,
                args=(key, index),
            )
    if pages > 1:
        gallery.number_input(f"Page (of {pages:,})", 1, pages, key=f"page-{key}", width=160)
    with detail:
        show_picture(shown, picked)
    return picked


def pick(key: str, index: int) -> None:
    """Remember which picture of a gallery was pressed."""
    memory[f"picked-{key}"] = index


def show_picture(shown: Shown, index: int) -> None:
    """One picture: label, answer, probabilities, what the model sees, the nearest training images."""
    answers, image = shown.evaluation.report, shown.digits.digits.images[index]
    label, answer = int(shown.digits.digits.labels[index]), int(answers.answers[index])
    probabilities = answers.probabilities_of(index, shown.temperature)
    what = "" if label == testset.UNKNOWN else f": a {label}"
    with st.container(border=True):
        picture, facts = st.columns([1, 2])
        picture.image(
            digit_images.as_data_url(digit_images.digit_png(image, 6)),
            width=168,
            alt=f"The digit as the model sees it{what}",
        )
        with facts:
            truth = "" if label == testset.UNKNOWN else f"Labelled **{label}**, read as " if label != answer else ""
            right = "Read right: " if label == answer else "" if truth else "Read as "
            st.markdown(f"{right}{truth}**{answer}** with {theme.show_percent(probabilities[answer])} confidence.")
            second = sorted(range(10), key=probabilities.__getitem__)[-2]
            near = probabilities[second] >= 0.0005  # what would not read "0.0%"
            share = theme.show_percent(probabilities[second])
            st.markdown(f"The next best is {second} with {share}." if near else "No other comes near.")
            st.caption(plain(shown.digits.name_of(index)))
            if st.button("Open in Predict", key=f"open-{index}", icon=":material/open_in_new:"):
                memory.predict_given = {
                    "name": f"{shown.digits.name} {shown.digits.name_of(index)}",
                    "picture": digit_images.digit_png(image, 1),
                }
                st.switch_page("pages/1_Predict.py", query_params={"way": "Samples"})
        st.altair_chart(
            probability_chart.draw_probabilities(probabilities, shell.is_dark()),
            key=f"bars-{index}",
            alt="The ten probabilities: "
            + ", ".join(f"{digit}: {value:.1%}" for digit, value in enumerate(probabilities)),
        )
        show_neighbours(shown, index, label, answer)


def show_neighbours(shown: Shown, index: int, label: int, answer: int) -> None:
    """The training images most alike, and a doubt about the label where they speak against it."""
    try:
        neighbours = resources.neighbours()
    except DataError:
        return
    training = resources.digits(train=True)
    nearest = neighbours.nearest(shown.digits.digits.images[index], NEIGHBOURS)
    labels = training.labels[nearest].tolist()
    st.markdown(
        "Nearest training images",
        help="The training images most alike, compared as pictures, slightly blurred. It does not depend on the model: "
        "an independent second opinion.",
    )
    st.image(
        digit_images.as_data_url(digit_images.strip_png(training.images[nearest], times=2)),
        width="stretch" if len(labels) > 8 else 480,
        alt="The most similar training images are labelled " + ", ".join(map(str, labels)),
    )
    st.caption("Labelled " + ", ".join(map(str, labels)))
    if label != testset.UNKNOWN and neighbours_module.doubts_label(label, answer, labels):
        st.markdown(f":material/help: Perhaps the label is wrong: pictures like this one are labelled {answer}.")


# --- per digit and errors ---------------------------------------------------------------------------------------------


def show_per_digit(shown: Shown) -> None:
    """A sortable table and its chart."""
    table, chart = st.columns([1, 1], gap="large")
    with table:
        scores = html_report.per_digit_table(shown.evaluation.report)
        st.dataframe(
            scores.assign(**{name: 100 * scores[name] for name in ("Precision", "Recall", "F1")}),
            hide_index=True,
            height="content",
            placeholder="–",
            column_config={
                "Precision": share_column("Of the answers that named this digit, the share that was right."),
                "Recall": share_column("Of the pictures that show this digit, the share that was read so."),
                "F1": share_column("The harmonic mean of precision and recall: high only when both are."),
                "Pictures": st.column_config.NumberColumn(format="localized", help="How many show this digit."),
            },
            alt="Precision, recall, F1 and number of pictures for each digit",
        )
        st.caption("A dash: the model never gave this answer, or no picture shows this digit.")
    with chart:
        st.altair_chart(
            evaluation_charts.per_digit(shown.evaluation.report, dark=shell.is_dark()),
            alt="Precision and recall of each digit: "
            + ", ".join(
                f"{score.digit}: {percent(score.precision)} and {percent(score.recall)}"
                for score in shown.evaluation.report.per_digit
            ),
        )
        show_source(shown.evaluation.source)


@st.fragment
def show_errors(shown: Shown) -> None:
    """All misread pictures, filtered and sorted."""
    rerun_when_model_changed()
    answers = shown.evaluation.report
    if not answers.errors:
        st.success(f"Not one error in {len(answers):,} pictures.", icon=":material/check:")
        return
    any_digit = ["any", *range(10)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        true = st.selectbox("True digit", any_digit, key="errors_true", width=110, **KEEP)
        read = st.selectbox("Read as", any_digit, key="errors_read", width=110, **KEEP)
        low, high = st.slider("Confidence", 0, 100, (0, 100), format="%d %%", key="errors_range", width=240, **KEEP)
        order = st.segmented_control(
            "Show first",
            ERROR_ORDERS,
            default=ERROR_ORDERS[0],
            required=True,
            key="errors_order",
            **KEEP,
        )
    members = answers.find_errors(
        None if true == "any" else true,
        None if read == "any" else read,
        (low / 100, high / 100),
        order,
        shown.temperature,
    )
    st.subheader(f"{count(len(members), 'error')} of {answers.errors:,}")
    if not len(members):
        st.markdown("No error fits this choice. Widen it to see more.")
        return
    show_gallery(shown, members.tolist(), f"errors-{true}-{read}-{order}")
    show_source(shown.evaluation.source)


# --- confidence -------------------------------------------------------------------------------------------------------


def show_confidence(shown: Shown) -> None:
    """Reliability before and after the temperature, and what refusing the least sure would bring."""
    answers, temperature = shown.evaluation.report, shown.temperature
    reliability, coverage = st.columns(2, gap="large")
    with reliability:
        st.subheader(
            "Is 90 % sure right nine times in ten?",
            help="On the dashed line it is. Below it the model is too sure, above it too shy. Bins with few pictures, "
            "see the counts below, jump about.",
        )
        before, after = answers.calibration_error(), answers.calibration_error(temperature)
        kind = "too sure" if temperature > 1 else "too shy" if temperature < 1 else "just right"
        st.markdown(
            f"Confidence was off by **{percent(before)}** on average; after temperature scaling it is off by "
            f"**{percent(after)}**.",
            help="Expected calibration error over 15 bins of confidence.",
        )
        st.altair_chart(
            evaluation_charts.reliability(answers, temperature, dark=shell.is_dark()),
            width="content",
            alt=f"Reliability diagram; calibration error {percent(before)} before and {percent(after)} after.",
        )
        st.markdown(
            f"Temperature **{temperature:.2f}**: left to itself, the model was {kind}.",
            help="Scores are divided by it before they become probabilities. Fitted on the validation split, never on "
            "the test set. Answers stay the same; only confidence moves.",
        )
        show_storing(shown)
    with coverage:
        st.subheader("If it may refuse the least sure", help="The less it must answer, the more of it is right.")
        st.markdown(
            "  \n".join(
                f"Refusing {100 * share:.0f} %: **{percent(answers.accuracy_when_refusing(share, temperature))}** "
                "of the rest are right"
                for share in REFUSED_SHARES
            )
        )
        st.altair_chart(
            evaluation_charts.coverage(answers, temperature, dark=shell.is_dark()),
            alt="Accuracy of the rest over the share of refused answers",
        )
    show_source(shown.evaluation.source)


def show_storing(shown: Shown) -> None:
    """Say whether Predict uses the temperature; offer to store it where it doesn't yet."""
    if "temperature" in shown.card.facts:
        st.caption("It is stored with the model, and Predict uses it.")
        return
    if shown.evaluation.version != shown.card.version:
        return  # it was fitted for other weights than those that would get it
    st.caption("This model came without a temperature; Predict still shows its bare confidence.")
    if st.button("Store it with the model", icon=":material/save:"):
        try:
            checkpoint.add_facts(shown.card.name, {"temperature": shown.temperature})
        except OSError as error:
            st.error(f"It could not be stored: {error.strerror}. Is models/ writable?", icon=":material/error:")
        else:
            st.rerun()


# --- robustness -------------------------------------------------------------------------------------------------------


def show_robustness(shown: Shown) -> None:
    """Accuracy over eight kinds of damage, for one or several models."""
    st.markdown(
        f"Accuracy on {min(robustness.SAMPLE, len(shown.digits.digits)):,} of these pictures as they are damaged more "
        "and more. The same pictures, damaged the same way, for every model."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = st.multiselect(
            "Models",
            checkpoint.names(),
            default=[shown.card.name],
            max_selections=MOST_MODELS,
            key="robustness_models",
            **KEEP,
        )
        cards = [resources.model_card(name) for name in names]
        todo = [(card, step) for card in cards for step in robustness.STEPS if not find_point(card, shown.digits, step)]
        start = st.button("Measure", type="primary", icon=":material/play_arrow:", disabled=not todo)
    if start:
        measure_points(shown.digits, todo)
    elif todo:
        total = len(cards) * len(robustness.STEPS)
        known = f"{total - len(todo)} of {total} points are measured. " if len(todo) < total else ""
        st.info(f"{known}Measure takes about half a minute a model on two cores.", icon=":material/timer:")
    show_curves(shown, {name_version(card): find_points(card, shown.digits) for card in cards})


def name_version(card: checkpoint.ModelCard) -> str:
    """What the curves of a model are called."""
    return f"{card.name} {card.version}"


def point_key(card: checkpoint.ModelCard, digits: testset.TestSet, step: tuple[str, float]) -> tuple:
    """What a point of a curve is kept under."""
    return ("robustness", card.name, card.version, digits.key, *step)


def find_point(card: checkpoint.ModelCard, digits: testset.TestSet, step: tuple[str, float]) -> Point | None:
    """A point measured before, for anyone, or None."""
    return resources.results().find(point_key(card, digits, step))


def find_points(card: checkpoint.ModelCard, digits: testset.TestSet) -> list[Point]:
    """All points measured so far."""
    return [point for step in robustness.STEPS if (point := find_point(card, digits, step))]


def measure_points(digits: testset.TestSet, todo: list[tuple[checkpoint.ModelCard, tuple[str, float]]]) -> None:
    """Measure point by point. Cancel, like any click, ends the run of this script; what was measured stays."""
    progress = st.progress(0.0, "Measuring …")
    place = st.empty()
    place.button("Cancel", icon=":material/close:")
    part = robustness.sample(digits.digits)
    try:
        for done, (card, step) in enumerate(todo):
            progress.progress(done / len(todo), f"{DAMAGES[step[0]].title}, {card.name}: {done} of {len(todo)} points")
            model = resources.model(card.name).model
            resources.results().keep(
                point_key(card, digits, step), lambda model=model, step=step: robustness.measure(model, part, *step)
            )
    except checkpoint.CheckpointError as error:
        st.error(str(error), icon=":material/error:")
    progress.empty()
    place.empty()


def show_curves(shown: Shown, curves: dict[str, list[Point]]) -> None:
    """A chart for each damage, with one digit at each strength below it."""
    columns = st.columns(2, gap="large")
    for place, (name, damage) in enumerate(DAMAGES.items()):
        with columns[place % 2]:
            st.markdown(f"**{damage.title}**")
            if any(point.damage == name for points in curves.values() for point in points):
                st.altair_chart(
                    evaluation_charts.robustness(curves, name, dark=shell.is_dark()),
                    key=f"curve-{name}",
                    alt=evaluation_charts.describe_robustness(curves, name),
                )
            marks = ", ".join(f"{strength:g}" for strength in damage.strengths)
            st.image(
                digit_images.as_data_url(digit_images.strip_png(robustness.examples(shown.digits.digits, name))),
                alt=f"A digit at {marks} {damage.axis}",
            )
            st.caption(f"{marks} {damage.axis}")
    for line in html_report.robustness_sources(shown.evaluation, curves):
        show_source(line)


# --- compare ----------------------------------------------------------------------------------------------------------


def show_compare(shown: Shown) -> None:
    """Another model on the same pictures: who is better, where, and is it luck?"""
    others = [name for name in checkpoint.names() if name != shown.card.name]
    if not others:
        st.info("There is only one model so far. Train another one to compare it with.", icon=":material/info:")
        st.page_link("pages/2_Train.py", label="Open Train", icon=":material/arrow_forward:")
        return
    name = st.selectbox("Compare with", others, key="compare_with", width=240, **KEEP)
    try:
        card = resources.model_card(name)
        other = Shown(find_evaluation(card, shown.digits), shown.digits, card)
    except (checkpoint.CheckpointError, DataError) as error:
        st.error(str(error), icon=":material/error:")
        return
    pair = Comparison(shown.evaluation.report, other.evaluation.report)
    st.markdown(
        pair.verdict(shown.card.name, name),
        help="McNemar's exact test: only pictures on which just one of the two is right can tell them apart. With "
        f"equally good models they would split like tosses of a coin. p = {pair.p_value:.3g}.",
    )
    table, chart = st.columns([1, 1], gap="large")
    with table:
        st.dataframe(html_report.comparison_table(shown.evaluation, other.evaluation), height="content")
    with chart:
        st.altair_chart(
            evaluation_charts.difference(pair, dark=shell.is_dark()),
            alt=f"How many percentage points more of each digit {name} reads right than {shown.card.name}",
        )
        st.caption(f"Above 0: {name} reads more of this digit right than {shown.card.name}.")
    show_source(shown.evaluation.source)
    show_source(other.evaluation.source)
    show_disagreements(shown, other, pair)


@st.fragment
def show_disagreements(shown: Shown, other: Shown, pair: Comparison) -> None:
    """The pictures on which the two answers differ; the open one through the eyes of both."""
    rerun_when_model_changed()
    st.subheader(f"They disagree on {count(len(pair.disagreements), 'picture')}")
    if len(pair.disagreements):
        left, right = shown.card.name, other.card.name
        key = f"compare-{left}-{right}"
        words = st.empty()
        picked = show_gallery(shown, pair.disagreements.tolist(), key)
        answer = int(pair.second.answers[picked])
        sure = pair.second.confidence(other.temperature)[picked].item()
        words.markdown(f"{right} reads the open picture as **{answer}** with {theme.show_percent(sure)} confidence.")


# --- take away --------------------------------------------------------------------------------------------------------


def show_take_away(shown: Shown) -> None:
    """Everything as files."""
    points = find_points(shown.card, shown.digits)
    curves = {name_version(shown.card): points} if points else {}
    whole, tables, pictures = st.columns(3, gap="large")
    with whole:
        st.subheader("Report")
        st.markdown("One page with settings, figures and the worst errors. It opens without a network.")
        page = html_report.page(shown.evaluation, shown.digits, shown.card.facts, curves)
        offer((page,), ":material/description:", "primary")
        if not curves:
            st.caption("Measure the robustness first, and its curves are part of the report.")
    with tables:
        st.subheader("Tables")
        offer(html_report.tables(shown.evaluation, shown.digits), ":material/table:")
    with pictures:
        st.subheader("Charts")
        all_charts = html_report.charts(shown.evaluation, curves)
        title = st.selectbox("Chart", list(all_charts), key="take_away_chart", **KEEP)
        with st.container(horizontal=True):
            offer(html_report.pictures(shown.evaluation, title, all_charts[title]), ":material/image:")
    show_source(shown.evaluation.source)


def offer(files: tuple[html_report.Download, ...], icon: str, kind: str = "secondary") -> None:
    """A button for each file, which is made when the button is pressed."""
    for file in files:
        st.download_button(file.title, file.make, file.name, file.mime, icon=icon, type=kind, on_click="ignore")


def share_column(text: str) -> st.column_config.Column:
    """A column of shares in percent, two places always: the ready-made format drops zeros."""
    return st.column_config.NumberColumn(format="%.2f %%", help=text)


main()
