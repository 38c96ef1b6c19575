"""The compiler command of a build, taken from its compile_commands.json, for tests that compile something themselves."""

import json
import os
import pathlib
import shlex
import subprocess
import tempfile

# What a command says about its own input, output and diagnostics, with the number of words that follow.
DROPPED = {'-o': 1, '-c': 0, '-MF': 1, '-MQ': 1, '-MT': 1, '-MD': 0, '-MMD': 0, '-g': 0}
DROPPED_STARTS = ('-fdiagnostics-color', '-fcolor-diagnostics', '-Winvalid-pch', '-fsanitize', '-fno-sanitize', '-ggdb')


class Compiler:
    """The compiler and flags with which a build compiles `like`, a source file of the project."""

    def __init__(self, build, like):
        self.build = pathlib.Path(build).resolve()
        like = pathlib.Path(like).resolve()
        for entry in json.loads((self.build / 'compile_commands.json').read_text()):
            directory = pathlib.Path(entry['directory'])
            if (directory / entry['file']).resolve() == like:
                break
        else:
            raise SystemExit(f'{like} is not compiled by {build}')
        self.words = self._clean(shlex.split(entry['command']), entry['file'])
        self.directory = directory

    @staticmethod
    def _clean(words, source):
        kept = []
        skip = 0
        for word in words:
            if skip:
                skip -= 1
            elif word in DROPPED:
                skip = DROPPED[word]
            elif word != source and not word.startswith(DROPPED_STARTS):
                kept.append(word)
        return kept

    def run(self, source, *extra, timeout=300):
        """Compiles one file and returns what happened; stderr holds the diagnostics, in English and without colours."""
        environment = {**os.environ, 'LC_ALL': 'C', 'GCC_COLORS': ''}
        return subprocess.run([*self.words, *extra, str(source)], cwd=self.directory, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors='replace', timeout=timeout)

    @property
    def is_gcc(self):
        """Whether this is g++; both compilers answer --version."""
        return 'Free Software Foundation' in self.run('--version').stdout


def scratch(build):
    """A folder inside the build folder that goes away at the end of a `with` block."""
    return tempfile.TemporaryDirectory(dir=build, prefix='test-')
