#!/usr/bin/python3
"""The ratios of the design's section 13, measured in this run, on a stack of its own.

For each measure a line `name value goal ok|short` (a ratio is the median of paired runs), below it how far the pairs lie apart and
what else was seen. Ends with 0 also when something falls short: this is a report; with 1 when something could not be measured."""
import argparse
import json
import os
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "stack")]

# pylint: disable=wrong-import-position
from control import StackError
from ground import Ground
from measures import MEASURES
from wrk import Unmeasured


def arguments(argv):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--only", action="append", choices=list(MEASURES), metavar="NAME", help=", ".join(MEASURES))
    p.add_argument("--pairs", type=int, default=0, help="pairs of runs for each ratio (7)")
    p.add_argument("--seconds", type=int, default=0, help="of one run, 1 to 4 (3)")
    p.add_argument("--rows", type=int, default=0, help="complaints of the big side where growth is measured (1000000; 10000000 takes minutes)")
    p.add_argument("--quick", action="store_true", help="2 pairs of 1 s: proves that everything can be measured, not how fast it is")
    p.add_argument("--json", metavar="FILE", help="the report for programs")
    args = p.parse_args(argv)
    args.pairs = args.pairs or (2 if args.quick else 7)
    args.seconds = args.seconds or (1 if args.quick else 3)
    args.rows = args.rows or (40_000 if args.quick else 1_000_000)
    # 64 look-ups of eKMC1.0 must wait through a whole run
    if not 1 <= args.seconds <= 4 or args.pairs < 1 or not 40_000 <= args.rows <= 10_000_000:
        p.error("--seconds is 1 to 4, --pairs at least 1, --rows 40000 to 10000000")
    return args


def measure(ground, names):
    """(lines, failures)"""
    lines, failed = [], []
    for name in names:
        try:
            found = MEASURES[name](ground)
        except (Unmeasured, StackError, OSError) as e:
            failed.append({"name": name, "why": str(e)})
            print(f"{name} - could not be measured: {e}", flush=True)
            continue
        lines += found
        for line in found:
            print(line.text(), flush=True)
    return lines, failed


def main(argv=None):
    args = arguments(argv)
    machine = {"cores": os.cpu_count(), "load_before": os.getloadavg()[0], "pairs": args.pairs, "seconds": args.seconds,
               "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    print(f"# {machine['cores']} cores, load {machine['load_before']:.1f}, {args.pairs} pairs of {args.seconds} s", flush=True)
    try:
        with Ground(args.pairs, args.seconds, args.quick, args.rows) as ground:
            lines, failed = measure(ground, args.only or list(MEASURES))
    except (Unmeasured, StackError) as e:
        print(f"bench: {e}", file=sys.stderr)
        return 1
    if args.json:
        report = {**machine, "measures": [line.json() for line in lines], "failed": failed}
        Path(args.json).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
