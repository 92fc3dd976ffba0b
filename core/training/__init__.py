"""The training loop, its runs, and the one run of a server."""
