#!/usr/bin/env python3
"""Shows that headers include what lies on their own floor or below: no include points up, and none goes in a circle."""

import argparse
import pathlib
import re
import sys

# From the ground up. Floors in one line stand beside each other: neither includes the other.
FLOORS = [
    ['base'],
    ['scalar'],
    ['core'],
    ['op'],
    ['expr'],
    ['function'],
    ['kernels', 'eval/common'],
    ['eval/cpu', 'eval/cuda'],
    ['autograd'],
    ['nn'],
    ['optim'],
    ['io'],
    ['data'],
    ['tenon.hpp'],
    ['dlpack.hpp', 'eigen.hpp'],
    ['fft'],
    ['fft.hpp'],
    ['cuda', 'linalg', 'special', 'signal'],
    ['cuda.hpp', 'linalg.hpp', 'special.hpp', 'signal.hpp'],
    ['cuda/fft.hpp', 'cuda/linalg.hpp', 'cuda/sort.hpp'],
]
LEVEL = {floor: level for level, floors in enumerate(FLOORS) for floor in floors}


def floor_of(name):
    """The floor of a header that is named as in an include, without tenon/: the longest folder that the list has."""
    parts = name.split('/')
    for length in range(len(parts), 0, -1):
        floor = '/'.join(parts[:length])
        if floor in LEVEL:
            return floor
    raise SystemExit(f'{name}: no floor in the list has this header')


def includes_of(path, roots):
    """The library's headers that a file includes, and the lines that do it."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*(?:<tenon/([^>]+)>|"([^"]+)")', line)
        if not found:
            continue
        if found[1]:
            yield number, found[1]
        else:
            target = (path.parent / found[2]).resolve()
            for root in roots:
                if target.is_relative_to(root):
                    yield number, target.relative_to(root).as_posix()


def circle_through(graph):
    """Headers that include each other in a circle, or nothing."""
    state = {}

    def visit(name, above):
        state[name] = 'open'
        for other in graph.get(name, ()):
            if state.get(other) == 'open':
                return [*above[above.index(other):], other] if other in above else [other, name, other]
            if other not in state:
                found = visit(other, [*above, other])
                if found:
                    return found
        state[name] = 'closed'
        return None

    for name in graph:
        if name not in state:
            found = visit(name, [name])
            if found:
                return found
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('roots', nargs='+', type=pathlib.Path, help='the folders that hold tenon/')
    options = parser.parse_args()
    roots = [(root / 'tenon').resolve() for root in options.roots]
    graph = {}
    wrong = []
    for root in roots:
        for path in sorted(root.rglob('*.hpp')):
            name = path.relative_to(root).as_posix()
            own = floor_of(name)
            graph[name] = []
            for line, other in includes_of(path, roots):
                floor = floor_of(other)
                graph[name].append(other)
                if floor != own and LEVEL[floor] >= LEVEL[own]:
                    wrong.append(f'{path}:{line}: {name} is on floor {own} and includes {other} of {floor}')
    circle = circle_through(graph)
    if circle:
        wrong.append('a circle: ' + ' includes '.join(circle))
    print('\n'.join([*wrong, f'{len(graph)} headers, {len(wrong)} wrong includes']))
    return bool(wrong)


if __name__ == '__main__':
    sys.exit(main())
