"""Choose settings, start a run, watch it learn, interfere, keep what is good."""

from __future__ import annotations

import secrets

import streamlit as st

from core.ui import resources, shell

shell.open_page("Train")

import numpy as np
import pandas as pd

from core import words
from core.config import PRESETS, SettingError, TrainingSettings
from core.figures import digit_images, export, training_charts
from core.network import checkpoint
from core.reading import picture, reader
from core.reading.one_digit import FoundDigit
from core.training import estimate as estimate_module
from core.training import link, runs, wording
from core.training.job import Snapshot
from core.training.runs import Run, RunError
from core.training.wording import FIELDS

STEPS = {"learning_rate": 1e-3, "weight_decay": 0.01, "ema_decay": 0.01, "training_images": 1000, "batch_size": 32}

STYLE = """
<style>
.st-key-setting-left_out [role] { flex-wrap: wrap; } /* all ten digits in sight */
.st-key-figures [data-testid="stMetricValue"] { font-variant-numeric: tabular-nums; }
</style>
"""

st.html(digit_images.STYLE + STYLE)
memory = st.session_state
job = resources.training_job()


def main() -> None:
    """The run if there is one, else the choice of one; below, what was trained before."""
    st.title("Train")
    if "settings" not in memory:
        settings, memory.link_refused = link.read(st.query_params)
        memory.settings, memory.link_given = settings.as_dict(), bool(st.query_params)
        memory.visitor = secrets.token_hex(8)
    with st.container():  # empty or not: what stands below keeps its place, and an open box stays open
        show_notice("notice")
    snapshot = job.snapshot()
    later: dict = {}
    place = st.empty()  # sent first in either state: what the other one showed there vanishes at once
    if snapshot.is_live:
        hand_over_drawing()
        with place.container():
            watch_run()
            watch_learning_rate()
            st.caption(
                "It goes on when you leave this page or close the browser. One run at a time on this server: everyone "
                "who opens this page sees it. Predict keeps answering with the model in use."
            )
    else:
        notice_start()
        with st.container():
            if snapshot.phase == "over":
                show_outcome(snapshot)
            offer_resume()
        later = choose()
    show_runs()
    bring_in()
    # Measuring takes a second or two the first time: nothing else waits for it.
    for position, (waiting, settings) in enumerate(later.items()):
        waiting.markdown(f":small[{estimate(settings, is_preset=position > 0)}]")


def show_notice(place: str) -> None:
    """What the last click led to, said once, at the place where it was made."""
    if notice := memory.pop(place, None):
        kind, text = notice
        (st.success if kind == "done" else st.error)(
            text, icon=":material/check_circle:" if kind == "done" else ":material/error:"
        )


def attempt(done: str, action, *arguments, place: str = "notice", **options) -> None:
    """Do what a button promises; say that it is done, or why not."""
    try:
        action(*arguments, **options)
    except (RunError, SettingError, checkpoint.CheckpointError) as error:
        memory[place] = ("failed", str(error))
    except OSError as error:
        memory[place] = ("failed", f"The disk refused: {error.strerror or error}.")
    else:
        if done:
            memory[place] = ("done", done)


# --- choosing ---------------------------------------------------------------------------------------------------------


def choose() -> dict:
    """Start, a preset in one click, every setting below. Gives the places that wait for an estimated duration."""
    later: dict = {}
    if memory.link_refused:
        st.warning(f"Not every setting of this link can be used; the usual value is taken. {memory.link_refused}")
    try:
        settings = TrainingSettings.from_dict(memory.settings)
    except SettingError as error:
        settings = None
        st.error(str(error), icon=":material/error:")
    else:
        write_link(settings)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "Start",
            type="primary",
            icon=":material/play_arrow:",
            disabled=settings is None,
            on_click=start,
            key="start",
        )
        if settings:
            with st.container(width="stretch", gap="xxsmall"):
                st.markdown(f"**{wording.summarise(settings)}**")
                later[st.empty()] = settings
    show_presets(settings, later)
    st.subheader("Settings", anchor=False)
    for group, names in wording.GROUPS.items():
        with st.expander(group):  # a label that told the values would close it at every change
            for first in range(0, len(names), 3):  # a row at a time: on a telephone they keep their order
                for column, name in zip(st.columns(3), names[first : first + 3], strict=False):
                    with column:
                        ask(name)
            if group == "Augmentation" and settings:
                preview(settings)
    with st.expander("Name, link, terminal"):
        st.text_input(
            "Name of the run",
            key="run_name",
            placeholder="chosen for you",
            max_chars=80,
            help="The model it leaves is called so, too. Letters, digits, spaces, dots and dashes.",
        )
        if settings:
            st.markdown("A link with these settings, to hand out:")
            st.code(link.address(st.context.url or "", settings), language=None, wrap_lines=True)
            st.markdown("The same run in a terminal:")
            st.code(settings.command(memory.get("run_name") or "my-model"), language="bash", wrap_lines=True)
    return later


