"""The README's recipe for a new network, followed to the letter: it trains, is kept, answers, and is taken away."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from core import config
from core.config import TrainingSettings
from core.data import mnist
from core.evaluation.neighbours import Neighbours
from core.evaluation.report import evaluate
from core.network import architectures, checkpoint, onnx_export
from core.network.architectures import Network, register
from core.network.checkpoint import Checkpoint
from core.network.prediction import predict
from core.training import detectors, runs, wording
from core.training.job import TrainingJob
from core.training.plans import NewRun
from core.training.rejection import add_rejection
from core.workspace import SHIPPED as ROOT

DIGITS = mnist.load(train=True).pick(torch.arange(600))


def read_recipe() -> str:
    """The one code block of the README or the documents that registers a network."""
    block = re.compile(r"^ *```python\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    blocks = [textwrap.dedent(code) for page in pages for code in block.findall(page.read_text(encoding="utf-8"))]
    found = [code for code in blocks if "@register(" in code]
    assert len(found) == 1
    return found[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the models and runs of a job that trained the new network."""
    folder = tmp_path_factory.mktemp("new")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(architectures, "NETWORKS", dict(architectures.NETWORKS))
        patch.setitem(config.ARCHITECTURES, "tiny", "Tiny CNN")
        patch.setattr(detectors, "DIGITS", 40)
        exec(read_recipe(), vars(architectures).copy())
        settings = TrainingSettings(architecture="tiny", epochs=1, batch_size=16, augmentation="none", pen_digits=0.0)
        job = TrainingJob(lambda train: DIGITS, folder / "runs", folder / "models", threads=1)
        job.start(NewRun(settings), "small")
        assert job.wait(300) and job.snapshot().run.status == "finished", job.snapshot().run.sentence
        assert job.detectors.wait(300)
        yield folder


@pytest.fixture
def tiny(folder: Path) -> Checkpoint:
    return checkpoint.load("small", folder / "models")


def test_it_is_kept_listed_and_recognised(folder, tiny):
    assert checkpoint.names(folder / "models") == ["small"]
    (run,) = runs.list_runs(folder / "runs")
    assert run.settings.architecture == "tiny" and run.model == "small" and run.best is not None
    assert tiny.architecture == "tiny" and tiny.facts["architecture"] == "tiny"
    assert f"{tiny.facts['parameters']:,} parameters" in type(tiny.model).__doc__
    assert checkpoint.add((folder / "models" / "small.pth").read_bytes(), "brought.pth", folder / "models") == "brought"
    checkpoint.remove("brought", folder / "models")


def test_it_answers_as_its_log_probabilities_say(tiny):
    images = DIGITS.images[:20].numpy().astype(np.float32) / 255
    for model in (tiny, checkpoint.Checkpoint(tiny.name, tiny.version, {}, "tiny", tiny.model)):
        found = torch.tensor([one.probabilities for one in predict(model, images)])
        with torch.inference_mode():
            log_probabilities = tiny.model(architectures.to_input(DIGITS.images[:20]))
        expected = torch.softmax(log_probabilities / model.temperature, dim=1)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_it_has_an_ood_detector_and_may_get_another(folder, tiny):
    assert tiny.rejection is not None
    add_rejection("small", DIGITS, DIGITS.pick(torch.arange(50)), folder / "models", count=60)
    again = checkpoint.load("small", folder / "models")
    assert again.rejection is not None and again.rejection.digit.hidden.shape[1] == 32


def test_it_is_evaluated_beside_its_nearest_neighbours(tiny):
    report = evaluate(tiny.model, DIGITS)
    assert report.logits.shape == (600, 10) and report.accuracy > 0.1
    assert Neighbours(DIGITS).nearest(DIGITS.images[7].numpy()).places[0] == 7


def test_it_is_taken_away_as_onnx(tiny):
    session = onnxruntime.InferenceSession(onnx_export.export(tiny.model, DIGITS), providers=["CPUExecutionProvider"])
    (answers,) = session.run(None, {"digits": architectures.to_input(DIGITS.images[:3]).numpy()})
    assert answers.shape == (3, 10)


def test_pages_and_terminal_name_it(folder):
    assert wording.choice("tiny") == "Tiny CNN"
    assert "tiny" in wording.FIELDS["architecture"].metadata["choices"]
    assert "Tiny CNN" in wording.summarise(TrainingSettings(architecture="tiny"))


def test_a_network_without_a_title_says_where_to_add_one():
    with pytest.raises(ValueError, match="Add 'nameless' with its title to ARCHITECTURES"):
        register("nameless")


def test_a_network_that_lacks_half_of_the_contract_is_not_built():
    class Half(Network):
        def features(self, digits: torch.Tensor) -> torch.Tensor:
            return digits.flatten(1)

    with pytest.raises(TypeError, match="classify"):
        Half(0.0)


def test_every_title_has_a_network_and_every_network_a_title():
    assert list(architectures.NETWORKS) == list(config.ARCHITECTURES)


@pytest.mark.parametrize("name", list(config.ARCHITECTURES))
def test_logits_are_classified_features(name):
    """Prediction, which needs the features too, takes this way; everything else takes `logits`."""
    torch.manual_seed(0)
    network, digits = architectures.build(name).eval(), torch.rand(3, 1, 28, 28)
    torch.testing.assert_close(network.classify(network.features(digits)), network.logits(digits))
    torch.testing.assert_close(network(digits), torch.log_softmax(network.logits(digits), dim=1))
