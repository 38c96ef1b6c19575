"""Writes print.txt: arrays and NumPy's str() of them, for print_test.cpp.

Each case is a line `type extents...`, a line of the elements' bits in hexadecimal, a line with the number of lines of text, and those.
Run with NumPy 2.4: python print.py > print.txt
"""
import numpy as np

random = np.random.default_rng(7)
types = {'float32': np.uint32, 'float64': np.uint64, 'float16': np.uint16, 'int32': np.uint32, 'uint8': np.uint8, 'bool': np.uint8}


def show(a):
    text = str(a).split('\n')
    print(a.dtype, *a.shape)
    print(*(f'{v:x}' for v in np.ascontiguousarray(a).reshape(-1).view(types[str(a.dtype)])))
    print(len(text), *text, sep='\n')


def numbers(dtype, shape, kind):
    if dtype == 'bool':
        return random.integers(0, 2, shape) == 1
    if not dtype.startswith('float'):
        i = np.iinfo(dtype)
        return random.integers(i.min, i.max, shape, dtype, True) >> random.integers(0, i.bits - 1, shape, dtype)
    scale = {'plain': (-1, 2), 'mixed': (-3, 4), 'wide': (-30, 30), 'large': (5, 9), 'small': (-7, -2)}[kind]
    with np.errstate(all='ignore'):
        x = random.standard_normal(shape) * 10.0 ** random.uniform(*scale, shape)
        if random.random() < 0.3:
            x = np.round(x, random.integers(0, 4))
        x = np.asarray(x).astype(dtype)
        for odd in (np.nan, np.inf, -np.inf, 0.0, -0.0):
            if random.random() < 0.12:
                x = np.where(random.random(shape) < 0.3, np.asarray(odd, dtype), x).astype(dtype)
    return x


for dtype in types:
    for shape in [(), (1,), (2,), (5,), (3, 4), (2, 3, 2), (40,), (1, 1, 2, 2)]:
        for kind in ['plain', 'mixed', 'wide', 'large', 'small'] if dtype.startswith('float') else ['any']:
            for _ in range(2):
                show(np.asarray(numbers(dtype, shape, kind), dtype))
for dtype in ['float32', 'int32']:
    for shape in [(1001,), (7, 200), (2, 600), (11, 2, 8, 7)]:
        show(np.asarray(numbers(dtype, shape, 'mixed'), dtype))