def write_link(settings: TrainingSettings) -> None:
    """Keep the address in step once something was chosen. Before, it stays bare: going back would come back here."""
    wanted = link.write(settings)
    is_usual = settings == PRESETS["fast"].settings and not memory.link_given
    if not is_usual and dict(st.query_params) != wanted:
        memory.link_given = True
        st.query_params.from_dict(wanted)


def show_presets(settings: TrainingSettings | None, later: dict) -> None:
    """Four cards with what to expect; `later` takes the places where their durations will stand."""
    for column, (key, preset) in zip(st.columns(len(PRESETS)), PRESETS.items(), strict=True):
        is_chosen = settings == preset.settings
        with column.container(border=True, height="stretch", vertical_alignment="distribute"):
            with st.container(gap="xxsmall"):
                st.markdown(f"**{preset.title}**  \n:small[{preset.purpose}]")
                later[st.empty()] = preset.settings
            st.button(
                "Chosen" if is_chosen else "Choose",
                key=f"preset-{key}",
                icon=":material/check:" if is_chosen else None,
                on_click=take_preset,
                args=(key,),
                width="stretch",
                help=f"Take the settings “{preset.title}”.",
            )


def take_preset(key: str) -> None:
    """All settings at once."""
    memory.settings, memory.link_refused = PRESETS[key].settings.as_dict(), ""
    for name in FIELDS:
        memory.pop(f"setting-{name}", None)


def ask(name: str) -> None:
    """One setting as a widget: choices, digits, or a number within its bounds."""
    entry, key = FIELDS[name], f"setting-{name}"
    rule, value = entry.metadata, memory.settings[name]
    label = wording.label(name)
    common = {"key": key, "help": rule["help"], "on_change": remember, "args": (name,)}
    if rule["choices"]:
        if key not in memory:
            memory[key] = value
        st.selectbox(label, rule["choices"], format_func=lambda choice: show_choice(name, choice), **common)
    elif isinstance(entry.default, tuple):
        if key not in memory:
            memory[key] = list(value)
        st.pills(label, range(10), selection_mode="multi", **common)
    else:
        kind = type(entry.default)
        if key not in memory:
            memory[key] = kind(value)
        step = STEPS.get(name, 1 if kind is int else 0.05)
        st.number_input(
            label,
            min_value=kind(rule["low"]),
            max_value=kind(rule["high"]),
            step=step,
            format="%d" if kind is int else "%.4g",
            **common,
        )


def remember(name: str) -> None:
    """A widget's value outlives the widget: pages forget, the session doesn't."""
    value = memory[f"setting-{name}"]
    memory.settings = {**memory.settings, name: tuple(sorted(value)) if isinstance(value, list) else value}


def show_choice(name: str, choice: str) -> str:
    """A choice in words; networks with their number of parameters."""
    text = wording.choice(choice)
    return f"{text} · {count_parameters(choice):,}" if name == "architecture" else text


def describe(run: Run) -> str:
    """A run's settings in one line, and what it began with where that was another model."""
    return f"Fine-tuned from {run.base} on My digits" if run.base else wording.summarise(run.settings)


@st.cache_resource(show_spinner=False)
def count_parameters(architecture: str) -> int:
    """How many numbers a network has; built without memory."""
    from core.network import architectures

    return architectures.count_parameters(architectures.build_without_memory(architecture))


def estimate(settings: TrainingSettings, is_preset: bool) -> str:
    """How long a run will take here, from a measurement of a few small steps."""
    try:
        seconds = measure(settings.architecture, settings.augmentation, settings.device, settings.precision)
    except SettingError as error:
        return str(error)
    about = words.duration(estimate_module.expect(settings, seconds))
    if is_preset:
        return f"About {about} here."
    cores = "one core" if job.threads == 1 else f"{job.threads} cores"
    size = count_parameters(settings.architecture)
    return (
        f"{size:,} parameters. About {about} on this machine, with {cores} of it; "
        "half a minute more to learn what is no digit."
    )


