#!/usr/bin/env python3
"""Shows that headers compile alone, twice in one file, and without a warning.

A header that another one includes is shown in the same file as that one, before it: nothing stands before the first, and
what stands before another is what that includes anyway. So a file shows a chain of headers, and as few files are compiled as
chains are needed to hold all. Where one is refused, each of its headers is compiled by itself, to name those that fail.
"""

import argparse
import pathlib
import re
import sys

from compile_command import Compiler

DIRECTIVE = re.compile(r'^\s*#\s*(if|endif|include)\w*\s*(?:<tenon/([^>]+)>)?', re.MULTILINE)


def included(text):
    """The headers that a text includes whatever is defined: not those under a condition."""
    conditions = 0
    for directive, name in DIRECTIVE.findall(text):
        conditions += {'if': 1, 'endif': -1, 'include': 0}[directive]
        if name and conditions == 0:
            yield name


def includes_of(roots):
    """What each header below the roots always includes of the others, directly or through them."""
    direct = {}
    for root in roots:
        for header in root.rglob('*.hpp'):
            direct[header.relative_to(root).as_posix()] = list(included(header.read_text()))
    closed = {}

    def close(name):
        if name not in closed:
            closed[name] = set()
            for other in direct[name]:
                closed[name] |= {other} | close(other)
        return closed[name]

    return {name: close(name) for name in direct}


def chains(names, includes):
    """Lists of headers, each of which is included by the next one in its list; each name is in one of them.

    Every header is followed by at most one, and follows at most one: pairs that go together are a matching of headers with
    headers that include them. Those that include most find theirs first, since a file costs what its last header includes.
    """
    users = {name: sorted(user for user in names if name in includes[user]) for name in names}
    before = {}

    def follow(name, tried):
        for user in users[name]:
            if user not in tried:
                tried.add(user)
                if user not in before or follow(before[user], tried):
                    before[user] = name
                    return True
        return False

    for name in sorted(names, key=lambda name: (-len(includes[name]), name)):
        follow(name, set())
    followed = set(before.values())
    for last in sorted(set(names) - followed):
        chain = [last]
        while chain[0] in before:
            chain.insert(0, before[chain[0]])
        yield chain


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', required=True, help='build folder')
    parser.add_argument('--like', required=True, help='source file whose compiler command is used')
    parser.add_argument('--include', required=True, action='append', type=pathlib.Path, help='a folder that holds tenon/')
    parser.add_argument('--skip', action='append', default=[], help='a header or folder below tenon/ to leave out')
    parser.add_argument('--only', action='append', default=[], help='a header or folder below tenon/; all without this')
    parser.add_argument('--before', default='', help='a header that the compiler of the device includes by itself')
    parser.add_argument('--part', default='1/1', help='K/N: every Nth of the files from the Kth on')
    options = parser.parse_args()

    def below(name, folders):
        return any(name == folder or name.startswith(folder + '/') for folder in folders)

    compiler = Compiler(options.build, options.like)
    includes = includes_of([include.resolve() / 'tenon' for include in options.include])
    names = [name for name in includes if not below(name, options.skip) and (not options.only or below(name, options.only))]
    part, parts = map(int, options.part.split('/'))
    own = list(chains(names, includes))[part - 1::parts]

    # The files keep their names from run to run, so that ccache knows them again.
    scratch = pathlib.Path(options.build).resolve() / 'header-tests'

    def compile(headers):
        source = scratch / headers[-1].replace('.hpp', '.cpp')
        source.parent.mkdir(parents=True, exist_ok=True)
        lines = [f'#include <{options.before}>'] if options.before else []
        lines += [f'#include <tenon/{name}>' for name in headers for _ in range(2)]
        text = '\n'.join(lines) + '\n'
        if not source.exists() or source.read_text() != text:
            source.write_text(text)
        result = compiler.run(source, '-O0', '-Werror', '-c', '-o', source.with_suffix('.o'))
        source.with_suffix('.o').unlink(missing_ok=True)
        return result

    failed = []
    for chain in own:
        if compile(chain).returncode == 0:
            continue
        alone = [(name, compile([name])) for name in chain]
        refused = [(name, result) for name, result in alone if result.returncode] or [(' after '.join(reversed(chain)), compile(chain))]
        for name, result in refused:
            failed.append(name)
            print(f'{name}:\n{result.stdout}')
    count = sum(len(chain) for chain in own)
    print(f'{count} headers in {len(own)} files: {count - len(failed)} compile alone, {len(failed)} do not: {" ".join(failed)}')
    return bool(failed)


if __name__ == '__main__':
    sys.exit(main())
