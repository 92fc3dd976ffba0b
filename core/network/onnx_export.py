"""A network as an ONNX file, offered only after ONNX Runtime gave the same answers with it."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from core.data.digits import DigitSet

TOLERANCE = 1e-4  # largest difference of a log-probability from torch's


class ExportError(RuntimeError):
    """The model can't be handed out as ONNX; the message says why."""


def export(model: nn.Module, digits: DigitSet) -> bytes:
    """The model as ONNX: `digits` (batch, 1, 28, 28) float32 in [0, 1] -> `log_probabilities` (batch, 10).

    ONNX Runtime reads the file and must agree with torch on the first hundred of `digits`.
    Raises `ExportError` when it doesn't, or when one of the two programs can't do it.
    """
    import torch

    from core.network.architectures import to_input

    file = io.BytesIO()
    asked = to_input(digits.images[:100])
    try:
        import onnxruntime

        with warnings.catch_warnings():
            # The newer exporter needs a further package and ten seconds for the same file.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                model,
                (asked[:2],),
                file,  # type: ignore[arg-type] # torch says a path; its older exporter takes an open file
                dynamo=False,
                opset_version=17,
                input_names=["digits"],
                output_names=["log_probabilities"],
                dynamic_axes={"digits": {0: "batch"}, "log_probabilities": {0: "batch"}},
            )
        session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
        (answers,) = session.run(None, {"digits": asked.numpy()})
    except Exception as error:  # two large programs, each with errors of its own
        raise ExportError(f"This model can't be written as ONNX here ({type(error).__name__}: {error}).") from error
    with torch.inference_mode():
        difference = (torch.from_numpy(answers) - model(asked)).abs().max().item()
    if not difference <= TOLERANCE:
        raise ExportError(f"The ONNX file answers differently from torch (by {difference:.2g}), so it isn't offered.")
    return file.getvalue()