@st.cache_resource(show_spinner=False, ttl=600)
def measure(architecture: str, augmentation: str, device: str, precision: str) -> float:
    """Seconds an image takes. Batches of a usual size: the estimate is for the person who waits, not for a record."""
    from core.training import estimate

    settings = TrainingSettings(
        architecture=architecture, augmentation=augmentation, device=device, precision=precision
    )
    return estimate.measure(resources.digits(train=True), settings, job.threads)


def preview(settings: TrainingSettings) -> None:
    """Eight training digits as the network will see them."""
    from core.training import augment

    seen = augment.preview(resources.digits(train=True), settings.augmentation, seed=memory.get("another-look", 0))
    st.html(digit_images.show(seen, f"Eight digits with {settings.augmentation} distortion"))
    st.caption("Eight digits as the network sees them.")
    if settings.augmentation != "none":
        st.button("Another look", icon=":material/refresh:", on_click=look_again)


def look_again() -> None:
    """Other chance for the preview."""
    memory["another-look"] = memory.get("another-look", 0) + 1


def start() -> None:
    """Begin the run that the page describes."""
    memory.link_refused = ""
    attempt("", lambda: job.start(TrainingSettings.from_dict(memory.settings), memory.get("run_name") or None))
    memory.run_name = ""


def offer_resume() -> None:
    """Runs that a killed server left behind."""
    for run in runs.list_runs():
        if run.status == "interrupted" and not run.base:
            with st.container(border=True, horizontal=True, vertical_alignment="center"):
                st.markdown(
                    f":material/history: **{run.name}** was interrupted "
                    + (f"after {len(run.scores)} of {run.settings.epochs} epochs" if run.scores else "at its beginning")
                    + ". It can go on; a minute of training is lost at most."
                )
                st.button(
                    "Resume",
                    icon=":material/play_arrow:",
                    key=f"resume-{run.id}",
                    on_click=attempt,
                    args=("", job.resume, run),
                )


@st.fragment(run_every=2.0)
def notice_start() -> None:
    """Somebody else may start a run while this page is open: then it shows that run."""
    if job.snapshot().is_live:
        st.rerun()


# --- watching ---------------------------------------------------------------------------------------------------------


@st.fragment(run_every=1.0)
def watch_run() -> None:
    """The run, once a second: how far, how good, what it thinks of the watched digits, and the ways to interfere."""
    snapshot = job.snapshot()
    if not snapshot.is_live:
        st.rerun()
    run = snapshot.run
    st.markdown(f"**{run.name}**  \n:small[{describe(run)}]")
    show_figures(snapshot)
    show_controls(snapshot)
    if snapshot.warning:
        st.warning(snapshot.warning, icon=":material/save:")
    if snapshot.phase == "preparing":
        drawn = run.settings.outlier_exposure or run.settings.pen_digits
        drawing = ", drawing those of other writers and what is none; with all images that takes a minute" * bool(drawn)
        st.caption(f"Getting ready: reading the digits{drawing} …")
        return
    show_curves(snapshot)
    show_watched(snapshot)


def show_figures(snapshot: Snapshot) -> None:
    """Four figures and the progress bar."""
    run, scores = snapshot.run, snapshot.scores
    accuracy, change = "–", None
    if scores:
        accuracy = f"{scores[-1].validation_accuracy:.2%}"
        if len(scores) > 1 and scores[-1].validation_accuracy != scores[-2].validation_accuracy:
            change = f"{(scores[-1].validation_accuracy - scores[-2].validation_accuracy) * 100:+.2f} points"
    recent = snapshot.log_points[-20:]
    loss = f"{sum(point.loss for point in recent) / len(recent):.4f}" if recent else "–"
    with st.container(horizontal=True, gap="medium", key="figures"):
        st.metric(
            "Validation accuracy",
            accuracy,
            change,
            help="Share of digits read right that no step has learned from.",
            width=140,
        )
        st.metric("Training loss", loss, help="How surprised the network is by the right answers, in nats.", width=140)
        rate = f"{snapshot.images_per_second:,.0f}" if snapshot.images_per_second else "–"
        st.metric("Images a second", rate, width=140)
        left = words.duration(snapshot.remaining) if snapshot.remaining is not None else "–"
        st.metric("Time left", {"paused": "paused", "finishing": "–"}.get(snapshot.phase, left), width=140)
    epoch = min(run.settings.epochs, len(scores) + 1)
    text = {"preparing": "Getting ready", "paused": "Paused", "stopping": "Stopping"}.get(snapshot.phase, "Training")
    if snapshot.phase == "finishing":
        st.progress(
            snapshot.finished,
            "Trained and kept. Now it learns what is no digit (letters, scribbles, dirt), which takes half a minute.",
        )
        return
    st.progress(
        min(1.0, snapshot.step / max(1, run.steps)),
        f"{text} · epoch {epoch} of {run.settings.epochs} · {words.duration(snapshot.seconds)} so far · learning rate "
        f"{snapshot.learning_rate:.3g}",
    )


