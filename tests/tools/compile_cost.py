#!/usr/bin/env python3
"""Says how long and with how much memory programs compile, and fails where one needs more memory than it may.

Time is the processor's, not the clock's. It depends on the machine, so it fails the test only where --seconds is given.
"""

import argparse
import os
import pathlib
import sys

from compile_command import Compiler, scratch


def cost(compiler, program, flags, folder):
    """Seconds and megabytes of one compilation, measured in a process of its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.environ['CCACHE_DISABLE'] = '1'
        result = compiler.run(program, *flags, '-c', '-o', f'{folder}/cost.o')
        os.write(writer, result.stdout.encode()[:60000])
        os._exit(result.returncode != 0)
    os.close(writer)
    _, status, usage = os.wait4(child, 0)
    with os.fdopen(reader, 'rb') as output:
        text = output.read().decode(errors='replace')
    if status:
        raise SystemExit(f'{program.name} does not compile:\n{text}')
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', required=True, help='build folder')
    parser.add_argument('--like', required=True, help='source file whose compiler command is used')
    parser.add_argument('--seconds', type=float, default=float('inf'), help='the most that one program may take')
    parser.add_argument('--megabytes', type=float, default=float('inf'), help='the most that one program may take')
    parser.add_argument('--flags', default='-O2', help='flags after those of the build')
    parser.add_argument('programs', nargs='+', type=pathlib.Path)
    options = parser.parse_args()

    compiler = Compiler(options.build, options.like)
    # Users have the compiler's own limits of its heap, and all of its passes.
    compiler.words = [word for word in compiler.words if not word.startswith(('--param=ggc', '-fno-'))]
    failed = False
    with scratch(options.build) as folder:
        for program in options.programs:
            seconds, megabytes = cost(compiler, program.resolve(), options.flags.split(), folder)
            much = seconds > options.seconds or megabytes > options.megabytes
            failed = failed or much
            print(f'{program.name:24} {seconds:6.1f} s {megabytes:7.0f} MB{"  too much" if much else ""}', flush=True)
    return failed


if __name__ == '__main__':
    sys.exit(main())
