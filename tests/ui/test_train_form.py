"""What is wrong with a setting is said at its field, and nothing else is run than what stands there."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.config import PRESETS, TrainingSettings
from core.training import link
from core.training.job import Idle
from core.training.runs import RunError
from core.training.wording import FIELDS
from core.ui import resources
from core.ui.train import form
from core.workspace import SHIPPED


class Job:
    """Remembers what it was asked to start; refuses names that hold "taken"."""

    threads = 1

    def __init__(self) -> None:
        self.started: list[tuple[TrainingSettings, str | None]] = []

    def snapshot(self):
        return Idle()

    def start(self, plan, name=None) -> None:
        if name and "taken" in name:
            raise RunError(f"There is already a run or model called {name}.")
        self.started.append((plan.settings, name))


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setenv("DIGIT_LAB_HOME", str(tmp_path))
    job = Job()
    monkeypatch.setattr(resources, "training_job", lambda: job)
    monkeypatch.setattr("core.training.estimate.measure", lambda *_: 1e-4)
    return job


def open_train(**parameters: str) -> AppTest:
    app = AppTest.from_file(str(SHIPPED / "Home.py"), default_timeout=180)
    app.query_params.update(parameters)
    return app.switch_page("pages/2_Train.py").run()


@pytest.fixture
def app(job) -> AppTest:
    return open_train()


def number(app: AppTest, name: str):
    return app.number_input(key=f"setting-{name}")


def said(app: AppTest) -> str:
    return "\n".join(entry.value for entry in [*app.markdown, *app.error, *app.warning])


def shape(app: AppTest) -> list[tuple[int, str]]:
    """The places of the page and of what is asked on it: a box that moves would shut, a figure find another place."""
    return [(place, block.type) for place, block in app.main.children.items()]


def test_every_number_is_refused_beyond_its_bounds_where_it_stands_and_start_waits_for_it(app, job):
    before = shape(app)
    for name, low, high in (("epochs", 0, 5000), ("learning_rate", 0.0, 11.0), ("seed", -1, 2**31)):
        rule = FIELDS[name].metadata
        for value in (low, high):
            number(app, name).set_value(float(value)).run()
            assert not app.exception and app.button(key="start").disabled
            assert f"must be at {'least' if value == low else 'most'}" in said(app)
            assert f"**{form.wording.label(name)}**" in said(app)  # beside Start, by the name on its label
            assert shape(app) == before  # open boxes stay open, what is measured later finds its place
        number(app, name).set_value(float(rule["low"])).run()
        assert not app.button(key="start").disabled
        assert f"{rule['high']:,.10g}" in number(app, name).help


@pytest.mark.parametrize(("typed", "runs"), [(100.0, 100), (1.5, None)])
def test_what_stands_in_a_field_is_what_runs_or_nothing_does(app, job, typed, runs):
    number(app, "epochs").set_value(typed).run()
    assert app.button(key="start").disabled == (runs is None)
    if runs:
        app.button(key="start").click().run()
        assert [settings.epochs for settings, _ in job.started] == [runs]
    else:
        assert "must be a whole number" in said(app)


def test_start_pressed_before_a_refused_value_was_answered_is_a_sentence(app, job):
    number(app, "epochs").set_value(5000.0)
    app.button(key="start").click().run()  # both in one: the button was not yet disabled
    assert not app.exception and not job.started and "Epochs must be at most 1000" in said(app)


def test_too_many_digits_left_out_are_refused_at_their_field_with_all_else_in_place(app):
    before = shape(app)
    app.get("button_group")[0].set_value(list(range(9))).run()
    assert not app.exception and "At least two digits must not be left out" in said(app)
    assert "**Digits to leave out**" in said(app) and shape(app) == before


def test_a_name_that_is_refused_stays_to_be_corrected_and_one_that_runs_is_gone(app, job):
    field = app.text_input(key="run_name")
    field.set_value("../x").run()
    assert app.button(key="start").disabled and "A name has 1 to 80 letters" in said(app)
    assert not [code for code in app.code if "../x" in code.value]  # no command that would be refused
    app.text_input(key="run_name").set_value("taken").run()
    app.button(key="start").click().run()
    assert "already a run or model called taken" in said(app) and app.text_input(key="run_name").value == "taken"
    app.text_input(key="run_name").set_value(" Käthe’s Lauf ").run()
    app.button(key="start").click().run()
    assert [name for _, name in job.started] == ["Käthe’s Lauf"] and not app.text_input(key="run_name").value


def test_a_link_brings_a_preset_a_change_and_a_name(job):
    app = open_train(preset="surprise", epochs="5", name="Mia", epoch="9")
    assert app.number_input(key="setting-learning_rate").value == PRESETS["surprise"].settings.learning_rate
    assert app.number_input(key="setting-epochs").value == 5 and app.text_input(key="run_name").value == "Mia"
    assert "perhaps “epochs” was meant" in said(app)
    shared = next(code.value for code in app.code if "preset=" in code.value)
    assert "preset=surprise" in shared and "name=Mia" in shared and len(shared) < 80


def test_devices_that_this_machine_lacks_are_not_offered_and_refused_in_the_words_of_the_page(job, monkeypatch):
    monkeypatch.setattr(form, "_list_devices", lambda: ("auto", "cpu"))
    app = open_train(device="cuda")
    assert app.button(key="start").disabled and "This machine has no NVIDIA GPU (CUDA)" in said(app)
    app.selectbox(key="setting-device").set_value("cpu").run()
    assert not app.button(key="start").disabled
    assert app.selectbox(key="setting-device").options == ["Automatic", "CPU"]


def test_each_button_of_a_preset_says_which_one_it_chooses(app):
    labels = [app.button(key=f"preset-{key}").label for key in PRESETS]
    assert all(preset.title in label for preset, label in zip(PRESETS.values(), labels, strict=True))
    assert len(set(labels)) == len(labels) and link.USUAL in PRESETS


def test_a_link_that_presents_is_no_settings_link(job) -> None:
    app = open_train(present="true")
    assert not app.warning and app.session_state.present
