"""What a run needs of the machine and the project: the checks of `podium doctor`."""
