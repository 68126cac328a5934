"""What a run needs of the machine, for `podium doctor` and `podium plan`."""
