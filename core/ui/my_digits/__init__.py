"""My digits: the answers visitors corrected, and the copy of a model that is fine-tuned on them."""
