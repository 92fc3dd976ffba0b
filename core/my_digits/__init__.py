"""Answers that visitors corrected, and a model fine-tuned on them."""
