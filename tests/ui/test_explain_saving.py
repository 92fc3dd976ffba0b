"""What is taken away from Explain: a page that needs nothing else, and pictures that are pictures."""

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.data import mnist
from core.explanation import counterfactual, digit_map
from core.explanation.changes import Changes
from core.explanation.counterfactual import Change
from core.explanation.evidence import METHODS, Question
from core.network import checkpoint
from core.network.prediction import predict
from core.ui.explain import about, saving
from core.ui.explain.subject import Digit, Shown

TITLE = "<b>my digit</b> & more"


@pytest.fixture(scope="module")
def shown() -> Shown:
    model = checkpoint.load("modern")
    image = mnist.load(train=False).images[4].numpy().astype(np.float32) / 255
    return Shown(Digit("mnist-4", TITLE, image), model, predict(model, image[None])[0])


@pytest.fixture(scope="module")
def change(shown: Shown) -> Change:
    training = mnist.load(train=True).pick(slice(0, 3000))
    examples = counterfactual.find_examples(shown.digit.image, training.images[training.labels == 9].numpy())
    found = counterfactual.change(shown.model, shown.digit.image, examples, 9)
    assert found is not None
    return found


@pytest.mark.slow
def test_the_whole_page_opens_offline(shown, change):
    where = digit_map.lay_out(shown.model.model, mnist.load(train=False).pick(slice(0, 200)))
    where = replace(
        where,
        places=np.tile(where.places, (30, 1)),
        labels=np.tile(where.labels, 30),
        answers=np.tile(where.answers, 30),
    )  # more than Altair takes unasked
    page = saving._make_page(shown, Changes(turn=20), "turn", change, where)
    assert "<script" not in page and "<link" not in page and "@import" not in page
    addresses = re.findall(r"(?:src|href)=\"([^\"]*)\"", page)
    assert addresses and all(address.startswith(("data:", "#")) for address in addresses)
    assert "<b>my digit" not in page and "&lt;b&gt;my digit" in page
    for text, source in (told for view, told in about.TEXTS.items() if view != "learning"):  # that is saved as a film
        assert text.split(",")[0][:30] in page and len(source) > 10
    assert page.count("<svg ") == 2 and "Why a 4?" in page and "pixels make it a 9" in page


@pytest.mark.slow
def test_what_nobody_looked_at_is_left_out(shown):
    page = saving._make_page(shown, Changes(), "blur", None, None)
    assert "What would change it" not in page and "Among all digits" not in page and "Break it" in page


def test_each_view_is_a_picture(shown):
    for made in (
        saving._draw_layers(shown),
        saving._draw_evidence(shown, METHODS["Occlusion"](shown.model.model, shown.digit.image, Question(4))),
        saving._draw_change(Change(shown.digit.image, np.zeros((28, 28), np.float32), 9)),
        saving._as_png(saving._draw_curve(shown, Changes(), "turn")[0]),
    ):
        assert min(Image.open(io.BytesIO(made)).size) >= 200
    assert saving._as_svg(saving._draw_curve(shown, Changes(), "size")[0]).startswith("<svg")
