#!/usr/bin/env python3
"""Measures Tenon beside other libraries: builds, checks that all sides agree, times them in turns, and reports.

    python3 benchmarks/run.py [--threads N] [--quick] [--only REGEX] [--python PYTHON]

Results go to benchmarks/results/<machine>-<date>/: results.json, table.md and plots.
"""

import argparse
import datetime
import json
import os
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
PACKAGES = ['torch', 'jax', 'numpy', 'scipy', 'matplotlib']


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--threads', type=int, default=1, help='threads for every side (1)')
    parser.add_argument('--quick', action='store_true', help='fewer and shorter measurements')
    parser.add_argument('--only', default='', metavar='REGEX', help='only works whose names contain this; "compile" is one')
    parser.add_argument('--python', metavar='PATH', help='a Python that has ' + ', '.join(PACKAGES) + '; else a virtual environment is made')
    parser.add_argument('--clock', choices=['wall', 'cpu'], default='wall',
                        help='cpu counts the work of all threads and bears a busy machine better; for one thread only (wall)')
    parser.add_argument('--build', type=pathlib.Path, default=ROOT / 'build-benchmarks', help='build folder')
    parser.add_argument('--results', type=pathlib.Path, default=HERE / 'results', help='folder of the results')
    return parser.parse_args()


def run_in_environment(options):
    """Starts this program again in a Python that has the peers, making a virtual environment where none was given."""
    if options.python is None:
        folder = options.build.resolve() / 'venv'
        options.python = str(folder / 'bin' / 'python')
        if not os.path.exists(options.python):
            subprocess.run([sys.executable, '-m', 'venv', folder], check=True)
        tools = [tool for tool in ('meson', 'ninja') if not shutil.which(tool)]
        subprocess.run([options.python, '-m', 'pip', 'install', '--quiet', *PACKAGES, *tools], check=True)
        os.execv(options.python, [options.python, *sys.argv, '--python', options.python])
    if os.path.realpath(sys.prefix) != os.path.realpath(pathlib.Path(options.python).parent.parent):
        os.execv(options.python, [options.python, *sys.argv])


def build(options):
    """Builds the C++ programs and returns them."""
    import importlib.util
    torch = importlib.util.find_spec('torch')
    libtorch = pathlib.Path(torch.origin).parent if torch else ''
    path = os.pathsep.join([os.environ['PATH'], str(pathlib.Path(sys.executable).parent)])
    meson = [shutil.which('meson', path=path) or 'meson']
    environment = {**os.environ, 'PATH': path}
    flags = ['-Dbenchmarks=true', '-Dnative=true', '-Dbuildtype=release', '-Dtests=disabled', '-Dsamples=false', f'-Dlibtorch={libtorch}']
    if (options.build / 'build.ninja').exists():
        subprocess.run([*meson, 'configure', options.build, *flags], check=True, env=environment)
    else:
        subprocess.run([*meson, 'setup', options.build, ROOT, *flags], check=True, env=environment)
    subprocess.run([*meson, 'compile', '-C', options.build], check=True, env=environment)
    return sorted(p for p in (options.build / 'benchmarks').glob('*_benchmark') if os.access(p, os.X_OK))


