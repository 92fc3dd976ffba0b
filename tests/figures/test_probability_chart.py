"""The ten bars: labels worded as everywhere else, that leave each other room and promise no certainty."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core import words
from core.figures import probability_chart, theme


def rows(probabilities: tuple[float, ...], **options) -> list[dict]:
    (table,) = probability_chart.draw_probabilities(probabilities, **options).to_dict()["datasets"].values()
    return table


@settings(max_examples=50, deadline=None, database=None)
@given(st.lists(st.floats(0, 1), min_size=10, max_size=10))
def test_a_bar_says_its_share_as_a_sentence_would_or_nothing_where_it_is_next_to_none(shares: list[float]):
    for row, share in zip(rows(tuple(shares)), shares, strict=True):
        assert row["said"] == words.probability(share)
        assert row["label"] == (row["said"] if share >= 0.0005 else "")


def test_bars_lie_below_each_other_so_that_no_label_meets_another():
    chart = probability_chart.draw_probabilities((0.1,) * 10).to_dict()
    for layer in chart["layer"]:
        assert (layer["encoding"]["y"]["field"], layer["encoding"]["x"]["field"]) == ("digit", "probability")
    # A bar's share of the height, without the axis, is more than its label's letters are high.
    size = max(layer["mark"].get("fontSize", 0) for layer in chart["layer"])
    assert (chart["height"] - 60) / 10 > size


def test_no_bar_promises_everything():
    assert rows((0.9999, *(0.00001,) * 9))[0]["label"] == ">99.9\u00a0%"


def test_where_nothing_was_read_no_bar_is_the_winner():
    shares = (0.19, *(0.09,) * 9)
    assert [row["colour"] for row in rows(shares)].count(theme.ACCENT[False]) == 1
    assert theme.ACCENT[False] not in {row["colour"] for row in rows(shares, marks_winner=False)}


def test_a_room_reads_larger_letters():
    small, large = (probability_chart.draw_probabilities((0.1,) * 10, presenting=on).to_dict() for on in (False, True))
    assert large["height"] > 1.5 * small["height"]
    assert large["config"]["axis"]["labelFontSize"] >= 20
