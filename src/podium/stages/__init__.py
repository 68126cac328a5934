"""One thin file per stage of dvc.yaml, under the same name."""
