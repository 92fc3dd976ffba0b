"""The parts of the page Explain."""
