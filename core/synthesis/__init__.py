"""What is drawn by rule to learn from and to test with."""
