"""The frame of the Python sides; work.hpp is its twin in C++.

A worker reads one JSON request a line and answers with one: {"do": "list", "names": …} gives the sides it has of each work,
{"do": "check", …} does a work from its start and writes its result, {"do": "time", …} measures. Works stay alive, and what was compiled
for them, until another one is asked for.

A work is an object with run(), which does it once, wait(), which returns when all runs have ended, and result().
"""

import gzip
import itertools
import json
import os
import re
import sys
import time

import numpy

COMPARED_STEPS = 10
LEARNING_RATE = 1e-3
# ResNet-18's; with 1e-3 the roundings of its sides grow to half a percent in ten steps.
RESIDUAL_LEARNING_RATE = 1e-5
LABEL_SETS = 16
# Sequences of random numbers, as in network.hpp.
INPUTS, LABELS, PARAMETERS = 0, 1, 10
# Numbers of row works lie between -4 and 4, as in rows.cpp.
SPREAD = 4
PICTURES = '/usr/share/datasets/fashion-mnist'


def numbers(shape, sequence, scale=1):
    """Uniform in [-scale, scale), the same in every language (splitmix64)."""
    z = numpy.arange(numpy.prod(shape, dtype=numpy.int64), dtype=numpy.uint64)
    z += numpy.uint64(((sequence << 32) + 0x9e3779b97f4a7c15) % 2**64)
    z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xbf58476d1ce4e5b9)
    z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94d049bb133111eb)
    z ^= z >> numpy.uint64(31)
    uniform = (z >> numpy.uint64(40)).astype(numpy.float32) * numpy.float32(2**-23) - numpy.float32(1)
    return (numpy.float32(scale) * uniform).reshape(shape)


def labels(shape, classes):
    """Classes 0 … classes-1."""
    uniform = (numbers(shape, LABELS) + numpy.float32(1)) / numpy.float32(2)
    return numpy.minimum((uniform * numpy.float32(classes)).astype(numpy.int64), classes - 1)


class Network:
    """Sizes, batch and starting values of a network, from a name like '784-128-10 x64' or 'lenet x64'."""

    def __init__(self, name):
        sizes, _, batch = name.partition(' x')
        self.batch = int(batch or 1)
        if sizes == 'lenet':
            self.weights = [(6, 1, 5, 5), (16, 6, 5, 5), (120, 400), (84, 120), (10, 84)]
            self.input_shape = (self.batch, 1, 28, 28)
        else:
            sizes = [int(n) for n in sizes.split('-')]
            self.weights = [(out, fan_in) for fan_in, out in zip(sizes, sizes[1:])]
            self.input_shape = (self.batch, sizes[0])

    def inputs(self):
        return numbers(self.input_shape, INPUTS)

    def label_sets(self):
        return labels((LABEL_SETS, self.batch), self.weights[-1][0])

    def parameters(self):
        """Weights and biases in turn."""
        for i, shape in enumerate(self.weights):
            bound = numpy.float32(1) / numpy.sqrt(numpy.float32(numpy.prod(shape[1:])))
            yield numbers(shape, PARAMETERS + 2 * i, bound)
            yield numbers(shape[:1], PARAMETERS + 2 * i + 1, bound)


def size(text):
    """1024 for '1k', 1048576 for '1M'."""
    return int(text[:-1]) * {'k': 2**10, 'M': 2**20}[text[-1]]


def complex_numbers(text):
    """For '1M' a vector, for '1000x1024' a matrix; the real and the imaginary part are a sequence each."""
    shape = (size(text),) if text[-1] in 'kM' else tuple(int(n) for n in text.split('x'))
    return numbers(shape, 0) + numpy.complex64(1j) * numbers(shape, 1)


class Convolution:
    """Extents and operands of a convolution, from a name like 'convolution/64-64 3x3 of 56x56'; the result is as large as x."""

    def __init__(self, name):
        family, _, rest = name.partition('/')
        fan_in, out, kernel, side = (int(n) for n in re.match(r'(\d+)-(\d+) (\d+)x\d+ of (\d+)x', rest).groups())
        self.groups = fan_in if family == 'depthwise' else 1
        self.padding = kernel // 2
        depth = fan_in // self.groups
        self.x = numbers((1, fan_in, side, side), 0)
        bound = numpy.float32(1) / numpy.sqrt(numpy.float32(depth * kernel * kernel))
        self.weight = numbers((out, depth, kernel, kernel), 1, bound)
        self.bias = numbers(out, 2)


class Cell:
    """Inputs and starting values of a recurrent cell, from a name like 'lstm_cell/128-128 x32, 10 steps'."""

    def __init__(self, name):
        family, _, rest = name.partition('/')
        self.inputs_size, self.size, self.batch, self.steps = (int(n) for n in re.findall(r'\d+', rest))
        gates = {'lstm_cell': 4, 'gru_cell': 3}[family]
        bound = numpy.float32(1) / numpy.sqrt(numpy.float32(self.size))
        shapes = [(gates * self.size, self.inputs_size), (gates * self.size, self.size), gates * self.size, gates * self.size]
        self.parameters = [numbers(shape, PARAMETERS + i, bound) for i, shape in enumerate(shapes)]
        self.inputs = numbers((self.steps, self.batch, self.inputs_size), INPUTS)


