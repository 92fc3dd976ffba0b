"""Who may do what: one person with all rights at a computer of their own, guests and an owner in a network."""
