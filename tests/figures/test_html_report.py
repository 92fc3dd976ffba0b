"""The report: a page that needs nothing else and runs nothing; and the command line that writes it."""

import importlib.util
import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch

from core.data import mnist
from core.evaluation import testset
from core.evaluation.facts import as_facts
from core.evaluation.report import Evaluation, Report
from core.evaluation.robustness import Point
from core.figures import html_report

ROOT = Path(__file__).resolve().parents[2]


class Page(HTMLParser):
    """Collects what a browser would fetch, and the text."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.fetched, self.text, self.tags, self.attributes = [], "", [], []
        self.feed(content)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attributes]
        self.fetched += [value for name, value in attributes if name in ("src", "href", "srcset", "xlink:href")]

    def handle_data(self, text):
        self.text += text


def test_the_page_needs_nothing_from_elsewhere_and_shows_everything(evaluation, digits, curves):
    content = html_report.as_html(evaluation, digits, {"settings": {"epochs": 3}, "date": "2026-01-01"}, curves)
    page = Page(content)
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in page.fetched)
    assert not {"script", "link", "iframe"} & set(page.tags) and "url(http" not in content and "@import" not in content
    assert page.tags.count("img") == 20 and page.tags.count("svg") == 5
    assert "mine 0123abcd · a <set> of & mine, 200 pictures · computed 2026-01-02 03:04 UTC" in page.text
    assert "mine 0123abcd · 150 pictures of a <set> of & mine · computed 2026-01-02 05:06 UTC" in page.text
    for words in ("Where it is wrong", "Per digit", "confidence be trusted", "How robust", "most confident errors"):
        assert words in page.text
    assert "epochs" in page.text and "–" in page.text and "nan" not in page.text.lower()


def test_whatever_a_name_or_a_fact_holds_is_shown_and_never_run(digits):
    """Names come from files, facts from a model's JSON: both may be a stranger's."""
    evil = "\"><img src=x onerror=alert(1)><script>alert('&')</script>"
    hostile = testset.TestSet(f"set {evil}", digits.digits, (f"file {evil}",) * 200, (), (f"remark {evil}",))
    wrong = torch.nn.functional.one_hot((digits.digits.labels + 1) % 10, 10).float()
    report = Report(digits.digits.labels, wrong)
    evaluation = Evaluation(f"model {evil}", f"version {evil}", hostile.name, datetime.now(UTC), report)
    facts = {f"fact {evil}": evil, "nested": {evil: evil}, "listed": [evil], "settings": {f"setting {evil}": evil}}
    curves = {f"curve {evil}": [Point("blur", 0, 0.9, 0.85, 0.95, 150, datetime.now(UTC))]}
    page = Page(html_report.as_html(evaluation, hostile, facts, curves))
    assert "script" not in page.tags and page.tags.count("img") == 20
    assert not [name for name in page.attributes if name.startswith("on")]
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in page.fetched)
    for what in ("set", "model", "version", "remark", "file", "fact", "setting", "curve"):
        assert f"{what} {evil}" in page.text


def test_the_page_of_a_perfect_model_without_facts(digits):
    logits = torch.nn.functional.one_hot(digits.digits.labels, 10).float() * 9
    perfect = Evaluation("m", "v", "d", datetime.now(UTC), Report(digits.digits.labels, logits))
    page = Page(html_report.as_html(perfect, digits, {}))
    assert "None." in page.text and "Not known" in page.text and "100.00\u00a0%" in page.text


def test_the_models_facts_are_written_for_people(evaluation, digits):
    facts = {"versions": {"python": "3.11", "torch": "2.14"}, "settings": {"validation_share": 1 / 12, "outliers": 0.3}}
    text = Page(html_report.as_html(evaluation, digits, facts)).text
    assert "python 3.11, torch 2.14" in text and "0.0833333" in text and "0.08333333" not in text
    assert "outlier exposure" in text and "outliers" not in text  # as every page calls it


def test_a_training_history_among_the_facts_is_drawn(evaluation, digits):
    history = [
        {"epoch": n, "validation_accuracy": 0.9 + n / 100, "training_loss": 1 / n, "validation_loss": 2 / n}
        for n in range(1, 4)
    ]
    page = Page(html_report.as_html(evaluation, digits, {"history": history}))
    assert page.tags.count("svg") == 6 and "validation accuracy" in page.text and "not kept" not in page.text
    assert (
        "The curves of its training were not kept." in Page(html_report.as_html(evaluation, digits, {"epoch": 3})).text
    )


def load_script():
    """scripts/evaluate.py as a module."""
    spec = importlib.util.spec_from_file_location("evaluate_script", ROOT / "scripts" / "evaluate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
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
        (("--data", str(ROOT / "core")), "no labels"),
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


def test_the_command_line_tells_what_was_not_read_as_one_digit_and_the_page_lists_it(evaluation, digits):
    others = tuple(
        testset.OtherReading(f"{n}.png", 7, testset.ReadAs.NUMBER, "42", "A number of 2 digits.") for n in range(30)
    )
    counted, read = replace(evaluation, no_digit=1, numbers=30), replace(digits, others=others)
    facts = as_facts(counted, read)
    assert facts["n"] == 200 and facts["read_as_no_digit"] == 1 and facts["read_as_number"] == 30
    lines = load_script().as_table(counted, read, {}).splitlines()
    assert "read as a number   30, not counted above" in lines and "read as no digit   1, not counted above" in lines
    text = Page(html_report.as_html(counted, read, {})).text
    assert "Not read as one digit" in text and text.count("42") >= 20 and "And 10 more." in text


def test_the_table_for_people(evaluation, digits):
    table = load_script().as_table(evaluation, digits, {})
    assert "mine 0123abcd" in table and "–" in table and "nan" not in table
