"""Figures and sentences in the words of a page."""

import errno

from core import words


def test_a_refusing_disk_is_a_sentence_that_says_what_to_do():
    sentence = words.refused_by_disk(OSError(errno.ENOSPC, "No space left on device", "/somewhere/secret"))
    assert sentence.startswith("The disk refused: No space left on device.") and "Free some space" in sentence
    assert "secret" not in sentence
    assert "odd" in words.refused_by_disk(OSError("odd"))
