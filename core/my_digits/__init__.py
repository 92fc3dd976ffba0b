"""Answers that visitors put right, and a model fine-tuned on them."""
