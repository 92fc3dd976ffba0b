"""The digits: MNIST and how it is split."""
