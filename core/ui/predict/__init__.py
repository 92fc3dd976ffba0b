"""Predict: three ways to give a digit, and the answer they share."""
