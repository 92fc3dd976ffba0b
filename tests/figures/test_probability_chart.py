"""The ten bars: labels that leave each other room, and promise nothing that a model can't keep."""

from core.figures import probability_chart


def labels(probabilities: tuple[float, ...]) -> list[str]:
    (rows,) = probability_chart.draw_probabilities(probabilities).to_dict()["datasets"].values()
    return [row["label"] for row in rows]


def test_only_the_winner_and_small_shares_have_decimals():
    assert labels((0.5521, 0.3986, 0.0451, 0.0038, 0.0004, 0, 0, 0, 0, 0)) == [
        "55.2%",
        "40%",
        "4.5%",
        "0.4%",
        *[""] * 6,
    ]
    assert labels((0.1,) * 10) == ["10.0%", *["10%"] * 9]


def test_no_bar_promises_everything():
    assert labels((0.9999, *(0.00001,) * 9))[0] == ">99.9%"
