"""Networks that are trained on the pictures themselves, one for each fold."""
