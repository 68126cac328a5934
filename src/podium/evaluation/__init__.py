"""How good predictions are: prediction tables, metrics, folds, calibration, intervals, plots."""
