"""JAX on a CUDA device: everything under jit, outputs and state donated, an epoch as one program."""

import functools
import math
import os

# The device's memory is shared with the other sides. Another device than 'cuda' is for trying device.py where there is none.
os.environ.setdefault('XLA_PYTHON_CLIENT_PREALLOCATE', 'false')
os.environ['JAX_PLATFORMS'] = os.environ.get('TENON_PEERS_ON', 'cuda')

import jax
import jax.numpy as jnp
import numpy

import with_jax
import worker
from worker import size

# Without this JAX rounds the factors of products to TF32.
jax.config.update('jax_default_matmul_precision', 'highest')
jax.config.update('jax_enable_x64', True)
PICTURES = os.environ.get('TENON_PICTURES', '')


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def numbers(shape, sequence, scale=1):
    """worker.numbers, made on the device."""
    z = jnp.arange(math.prod(shape), dtype=jnp.uint64) + jnp.uint64(((sequence << 32) + 0x9e3779b97f4a7c15) % 2**64)
    z = (z ^ (z >> 30)) * jnp.uint64(0xbf58476d1ce4e5b9)
    z = (z ^ (z >> 27)) * jnp.uint64(0x94d049bb133111eb)
    z ^= z >> 31
    return (jnp.float32(scale) * ((z >> 40).astype(jnp.float32) * jnp.float32(2**-23) - jnp.float32(1))).reshape(shape)


def room(*shape):
    return jnp.zeros(shape, jnp.float32)


class CrossEntropy(with_jax.Function):
    def __init__(self, rows, columns):
        y = jnp.asarray(worker.labels((rows,), columns).astype(numpy.int32))

        def entropy(x, y):
            right = jnp.take_along_axis(x, y[:, None], 1)[:, 0]
            return (jax.nn.logsumexp(x, 1) - right).mean()

        super().__init__(jax.value_and_grad(entropy), (numbers((rows, columns), 0, worker.SPREAD), y),
                         (room(), room(rows, columns)))

    def result(self):
        self.run()
        loss, gradient = self.out
        return numpy.concatenate([[float(loss)], numpy.asarray(gradient).ravel() * len(gradient)])


def adam_step(state, g):
    p, m, v, count = state
    count = count + 1
    rate = -worker.LEARNING_RATE / jnp.expm1(count * math.log(0.9))
    root = jax.lax.rsqrt(-jnp.expm1(count * math.log(0.999)))
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    return p - rate * m / (jnp.sqrt(v) * root + 1e-8), m, v, count


class Adam(worker.Work):
    """Steps with one gradient."""

    def __init__(self, n):
        self.g = numbers((n,), 1)
        self.state = numbers((n,), 0), room(n), room(n), room()
        self.function = jax.jit(adam_step, donate_argnums=0)

    def run(self):
        self.state = self.function(self.state, self.g)

    def wait(self):
        jax.block_until_ready(self.state)

    def result(self):
        for _ in range(worker.COMPARED_STEPS):
            self.run()
        return numpy.asarray(self.state[0])


class Product(with_jax.Function):
    def __init__(self, n, factors):
        # What JAX calls the default is TF32 where the device has it, for factors of single precision.
        precision = jax.lax.Precision.DEFAULT if factors else jax.lax.Precision.HIGHEST
        element = jnp.bfloat16 if factors == 'bf16' else jnp.float32
        super().__init__(lambda a, b: jnp.matmul(a, b, precision=precision),
                         [numbers((n, n), sequence).astype(element) for sequence in range(2)], room(n, n).astype(element))

    def result(self):
        return super().result().astype(numpy.float32)


def make(name):
    family, _, rest = name.partition('/')
    if family == 'copy':
        n = size(rest)
        return with_jax.Function(jnp.copy, (numbers((n,), 0),), room(n))
    if family == 'elementwise':
        n = size(rest)
        return with_jax.Function(lambda a, b, c, d: a * b + c * jnp.exp(-d), [numbers((n,), s) for s in range(4)], room(n))
    if family in ('softmax', 'layer_norm'):
        shape = tuple(int(n) for n in rest.split('x'))
        x = numbers(shape, 0, worker.SPREAD)
        if family == 'softmax':
            return with_jax.Function(functools.partial(jax.nn.softmax, axis=1), (x,), room(*shape))
        return with_jax.Function(with_jax.layer_norm, (x, numbers(shape[1:], 1), numbers(shape[1:], 2)), room(*shape))
    if family == 'cross_entropy':
        return CrossEntropy(*(int(n) for n in rest.split('x')))
    if family == 'adam':
        return Adam(size(rest))
    if family.startswith('product'):
        return Product(int(rest), family.removeprefix('product').strip())
    return {'training': with_jax.Step, 'epoch': functools.partial(with_jax.Epoch, pictures=lambda: worker.raw_pictures(PICTURES))}[family](rest)


FAMILIES = ['copy', 'elementwise', 'softmax', 'layer_norm', 'cross_entropy', 'adam', 'product', 'product tf32', 'product bf16', 'training']
FAMILIES += ['epoch'] * bool(PICTURES)


def find(name):
    return {'JAX': lambda: make(name)} if name.partition('/')[0] in FAMILIES else {}


if __name__ == '__main__':
    worker.serve(find)
