"""Runs every benchmark in turn, each in a process of its own: ``python -m benchmarks [--small] [NAME …]``.

Other options go to the benchmarks named: ``python -m benchmarks warranty --runs 200``.

Each prints ratios to a baseline measured in the same run; times alone say little on a shared machine.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys

import psutil

NAMES = (
    *("features", "scoring", "rest", "training", "truth", "leniency", "promises"),
    *("recording", "faults", "storm", "forgotten", "access", "load", "shortlist", "warranty", "exploration"),
)


def main() -> int:
    """Run the named benchmarks, all by default; the exit code is the number that failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], default=list(NAMES), metavar="NAME")
    parser.add_argument("--small", action="store_true", help="a few seconds each, to see that they run")
    options, more = parser.parse_known_args()
    if more and len(options.names) != 1:
        parser.error(f"{' '.join(more)}: options of a benchmark need its name")
    memory = psutil.virtual_memory().total / 2**30
    print(f"Python {platform.python_version()}, {psutil.cpu_count()} cores, {memory:.0f} GiB", flush=True)
    failed = 0
    for name in options.names:
        print(f"\n== {name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", *(["--small"] if options.small else []), *more]
        failed += subprocess.run(command, check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
