#!/usr/bin/env python3
"""Puts NumPy's, PyTorch's and Tenon's spellings side by side in docs/numpy.md, from the tables in docs/names.

A table is `docs/names/NAME.md`: a heading and rows of NumPy, PyTorch, Tenon and a remark. `docs/names/pytorch.txt` lists the operators
that PyTorch tests itself with (torch.testing._internal.common_methods_invocations.op_db), so that the page can say what isn't offered.

    names.py write                    writes the page
    names.py check --build BUILD --like SOURCE
                                      fails where the page is old, or names something that the headers don't declare
"""

import argparse
import pathlib
import re
import sys
import tempfile
import textwrap

from compile_command import Compiler

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLES = ROOT / 'docs/names'
PAGE = ROOT / 'docs/numpy.md'
# In the order of the page; what isn't listed comes last.
ORDER = ['tensors', 'elementwise', 'special', 'reductions', 'sort', 'views', 'index', 'products', 'linalg', 'complex', 'networks', 'nn', 'interop']
INTRODUCTION = '''\
# NumPy, PyTorch, Tenon

What NumPy and PyTorch spell one way is spelled here so. Axes, sizes and whatever else changes a type are template arguments, negative axes
count from the end; all else is positional as in PyTorch, or named in an aggregate of options. `tn` is `tenon`, `np` is `numpy`, `F` is
`torch.nn.functional`. `tn::linalg`, `tn::fft`, `tn::special` and `tn::signal` have headers of their names; all else comes with
`tenon/tenon.hpp`, or with the header that stands beside it.

'''


def tables():
    def key(path):
        return ORDER.index(path.stem) if path.stem in ORDER else len(ORDER), path.stem
    return sorted(TABLES.glob('*.md'), key=key)


def rows(text):
    """The cells of each row below a table's head; `\\|` stands for a bar."""
    for line in text.splitlines():
        cells = [cell.strip().replace('\0', '|') for cell in line.replace('\\|', '\0').strip().strip('|').split('|')]
        if line.startswith('|') and len(cells) == 4 and cells[2] != 'Tenon' and cells[2].strip('-'):
            yield cells


def torch_names(cell):
    """PyTorch's names in a cell, as its list of operators has them."""
    for code in re.findall(r'`([^`]*)`', cell):
        name = re.match(r'(?:torch\.|(F)\.)?([A-Za-z_][\w.]*)', code)
        if code.startswith('x['):
            yield '__getitem__'
        elif name:
            yield 'nn.functional.' + name[2] if name[1] else name[2]
            # What torch.special and torch.linalg only name again stands in the list once; methods stand there as functions, those
            # that fill a tensor without their underscore.
            yield name[2].removeprefix('special.').removeprefix('linalg.').removeprefix('Tensor.').removeprefix('x.').removesuffix('_')


def page():
    texts = [path.read_text(encoding='utf-8').strip() for path in tables()]
    offered = {name for text in texts for row in rows(text) if row[2] for name in torch_names(row[1])}
    wanted = (TABLES / 'pytorch.txt').read_text(encoding='utf-8').split()
    missing = [name for name in wanted if name not in offered]
    end = f'''## Not offered

Of the {len(wanted)} operators in PyTorch's own list of tests (without its copies, conversions, changes in place, sparse, masked and private
parts) {len(wanted) - len(missing)} have a spelling above. These have none:

{textwrap.fill(', '.join(f'`{name}`' for name in missing), 120)}.
'''
    return INTRODUCTION + '\n\n'.join(re.sub(r'^# ', '## ', text) for text in texts) + '\n\n' + end


# What brings a module's names; other names come with tenon.hpp, or with a header that the row's remark names.
MODULES = {'linalg': 'linalg.hpp', 'fft': 'fft.hpp', 'special': 'special.hpp', 'signal': 'signal.hpp'}


def names_by_header():
    """The names in the tables, by the header that declares them."""
    found = {}
    for path in tables():
        for row in rows(path.read_text(encoding='utf-8')):
            named = re.search(r'`tenon/([\w/]+\.hpp)`', row[3])
            for name in re.findall(r'\btn::((?:\w+::)*\w+)', row[2]):
                header = MODULES.get(name.partition('::')[0]) or (named[1] if named else 'tenon.hpp')
                found.setdefault(header, set()).add(name)
    return found


def declared(compiler):
    """Whether the headers declare each name in the tables: a using-declaration for each; the compiler names what is missing."""
    right = True
    with tempfile.TemporaryDirectory(prefix='tenon-names-') as folder:
        for header, names in names_by_header().items():
            file = pathlib.Path(folder, header.replace('/', '_').replace('.hpp', '.cpp'))
            file.write_text(f'#include <tenon/{header}>\n' + ''.join(
                f'namespace name_{i} {{ using tenon::{name}; }}\n' for i, name in enumerate(sorted(names))))
            result = compiler.run(file, '-fsyntax-only')
            print(result.stdout)
            right = right and result.returncode == 0
    return right


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument('action', choices=['write', 'check'])
    arguments.add_argument('--build', help='build folder')
    arguments.add_argument('--like', help='source file whose compiler command is used')
    given = arguments.parse_args()
    if given.action == 'write':
        PAGE.write_text(page(), encoding='utf-8')
        return 0
    if page() != PAGE.read_text(encoding='utf-8'):
        print('docs/numpy.md is older than docs/names: run tests/tools/names.py write', file=sys.stderr)
        return 1
    return 0 if declared(Compiler(given.build, given.like)) else 1


if __name__ == '__main__':
    sys.exit(main())
