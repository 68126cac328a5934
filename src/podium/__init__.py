"""podium: image competitions from raw files to checked submissions, in one DVC pipeline."""

from podium.core.interrupts import end_quietly_while_importing

__version__ = "0.1.0"

end_quietly_while_importing()
