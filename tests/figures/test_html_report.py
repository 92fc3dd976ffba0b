"""What is taken away: CSV, charts, a page that needs nothing else; and the command line that writes it."""

import importlib.util
import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
import torch

from core.data import mnist
from core.data.digits import DigitSet
from core.data.labels import UNLABELLED
from core.evaluation import testset
from core.evaluation.report import Evaluation, Report
from core.evaluation.robustness import DAMAGES, Point
from core.figures import export, html_report

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def digits() -> testset.TestSet:
    part = mnist.load(train=False).pick(torch.arange(200))
    return testset.TestSet("a <set> of & mine", part, tuple(f"{n}.png" for n in range(200)))


@pytest.fixture(scope="module")
def evaluation(digits) -> Evaluation:
    rng = torch.Generator().manual_seed(3)
    logits = torch.randn(200, 10, generator=rng)
    logits[torch.arange(200), digits.digits.labels] += 2
    logits[:, 9] = -50  # this model never answers 9
    when = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    return Evaluation("mine", "0123abcd", digits.name, when, Report(digits.digits.labels, logits), 0.8)


@pytest.fixture(scope="module")
def curves() -> dict[str, list[Point]]:
    when = datetime(2026, 1, 2, 5, 6, tzinfo=UTC)
    return {"mine 0123abcd": [Point("blur", at, 0.9, 0.85, 0.95, 150, when) for at in DAMAGES["blur"].strengths]}


def test_predictions_csv_holds_every_picture(evaluation, digits):
    table = pd.read_csv(io.StringIO(html_report.predictions_csv(evaluation, digits)))
    assert len(table) == 200 and table["label"].tolist() == digits.digits.labels.tolist()
    assert table["answer"].tolist() == evaluation.report.answers.tolist() and table["file"][7] == "7.png"
    shares = table[[f"p{digit}" for digit in range(10)]]
    assert shares.sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-4)
    assert shares.max(axis=1).to_numpy() == pytest.approx(table["confidence"].to_numpy())


def test_what_was_not_read_as_one_digit_is_told_and_never_an_error(evaluation, digits):
    others = (
        testset.OtherReading("=a.png", 7, testset.ReadAs.NUMBER, "42", "A number of 2 digits, all of them sure."),
        testset.OtherReading("b.png", 3, testset.ReadAs.NO_DIGIT, "", "There is no ink in this picture."),
    )
    read = replace(digits, others=others)
    table = pd.read_csv(io.StringIO(html_report.predictions_csv(evaluation, read)), dtype=str)
    assert table["read as"].value_counts().to_dict() == {"digit": 200, "number": 1, "no digit": 1}
    assert table[["file", "label", "answer"]].iloc[200].tolist() == ["'=a.png", "7", "42"]
    assert table["answer"].isna().sum() == 1 and table["confidence"].isna().sum() == 2
    counted = replace(evaluation, no_digit=1, numbers=1)
    facts = load_script().as_facts(counted, read)
    assert facts["n"] == 200 and facts["read_as_no_digit"] == facts["read_as_number"] == 1
    lines = load_script().as_table(counted, read).splitlines()
    assert "read as a number   1, not counted above" in lines and "read as no digit   1, not counted above" in lines


def test_files_are_named_by_model_version_and_data(evaluation, digits):
    names = [file.name for file in html_report.tables(evaluation, digits)]
    assert names == [f"mine-0123abcd-a-set-of-mine-{what}.csv" for what in ("predictions", "per-digit")]


def test_a_name_that_a_spreadsheet_would_run_is_defused(evaluation, digits):
    names = ("=1+1.png", *digits.names[1:])
    content = html_report.predictions_csv(evaluation, testset.TestSet("u", digits.digits, names))
    assert pd.read_csv(io.StringIO(content))["file"][0] == "'=1+1.png"


def test_a_set_without_labels_has_an_empty_label_column(digits):
    labels = torch.full((200,), UNLABELLED)
    unknown = testset.TestSet("u", DigitSet(digits.digits.images, labels))
    evaluation = Evaluation("m", "v", "u", datetime.now(UTC), Report(labels, torch.zeros(200, 10)))
    assert pd.read_csv(io.StringIO(html_report.predictions_csv(evaluation, unknown)))["label"].isna().all()


def test_per_digit_table_leaves_a_gap_where_nothing_was_answered(evaluation):
    table = html_report.per_digit_table(evaluation.report)
    assert table["Precision"].isna().tolist() == [False] * 9 + [True]
    assert not table["Recall"].isna().any() and table["Pictures"].sum() == 200


