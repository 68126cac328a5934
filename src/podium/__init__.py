"""podium: image competitions from raw files to checked submissions, in one DVC pipeline."""

__version__ = "0.1.0"
