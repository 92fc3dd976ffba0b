"""Choose settings, start a run, watch it learn, interfere, keep what is good."""

from __future__ import annotations

import base64
import io
import secrets
from dataclasses import fields

import streamlit as st

from core import shared

shared.open_page("Train")

import numpy as np
import pandas as pd
from PIL import Image

from core import charts, checkpoint, picture, reading, runs
from core.config import MODELS_FOLDER, PRESETS, SettingError, TrainingSettings
from core.job import Opinion, Snapshot
from core.runs import Run, RunError

FIELDS = {entry.name: entry for entry in fields(TrainingSettings)}
GROUPS = {
    "Network": ("architecture", "dropout", "averaging"),
    "Data": ("training_images", "validation_share", "left_out", "seed"),
    "Optimisation": (
        "epochs", "batch_size", "learning_rate", "optimiser", "schedule", "weight_decay", "label_smoothing", "patience",
        "device", "precision",
    ),
    "Augmentation": ("augmentation", "clean_share"),
}  # fmt: skip
LABELS = {
    "architecture": "Network · parameters", "averaging": "Averaged weights", "training_images": "Images",
    "left_out": "Digits to leave out",
    "patience": "Early stopping", "clean_share": "Undistorted share at the end", "augmentation": "Distortion",
}  # fmt: skip
CHOICES = {
    "reference": "Reference CNN", "lenet5": "LeNet-5", "mlp": "Multilayer perceptron", "modern": "Modern CNN",
    "sgd": "SGD", "momentum": "SGD with momentum", "adam": "Adam", "adamw": "AdamW", "constant": "Constant",
    "cosine": "Cosine", "one-cycle": "One cycle", "none": "None", "light": "Light", "strong": "Strong",
    "auto": "Automatic",
    "cpu": "Processor", "cuda": "NVIDIA card (CUDA)", "mps": "Apple chip (MPS)",
}  # fmt: skip
STATUS = {"running": "Running", "interrupted": "Interrupted", "finished": "Finished", "stopped": "Stopped",
          "diverged": "Diverged", "failed": "Failed"}  # fmt: skip
STEPS = {"learning_rate": 1e-3, "weight_decay": 0.01, "averaging": 0.01, "training_images": 1000, "batch_size": 32}

STYLE = """
<style>
.watched { display: grid; grid-template-columns: repeat(auto-fill, minmax(3.8rem, 1fr)); gap: .75rem .5rem; margin: 0; }
.watched figure { margin: 0; text-align: center; font-variant-numeric: tabular-nums; }
.watched img { width: 100%; max-width: 5.2rem; image-rendering: pixelated; border-radius: .3rem; display: block;
  margin: 0 auto .2rem; }
.watched b { font-size: 1.5rem; line-height: 1.1; }
.watched i { display: block; height: 4px; border-radius: 2px;
  background: color-mix(in srgb, currentColor 15%, transparent);
  overflow: hidden; max-width: 5.2rem; margin: .15rem auto; }
.watched s { display: block; height: 100%; background: #0b6e99; }
.watched .wrong s { background: #d9822b; }
.watched .wrong b { text-decoration: underline dashed #d9822b 2px; text-underline-offset: 4px; }
.watched small { opacity: .75; font-size: .75rem; }
.st-key-figures [data-testid="stMetricValue"] { font-variant-numeric: tabular-nums; }
</style>
"""

st.html(STYLE)
memory = st.session_state
job = shared.training_job()


def main() -> None:
    """The run if there is one, else the choice of one; below, what was trained before."""
    st.title("Train")
    if "settings" not in memory:
        memory.settings, memory.link_refused = read_link()
        memory.visitor = secrets.token_hex(8)
    show_notice()
    snapshot = job.snapshot()
    later: dict = {}
    place = st.empty()  # sent first in either state: what the other one showed there vanishes at once
    if snapshot.is_live:
        hand_over_drawing()
        with place.container():
            watch_run()
    else:
        notice_start()
        if snapshot.phase == "over":
            show_outcome(snapshot)
        offer_resume()
        later = choose()
    show_runs()
    bring_in()
    # Measuring takes a second or two the first time: nothing else waits for it.
    for position, (waiting, settings) in enumerate(later.items()):
        waiting.markdown(f":small[{estimate(settings, is_preset=position > 0)}]")


