"""Charts and pictures for the pages and for taking away."""
