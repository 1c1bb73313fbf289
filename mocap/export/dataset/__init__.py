"""Ground truth for learning: what each camera should have seen of a person, and the person's true angles."""