class Program:
    """A C++ program with some sides of some works."""

    def __init__(self, path):
        self.path = path
        lines = subprocess.run([path, '--benchmark_list_tests'], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
        self.sides = {}
        for line in lines:
            name, side = self._split(line)
            self.sides.setdefault(name, []).append(side)

    @staticmethod
    def _split(line):
        """The work and the side of a benchmark's name, which ends in the clocks it uses."""
        name, _, side = line.partition(':')
        return name, side.partition('/')[0]

    def check(self, name, folder):
        subprocess.run([self.path, f'--check={folder}', f'^{name}:'], check=True)

    def time(self, name, seconds, side=''):
        """Wall and processor seconds of one run, for each side or that one, in random order."""
        output = subprocess.run(
            [self.path, f'--benchmark_filter=^{name}:{side}', f'--benchmark_min_time={seconds}', '--benchmark_format=json',
             '--benchmark_enable_random_interleaving=true'],
            check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        unit = {'ns': 1e-9, 'us': 1e-6, 'ms': 1e-3, 's': 1}
        for one in json.loads(output)['benchmarks']:
            scale = unit[one['time_unit']]
            yield self._split(one['name'])[1], one['real_time'] * scale, one['cpu_time'] * scale

    def close(self):
        pass


class Worker:
    """A process with some sides of some works; see peers/worker.py."""

    def __init__(self, command, names):
        self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.sides = self._ask(do='list', names=names)

    def _ask(self, **request):
        try:
            self.process.stdin.write(json.dumps(request) + '\n')
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # its answer tells
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f'{" ".join(self.process.args)} ended at {request}')
        return json.loads(answer)

    def check(self, name, folder):
        for side in self.sides[name]:
            self._ask(do='check', name=name, side=side, path=f'{folder}/{name.replace("/", "_")}:{side}.f32')

    def time(self, name, seconds):
        for side in random.sample(self.sides[name], len(self.sides[name])):
            answer = self._ask(do='time', name=name, side=side, seconds=seconds)
            yield side, answer['wall'], answer['cpu']

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()


def use_threads(count):
    """Binds this process, and so all it starts, to the last cores, and tells every library how many threads it has."""
    cores = sorted(use_threads.cores)[-count:]
    os.sched_setaffinity(0, cores)
    for variable in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'):
        os.environ[variable] = str(count)
    return cores


use_threads.cores = os.sched_getaffinity(0)


def disagreement(name, sides, tolerance):
    """Has every side do the work and compares with the median side: the sides that differ, and by how much at most."""
    import numpy
    with tempfile.TemporaryDirectory() as folder:
        for side in sides:
            side.check(name, folder)
        results = {path.stem.partition(':')[2]: numpy.fromfile(path, numpy.float32) for path in pathlib.Path(folder).iterdir()}
    sizes = {len(r) for r in results.values()}
    if len(sizes) != 1:
        raise SystemExit(f'{name}: results have different sizes: ' + str({side: len(r) for side, r in results.items()}))
    middle = numpy.median(numpy.stack(list(results.values())), 0)
    scale = numpy.abs(middle).max()
    return {side: float(numpy.abs(r - middle).max() / scale) for side, r in results.items()
            if not numpy.abs(r - middle).max() <= tolerance * scale}


def measure(options, programs, registry):
    """Checks and times all works; returns seconds by work and side, and what did not agree."""
    seconds, rounds = (0.02, 3) if options.quick else (0.05, 7)
    works = [w for w in registry['works'] if re.search(options.only, w['name'])]
    threads_of = {w['name']: {options.threads} | {w.get('threads', 1)} - {1} for w in works}
    times, wrong = {}, {}
    for threads in sorted(set().union(*threads_of.values())):
        names = [w for w in works if threads in threads_of[w['name']]]
        if threads > len(use_threads.cores):
            print(f'{threads} threads need more cores than there are')
            continue
        use_threads(threads)
        workers = []
        for script in ('with_torch.py', 'with_jax.py', 'with_numpy.py'):
            try:
                workers.append(Worker([sys.executable, HERE / 'peers' / script], [w['name'] for w in names]))
            except RuntimeError as error:
                print(f'left out: {error}')
        try:
            for work in names:
                name = work['name']
                key = name if threads == options.threads else f'{name}, {threads} threads'
                sides = [s for s in [*programs, *workers] if s.sides.get(name)]
                tolerance = registry['tolerance'].get(name.partition('/')[0], registry['tolerance']['default'])
                bad = disagreement(name, sides, tolerance)
                if bad:
                    wrong[key] = bad
                    print(f'{key}: these do not agree with the others and are left out: {bad}')
                found = times[key] = {}
                for _ in range(min(rounds, work.get('rounds', rounds))):
                    for one in random.sample(sides, len(sides)):
                        for side, wall, cpu in one.time(name, seconds):
                            if side not in bad:
                                found.setdefault(side, {'wall': [], 'cpu': []})
                                found[side]['wall'].append(wall)
                                found[side]['cpu'].append(cpu)
                print(line(key, found, 'cpu' if options.clock == 'cpu' and threads == 1 else 'wall'), flush=True)
        finally:
            for worker in workers:
                worker.close()
    return times, wrong


def line(key, sides, clock):
    from report import text_of
    medians = {side: statistics.median(t[clock]) for side, t in sides.items()}
    return f'{key:36} ' + '  '.join(f'{side} {text_of(s)}' for side, s in sorted(medians.items(), key=lambda m: m[1]))


def registered(programs, registry):
    """Fails where a program has a work that work.json does not name, or the other way round."""
    known = {w['name'] for w in registry['works']}
    built = set().union(*(p.sides for p in programs))
    if built - known:
        raise SystemExit(f'not in work.json: {sorted(built - known)}')
    for name in sorted(known - built):
        print(f'no program does {name}')


def main():
    options = parse()
    run_in_environment(options)
    sys.path.insert(0, str(HERE))
    import compilation
    import machine
    import report

    registry = json.loads((HERE / 'work.json').read_text())
    programs = [Program(p) for p in build(options)]
    registered(programs, registry)
    facts = machine.describe(options.build, {name: getattr(options, name) for name in ('threads', 'quick', 'only', 'clock')})
    if facts['busy cores at the start'] > 0.3:
        print(f'other programs keep {facts["busy cores at the start"]:.1f} cores busy: these numbers will not be worth much')
    times, wrong = measure(options, programs, registry)
    os.sched_setaffinity(0, use_threads.cores)
    costs = compilation.costs(options.build, options.only, options.quick)
    facts['busy cores at the end'] = round(machine.busy_cores(), 2)

    name = f'{re.sub("[^A-Za-z0-9]+", "-", facts["processor"]).strip("-")}-{datetime.date.today()}'
    folder = options.results / name
    folder.mkdir(parents=True, exist_ok=True)
    report.write(folder, {'machine': facts, 'clock': options.clock, 'threads': options.threads, 'seconds': times,
                          'compilation': costs, 'disagreement': wrong})
    print(f'\nresults are in {folder}')
    return bool(wrong)


if __name__ == '__main__':
    sys.exit(main())