def show_controls(snapshot: Snapshot) -> None:
    """Pause or go on, change the learning rate, stop one way or the other."""
    is_busy = snapshot.phase in ("preparing", "stopping", "finishing")
    with st.container(horizontal=True):
        wide = 120  # pixels, for both: the other buttons stay where the pointer may be
        if snapshot.phase == "finishing":
            st.button(
                "Skip",
                icon=":material/skip_next:",
                on_click=job.skip,
                key="skip",
                width=wide,
                help="Keep the model as it is. It takes more letters and scribbles for digits then.",
            )
        elif snapshot.phase == "paused":
            st.button(
                "Resume", icon=":material/play_arrow:", type="primary", on_click=job.go_on, key="go_on", width=wide
            )
        else:
            st.button("Pause", icon=":material/pause:", on_click=job.pause, disabled=is_busy, key="pause", width=wide)
        st.button(
            "Stop and keep",
            icon=":material/stop:",
            on_click=job.stop,
            kwargs={"keep": True},
            disabled=snapshot.phase in ("stopping", "finishing"),
            key="keep",
            help="End here and keep the best weights so far.",
        )
        with st.popover("Discard", icon=":material/delete:", disabled=snapshot.phase == "stopping"):
            st.markdown("End the run and delete all of it?")
            st.button("Yes, discard it", type="primary", on_click=job.stop, kwargs={"keep": False}, key="discard")
        with st.popover("Learning rate", icon=":material/speed:", disabled=is_busy):
            rule = FIELDS["learning_rate"].metadata
            # The value is given each time: a popover's content is made in the browser only when it is opened, and would
            # then start from the smallest value allowed, and set it.
            st.number_input(
                "Largest learning rate from now on",
                value=float(snapshot.peak),
                min_value=rule["low"],
                max_value=rule["high"],
                step=1e-3,
                format="%.4g",
                key="peak",
                on_change=change_peak,
                help="The schedule goes on, scaled to this value.",
            )


def change_peak() -> None:
    """The run takes the new learning rate with its next step."""
    job.set_peak(memory.peak)


def show_curves(snapshot: Snapshot) -> None:
    """Loss and accuracy so far."""
    run, scores = snapshot.run, snapshot.scores
    steps, epochs = run.steps, run.settings.epochs
    if not snapshot.is_live:  # what was done, not what was planned
        steps, epochs = max(1, snapshot.step), len(scores)
    best = max(scores, key=lambda score: (score.validation_accuracy, -score.validation_loss), default=None)
    left, right = st.columns(2)
    with left:
        st.markdown(":small[**Loss** · each step, :primary[smoothed], :orange[validation]]")
        now = f"{snapshot.log_points[-1].loss:.3f} now" if snapshot.log_points else "no step yet"
        st.vega_lite_chart(
            export.specify(training_charts.draw_loss, snapshot.log_points, scores, steps, shell.is_dark()),
            width="stretch",
            key="loss",
            alt=f"Loss by step: {now}",
        )
    with right:
        st.markdown(":small[**Accuracy** on the validation digits, after each epoch]")
        st.vega_lite_chart(
            export.specify_once(training_charts.draw_accuracy, scores, epochs, best, shell.is_dark()),
            width="stretch",
            key="accuracy",
            alt=f"Validation accuracy by epoch: best {best.validation_accuracy:.2%}"
            if best
            else "No epoch finished yet",
        )


@st.fragment(run_every=5.0)
def watch_learning_rate() -> None:
    """Its curve, less often than the rest: the figure itself stands above, each second."""
    snapshot = job.snapshot()
    if snapshot.log_points:
        show_learning_rate(snapshot, snapshot.run.steps)


