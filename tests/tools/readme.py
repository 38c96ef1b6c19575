#!/usr/bin/env python3
"""Compiles and runs the programs that a page shows, and compares what they print with what the page says.

A program is a ```cpp block with `int main`. A ```text block that comes next, before another program, is its output. A block
opened with ```cpp must-not-compile is a program with a mistake; its ```text block begins with the line of the compiler's error.

    readme.py list PAGE                  the programs' numbers, each with run or refuse
    readme.py source PAGE NUMBER         the program
    readme.py run PAGE NUMBER PROGRAM    runs the built program and compares
    readme.py refuse PAGE NUMBER --build BUILD --like SOURCE
"""

import argparse
import difflib
import pathlib
import re
import subprocess
import sys
import tempfile

FENCE = re.compile(r'^```([^\n`]*)\n(.*?)^```[ \t]*$', re.MULTILINE | re.DOTALL)


def programs(page):
    """The page's programs as (kind, source, output); the output is None where the page gives none."""
    found = []
    open_for_output = False
    for info, body in FENCE.findall(pathlib.Path(page).read_text(encoding='utf-8')):
        words = info.split()
        if words[:1] == ['cpp']:
            open_for_output = 'int main' in body
            if open_for_output:
                found.append(['refuse' if 'must-not-compile' in words else 'run', body, None])
        elif words[:1] == ['text'] and open_for_output:
            found[-1][2] = body
            open_for_output = False
    return found


def plain(text):
    """Lines without trailing blanks, and without empty lines at the end."""
    return [line.rstrip() for line in text.rstrip().splitlines()]


def run(program, expected):
    with tempfile.TemporaryDirectory(prefix='tenon-readme-') as folder:
        result = subprocess.run([str(pathlib.Path(program).resolve())], cwd=folder, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, text=True, timeout=600)
    print(result.stdout)
    if result.returncode:
        print(f'exit status {result.returncode}', file=sys.stderr)
        return 1
    if expected is None:
        return 0
    difference = list(difflib.unified_diff(plain(expected), plain(result.stdout), 'shown', 'printed', lineterm=''))
    print('\n'.join(difference), file=sys.stderr)
    return bool(difference)


def refuse(source, expected, build, like):
    from compile_command import Compiler, scratch
    compiler = Compiler(build, like)
    with scratch(build) as folder:
        program = pathlib.Path(folder) / 'program.cpp'
        program.write_text(source, encoding='utf-8')
        result = compiler.run(program, '-c', '-o', f'{folder}/program.o')
    print(result.stdout)
    if result.returncode == 0:
        print('it compiles', file=sys.stderr)
        return 1
    if expected is None or 'error:' not in expected:
        print('the page does not show the error', file=sys.stderr)
        return 1
    # The page shows g++'s words; another compiler has its own.
    if not compiler.is_gcc:
        return 0
    shown = next(line for line in expected.splitlines() if 'error:' in line).split('error:', 1)[1].strip()
    printed = next((line for line in result.stdout.splitlines() if 'error:' in line), 'error:').split('error:', 1)[1]
    same = shown == printed.strip()
    if not same:
        print(f'shown:   {shown}\nprinted: {printed.strip()}', file=sys.stderr)
    return not same


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('action', choices=['list', 'source', 'run', 'refuse'])
    parser.add_argument('page')
    parser.add_argument('number', nargs='?', type=int)
    parser.add_argument('program', nargs='?')
    parser.add_argument('--build')
    parser.add_argument('--like')
    options = parser.parse_args()

    found = programs(options.page)
    if options.action == 'list':
        for number, (kind, _, _) in enumerate(found, 1):
            print(f'{number:02} {kind}')
        return 0
    kind, source, output = found[options.number - 1]
    if options.action == 'source':
        sys.stdout.write(source)
        return 0
    if options.action == 'run':
        return run(options.program, output)
    return refuse(source, output, options.build, options.like)


if __name__ == '__main__':
    sys.exit(main())
