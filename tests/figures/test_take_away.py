"""The files that an evaluation can be taken away as: their names and what is in them."""

import io
import json

import pandas as pd

from core.figures import export, take_away


def test_files_are_named_by_model_version_and_data(evaluation, digits):
    names = [file.name for file in take_away.tables(evaluation, digits)]
    files = ("predictions.csv", "per-digit.csv", "confusion-matrix.csv", "figures.json")
    assert names == [f"mine-0123abcd-a-set-of-mine-{what}" for what in files]


def test_every_table_and_the_figures_can_be_read_back(evaluation, digits, curves):
    files = {file.title: file.make() for file in take_away.tables(evaluation, digits, curves, {3: "=odd"})}
    tables = {title: pd.read_csv(io.StringIO(text)) for title, text in files.items() if "CSV" in title}
    assert tables["All predictions (CSV)"]["tag"][3] == "'=odd"
    counts = tables["Confusion matrix (CSV)"].drop(columns="true digit").to_numpy()
    assert (counts == evaluation.report.confusion.numpy()).all()
    assert tables["Robustness (CSV)"]["accuracy"].tolist() == [0.9] * len(tables["Robustness (CSV)"])
    figures = json.loads(files["All figures (JSON)"])
    assert figures["accuracy"] == evaluation.report.accuracy and figures["robustness"]["mine 0123abcd"]
    assert sum(figures["verdicts"].values()) == 200


def test_every_chart_can_be_taken_away_and_names_its_source(evaluation, curves):
    charts = take_away.charts(evaluation, curves)
    assert {"Confusion matrix", "Per digit", "Reliability", "Coverage", "Robustness to blur"} <= set(charts)
    for title, chart in charts.items():
        picture = export.as_svg(chart)
        assert picture.startswith("<svg") and "mine 0123abcd" in picture and title in picture
        assert ("150 pictures of" in picture) == title.startswith("Robustness"), "the curves have a source of their own"
    assert export.as_png(charts["Coverage"]).startswith(b"\x89PNG")
