"""Many models' predictions to one submission, and how good it will honestly be."""