class Page(HTMLParser):
    """Collects what a browser would fetch, and the text."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.fetched, self.text, self.tags = [], "", []
        self.feed(content)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.fetched += [value for name, value in attributes if name in ("src", "href", "srcset", "xlink:href")]

    def handle_data(self, text):
        self.text += text


def test_the_page_needs_nothing_from_elsewhere_and_shows_everything(evaluation, digits, curves):
    content = html_report.as_html(evaluation, digits, {"settings": {"epochs": 3}, "date": "2026-01-01"}, curves)
    page = Page(content)
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in page.fetched)
    assert not {"script", "link", "iframe"} & set(page.tags) and "url(http" not in content and "@import" not in content
    assert page.tags.count("img") == 20 and page.tags.count("svg") == 4
    assert "mine 0123abcd · a <set> of & mine, 200 pictures · computed 2026-01-02 03:04 UTC" in page.text
    assert "mine 0123abcd · 150 pictures of a <set> of & mine · computed 2026-01-02 05:06 UTC" in page.text
    for words in ("Where it is wrong", "Per digit", "confidence be trusted", "How robust", "most confident errors"):
        assert words in page.text
    assert "epochs" in page.text and "–" in page.text and "nan" not in page.text.lower()


def test_the_page_of_a_perfect_model_without_facts(digits):
    logits = torch.nn.functional.one_hot(digits.digits.labels, 10).float() * 9
    perfect = Evaluation("m", "v", "d", datetime.now(UTC), Report(digits.digits.labels, logits))
    page = Page(html_report.as_html(perfect, digits, {}))
    assert "None." in page.text and "Not known" in page.text and "100.00\u00a0%" in page.text


def test_every_chart_can_be_taken_away_and_names_its_source(evaluation, curves):
    charts = html_report.charts(evaluation, curves)
    assert {"Confusion matrix", "Per digit", "Reliability", "Coverage", "Robustness to blur"} <= set(charts)
    for title, chart in charts.items():
        picture = export.as_svg(chart)
        assert picture.startswith("<svg") and "mine 0123abcd" in picture and title in picture
        assert ("150 pictures of" in picture) == title.startswith("Robustness"), "the curves have a source of their own"
    assert export.as_png(charts["Coverage"]).startswith(b"\x89PNG")


def test_the_models_facts_are_written_for_people(evaluation, digits):
    facts = {"versions": {"python": "3.11", "torch": "2.14"}, "settings": {"validation_share": 1 / 12}}
    text = Page(html_report.as_html(evaluation, digits, facts)).text
    assert "python 3.11, torch 2.14" in text and "0.0833333" in text and "0.08333333" not in text


def test_a_training_history_among_the_facts_is_drawn(evaluation, digits):
    history = [
        {"epoch": n, "validation_accuracy": 0.9 + n / 100, "training_loss": 1 / n, "validation_loss": 2 / n}
        for n in range(1, 4)
    ]
    page = Page(html_report.as_html(evaluation, digits, {"history": history}))
    assert page.tags.count("svg") == 4 and "validation accuracy" in page.text and "not kept" not in page.text
    assert (
        "The curves of its training were not kept." in Page(html_report.as_html(evaluation, digits, {"epoch": 3})).text
    )


def load_script():
    """scripts/evaluate.py as a module."""
    spec = importlib.util.spec_from_file_location("evaluate_script", ROOT / "scripts" / "evaluate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_command_line_measures_an_own_set_and_writes_the_report(tmp_path):
    part = mnist.load(train=False).pick(torch.arange(60))
    rows = torch.cat([part.labels.unsqueeze(1), part.images.flatten(1).long()], dim=1)
    table = tmp_path / "mine.csv"
    table.write_text("\n".join(",".join(map(str, row)) for row in rows.tolist()))
    command = [sys.executable, str(ROOT / "scripts" / "evaluate.py"), "--data", str(table), "--format", "json"]
    command += ["--report", str(tmp_path / "report.html")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["n"] == 60 and facts["data"] == "mine.csv" and re.fullmatch("[0-9a-f]{8}", facts["version"])
    assert facts["accuracy_interval"][0] < facts["accuracy"] <= facts["accuracy_interval"][1]
    assert sum(map(sum, facts["confusion"])) == 60 and len(facts["confusion"]) == len(facts["per_digit"]) == 10
    assert {"model", "loss", "ece", "ece_after", "temperature"} <= set(facts)
    assert "mine.csv" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--data", "missing.csv"), "no file or folder"),
        (("--data", str(ROOT / "tests")), "no labels"),
        (("--model", "nobody"), "nobody.pth"),
        (("--data", "unlabelled.csv"), "no labels"),
        (("--data", "labelled.csv", "--report", "no/such/folder/r.html"), "can't be written"),
    ],
)
def test_the_command_line_refuses_with_a_sentence(options, word, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    row = ",".join(["0"] * 300 + ["255"] * 100 + ["0"] * 384)
    Path("unlabelled.csv").write_text(row)
    Path("labelled.csv").write_text(f"3,{row}")
    monkeypatch.setattr(sys, "argv", ["evaluate.py", *options])
    assert load_script().main() == 2
    printed = capsys.readouterr()
    assert word in printed.err and printed.out == ""


def test_the_table_for_people(evaluation, digits):
    table = load_script().as_table(evaluation, digits)
    assert "mine 0123abcd" in table and "–" in table and "nan" not in table
