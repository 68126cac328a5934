"""podium: image competitions from raw files to checked submissions, in one DVC pipeline."""

import time

from podium.core.interrupts import end_quietly_while_importing

__version__ = "0.1.0"
STARTED = time.perf_counter()  # a stage's seconds count from here, so with the slow imports

end_quietly_while_importing()
