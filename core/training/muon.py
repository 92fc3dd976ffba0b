"""Muon: momentum for the kernels of convolutions, made orthogonal before it is applied; AdamW for everything else.

K. Jordan and others, "Muon: an optimizer for hidden layers in neural networks" (2024). The large fully connected layers
stay with AdamW: to make their 1024x3136 momentum orthogonal would cost ten times the step itself.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
RATIO = 10.0  # learning rate of the kernels for each of AdamW's: an orthogonal step is small in every entry
ROUNDS = 5  # of Newton and Schulz: singular values end between 0.7 and 1.2, which is near enough
COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of its polynomial, by Jordan: steepest at 0


class Muon(torch.optim.AdamW):
    """AdamW but for parameters of four dimensions that have more than one input channel."""

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, weight_decay: float) -> None:
        """Settings as AdamW's; `lr` is that of the other parameters."""
        super().__init__(parameters, lr=lr, betas=(0.9, 0.99), weight_decay=weight_decay, fused=True)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step; gradients of kernels are used up."""
        for group in self.param_groups:
            for kernel in group["params"]:
                if kernel.grad is not None and kernel.dim() == 4 and kernel.shape[1] > 1:
                    self._step_kernel(kernel, group["lr"] * RATIO)
                    kernel.grad = None
        return super().step(closure)

    def _step_kernel(self, kernel: nn.Parameter, rate: float) -> None:
        assert kernel.grad is not None
        state = self.state[kernel]
        if not state:  # AdamW expects to find a step where there is any state
            state.update(step=torch.tensor(0.0), momentum=torch.zeros_like(kernel))
        state["momentum"].mul_(MOMENTUM).add_(kernel.grad)
        ahead = kernel.grad.add(state["momentum"], alpha=MOMENTUM).flatten(1)
        scale = max(1.0, ahead.shape[0] / ahead.shape[1]) ** 0.5
        kernel.add_(orthogonalise(ahead).view(kernel.shape), alpha=-rate * scale)


def orthogonalise(matrix: Tensor) -> Tensor:
    """The nearest matrix whose singular values are all about 1: (M, N) float32 -> (M, N), cheapest for M < N."""
    first, third, fifth = COEFFICIENTS
    result: Tensor = matrix / (matrix.norm() + 1e-7)
    for _ in range(ROUNDS):
        product = result @ result.T
        result = first * result + (third * product + fifth * product @ product) @ result
    return result
