"""A network as ONNX: every architecture can be taken away, and no file that answers differently."""

import numpy as np
import onnxruntime
import pytest
import torch

from core.config import ARCHITECTURES
from core.data import mnist
from core.network import onnx_export
from core.network.architectures import build, to_input


@pytest.fixture(scope="module")
def digits():
    return mnist.load(train=False).pick(torch.arange(120))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_file_answers_as_torch_does_in_any_number(architecture, digits):
    model = build(architecture).eval()
    session = onnxruntime.InferenceSession(onnx_export.export(model, digits), providers=["CPUExecutionProvider"])
    for count in (1, 7):
        asked = to_input(digits.images[-count:])
        (answers,) = session.run(["log_probabilities"], {"digits": asked.numpy()})
        with torch.inference_mode():
            np.testing.assert_allclose(answers, model(asked).numpy(), atol=onnx_export.TOLERANCE)


def test_a_file_that_answers_differently_is_not_offered(digits, monkeypatch):
    monkeypatch.setattr(onnx_export, "TOLERANCE", -1.0)
    with pytest.raises(onnx_export.ExportError, match="isn't offered"):
        onnx_export.export(build("lenet5").eval(), digits)