def attention_operands(name):
    """Queries, keys, values and the weights of a sum of the result, and whether later keys are hidden."""
    shape = tuple(int(n) for n in re.findall(r'\d+', name))
    return [numbers((1, *shape), sequence) for sequence in range(4)], name.endswith('causal')


def residual_start(index, shape):
    """A starting value of ResNet-18: weights of more than one axis keep the spread of what goes through them; residual.hpp."""
    fan_in = numpy.float32(numpy.prod(shape[1:]))
    return numbers(shape, PARAMETERS + index, numpy.sqrt(numpy.float32(6) / fan_in))


def product_operands(name):
    """Two matrices for a work of products.cpp, and whether the left or the right one lies transposed."""
    family, _, rest = name.partition('/')
    if family == 'layer':
        sizes, kind = rest.split('/')
        n_in, n_out = (int(n) for n in sizes.split('-'))
        shapes = {'forward': ((128, n_in), (n_out, n_in)), 'weight': ((128, n_out), (128, n_in)),
                  'input': ((128, n_out), (n_out, n_in))}[kind]
        flip = {'forward': 'right', 'weight': 'left', 'input': None}[kind]
    else:
        m, k, n = (int(s) for s in rest.split('x')) if 'x' in rest else [int(rest)] * 3
        shapes, flip = ((m, k), (k, n)), None
    return numbers(shapes[0], 0), numbers(shapes[1], 1), flip


def fashion_mnist():
    """60 000 pictures as bytes [n, 784], and their classes."""
    with gzip.open(f'{PICTURES}/train-images-idx3-ubyte.gz') as file:
        images = numpy.frombuffer(file.read(), numpy.uint8, offset=16).reshape(-1, 784)
    with gzip.open(f'{PICTURES}/train-labels-idx1-ubyte.gz') as file:
        labels = numpy.frombuffer(file.read(), numpy.uint8, offset=8).astype(numpy.int64)
    return images, labels


def raw_pictures(folder):
    """Pictures as bytes [n, 784], and their classes, from files of bytes alone."""
    images = numpy.fromfile(f'{folder}/images.u8', numpy.uint8).reshape(-1, 784)
    return images, numpy.fromfile(f'{folder}/labels.u8', numpy.uint8).astype(numpy.int64)


class Work:
    """What most works have: inputs by name, a function, its result."""

    def wait(self):
        pass


LINEAR_ALGEBRA = 'solve', 'cholesky', 'qr', 'svd', 'eigh'


def linear_algebra(name, library):
    """A function of numpy.linalg's or torch.linalg's, and its operands as arrays; of several results the one that is compared."""
    family, _, rest = name.partition('/')
    if family == 'solve':
        count, n, _ = (int(x) for x in re.findall(r'\d+', rest))
        matrices = numbers((count, n, n), 0) + 2 * n * numpy.eye(n, dtype=numpy.float32)
        return library.linalg.solve, (matrices, numbers((count, n, 1), 1))
    n = int(rest)
    x = numbers((n, n), 0)
    if family in ('cholesky', 'eigh'):
        x = x + x.T + 64 * numpy.eye(n, dtype=numpy.float32)
    return {'cholesky': library.linalg.cholesky, 'qr': lambda a: library.linalg.qr(a)[1], 'svd': lambda a: library.linalg.svd(a)[1],
            'eigh': lambda a: library.linalg.eigh(a)[0]}[family], (x,)


class Training(Work):
    """Steps on one batch whose labels change; a subclass has step(labels), which returns the loss, and self.sets."""

    def run(self):
        self.loss = self.step(next(self.sets))

    def result(self):
        losses = []
        for _ in range(COMPARED_STEPS):
            self.run()
            losses.append(float(self.loss))
        return numpy.array(losses, numpy.float32)


def measure(work, seconds):
    """Wall and processor seconds of one run, the mean of as many as take `seconds`."""
    count = 1
    while True:
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in itertools.repeat(None, count):
            work.run()
        work.wait()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if wall >= seconds or count > 10**8:
            return wall / count, cpu / count
        count = max(count + 1, min(10 * count, int(1.2 * seconds / max(wall, 1e-9) * count)))


def serve(find):
    """Answers requests. find(name) gives the sides of a work: a dictionary from names to classes or functions that make it."""
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)  # whatever libraries print goes to stderr
    alive, alive_name = {}, None
    for line in sys.stdin:
        request = json.loads(line)
        if request['do'] == 'list':
            answer = {name: list(find(name)) for name in request['names']}
        else:
            name, side = request['name'], request['side']
            if name != alive_name:
                alive, alive_name = {}, name
            if request['do'] == 'check':
                result = numpy.asarray(find(name)[side]().result(), numpy.float32).ravel()
                result[::(len(result) + 65535) // 65536].tofile(request['path'])
                answer = {}
            else:
                if side not in alive:
                    alive[side] = find(name)[side]()
                    for _ in range(3):
                        alive[side].run()
                    alive[side].wait()
                wall, cpu = measure(alive[side], request['seconds'])
                answer = {'wall': wall, 'cpu': cpu}
        print(json.dumps(answer), file=answers, flush=True)
