"""The model that ships, loaded once for all tests of reading."""

import pytest

from core.network import checkpoint


@pytest.fixture(scope="session")
def model() -> checkpoint.Checkpoint:
    return checkpoint.load(checkpoint.SHIPPED)
