#!/usr/bin/env python3
"""Shows that a program with a mistake is refused, and that the compiler's message names the mistake.

The first line of the diagnostics that contains `error:` has to hold every text of the program's `// expect:` lines. With g++ the
diagnostics may have at most 25 lines in all.
"""

import argparse
import pathlib
import sys

from compile_command import Compiler, scratch

LINES = 25


def check(program, result, limit):
    """The reasons why this is not the refusal that the program expects."""
    expected = [line.split('expect:', 1)[1].strip() for line in program.read_text().splitlines()
                if line.startswith('// expect:')]
    if not expected:
        return ['the program says nothing with // expect:']
    if result.returncode == 0:
        return ['it compiles']
    lines = result.stdout.splitlines()
    first = next((line for line in lines if 'error:' in line), None)
    if first is None:
        return ['the compiler failed without an error: line']
    # What the file's own path says does not count.
    message = first.split('error:', 1)[1]
    reasons = [f'the first error does not say "{text}"' for text in expected if text not in message]
    if limit and len(lines) > LINES:
        reasons.append(f'{len(lines)} lines of diagnostics, more than {LINES}')
    return reasons


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', required=True, help='build folder')
    parser.add_argument('--like', required=True, help='source file whose compiler command is used')
    parser.add_argument('program', type=pathlib.Path)
    options = parser.parse_args()

    compiler = Compiler(options.build, options.like)
    with scratch(options.build) as folder:
        result = compiler.run(options.program.resolve(), '-c', '-o', f'{folder}/refused.o')
    reasons = check(options.program, result, compiler.is_gcc)
    print(result.stdout)
    for reason in reasons:
        print(f'{options.program.name}: {reason}', file=sys.stderr)
    return bool(reasons)


if __name__ == '__main__':
    sys.exit(main())
