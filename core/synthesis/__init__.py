"""Synthetic data to train and test with: digits, numbers, non-digits and documents, drawn by rule."""
