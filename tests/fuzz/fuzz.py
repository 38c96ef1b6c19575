#!/usr/bin/env python3
"""Runs a fuzzer for some seconds, from well-formed inputs on: fuzz.py READER PROGRAM --seconds N [--corpus FOLDER].

What it finds lies in the folder `findings` beside the program, which `PROGRAM FILE` shows again. New inputs that reach new
code are kept in the corpus where one is named, and are forgotten otherwise.
"""
import argparse
import gzip
import json
import pathlib
import struct
import subprocess
import sys
import tempfile


def npy(descr, shape, data, fortran=False, version=1):
    header = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}".encode()
    length = struct.pack('<H' if version == 1 else '<I', len(header))
    return b'\x93NUMPY' + bytes([version, 0]) + length + header + data


def npy_seeds():
    numbers = bytes(range(48))
    yield npy('<f4', (3, 4), numbers)
    yield npy('>f4', (4, 3), numbers, fortran=True, version=2)
    yield npy('<f8', (), numbers[:8], version=3)
    yield npy('|b1', (5,), b'\0\1\2\0\1')
    yield npy('<i2', (2, 3, 4), numbers)
    yield npy('<f4', (0, 3), b'')
    yield b"\x93NUMPY\1\0\x37\0{'descr':'f4','fortran_order':False,'shape':(1L,3L,)}    " + numbers[:12]


def idx_seeds():
    images = struct.pack('>HBBIII', 0, 8, 3, 2, 3, 2) + bytes(12)
    yield images
    yield struct.pack('>HBBI', 0, 8, 1, 5) + bytes(5)
    yield struct.pack('>HBBIIiiii', 0, 12, 2, 2, 2, -1, 2, -3, 4)
    yield struct.pack('>HBBId', 0, 14, 1, 1, 2.5)
    yield gzip.compress(images)


def safetensors_seeds():
    def whole(header, data):
        text = json.dumps(header).encode()
        return struct.pack('<Q', len(text)) + text + data

    def entry(dtype, shape, begin, end):
        return {'dtype': dtype, 'shape': shape, 'data_offsets': [begin, end]}

    yield whole({}, b'')
    yield whole({'a': entry('F32', [2, 3], 0, 24), 'b.c': entry('I64', [], 24, 32)}, bytes(32))
    noted = {'__metadata__': {'by': 'h\u00e9 \U0001F600'}}
    yield whole(noted | {'h': entry('BF16', [2], 0, 4), 'f': entry('F16', [1], 4, 6)}, bytes(6))
    yield whole({'t': entry('BOOL', [3], 0, 3), 'e': entry('F32', [0, 4], 3, 3)}, b'\0\1\0')
    yield whole({'w': entry('F8_E4M3', [2], 0, 2), 'c': entry('C64', [1], 2, 10)}, bytes(10))


def gzip_seeds():
    yield gzip.compress(b'')
    yield gzip.compress(b'some text, some text, some text', 9) + gzip.compress(bytes(300), 1)
    yield gzip.compress(bytes(range(256)), 0) + bytes(16)


def shapes_seeds():
    for first in range(0, 256, 5):
        yield bytes((first + 37 * i) % 256 for i in range(48))


# For each fuzzer: its seeds, and words that its inputs are likely to hold.
fuzzers = {
    'npy': (npy_seeds, ["descr", "fortran_order", "shape", "True", "False", "'<f4'", "'>f8'", "'|b1'", "'=i2'", "(2, 3)",
                        "(5,)", "()", "2L"]),
    'idx': (idx_seeds, []),
    'safetensors': (safetensors_seeds, ["__metadata__", "dtype", "shape", "data_offsets", "F32", "BF16", "BOOL", "I64",
                                        "F8_E5M2", "[2, 3]", "[0, 24]", "\\u00e9", "\\ud83d\\ude00"]),
    'gzip': (gzip_seeds, []),
    'shapes': (shapes_seeds, []),
}

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument('name', choices=fuzzers)
parser.add_argument('program', type=pathlib.Path)
parser.add_argument('--seconds', type=int, default=600)
parser.add_argument('--corpus', type=pathlib.Path)
arguments = parser.parse_args()

findings = arguments.program.parent / 'findings'
findings.mkdir(exist_ok=True)
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    corpus, seeds, words = arguments.corpus or folder / 'corpus', folder / 'seeds', folder / 'words'
    for each in (corpus, seeds):
        each.mkdir(parents=True, exist_ok=True)
    make, dictionary = fuzzers[arguments.name]
    for number, seed in enumerate(make()):
        (seeds / f'seed{number}').write_bytes(seed)
    escaped = (word.replace('\\', '\\\\').replace('"', '\\"') for word in dictionary)
    words.write_text('# words\n' + ''.join(f'"{word}"\n' for word in escaped))
    limits = ['-max_len=1024', '-timeout=20', '-rss_limit_mb=2048', '-malloc_limit_mb=256']
    command = [arguments.program.resolve(), f'-max_total_time={arguments.seconds}', *limits, f'-dict={words}',
               f'-artifact_prefix={findings}/{arguments.name}-', '-print_final_stats=1', '-verbosity=0', corpus, seeds]
    sys.exit(subprocess.run(command).returncode)
