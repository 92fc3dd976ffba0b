"""The parts of the Train page, one file for each thing it shows."""
