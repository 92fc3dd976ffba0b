"""How a model learns to tell non-digits: training its out-of-distribution (OOD) detector."""

import copy
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.data.digits import DigitSet
from core.data.labels import NO_DIGIT
from core.network.architectures import Dropout, Network, to_input
from core.network.checkpoint import load, save_rejection
from core.network.rejection import HIDDEN, Head, Rejection
from core.synthesis import fonts, non_digits, numbers, page_shapes, pen_digits
from core.training.augment import LEVELS, augment

# Examples beside each digit shown: non-digits drawn by rule, letters and signs of typefaces, non-digits made of digits,
# images cut from numbers, digits of other writers, and what the reader finds in drawn pages.
DRAWN, LETTERS, MADE_OF_DIGITS, CUT_FROM_NUMBERS, PEN_DIGITS, FROM_PAGES = 1.0, 0.5, 0.3125, 1.5, 0.5, 0.5
MAX_VALIDATION_DIGITS = 5000  # that set the limits
EPOCHS, BATCH, LEARNING_RATE = 8, 256, 2e-3
DROPOUT = 0.2  # share of the features dropped while training: non-digits of unknown kinds are then caught more often
# Shares of augmented validation digits that are doubted and refused for it. Of plain ones 0.8 % are doubted, so that
# 99 % are kept with room to spare. To refuse a digit is worse than to doubt a scribble aloud: it is for what is nearly
# always a non-digit.
DOUBTED, REFUSED = 0.03, 0.0005
AUGMENTED_COPIES = 2  # of each of those digits: with 5,000 scores, a limit of one in 2,000 would be mostly noise


def learn(
    model: Network, version: str, training: DigitSet, validation: DigitSet, seed: int = 0, count: int = 8000
) -> Rejection:
    """Train a detector on the features of a network with the weights `version`; the network is only read.

    `count` of the training digits are shown once as they are, half of them once more with another pen, half as many of
    other writers, and as many non-digits: the time grows with it. Both limits are set by augmented digits of the
    validation set alone: the share of digits that is lost is known beforehand, whatever the non-digits.
    """
    steps = learn_in_steps(model, version, training, validation, seed, count)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            detector: Rejection = done.value
            return detector


