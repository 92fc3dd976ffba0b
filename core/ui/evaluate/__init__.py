"""The parts of the Evaluate page, a file for each of its sections."""
