"""placeholder: written on the branch wt-kaggle."""


def take() -> None:
    """Nothing yet."""
