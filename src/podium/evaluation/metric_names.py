"""The names of metrics, without what computes them: quick to import."""

LOG_LOSS, ACCURACY, WHOLE = "log loss", "accuracy", "whole string"
TUMOUR_F1, SLIDE_LOSS = "tumour F1", "log loss of slides"
LOWER = (LOG_LOSS, SLIDE_LOSS)  # is better