def show_learning_rate(snapshot: Snapshot, steps: int) -> None:
    """The learning rate at each step so far."""
    st.markdown(":small[**Learning rate** by step]")
    st.vega_lite_chart(
        export.specify(training_charts.draw_learning_rate, snapshot.log_points, steps, shell.is_dark()),
        width="stretch",
        key="rate",
        alt=f"Learning rate by step: {snapshot.learning_rate:.3g} now",
    )


def show_watched(snapshot: Snapshot) -> None:
    """Ten validation digits and the visitor's own, each with the network's opinion of this second."""
    own = snapshot.own_of(memory.visitor)
    if not snapshot.watched:
        return
    when = "what the network in training says of them now" if snapshot.is_live else "what the network said of them last"
    st.markdown(f"**Watched digits** :small[{when}]")
    opinions = [*snapshot.watched, *([own] if own else [])]
    st.html(digit_images.watch([(opinion.image, opinion.label, opinion.probabilities) for opinion in opinions]))
    if not own and snapshot.is_live:
        st.caption("Draw a digit on the Predict page: it joins them, for your eyes only.")


def hand_over_drawing() -> None:
    """The visitor's last drawing joins the watched digits."""
    drawings = memory.get("drawings")
    if not drawings or not drawings[-1] or memory.get("handed_over") == hash(drawings[-1][1]):
        return
    try:
        found = reader.read(resources.model_in_use(), picture.read(drawings[-1][1])).found
    except (picture.PictureError, checkpoint.CheckpointError):
        return
    if isinstance(found, FoundDigit):
        job.watch(memory.visitor, found.image.astype(np.float32))
        memory.handed_over = hash(drawings[-1][1])


# --- afterwards -------------------------------------------------------------------------------------------------------


def show_outcome(snapshot: Snapshot) -> None:
    """What the last run came to, and what can be done with it."""
    run = snapshot.run
    if memory.get("outcome_seen") == run.id or (run.model and run.model not in checkpoint.names()):
        return
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            if not run.model:
                icon = ":material/warning:" if run.status in ("failed", "diverged") else ":material/info:"
                sentence = f"{icon} **{run.name}** · {run.sentence}"
            else:
                reached = f"{run.best.validation_accuracy:.2%} on {run.validation_images:,} validation digits"
                sentence = (
                    f":material/check_circle: **{run.name}: {reached}**"
                    f"{compare(run.model, run.best)}. {run.sentence} It took {words.duration(snapshot.seconds)}."
                )
            with st.container(width="stretch"):
                st.markdown(sentence)
            st.button(
                "", icon=":material/close:", help="Close", on_click=forget_outcome, args=(run.id,), type="tertiary"
            )
        if run.model:
            with st.container(horizontal=True):
                offer_use(run, "notice")
                take_away(run, "notice")
        if snapshot.log_points and (run.model or run.status in ("failed", "diverged")):
            show_curves(snapshot)
            show_watched(snapshot)
            show_learning_rate(snapshot, snapshot.step)


def forget_outcome(run: str) -> None:
    """Don't show this run's end any more."""
    memory.outcome_seen = run


def compare(name: str, best: runs.Score) -> str:
    """How the weights of the run `name` stand beside the model in use, judged by validation as both were."""
    try:
        card = resources.model_card(checkpoint.in_use())
    except checkpoint.CheckpointError:
        return ""
    theirs = card.facts.get("validation_accuracy")
    if not isinstance(theirs, float) or card.name == name:
        return ""
    return f", {wording.compare(best.validation_accuracy, theirs, f'the model in use ({card.name})')}"


def offer_use(run: Run, place: str) -> None:
    """Let the run's model answer everywhere, if it doesn't yet; `place` is where that is said."""
    if run.model == checkpoint.in_use():
        st.button("In use", icon=":material/check:", disabled=True, key=f"use-{place}")
        return
    st.button(
        "Use this model",
        icon=":material/swap_horiz:",
        type="primary",
        key=f"use-{place}",
        on_click=attempt,
        args=(
            f"{run.name} is the model in use now: every page and every visitor is answered by it.",
            resources.use_model,
        ),
        kwargs={"name": run.model, "place": place},
        help="Every page answers with it at once.",
    )


