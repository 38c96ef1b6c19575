#!/usr/bin/env python3
"""Measures Tenon on a CUDA device beside PyTorch and JAX: builds device.cu, checks that all sides agree, times them in turns, and reports.

    python3 benchmarks/device.py [--quick] [--only REGEX] [--arch sm_90]
    python3 benchmarks/device.py --build-only --arch sm_90     where there is no device
    python3 benchmarks/device.py --program build-device/device_benchmark

Needs nvcc, the headers of Eigen, and a Python with PyTorch and JAX for the device, of which one that is missing is left out. Results go
to benchmarks/results/<card>-<date>/: results.json, table.md and a plot. Without a device the exit status is 77.
"""

import argparse
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import random
import re
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'tests' / 'tools')]

import machine
import nvcc
import report
import run
from nvcc import ROOT, SKIPPED

FASHION_MNIST = pathlib.Path('/usr/share/datasets/fashion-mnist')


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true', help='fewer and shorter measurements')
    parser.add_argument('--only', default='', metavar='REGEX', help='only works whose names contain this')
    parser.add_argument('--peers', default='torch,jax', help='the other sides (torch,jax)')
    nvcc.add_options(parser)
    parser.add_argument('--results', type=pathlib.Path, default=HERE / 'results', help='folder of the results')
    parser.add_argument('--seconds', type=int, default=600, help='no work is begun after so many seconds (600)')
    parser.add_argument('--program', type=pathlib.Path, help='a program that was built from device.cu: nothing is built')
    parser.add_argument('--build-only', action='store_true')
    parser.add_argument('--try-out', action='store_true', help='the peers run on the processor: for trying this program, not for measuring')
    return parser.parse_args()


def of_device(*fields):
    """What nvidia-smi says of the first device, or nothing."""
    text = machine.output('nvidia-smi', f'--query-gpu={",".join(fields)}', '--format=csv,noheader')
    return [field.strip() for field in text.splitlines()[0].split(',')] if text else None


def build(options):
    """The program, built."""
    options.build.mkdir(parents=True, exist_ok=True)
    program = options.build / 'device_benchmark'
    command = [*nvcc.device_command(options), '-O3', '-DNDEBUG', '-I', HERE, HERE / 'device.cu', '-o', program, *nvcc.libraries(options)]
    start = time.monotonic()
    subprocess.run([str(c) for c in command], check=True)
    print(f'built in {time.monotonic() - start:.0f} s', flush=True)
    return program


def pictures(folder):
    """Writes pictures and classes as bytes, those of Fashion-MNIST where they are, else as many made up ones. Returns which."""
    import numpy
    folder.mkdir(parents=True, exist_ok=True)
    if (FASHION_MNIST / 'train-images-idx3-ubyte.gz').exists():
        sys.path.insert(0, str(HERE / 'peers'))
        import worker
        images, labels = worker.fashion_mnist()
        which = 'Fashion-MNIST'
    else:
        # Each class has a picture of its own, and its samples are that under noise. A fifth of the classes is drawn anew, so that the
        # mean loss depends little on the order of the first steps.
        gen = numpy.random.default_rng(0)
        labels = gen.integers(0, 10, 60000, numpy.uint8)
        of_class = gen.integers(0, 160, (10, 784), numpy.uint8)
        images = of_class[labels] + gen.integers(0, 96, (60000, 784), numpy.uint8)
        labels = numpy.where(gen.random(60000) < 0.2, gen.integers(0, 10, 60000, numpy.uint8), labels)
        which = 'made up'
    images.astype(numpy.uint8).tofile(folder / 'images.u8')
    labels.astype(numpy.uint8).tofile(folder / 'labels.u8')
    return which


def describe(options, which_pictures):
    fields = ['name', 'driver_version', 'memory.total', 'power.limit', 'clocks.max.sm', 'clocks.max.memory', 'compute_cap']
    versions = {}
    for package in ('torch', 'jax', 'triton', 'numpy'):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    compiler = machine.output(options.nvcc, '--version')
    return {
        'card': dict(zip(fields, of_device(*fields) or [])),
        'nvcc': compiler.splitlines()[-1] if compiler else None,
        'processor': machine.processor(),
        'cores': len(os.sched_getaffinity(0)),
        'system': platform.platform(),
        'versions': versions,
        'Python': platform.python_version(),
        'pictures': which_pictures,
        'commit': machine.output('git', '-C', str(ROOT), 'describe', '--always', '--dirty'),
        'date': datetime.datetime.now().isoformat(timespec='seconds'),
        'arguments': {name: getattr(options, name) for name in ('quick', 'only', 'peers', 'try_out')},
    }


def start(options, program, folder, names):
    """The sides' processes. Tenon's has to start; the others may be missing."""
    workers = [run.Worker([program, folder], names)]
    for peer in filter(None, options.peers.split(',')):
        try:
            workers.append(run.Worker([sys.executable, HERE / 'peers' / f'device_{peer}.py'], names))
        except RuntimeError as error:
            print(f'left out: {error}', flush=True)
    return workers


def has_ended(process):
    """Whether it has, a moment after it gave no answer."""
    try:
        process.wait(1)
    except subprocess.TimeoutExpired:
        return False
    return True