def show_notice() -> None:
    """What the last click led to, said once."""
    if notice := memory.pop("notice", None):
        kind, text = notice
        (st.success if kind == "done" else st.error)(
            text, icon=":material/check_circle:" if kind == "done" else ":material/error:"
        )


def attempt(done: str, action, *arguments, **options) -> None:
    """Do what a button promises; say that it is done, or why not."""
    try:
        action(*arguments, **options)
    except (RunError, SettingError, checkpoint.CheckpointError) as error:
        memory.notice = ("failed", str(error))
    except OSError as error:
        memory.notice = ("failed", f"The disk refused: {error.strerror or error}.")
    else:
        if done:
            memory.notice = ("done", done)


# --- choosing ---------------------------------------------------------------------------------------------------------


def read_link() -> tuple[dict, str]:
    """The settings in the page's address, over the fastest preset's, and a sentence for what can't be used."""
    chosen, refused = PRESETS["fast"].settings.as_dict(), []
    for name, value in st.query_params.items():
        if name in FIELDS:
            try:
                chosen = TrainingSettings.from_dict({**chosen, name: value}).as_dict()
            except SettingError as error:
                refused.append(str(error))
    return chosen, " ".join(refused)


def write_link() -> None:
    """Keep the address in step, so that it can be handed out. What the fastest preset says isn't repeated."""
    usual = PRESETS["fast"].settings.as_dict()
    wanted = {
        name: "".join(map(str, value)) if isinstance(value, tuple) else str(value)
        for name, value in memory.settings.items()
        if value != usual[name]
    }
    if dict(st.query_params) != wanted:
        st.query_params.from_dict(wanted)


def choose() -> dict:
    """Start, a preset in one click, every setting below. Gives the places that wait for an estimated duration."""
    later: dict = {}
    if memory.link_refused:
        st.warning(f"A setting of this link can't be used, its usual value is taken. {memory.link_refused}")
    write_link()
    try:
        settings, wrong = TrainingSettings.from_dict(memory.settings), ""
    except SettingError as error:
        settings, wrong = None, str(error)
    if wrong:
        st.error(wrong, icon=":material/error:")
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
                st.markdown(f"**{summarise(settings)}**")
                later[st.empty()] = settings
    show_presets(settings, later)
    st.subheader("Settings", anchor=False)
    for group, names in GROUPS.items():
        with st.expander(f"{group}: {', '.join(show_value(name) for name in names[:3])}"):
            columns = st.columns(3)
            for number, name in enumerate(names):
                with columns[number % 3]:
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
            st.markdown("The address of this page holds these settings: copy it to hand them out. In a terminal:")
            st.code(settings.command(memory.get("run_name") or "my-model"), language="bash", wrap_lines=True)
    return later


