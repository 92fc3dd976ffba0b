"""The files that an evaluation can be taken away as: their names and what is in them."""

from core.figures import export, take_away


def test_files_are_named_by_model_version_and_data(evaluation, digits):
    names = [file.name for file in take_away.tables(evaluation, digits)]
    assert names == [f"mine-0123abcd-a-set-of-mine-{what}.csv" for what in ("predictions", "per-digit")]


def test_every_chart_can_be_taken_away_and_names_its_source(evaluation, curves):
    charts = take_away.charts(evaluation, curves)
    assert {"Confusion matrix", "Per digit", "Reliability", "Coverage", "Robustness to blur"} <= set(charts)
    for title, chart in charts.items():
        picture = export.as_svg(chart)
        assert picture.startswith("<svg") and "mine 0123abcd" in picture and title in picture
        assert ("150 pictures of" in picture) == title.startswith("Robustness"), "the curves have a source of their own"
    assert export.as_png(charts["Coverage"]).startswith(b"\x89PNG")
