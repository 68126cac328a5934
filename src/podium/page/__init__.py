"""Pages for people: of a run, a card of each model, and one that takes pictures."""
