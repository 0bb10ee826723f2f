"""How long `fauve --help` takes on a warm cache, against a Python that does nothing; wanted: under 0.3 s."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

CALLS = 15


def seconds(command: list[str]) -> float:
    """Median wall time of several calls, the first left out."""
    times = []
    for _ in range(CALLS + 1):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])


def main() -> None:
    nothing = seconds([sys.executable, "-c", "pass"])
    own = seconds([sys.executable, "-m", "fauve", "--help"])
    heavy = seconds([sys.executable, "-c", "import fauve.api"])
    print(f"python -c pass        {nothing:.3f} s")
    print(f"fauve --help          {own:.3f} s   {own / nothing:.1f} × nothing")
    print(f"import fauve.api      {heavy:.3f} s   {heavy / own:.1f} × fauve --help")


if __name__ == "__main__":
    main()