def show_presets(settings: TrainingSettings | None, later: dict) -> None:
    """Four cards with what to expect; `later` takes the places where their durations will stand."""
    for column, (key, preset) in zip(st.columns(len(PRESETS)), PRESETS.items(), strict=True):
        is_chosen = settings == preset.settings
        with column.container(border=True, height="stretch", vertical_alignment="distribute"):
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
    label = LABELS.get(name, name.replace("_", " ").capitalize())
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
        unit = f" ({rule['unit']})" if rule["unit"] and rule["unit"] not in label.lower() else ""
        st.number_input(
            label + unit,
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
    words = CHOICES.get(choice, choice)
    return f"{words} · {count_parameters(choice):,}" if name == "architecture" else words


def show_value(name: str) -> str:
    """A setting and its value in a few words, for a folded group."""
    value = memory.settings[name]
    label = LABELS.get(name, name.replace("_", " ")).lower()
    if isinstance(value, tuple):
        return f"without {', '.join(map(str, value))}" if value else "all digits"
    if isinstance(value, str):
        return CHOICES.get(value, value)
    return f"{label} {value:,}" if isinstance(value, int) else f"{label} {value:.3g}"


def summarise(settings: TrainingSettings) -> str:
    """A run in one line."""
    parts = [
        CHOICES[settings.architecture],
        f"{settings.epochs} epoch{'s' if settings.epochs > 1 else ''}",
        f"batches of {settings.batch_size}",
        f"{CHOICES[settings.optimiser]} at {settings.learning_rate:.4g}",
        f"{CHOICES[settings.schedule].lower()} schedule",
    ]
    if settings.augmentation != "none":
        parts.append(f"{settings.augmentation} distortion")
    if settings.training_images < FIELDS["training_images"].default:
        parts.append(f"{settings.training_images:,} images")
    if settings.left_out:
        parts.append(f"without {', '.join(map(str, settings.left_out))}")
    return " · ".join(parts)


@st.cache_resource(show_spinner=False)
def count_parameters(architecture: str) -> int:
    """How many numbers a network has; built without memory."""
    from core import model

    return model.count_parameters(model.build_without_memory(architecture))


def estimate(settings: TrainingSettings, is_preset: bool) -> str:
    """How long a run will take here, from a measurement of a few small steps."""
    try:
        seconds = measure(settings.architecture, settings.augmentation, settings.device, settings.precision)
    except SettingError as error:
        return str(error)
    images = settings.training_images * (1 - settings.validation_share) * settings.epochs
    images += settings.training_images * settings.validation_share * settings.epochs / 3  # judging costs a third
    about = show_seconds(seconds * images * (10 - len(settings.left_out)) / 10)
    if is_preset:
        return f"About {about} here."
    cores = "one core" if job.threads == 1 else f"{job.threads} cores"
    return f"{count_parameters(settings.architecture):,} parameters. About {about} on this machine, with {cores} of it."


@st.cache_resource(show_spinner=False, ttl=600)
def measure(architecture: str, augmentation: str, device: str, precision: str) -> float:
    """Seconds an image takes. Batches of a usual size: the estimate is for the person who waits, not for a record."""
    from core import train

    settings = TrainingSettings(
        architecture=architecture, augmentation=augmentation, device=device, precision=precision
    )
    return train.measure(shared.digits(train=True), settings, job.threads)


def preview(settings: TrainingSettings) -> None:
    """Eight training digits as the network will see them."""
    from core import augment

    seen = augment.preview(shared.digits(train=True), settings.augmentation, seed=memory.get("another-look", 0))
    # As part of the page: a picture with an address of its own is gone when somebody presses Start before it is loaded.
    tiles = [f'<figure><img src="{encode(digit.tobytes())}" alt=""></figure>' for digit in seen]
    st.html(
        f'<div class="watched" role="img" aria-label="Eight digits with {settings.augmentation} distortion">'
        f"{''.join(tiles)}</div>"
    )
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
        if run.status == "interrupted":
            with st.container(border=True, horizontal=True, vertical_alignment="center"):
                st.markdown(
                    f":material/history: **{run.name}** was interrupted after {len(run.scores)} of "
                    f"{run.settings.epochs} epochs. It can go on where it was last saved."
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
    st.markdown(f"**{run.name}**  \n:small[{summarise(run.settings)}]")
    show_figures(snapshot)
    show_controls(snapshot)
    if snapshot.warning:
        st.warning(snapshot.warning, icon=":material/save:")
    if snapshot.phase == "preparing":
        st.caption("Getting ready: reading the digits, building the network …")
        return
    show_curves(snapshot)
    show_watched(snapshot)
    st.caption(
        "It goes on when you leave this page or close the browser. One run at a time on this server: everyone who "
        "opens this page sees it. Predict keeps answering with the model in use."
    )


def show_figures(snapshot: Snapshot) -> None:
    """Four figures and the progress bar."""
    run, scores = snapshot.run, snapshot.scores
    accuracy, change = "–", None
    if scores:
        accuracy = f"{scores[-1].validation_accuracy:.2%}"
        if len(scores) > 1 and scores[-1].validation_accuracy != scores[-2].validation_accuracy:
            change = f"{(scores[-1].validation_accuracy - scores[-2].validation_accuracy) * 100:+.2f} points"
    recent = snapshot.pulses[-20:]
    loss = f"{sum(pulse.loss for pulse in recent) / len(recent):.4f}" if recent else "–"
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
        left = show_seconds(snapshot.remaining) if snapshot.remaining is not None else "–"
        st.metric("Time left", "paused" if snapshot.phase == "paused" else left, width=140)
    epoch = min(run.settings.epochs, len(scores) + 1)
    words = {"preparing": "Getting ready", "paused": "Paused", "stopping": "Stopping"}.get(snapshot.phase, "Training")
    st.progress(
        min(1.0, snapshot.step / max(1, run.steps)),
        f"{words} · epoch {epoch} of {run.settings.epochs} · {show_seconds(snapshot.seconds)} so far · learning rate "
        f"{snapshot.learning_rate:.3g}",
    )


def show_controls(snapshot: Snapshot) -> None:
    """Pause or go on, change the learning rate, stop one way or the other."""
    is_busy = snapshot.phase in ("preparing", "stopping")
    with st.container(horizontal=True):
        wide = 120  # pixels, for both: the other buttons stay where the pointer may be
        if snapshot.phase == "paused":
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
            disabled=snapshot.phase == "stopping",
            key="keep",
            help="End here and keep the best weights so far.",
        )
        with st.popover("Discard", icon=":material/delete:", disabled=snapshot.phase == "stopping"):
            st.markdown("End the run and delete all of it?")
            st.button("Yes, discard it", type="primary", on_click=job.stop, kwargs={"keep": False}, key="discard")
        with st.popover("Learning rate", icon=":material/speed:", disabled=is_busy):
            rule = FIELDS["learning_rate"].metadata
            if "peak" not in memory:
                memory.peak = float(snapshot.peak)
            st.number_input(
                "Largest learning rate from now on",
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
    """Loss, accuracy and learning rate so far."""
    run, scores = snapshot.run, snapshot.scores
    best = max(scores, key=lambda score: (score.validation_accuracy, -score.validation_loss), default=None)
    left, right = st.columns(2)
    with left:
        st.markdown(":small[**Loss** · each step, :primary[smoothed], :orange[validation]]")
        now = f"{snapshot.pulses[-1].loss:.3f} now" if snapshot.pulses else "no step yet"
        st.altair_chart(
            charts.draw_loss(snapshot.pulses, scores, run.steps, shared.is_dark()),
            width="stretch",
            key="loss",
            alt=f"Loss by step: {now}",
        )
    with right:
        st.markdown(":small[**Accuracy** on the validation digits, after each epoch]")
        st.altair_chart(
            charts.draw_accuracy(scores, run.settings.epochs, best, shared.is_dark()),
            width="stretch",
            key="accuracy",
            alt=f"Validation accuracy by epoch: best {best.validation_accuracy:.2%}"
            if best
            else "No epoch finished yet",
        )
    st.markdown(":small[**Learning rate** by step]")
    st.altair_chart(
        charts.draw_learning_rate(snapshot.pulses, run.steps, shared.is_dark()),
        width="stretch",
        key="rate",
        alt=f"Learning rate by step: {snapshot.learning_rate:.3g} now",
    )


def show_watched(snapshot: Snapshot) -> None:
    """Ten validation digits and the visitor's own, each with the network's opinion of this second."""
    own = snapshot.own_of(memory.visitor)
    if not snapshot.watched:
        return
    st.markdown("**Watched digits** :small[what the network in training says of them now]")
    tiles = [draw_tile(opinion) for opinion in snapshot.watched]
    if own:
        tiles.append(draw_tile(own))
    st.html(f'<div class="watched">{"".join(tiles)}</div>')
    if not own:
        st.caption("Draw a digit on the Predict page: it joins them, for your eyes only.")


def draw_tile(opinion: Opinion) -> str:
    """A watched digit, the answer, how sure."""
    answer = max(range(10), key=opinion.probabilities.__getitem__)
    sure = opinion.probabilities[answer]
    is_wrong = opinion.label is not None and answer != opinion.label
    if opinion.label is None:
        note, name = f"{sure:.0%}<br>yours", "Your drawing"
    else:
        note, name = f"{sure:.0%}<br>is a {opinion.label}" if is_wrong else f"{sure:.0%}", f"A {opinion.label}"
    return (
        f'<figure{" class=wrong" if is_wrong else ""}><img src="{encode(opinion.image.tobytes())}" alt="{name}">'
        f"<b>{answer}</b><i><s style='width:{sure:.0%}'></s></i><small>{note}</small></figure>"
    )


@st.cache_data(show_spinner=False, max_entries=200)
def encode(pixels: bytes) -> str:
    """28x28 bytes as a picture for HTML, in eight greys: it is sent each second."""
    buffer = io.BytesIO()
    Image.frombytes("L", (28, 28), pixels).quantize(8).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def hand_over_drawing() -> None:
    """The visitor's last drawing joins the watched digits."""
    drawings = memory.get("drawings")
    if not drawings or not drawings[-1] or memory.get("handed_over") == hash(drawings[-1][1]):
        return
    try:
        found = reading.read(shared.model_in_use(), picture.read(drawings[-1][1])).found
    except (picture.PictureError, checkpoint.CheckpointError):
        return
    if found.digit is not None:
        job.watch(memory.visitor, found.digit.astype(np.float32))
        memory.handed_over = hash(drawings[-1][1])


# --- afterwards -------------------------------------------------------------------------------------------------------


def show_outcome(snapshot: Snapshot) -> None:
    """What the last run came to, and what can be done with it."""
    run = snapshot.run
    if memory.get("outcome_seen") == run.id or (run.model and run.model not in checkpoint.names()):
        return
    with st.container(border=True):
        with st.container(horizontal=True):
            if not run.model:
                icon = ":material/warning:" if run.status in ("failed", "diverged") else ":material/info:"
                sentence = f"{icon} **{run.name}** · {run.sentence}"
            else:
                sentence = (
                    f":material/check_circle: **{run.name}: {run.best.validation_accuracy:.2%} on validation**"
                    f"{compare(run.best)}. {run.sentence} It took {show_seconds(snapshot.seconds)}."
                )
            with st.container(width="stretch"):
                st.markdown(sentence)
            st.button(
                "", icon=":material/close:", help="Close", on_click=forget_outcome, args=(run.id,), type="tertiary"
            )
        if run.model:
            with st.container(horizontal=True):
                offer_use(run, "outcome")
                take_away(run, "outcome")
        if snapshot.scores:
            show_curves(snapshot)
        if run.model:
            show_watched(snapshot)


def forget_outcome(run: str) -> None:
    """Don't show this run's end any more."""
    memory.outcome_seen = run


def compare(best: runs.Score) -> str:
    """How the new weights stand beside the model in use, judged by validation as both were."""
    try:
        card = shared.model_card(checkpoint.in_use())
    except checkpoint.CheckpointError:
        return ""
    theirs = card.facts.get("validation_accuracy")
    if not isinstance(theirs, float):
        return ""
    points = (best.validation_accuracy - theirs) * 100
    if abs(points) < 0.005:
        return f", as good as the model in use ({card.name})"
    return f", {abs(points):.2f} points {'better' if points > 0 else 'worse'} than the model in use ({card.name})"


def offer_use(run: Run, place: str) -> None:
    """Let the run's model answer everywhere, if it doesn't yet."""
    if run.model == checkpoint.in_use():
        st.button("In use", icon=":material/check:", disabled=True, key=f"use-{place}")
        return
    st.button(
        "Use this model",
        icon=":material/swap_horiz:",
        type="primary",
        key=f"use-{place}",
        on_click=attempt,
        args=(f"{run.name} is the model in use now: every page and every visitor is answered by it.", shared.use_model),
        kwargs={"name": run.model},
        help="Every page answers with it at once.",
    )


def take_away(run: Run, place: str) -> None:
    """Weights, ONNX, facts and history as files."""
    with st.popover("Download", icon=":material/download:"):
        for suffix, label, kind in (
            (".pth", "Weights for PyTorch", "application/octet-stream"),
            (".json", "Facts", "application/json"),
        ):
            path = MODELS_FOLDER / f"{run.model}{suffix}"
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
    from core.onnx_file import ExportError

    try:
        content = make_onnx(run.model, (MODELS_FOLDER / f"{run.model}.pth").stat().st_mtime_ns)
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
    from core import onnx_file

    return onnx_file.export(checkpoint.load(model).model, shared.digits(train=False))


def show_runs() -> None:
    """All runs in a table; ticked ones are laid over each other; one ticked can be used, renamed, deleted."""
    st.subheader("Runs", anchor=False)
    live = job.snapshot()
    found = [run for run in runs.list_runs() if run.status != "running" or not live.is_live or run.id == live.run.id]
    if not found:
        st.caption("Runs appear here with their settings, accuracy and curve. Choose a preset and press Start.")
        back_to_shipped()
        return
    event = st.dataframe(
        tabulate(found),
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"runs-{len(found)}",
        height=min(400, 38 + 35 * len(found)),
        column_config={
            "accuracy": st.column_config.NumberColumn("Validation accuracy", format="%.2f %%"),
            "curve": st.column_config.LineChartColumn("Accuracy by epoch", width="small"),
        },
    )
    chosen = [found[row] for row in event["selection"]["rows"] if row < len(found)]
    if not chosen:
        st.caption("Tick one run to use, rename, download or delete it; tick several to compare their curves.")
    with_scores = {run.name: run.scores for run in chosen if run.scores}
    if with_scores:
        st.altair_chart(
            charts.draw_runs(with_scores),
            width="stretch",
            alt="Validation accuracy by epoch. "
            + "; ".join(
                f"{name}: best {max(s.validation_accuracy for s in scores):.2%}" for name, scores in with_scores.items()
            ),
        )
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
            "Status": ["In use" if run.model == in_use else STATUS[run.status] for run in found],
            "Duration": [show_seconds(run.seconds) if run.scores else "–" for run in found],
            "Settings": [summarise(run.settings) for run in found],
            "Parameters": [run.parameters for run in found],
            "Started": [run.created.replace("T", " ")[:16] for run in found],
        }
    )