def learn_in_steps(
    model: Network, version: str, training: DigitSet, validation: DigitSet, seed: int = 0, count: int = 8000
) -> Generator[float, None, Rejection]:
    """As `learn`, for a caller that shows progress or may stop: yields the share done, 0 to 1, returns the detector."""
    cpu = torch.device("cpu")
    training, validation = training.to(cpu), validation.to(cpu)
    # A copy: the model may be answering visitors. Channels last: a third less time per digit.
    reader = copy.deepcopy(model).to(cpu).to(memory_format=torch.channels_last).eval()
    rng = torch.Generator().manual_seed(seed)
    shown = training.pick(torch.randperm(len(training), generator=rng)[:count])
    again = shown.pick(torch.arange(len(shown) // 2))
    yield 0.0
    drawn = non_digits.make(round(DRAWN * len(shown)), seed)
    yield 0.2
    made_of_digits = non_digits.make_of_digits(
        shown.images.numpy(), shown.labels.numpy(), round(MADE_OF_DIGITS * len(shown)), seed
    )
    letters = fonts.make(round(LETTERS * len(shown)), seed)
    things = torch.from_numpy(np.concatenate([drawn, letters, made_of_digits]))
    yield 0.25
    other_writers = pen_digits.make(round(PEN_DIGITS * len(shown)), seed)
    cut = numbers.make(shown.join(other_writers), round(CUT_FROM_NUMBERS * len(shown)), seed)
    yield 0.45
    rewritten = replace(again, images=torch.from_numpy(non_digits.refit(again.images.numpy(), seed)))
    yield 0.5
    digits = torch.cat([_read(reader, some, rng) for some in (shown, rewritten, other_writers)])
    yield 0.6
    others = _read(reader, DigitSet(things, torch.full((len(things),), NO_DIGIT)), rng)
    yield 0.65
    cut_features = _read(reader, cut, rng)
    yield 0.7
    shapes = page_shapes.load("training")
    shapes = shapes.pick(torch.randint(len(shapes), (round(FROM_PAGES * len(shown)),), generator=rng))
    shape_features = _read(reader, shapes, rng)
    is_digit, is_whole = shapes.labels >= 0, cut.labels >= 0
    digits, others = torch.cat([digits, shape_features[is_digit]]), torch.cat([others, shape_features[~is_digit]])
    whole_digits = torch.cat([cut_features[is_whole], shape_features[is_digit]])
    parts = torch.cat([cut_features[~is_whole], shape_features[~is_digit]])
    limits_from = torch.arange(len(validation))[:MAX_VALIDATION_DIGITS].repeat(AUGMENTED_COPIES)
    features = _read(reader, validation.pick(limits_from), rng)
    yield 0.8
    digit = _train(digits, others, rng).round()
    yield 0.9
    whole = _train(whole_digits, parts, rng).round()
    scores = digit.score(features)
    yield 1.0
    return Rejection(version, digit, whole, scores.quantile(DOUBTED).item(), scores.quantile(REFUSED).item())


@torch.inference_mode()
def _read(model: Network, digits: DigitSet, rng: torch.Generator) -> Tensor:
    """Features (N, C) of images after the augmentation that digits and non-digits share.

    Unlike in training many 0, 1 and 7 are written the European way: none of them may be taken for a non-digit.
    """
    level = replace(LEVELS["strong"], writing_styles=0.3)
    return torch.cat(
        [
            model.features(augment(to_input(images), labels, level, rng).contiguous(memory_format=torch.channels_last))
            for images, labels in zip(digits.images.split(BATCH), digits.labels.split(BATCH), strict=True)
        ]
    )


def _train(digits: Tensor, others: Tensor, rng: torch.Generator) -> Head:
    """Fit the two layers: (N, C) features of digits and (M, C) of others, both sides with the same weight."""
    inputs = torch.cat([digits, others]).clone()  # inference tensors can't be trained on
    wanted = torch.cat([torch.ones(len(digits)), torch.zeros(len(others))])
    weight = torch.where(wanted > 0, len(inputs) / (2 * len(digits)), len(inputs) / (2 * len(others)))
    mean, spread = inputs.mean(0), inputs.std(0) + 0.05
    parameters = [
        (torch.rand(HIDDEN, inputs.shape[1], generator=rng) * 2 - 1) / inputs.shape[1] ** 0.5,
        torch.zeros(HIDDEN),
        (torch.rand(HIDDEN, generator=rng) * 2 - 1) / HIDDEN**0.5,
        torch.zeros(()),
    ]
    hidden, hidden_bias, output, output_bias = (value.requires_grad_(True) for value in parameters)
    dropout = Dropout(DROPOUT)
    dropout.rng = rng
    optimiser = torch.optim.AdamW(parameters, LEARNING_RATE, weight_decay=1e-4, fused=True)
    size = min(BATCH, len(inputs))
    batches = len(inputs) // size
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, EPOCHS * batches)
    for step in range(EPOCHS * batches):
        if step % batches == 0:
            order = torch.randperm(len(inputs), generator=rng)
        batch = order[step % batches * size :][:size]
        values = dropout((inputs[batch] - mean) / spread)
        scores = F.relu(F.linear(values, hidden, hidden_bias)) @ output + output_bias
        loss = F.binary_cross_entropy_with_logits(scores, wanted[batch], weight[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():  # the scaling goes into the weights
        scaled = hidden / spread
        return Head(scaled, hidden_bias - scaled @ mean, output.detach(), output_bias.detach())


def add_rejection(
    name: str, training: DigitSet, validation: DigitSet, folder: Path | None = None, count: int = 8000
) -> Path:
    """Train an OOD detector for a saved model and write it as `NAME.rejection.npz`; gives the path.

    Takes about a minute on one core for `count` digits; the model's own files stay as they are. Give the parts of MNIST
    it was trained and validated on. Raises `CheckpointError` when the model can't be loaded, `OSError` when the disk
    refuses.
    """
    found = load(name, folder)
    return save_rejection(name, learn(found.model, found.version, training, validation, count=count), folder)