def take_away(run: Run, place: str) -> None:
    """Weights, ONNX, facts and history as files."""
    with st.popover("Download", icon=":material/download:"):
        for suffix, label, kind in (
            (".pth", "Weights for PyTorch", "application/octet-stream"),
            (".json", "Facts", "application/json"),
        ):
            path = checkpoint.find_folder(run.model) / f"{run.model}{suffix}"
            if path.is_file():
                st.download_button(
                    f"{label} ({suffix})",
                    path.read_bytes(),
                    path.name,
                    kind,
                    key=f"{suffix}-{place}",
                    on_click="ignore",
                )
        st.download_button(
            "History (.csv)", run.history, f"{run.name}.csv", "text/csv", key=f"csv-{place}", on_click="ignore"
        )
        offer_onnx(run, place)


def offer_onnx(run: Run, place: str) -> None:
    """ONNX, made when asked for and offered only when it answers as torch does."""
    if memory.get("onnx_for") != run.model:
        st.button("Make an ONNX file", key=f"make-onnx-{place}", on_click=ask_for_onnx, args=(run.model,))
        return
    from core.network.onnx_export import ExportError

    try:
        content = make_onnx(run.model, (checkpoint.find_folder(run.model) / f"{run.model}.pth").stat().st_mtime_ns)
    except (ExportError, checkpoint.CheckpointError, OSError) as error:
        st.error(str(error), icon=":material/error:")
        return
    st.download_button(
        "ONNX (.onnx)", content, f"{run.model}.onnx", "application/octet-stream", key=f"onnx-{place}", on_click="ignore"
    )
    st.caption("Checked: it reads 100 digits as torch does.")


def ask_for_onnx(model: str) -> None:
    """From now on this run's ONNX file is offered."""
    memory.onnx_for = model


@st.cache_data(show_spinner="Writing and checking the ONNX file …", max_entries=2)
def make_onnx(model: str, _modified: int) -> bytes:
    """The checked file."""
    from core.network import onnx_export

    return onnx_export.export(checkpoint.load(model).model, resources.digits(train=False))


def show_runs() -> None:
    """All runs in a table; ticked ones are laid over each other; one ticked can be used, renamed, deleted."""
    st.subheader("Runs", anchor=False)
    live = job.snapshot()
    found = [run for run in runs.list_runs() if not live.is_live or run.id != live.run.id]
    if not found:
        show_notice("runs_notice")
        st.caption("Runs appear here when they are over, with their settings, accuracy and curve.")
        back_to_shipped()
        return
    event = st.dataframe(
        tabulate(found),
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"runs-{hash(tuple(run.id for run in found))}",
        height=min(400, 38 + 35 * len(found)),
        column_config={
            "Run": st.column_config.TextColumn(width=140),  # by itself as wide as the first names, others are cut off
            "accuracy": st.column_config.NumberColumn("Validation accuracy", format="%.2f %%"),
            "curve": st.column_config.LineChartColumn("Curve", width="small", help="Validation accuracy by epoch"),
        },
        placeholder="–",
    )
    chosen = [found[row] for row in event["selection"]["rows"] if row < len(found)]
    if not chosen:
        st.caption("Tick one run to use, rename, download or delete it; tick several to compare their curves.")
    called = [run.name for run in chosen]  # runs made in a terminal may share a name
    with_scores = {
        run.name if called.count(run.name) == 1 else f"{run.name} {run.created[11:19]}": run.scores
        for run in chosen
        if run.scores
    }
    if with_scores:
        st.altair_chart(
            training_charts.draw_runs(with_scores),
            width="stretch",
            alt="Validation accuracy by epoch. "
            + "; ".join(
                f"{name}: best {max(s.validation_accuracy for s in scores):.2%}" for name, scores in with_scores.items()
            ),
        )
    with st.container():
        show_notice("runs_notice")
    if len(chosen) == 1:
        show_run(chosen[0])
    back_to_shipped()


def tabulate(found: list[Run]) -> pd.DataFrame:
    """One row a run, the newest first."""
    in_use = checkpoint.in_use()
    return pd.DataFrame(
        {
            "Run": [run.name for run in found],
            "accuracy": [run.best.validation_accuracy * 100 if run.best else None for run in found],
            "curve": [[score.validation_accuracy for score in run.scores][-60:] for run in found],
            "Status": ["In use" if run.model == in_use else wording.STATUS[run.status] for run in found],
            "Duration": [words.duration(run.seconds) if run.scores else "–" for run in found],
            "Settings": [describe(run) for run in found],
            "Parameters": [run.parameters for run in found],
            "Started": [run.created.replace("T", " ")[:19] for run in found],
        }
    )


