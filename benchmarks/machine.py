"""What numbers depend on: processor, compilers, flags, versions."""

import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import shlex
import subprocess
import time


def output(*command):
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def processor():
    for line in pathlib.Path('/proc/cpuinfo').read_text().splitlines():
        if line.startswith('model name'):
            return line.partition(':')[2].strip()
    return platform.processor() or platform.machine()


def pack_floats():
    """Floats in the widest register, as hand.hpp counts them."""
    for line in pathlib.Path('/proc/cpuinfo').read_text().splitlines():
        if line.startswith('flags'):
            return 16 if ' avx512f' in line else 8 if ' avx' in line else 4
    return 4


def command_of(build, file):
    for entry in json.loads((build / 'compile_commands.json').read_text()):
        if entry['file'].endswith(file):
            return shlex.split(entry['command'])
    return []


def busy_cores(seconds=2):
    """How many cores other programs keep busy: the load average still counts the build that has just ended."""
    def ticks():
        words = pathlib.Path('/proc/stat').read_text().split('\n', 1)[0].split()[1:9]
        return int(words[3]) + int(words[4]), sum(map(int, words))

    if not pathlib.Path('/proc/stat').exists():
        return os.getloadavg()[0]
    before = ticks()
    time.sleep(seconds)
    idle, total = (b - a for a, b in zip(before, ticks()))
    return os.cpu_count() * (1 - idle / max(total, 1))


def describe(build, arguments):
    command = command_of(build, 'benchmarks/elementwise.cpp')
    compiler = [w for w in command if not w.startswith('-')][:2]
    caches = {p.parent.name: f'L{(p.parent / "level").read_text().strip()} {p.read_text().strip()}'
              for p in pathlib.Path('/sys/devices/system/cpu/cpu0/cache').glob('index*/size')}
    pages = pathlib.Path('/sys/kernel/mm/transparent_hugepage/enabled')
    versions = {name: output('pkg-config', '--modversion', package)
                for name, package in [('Eigen', 'eigen3'), ('OpenBLAS', 'openblas'), ('dlib', 'dlib-1'), ('xtensor', 'xtensor'),
                                      ('Google Benchmark', 'benchmark')]}
    for package in ('torch', 'jax', 'numpy', 'scipy'):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    root = pathlib.Path(__file__).resolve().parent.parent
    return {
        'processor': processor(),
        'cores': len(os.sched_getaffinity(0)),
        'floats in a register': pack_floats(),
        'caches': sorted(caches.values()),
        'memory': os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES'),
        'huge pages': pages.read_text().strip() if pages.exists() else None,
        'system': platform.platform(),
        'compiler': (output(*compiler, '--version') or '').partition('\n')[0] if compiler else None,
        'flags': [w for w in command if w.startswith(('-O', '-m', '-std', '-f', '-D')) and not w.startswith('-fdiagnostics')],
        'versions': versions,
        'Python': platform.python_version(),
        'commit': output('git', '-C', str(root), 'describe', '--always', '--dirty'),
        'date': datetime.datetime.now().isoformat(timespec='seconds'),
        'arguments': arguments,
        'busy cores at the start': round(busy_cores(), 2),
    }
