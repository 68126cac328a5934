"""`python -m podium.cli`."""

from podium.cli import app

if __name__ == "__main__":
    app(prog_name="podium")