def show_run(run: Run) -> None:
    """One run's details and what can be done with it."""
    st.markdown(f"**{run.name}** · {run.sentence}  \n:small[{describe(run)}]")
    with st.container(horizontal=True):
        if run.model and (checkpoint.find_folder(run.model) / f"{run.model}.pth").is_file():
            offer_use(run, "runs_notice")
            take_away(run, "runs_notice")
        if not run.base:
            st.button(
                "Take its settings", icon=":material/tune:", on_click=take_settings, args=(run,), key="take-settings"
            )
        with st.popover("Rename", icon=":material/edit:"):
            st.text_input("New name", value=run.name, key=f"name-{run.id}", max_chars=80)
            st.button("Rename", key=f"rename-{run.id}", on_click=rename, args=(run,))
        with st.popover("Delete", icon=":material/delete:"):
            st.markdown(f"Delete **{run.name}**, its curves and its weights? This can't be undone.")
            st.button(
                "Yes, delete it",
                type="primary",
                key=f"delete-{run.id}",
                on_click=attempt,
                args=(f"{run.name} is deleted.", runs.delete, run),
                kwargs={"place": "runs_notice"},
            )


def take_settings(run: Run) -> None:
    """The settings of an old run for a new one."""
    memory.settings, memory.link_refused = run.settings.as_dict(), ""
    for name in FIELDS:
        memory.pop(f"setting-{name}", None)
    memory.runs_notice = ("done", f"The settings above are those of {run.name} now: Start begins a new run with them.")


def rename(run: Run) -> None:
    """Call the run and its model as the field says."""
    name = memory[f"name-{run.id}"].strip()
    attempt(f"{run.name} is called {name} now.", runs.rename, run, name, place="runs_notice")


def back_to_shipped() -> None:
    """The way back, wherever the model in use came from."""
    name = checkpoint.in_use()
    if name != checkpoint.SHIPPED and checkpoint.SHIPPED in checkpoint.names():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Back to the shipped model",
                icon=":material/undo:",
                on_click=attempt,
                args=("The shipped model answers on every page again.", resources.use_model, checkpoint.SHIPPED),
                kwargs={"place": "runs_notice"},
                key="shipped",
            )
            st.caption(f"The model in use is {name}.")


def bring_in() -> None:
    """Weights from elsewhere."""
    with st.expander("Bring in weights", icon=":material/upload:"):
        file = st.file_uploader(
            "A PyTorch state dict of one of the networks above",
            type=["pth", "pt"],
            key=f"weights-{memory.get('uploads', 0)}",
            help="As `torch.save(model.state_dict(), path)` writes it. Nothing in the file is ever run.",
        )
        with st.container():
            show_notice("brought")
        if file:
            st.button(
                "Add to the models",
                icon=":material/add:",
                type="primary",
                on_click=take_in,
                args=(file.name, file.getvalue()),
            )
        models = [name for name in checkpoint.names() if name != checkpoint.in_use()]
        if models:
            st.selectbox(
                "Or choose among all models", models, key="other-model", index=None, placeholder="Choose a model"
            )
            if name := memory.get("other-model"):
                with st.container(horizontal=True):
                    st.button(
                        f"Use {name}",
                        icon=":material/swap_horiz:",
                        on_click=attempt,
                        args=(
                            f"{name} is the model in use now: every page and every visitor is answered by it.",
                            resources.use_model,
                        ),
                        kwargs={"name": name, "place": "brought"},
                    )
                    if checkpoint.is_uploaded(name):
                        with st.popover("Delete", icon=":material/delete:"):
                            st.markdown(f"Delete the weights **{name}**? This can't be undone.")
                            st.button(
                                "Yes, delete them",
                                type="primary",
                                key="delete-weights",
                                on_click=throw_out,
                                args=(name,),
                            )


def take_in(file: str, content: bytes) -> None:
    """Check the weights and put them among the models."""
    attempt(
        "The weights are among the models now; choose below to use them.", add_weights, content, file, place="brought"
    )
    memory.uploads = memory.get("uploads", 0) + 1


def throw_out(name: str) -> None:
    """Delete weights that were brought in."""
    memory["other-model"] = None
    attempt(f"{name} is deleted.", checkpoint.remove, name, place="brought")


def add_weights(content: bytes, file: str) -> None:
    """The new model stands chosen in the box of all models."""
    memory["other-model"] = checkpoint.add(content, file)


main()
