#!/usr/bin/env python3
"""Builds the tests of tests/kernels for a CUDA device with nvcc alone, and runs them there, then the contract's program.

    python3 tests/tools/device.py [--arch sm_90] [--catch DIR] [--eigen DIR] [--only REGEX] [--sanitize]
    python3 tests/tools/device.py --build-only --arch sm_90    where there is no device
    python3 tests/tools/device.py --run-only                   where it is, with the folder that was built

Programs go to build-device/, beside the log of each. Needs nvcc, cuBLASLt, the headers of Eigen and Catch2 2's one header; to run
programs that were built elsewhere, cuBLASLt alone; what PyTorch's Python packages have of it will do. What is newer than its source
and all headers is not built again. Without a device the tests are skipped and the exit status is 77.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import nvcc
from nvcc import ROOT, SKIPPED

KERNELS = ROOT / 'tests' / 'kernels'
# Under compute-sanitizer a launch takes a hundred times as long; these cover all kernels but those of batch_norm, clip,
# grad_scaler and normalize.
QUICK = [
    'concat', 'dropout', 'fused_nodes', 'fused_step', 'index', 'loss', 'matmul', 'narrow', 'prefetch', 'region', 'rows', 'training',
]


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    nvcc.add_options(parser)
    parser.add_argument('--catch', type=pathlib.Path, metavar='DIR', help='folder with catch.hpp or catch2/catch.hpp, of Catch2 2')
    parser.add_argument('--jobs', type=int, default=os.cpu_count(), help='compilers at a time; one takes up to 3 GB')
    parser.add_argument('--only', default='', metavar='REGEX', help='only programs whose names contain this: region, contract, …')
    parser.add_argument('--seconds', type=int, default=300, help='limit of a program\'s run')
    parser.add_argument('--sanitize', action='store_true', help='compute-sanitizer too: memcheck and racecheck of the quick ones')
    which = parser.add_mutually_exclusive_group()
    which.add_argument('--build-only', action='store_true')
    which.add_argument('--run-only', action='store_true')
    return parser.parse_args()


def sources(only):
    """Programs by name, each of one file."""
    every = {p.name.removesuffix('_test.cpp'): p for p in sorted(KERNELS.glob('*_test.cpp'))}
    every['contract_06'] = ROOT / 'tests' / 'contract' / '06_cuda.cu'
    return {name: path for name, path in every.items() if re.search(only, name)}


def catch_folder(options):
    """A folder from which <catch2/catch.hpp> is found; nothing where the compiler knows one."""
    if options.catch is None:
        return []
    if (options.catch / 'catch2' / 'catch.hpp').exists():
        return ['-I', str(options.catch)]
    folder = options.build / 'include' / 'catch2'
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(options.catch / 'catch.hpp' if options.catch.is_dir() else options.catch, folder / 'catch.hpp')
    return ['-I', str(folder.parent)]


def run(command, log):
    """Runs with all output in a file. Returns whether that went well, and how long it took."""
    start = time.monotonic()
    with open(log, 'w') as file:
        print(*command, file=file, flush=True)
        status = subprocess.run([str(c) for c in command], stdout=file, stderr=subprocess.STDOUT).returncode
    return status == 0, time.monotonic() - start


def first_errors(log, count=3):
    lines = [line for line in log.read_text(errors='replace').splitlines() if re.search(r'error|terminate|undefined', line)]
    return [line[:300] for line in lines[:count]]


def build(options, programs):
    """Builds what is missing, as many at a time as there are jobs; returns the names of what did not build."""
    device = nvcc.device_command(options)
    options.build.mkdir(parents=True, exist_ok=True)
    common = ['-I', ROOT / 'tests', *catch_folder(options)]
    main = options.build / 'main.o'
    wanted = {name: path for name, path in programs.items() if not up_to_date(options.build / name, path)}

    def one(name):
        log = options.build / f'{name}.build.log'
        object_file = options.build / f'{name}.o'
        good, seconds = run([*device, *common, '-O1', '-x', 'cu', '-c', wanted[name], '-o', object_file], log)
        return name, good, seconds, log

    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        # The largest first, so that none of them is left to the end.
        compiled = [pool.submit(one, name) for name in sorted(wanted, key=lambda n: -wanted[n].stat().st_size)]
        has_main = True
        if any(name != 'contract_06' for name in wanted):
            has_main, _ = run([*nvcc.host_command(options), *common, '-c', KERNELS / 'card_main.cpp', '-o', main],
                              options.build / 'main.build.log')
            if not has_main:
                print('main did not build:', *first_errors(options.build / 'main.build.log'), sep='\n  ')
        failed = set()
        for future in concurrent.futures.as_completed(compiled):
            name, good, seconds, log = future.result()
            objects = [options.build / f'{name}.o'] + ([] if name == 'contract_06' else [main])
            if good and (has_main or name == 'contract_06'):
                link = options.build / f'{name}.link.log'
                good, _ = run([*nvcc.host_command(options), *objects, '-o', options.build / name, *nvcc.libraries(options)], link)
                log = log if good else link
                objects[0].unlink()
            else:
                good = False
            print(f'{name}: {"built" if good else "NOT BUILT"} in {seconds:.0f} s', *([] if good else first_errors(log)), sep='\n  ',
                  flush=True)
            if not good:
                failed.add(name)
    return failed


def up_to_date(program, source):
    """Whether a program is newer than its source and every header."""
    headers = [h for folder in ('include', 'kernels', 'tests') for h in (ROOT / folder).rglob('*.hpp')]
    return program.exists() and program.stat().st_mtime > max(p.stat().st_mtime for p in [source, *headers])


def execute(command, seconds, log):
    """Runs a program. Returns what came of it in a word, and its output."""
    start = time.monotonic()
    try:
        done = subprocess.run([str(c) for c in command], timeout=seconds, text=True, errors='replace', stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=nvcc.environment(), cwd=ROOT / 'tests')
        status, text = done.returncode, done.stdout
    except subprocess.TimeoutExpired as over:
        status, text = None, (over.stdout or b'').decode(errors='replace') if isinstance(over.stdout, bytes) else over.stdout or ''
    log.write_text(text)
    # The contract's program says that there is no device, and that this is no failure.
    if status == SKIPPED or (status == 0 and 'no CUDA device' in text):
        return 'skipped', time.monotonic() - start, text
    return {None: 'timeout', 0: 'ok'}.get(status, f'FAILED ({status})'), time.monotonic() - start, text


def run_all(options, programs, unbuilt):
    results = {}

    def note(label, command, log):
        result, seconds, text = execute(command, options.seconds, options.build / log)
        results[label] = result
        print(f'{label}: {result} in {seconds:.1f} s', flush=True)
        if result != 'ok':
            tail = text.strip().splitlines()
            print(*['  ' + line[:200] for line in (tail[:40] if 'FAILED' in result else tail[-3:])], sep='\n', flush=True)

    for name in programs:
        if name in unbuilt or not (options.build / name).exists():
            results[name] = 'NOT BUILT'
            continue
        note(name, [options.build / name], f'{name}.log')
    if options.sanitize:
        tool = shutil.which('compute-sanitizer') or '/usr/local/cuda/bin/compute-sanitizer'
        for check in ('memcheck', 'racecheck'):
            for name in QUICK:
                if results.get(name) == 'ok':
                    note(f'{name}, {check}', [tool, '--tool', check, '--error-exitcode', '1', options.build / name],
                         f'{name}.{check}.log')
    return results


def main():
    options = parse()
    options.build = options.build.resolve()
    programs = sources(options.only)
    unbuilt = set() if options.run_only else build(options, programs)
    if options.build_only:
        return bool(unbuilt)
    results = run_all(options, programs, unbuilt)
    count = lambda word: sum(word in r for r in results.values())
    print(f'{count("ok")} ok, {count("skipped")} skipped, {len(results) - count("ok") - count("skipped")} failed')
    if count('ok') + count('skipped') != len(results):
        return 1
    return SKIPPED if count('ok') == 0 else 0


if __name__ == '__main__':
    sys.exit(main())
