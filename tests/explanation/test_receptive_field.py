"""The frame on the digit holds every pixel that a place can see, and none that it can't."""

import numpy as np

from core.explanation import layers, receptive_field


def test_what_lies_outside_the_frame_changes_nothing(network, digit):
    reaches, found = receptive_field.measure(network), layers.follow(network, digit)
    assert len(reaches) == len(found)
    for at, layer in enumerate(found):
        if not layer.is_maps:
            continue
        row, column = layer.values.shape[1] // 2, layer.values.shape[2] - 1
        top, left, bottom, right = receptive_field.frame(reaches, at, layer, row, column)
        changed = np.random.default_rng(0).random((28, 28)).astype(np.float32)
        changed[top:bottom, left:right] = digit[top:bottom, left:right]
        values = layers.follow(network, changed)[at].values
        np.testing.assert_allclose(values[:, row, column], layer.values[:, row, column], rtol=1e-4, atol=1e-5)


def test_every_edge_of_the_frame_is_seen(network, digit):
    """A change of the outermost row and column of the frame reaches the place, on one map at least."""
    reaches, found = receptive_field.measure(network), layers.follow(network, digit)
    at = max(at for at, layer in enumerate(found) if layer.is_maps) if found[0].is_maps else None
    if at is None:
        return
    row, column = (side // 2 for side in found[at].values.shape[1:])
    top, left, bottom, right = receptive_field.frame(reaches, at, found[at], row, column)
    grey = np.full((28, 28), 0.5, np.float32)
    usual = layers.follow(network, grey)[at].first.values[:, row, column]
    for rows, columns in ((top, slice(left, right)), (bottom - 1, slice(left, right)), (slice(top, bottom), left)):
        seen = []
        for value in (0.0, 1.0):
            changed = grey.copy()
            changed[rows, columns] = value
            seen.append(layers.follow(network, changed)[at].first.values[:, row, column])
        assert any(not np.allclose(one, usual, atol=1e-6) for one in seen)


def test_a_first_convolution_sees_its_filter(network, digit):
    layer = layers.follow(network, digit)[0]
    reach = receptive_field.measure(network)[0]
    if layer.is_maps:
        top, left, bottom, right = reach.frame(*(side // 2 for side in layer.values.shape[1:]))
        assert (bottom - top, right - left) == (5, 5)
    else:
        assert reach is None