def show_run(run: Run) -> None:
    """One run's details and what can be done with it."""
    st.markdown(f"**{run.name}** · {run.sentence}  \n:small[{summarise(run.settings)}]")
    with st.container(horizontal=True):
        if run.model and (MODELS_FOLDER / f"{run.model}.pth").is_file():
            offer_use(run, "run")
            take_away(run, "run")
        st.button("Take its settings", icon=":material/tune:", on_click=take_settings, args=(run,), key="take-settings")
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
            )


def take_settings(run: Run) -> None:
    """The settings of an old run for a new one."""
    memory.settings = run.settings.as_dict()
    for name in FIELDS:
        memory.pop(f"setting-{name}", None)


def rename(run: Run) -> None:
    """Call the run and its model as the field says."""
    name = memory[f"name-{run.id}"].strip()
    attempt(f"{run.name} is called {name} now.", runs.rename, run, name)


def back_to_shipped() -> None:
    """The way back, wherever the model in use came from."""
    name = checkpoint.in_use()
    if name != checkpoint.SHIPPED and checkpoint.SHIPPED in checkpoint.names():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Back to the shipped model",
                icon=":material/undo:",
                on_click=attempt,
                args=("The shipped model answers on every page again.", shared.use_model, checkpoint.SHIPPED),
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
                st.button(
                    f"Use {name}",
                    icon=":material/swap_horiz:",
                    on_click=attempt,
                    args=(
                        f"{name} is the model in use now: every page and every visitor is answered by it.",
                        shared.use_model,
                    ),
                    kwargs={"name": name},
                )


def take_in(file: str, content: bytes) -> None:
    """Check the weights and put them among the models."""
    attempt(f"{file} is among the models now. Choose it below to use it.", checkpoint.add, content, file)
    memory.uploads = memory.get("uploads", 0) + 1


def show_seconds(seconds: float) -> str:
    """A duration as people say it."""
    if seconds < 99.5:
        return f"{max(1, round(seconds))} s"
    if seconds < 5940:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


main()
