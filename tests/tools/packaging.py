#!/usr/bin/env python3
"""Installs the library into a folder of its own and builds a small outside project against it, in one of four ways."""

import argparse
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77


def call(words, **options):
    print('$', shlex.join(map(str, words)), flush=True)
    subprocess.run([str(word) for word in words], check=True, stdin=subprocess.DEVNULL, **options)


class Outside:
    def __init__(self, source, folder, meson, compiler):
        self.source = source
        self.folder = folder
        self.prefix = folder / 'prefix'
        self.meson = meson
        self.compiler = compiler
        self.environment = {**os.environ, 'CXX': shlex.join(compiler)}
        for name in ('CXXFLAGS', 'CPPFLAGS', 'LDFLAGS', 'DESTDIR'):
            self.environment.pop(name, None)

    def call(self, *words, **more):
        call(words, cwd=self.folder, env={**self.environment, **more})

    def install(self, *options):
        """Installs with every program switched off: there is nothing to build."""
        build = self.folder / 'library'
        off = ['-Dtests=disabled', '-Dsamples=false', '-Dbenchmarks=false', *options]
        self.call(*self.meson, 'setup', build, self.source, f'--prefix={self.prefix}', *off)
        self.call(*self.meson, 'install', '-C', build, '--quiet')
        self.pkgconfig = str(self.prefix / 'share' / 'pkgconfig')

    def project(self, name):
        """A copy of an outside project with its program."""
        copy = self.folder / 'outside'
        shutil.copytree(self.source / 'tests' / 'packaging' / name, copy)
        shutil.copy(self.source / 'tests' / 'packaging' / 'program.cpp', copy)
        return copy

    def meson_dependency(self):
        self.install()
        project = self.project('meson_dependency')
        self.call(*self.meson, 'setup', project / 'build', project, PKG_CONFIG_PATH=self.pkgconfig)
        self.call(*self.meson, 'compile', '-C', project / 'build')
        return project / 'build' / 'outside'

    def meson_subproject(self):
        project = self.project('meson_subproject')
        (project / 'subprojects').mkdir()
        copied = project / 'subprojects' / 'tenon'
        copied.mkdir()
        for name in ('include', 'kernels', 'cmake', 'meson.build', 'meson_options.txt', 'subprojects'):
            item = self.source / name
            shutil.copytree(item, copied / name) if item.is_dir() else shutil.copy(item, copied)
        self.call(*self.meson, 'setup', project / 'build', project)
        self.call(*self.meson, 'compile', '-C', project / 'build')
        return project / 'build' / 'outside'

    def pkg_config(self):
        self.install('-Deigen=disabled')  # the program needs none
        project = self.folder / 'outside'
        project.mkdir()
        shutil.copy(self.source / 'tests' / 'packaging' / 'program.cpp', project)
        flags = subprocess.run(['pkg-config', '--cflags', '--libs', 'tenon'], check=True, text=True,
                               stdout=subprocess.PIPE, env={**self.environment, 'PKG_CONFIG_PATH': self.pkgconfig})
        self.call(*self.compiler, '-std=c++20', project / 'program.cpp', *shlex.split(flags.stdout), '-o',
                  project / 'outside')
        return project / 'outside'

    def cmake(self):
        self.install()
        # CMake's files find themselves: the folder may move.
        self.prefix = self.prefix.rename(self.folder / 'moved')
        project = self.project('cmake')
        self.call('cmake', '-G', 'Ninja', '-S', project, '-B', project / 'build', f'-DCMAKE_PREFIX_PATH={self.prefix}')
        self.call('cmake', '--build', project / 'build')
        return project / 'build' / 'outside'


def main():
    ways = ('meson_dependency', 'meson_subproject', 'pkg_config', 'cmake')
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('way', choices=ways)
    parser.add_argument('--source', required=True, type=pathlib.Path, help="the project's root")
    parser.add_argument('--meson', required=True, help='the command that runs Meson, quoted for a shell')
    parser.add_argument('compiler', nargs='+', help='the C++ compiler')
    options = parser.parse_args()

    needed = {'cmake': ['cmake'], 'pkg_config': ['pkg-config']}.get(options.way, [])
    missing = [tool for tool in needed if shutil.which(tool) is None]
    if missing:
        print(f'skipped: no {" and no ".join(missing)}')
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix='tenon-packaging-') as folder:
        outside = Outside(options.source.resolve(), pathlib.Path(folder).resolve(), shlex.split(options.meson),
                          options.compiler)
        program = getattr(outside, options.way)()
        call([program], cwd=folder)
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f'{error.cmd[0]} failed with {error.returncode}')
