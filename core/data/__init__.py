"""Labelled digits: MNIST, the IDX format and the split into training and validation."""
