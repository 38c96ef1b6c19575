#!/usr/bin/env python3
"""Shows that programs with a mistake are refused, and that the compiler's message names the mistake.

A file is one mistake, and its lines `// expect: TEXT` say what has to be read; or it has many, one on each line that ends
with `// expect: TEXT; TEXT`. Those are compiled together, and each message belongs to the line that it refers to; a line
that no message refers to, because the compiler has said the same before, is compiled without the others.

The first line of the diagnostics that contains `error:` has to hold every text. The diagnostics of a mistake may have at
most 25 lines with g++ and 40 with clang.
"""

import argparse
import pathlib
import re
import sys

from compile_command import Compiler, scratch

LINES_GCC = 25
LINES_CLANG = 40
MISTAKE = re.compile(r'\s*[^\s/].*// expect: (.*)$')
# Lines that stand before the error whose context they are, with g++.
CONTEXT = re.compile(r'In file included from|\s+from .*[:,]$|.*: (In |At global scope|  required (from|by))|.*:   recursively required')


def marked_lines(text):
    """What has to be read for each line of a file, by number, that is a mistake of its own."""
    found = ((number, MISTAKE.match(line)) for number, line in enumerate(text.splitlines(), 1))
    return {number: match.group(1).split('; ') for number, match in found if match}


def only(text, marked, number):
    """A file with one of its mistakes alone; lines keep their numbers."""
    return '\n'.join('' if i in marked and i != number else line for i, line in enumerate(text.splitlines(), 1)) + '\n'


def by_mistake(output, name, marked):
    """The diagnostics of a file's mistakes by their line numbers."""
    blocks = []
    before = []
    for line in output.splitlines():
        if CONTEXT.match(line):
            before.append(line)
        elif 'error:' in line or before or not blocks:
            blocks.append([*before, line])
            before = []
        else:
            blocks[-1].append(line)
    place = re.compile(re.escape(name) + r':(\d+):')
    of = {number: [] for number in marked}
    number = None
    for block in blocks:
        places = [int(n) for line in block for n in place.findall(line) if int(n) in marked]
        number = places[0] if places else number
        if number is not None:
            of[number] += block
    return of


def check(expected, lines, limit):
    """The reasons why this is not the refusal that a program expects."""
    if not expected:
        return ['the program says nothing with // expect:']
    first = next((line for line in lines if 'error:' in line), None)
    if first is None:
        return ['no line of diagnostics says error:']
    # What the file's own path says does not count.
    message = first.split('error:', 1)[1]
    reasons = [f'the first error does not say "{text}"' for text in expected if text not in message]
    if len(lines) > limit:
        reasons.append(f'{len(lines)} lines of diagnostics, more than {limit}')
    return reasons


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', required=True, help='build folder')
    parser.add_argument('--like', required=True, help='source file whose compiler command is used')
    parser.add_argument('program', type=pathlib.Path)
    options = parser.parse_args()

    compiler = Compiler(options.build, options.like)
    limit = LINES_GCC if compiler.is_gcc else LINES_CLANG
    text = options.program.read_text()
    name = options.program.name
    failed = False
    with scratch(options.build) as folder:
        source = pathlib.Path(folder).resolve() / name

        def diagnostics(program):
            """What the compiler says to a program; warnings are others' concern."""
            source.write_text(program)
            result = compiler.run(source, '-w', '-fsyntax-only', *([] if compiler.is_gcc else ['-ferror-limit=0']))
            return result.stdout if result.returncode else ''

        def report(where, expected, lines):
            reasons = check(expected, lines, limit)
            for reason in reasons:
                print(f'{where}: {reason}', file=sys.stderr)
            if reasons:
                print('\n'.join(lines), file=sys.stderr)
            return bool(reasons)

        marked = marked_lines(text)
        if not marked:
            expected = [line.split('expect:', 1)[1].strip() for line in text.splitlines() if line.startswith('// expect:')]
            failed = report(name, expected, diagnostics(text).splitlines())
        else:
            for number, lines in by_mistake(diagnostics(text), name, marked).items():
                lines = lines or diagnostics(only(text, marked, number)).splitlines()
                failed |= report(f'{name}:{number}', marked[number], lines)
    return failed


if __name__ == '__main__':
    sys.exit(main())
