#!/usr/bin/env python3
"""Shows that each header of a folder compiles alone, twice in one file, and without a warning."""

import argparse
import pathlib
import sys

from compile_command import Compiler


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', required=True, help='build folder')
    parser.add_argument('--like', required=True, help='source file whose compiler command is used')
    parser.add_argument('--include', required=True, type=pathlib.Path, help='the folder that holds tenon/')
    parser.add_argument('--skip', action='append', default=[], help='a header or folder below tenon/ to leave out')
    parser.add_argument('--before', default='', help='a header that the compiler of the device includes by itself')
    parser.add_argument('folder', help='folder below tenon/, or . for the headers directly in it')
    options = parser.parse_args()

    compiler = Compiler(options.build, options.like)
    root = options.include.resolve() / 'tenon'
    folder = root / options.folder
    found = folder.glob('*.hpp') if options.folder == '.' else folder.rglob('*.hpp')
    names = sorted(header.relative_to(root).as_posix() for header in found)
    names = [name for name in names if not any(name == skip or name.startswith(skip + '/') for skip in options.skip)]

    # The files keep their names from run to run, so that ccache knows them again.
    scratch = pathlib.Path(options.build).resolve() / 'header-tests'
    failed = []
    for name in names:
        source = scratch / name.replace('.hpp', '.cpp')
        source.parent.mkdir(parents=True, exist_ok=True)
        before = f'#include <{options.before}>\n' if options.before else ''
        text = f'{before}#include <tenon/{name}>\n#include <tenon/{name}>\n'
        if not source.exists() or source.read_text() != text:
            source.write_text(text)
        result = compiler.run(source, '-O0', '-Werror', '-c', '-o', source.with_suffix('.o'))
        source.with_suffix('.o').unlink(missing_ok=True)
        if result.returncode:
            failed.append(name)
            print(f'{name}:\n{result.stdout}')
    print(f'{len(names) - len(failed)} headers compile alone, {len(failed)} do not: {" ".join(failed)}')
    return bool(failed)


if __name__ == '__main__':
    sys.exit(main())
