"""Synthetic data to train and test with: digits, numbers, non-digits and photographed pages, drawn by rule."""
