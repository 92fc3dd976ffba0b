"""My digits: what visitors put right, and the copy of a model that is fine-tuned on it."""
