#!/usr/bin/env python3
"""Compares two builds of the benchmarks, or two runs' results: which works became faster or slower beyond the noise.

    python3 benchmarks/compare.py OLD NEW [--only REGEX] [--rounds N] [--side Tenon] [--threads N]

OLD and NEW are build folders (those of run.py --build, or their folders `benchmarks`), whose programs are timed in turns, on the same
core, one straight after the other; or two results.json, which are compared as they are. A work has changed where the medians differ by
more than 3 % and the quartiles don't overlap. Exits with 1 where one is slower.
"""

import argparse
import json
import pathlib
import random
import re
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import run
from report import quartiles, text_of

LEAST_CHANGE = 0.03


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('old', type=pathlib.Path)
    parser.add_argument('new', type=pathlib.Path)
    parser.add_argument('--only', default='', metavar='REGEX', help='only works whose names contain this')
    parser.add_argument('--rounds', type=int, default=9, help='how often each work is timed on each side (9)')
    parser.add_argument('--seconds', type=float, default=0.05, help='how long one measurement takes at least (0.05)')
    parser.add_argument('--side', default='Tenon', help='whose works: Tenon, or a peer, to see the noise')
    parser.add_argument('--threads', type=int, default=1)
    return parser.parse_args()


def programs(folder, side):
    """The programs of a build that have a side, by work."""
    if (folder / 'benchmarks').is_dir():
        folder = folder / 'benchmarks'
    found = {}
    for path in sorted(folder.glob('*_benchmark')):
        program = run.Program(path)
        found |= {work: program for work, sides in program.sides.items() if side in sides}
    if not found:
        raise SystemExit(f'{folder} has no benchmarks with a side {side}')
    return found


def timed(options):
    """Seconds of every work in both builds."""
    old, new = programs(options.old, options.side), programs(options.new, options.side)
    run.use_threads(options.threads)
    for name in (n for n in old if n in new and re.search(options.only, n)):
        times = {'old': [], 'new': []}
        for _ in range(options.rounds):
            for which, program in random.sample([('old', old[name]), ('new', new[name])], 2):
                times[which] += [wall for _, wall, _ in program.time(name, options.seconds, f'{options.side}/')]
        yield name, times['old'], times['new']


def recorded(options):
    """The same from two results.json."""
    old, new = (json.loads(path.read_text())['seconds'] for path in (options.old, options.new))
    for name in (n for n in old if n in new and re.search(options.only, n)):
        if options.side in old[name] and options.side in new[name]:
            yield name, old[name][options.side]['wall'], new[name][options.side]['wall']


def main():
    options = parse()
    slower = 0
    print(f'{"work":40} {"old":>9} {"new":>9} {"new/old":>8}')
    for name, old, new in (recorded if options.old.suffix == '.json' else timed)(options):
        (old_low, old_middle, old_high), (new_low, new_middle, new_high) = quartiles(old), quartiles(new)
        ratio = new_middle / old_middle
        change = ''
        if ratio > 1 + LEAST_CHANGE and new_low > old_high:
            change, slower = 'slower', slower + 1
        elif ratio < 1 - LEAST_CHANGE and new_high < old_low:
            change = 'faster'
        print(f'{name:40} {text_of(old_middle):>9} {text_of(new_middle):>9} {ratio:8.3f}  {change}', flush=True)
    return bool(slower)


if __name__ == '__main__':
    sys.exit(main())