def restart(workers, ended, names):
    """Puts a new process in the place of one that has ended; none where that ends too."""
    at = workers.index(ended)
    try:
        workers[at] = run.Worker(ended.process.args, names)
    except RuntimeError as error:
        print(error, flush=True)
        del workers[at]


def measure_one(work, workers, tolerance, seconds, rounds):
    """Checks and times all sides of a work; returns seconds by side, and what did not agree."""
    name, found = work['name'], {}
    bad = run.disagreement(name, workers, tolerance)
    for _ in range(min(rounds, work.get('rounds', rounds))):
        for one in random.sample(workers, len(workers)):
            for side, wall, cpu in one.time(name, seconds):
                if side not in bad:
                    found.setdefault(side, {'wall': [], 'cpu': []})
                    found[side]['wall'].append(wall)
                    found[side]['cpu'].append(cpu)
    return found, bad


def measure(options, workers, works, tolerances, keep):
    """Measures all works; returns seconds by work and side, and what did not agree or could not be done. A process that ends is
    started anew, and does not take part in the work that ended it.
    @param keep is called with both after each work
    """
    seconds, rounds = (0.05, 3) if options.quick else (0.1, 7)
    times, wrong = {}, {}
    begin = time.monotonic()
    for work in works:
        name = work['name']
        if time.monotonic() - begin > options.seconds:
            print(f'{name}: no time is left')
            continue
        sides = [w for w in workers if w.sides.get(name)]
        while sides:
            try:
                times[name], bad = measure_one(work, sides, tolerances.get(name.partition('/')[0], tolerances['default']), seconds, rounds)
            except (RuntimeError, SystemExit) as error:
                print(error, flush=True)
                wrong.setdefault(name, {})['failed'] = str(error)
                ended = [w for w in sides if has_ended(w.process)]
                sides = [w for w in sides if w not in ended] if ended else []
                for one in ended:
                    restart(workers, one, [w['name'] for w in works])
                continue
            if bad:
                wrong.setdefault(name, {}).update(bad)
                print(f'{name}: these do not agree with the others and are left out: {bad}')
            print(run.line(name, times[name], 'wall') + f'   ({time.monotonic() - begin:.0f} s so far)', flush=True)
            break
        keep(times, wrong)
    return times, wrong


def rates(times, works):
    """A table of what was moved and computed in a second, in terms of what has to be."""
    lines = ['', '| work | side | | of the copy |', '| --- | --- | --- | --- |']
    median = lambda name, side: statistics.median(times[name][side]['wall'])
    copied = min((median('copy/256M', side) for side in times.get('copy/256M', {})), default=None)
    bytes_of = {w['name']: w['bytes'] for w in works if 'bytes' in w}
    for work in works:
        for side in sorted(times.get(work['name'], {}), key=report.ORDER.index):
            took = median(work['name'], side)
            if 'bytes' in work:
                share = work['bytes'] / took / (bytes_of['copy/256M'] / copied) if copied else None
                lines.append(f'| {work["name"]} | {side} | {work["bytes"] / took / 1e9:.0f} GB/s | {f"{100 * share:.0f} %" if share else ""} |')
            elif 'operations' in work:
                lines.append(f'| {work["name"]} | {side} | {work["operations"] / took / 1e12:.1f} TFLOP/s | |')
    return '\n'.join(lines) + '\n' if len(lines) > 3 else ''


def write(folder, data, works):
    results = report.Results(data)
    text = report.table(results) + rates(data['seconds'], works)
    (folder / 'table.md').write_text(text)
    print('\n' + text)
    try:
        import matplotlib
    except ImportError:
        return
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    report.plot_ratios(results, plt, folder / 'ratios.png')


def main():
    options = parse()
    options.build = options.build.resolve()
    program = options.program.resolve() if options.program else build(options)
    if options.build_only:
        return 0
    os.environ.update(nvcc.environment())
    if subprocess.run([program], stdin=subprocess.DEVNULL).returncode == SKIPPED:
        return SKIPPED
    registry = json.loads((HERE / 'work.json').read_text())
    works = [w for w in registry['works on a device'] if re.search(options.only, w['name'])]
    folder = options.build / 'pictures'
    which = pictures(folder) if any(w['name'].startswith('epoch') for w in works) else None
    os.environ['TENON_PICTURES'] = str(folder) if which else ''
    if options.try_out:
        os.environ['TENON_PEERS_ON'] = 'cpu'
    facts = describe(options, which)
    name = re.sub('[^A-Za-z0-9]+', '-', facts['card'].get('name') or 'no card').strip('-')
    results = options.results / f'{name}-{datetime.date.today()}'
    results.mkdir(parents=True, exist_ok=True)
    data = {'machine': facts, 'clock': 'wall', 'threads': 1}

    def keep(times, wrong):
        data.update(seconds=times, disagreement=wrong)
        (results / 'results.json').write_text(json.dumps(data, indent=1, ensure_ascii=False))

    workers = start(options, program, folder, [w['name'] for w in works])
    try:
        times, wrong = measure(options, workers, works, registry['tolerance'], keep)
    finally:
        for worker in workers:
            worker.close()
    write(results, data, works)
    print(f'\nresults are in {results}')
    return bool(wrong)


if __name__ == '__main__':
    sys.exit(main())
