"""JAX: everything under jit, outputs and state donated, an epoch as one program."""

import functools
import itertools
import math
import os
import re

import numpy

THREADS = len(os.sched_getaffinity(0))
os.environ.setdefault('JAX_PLATFORMS', 'cpu')
if THREADS == 1:
    os.environ['XLA_FLAGS'] = os.environ.get('XLA_FLAGS', '') + ' --xla_cpu_multi_thread_eigen=false'

import jax
import jax.numpy as jnp

import worker
from worker import Network, numbers, size


def array(shape, sequence, scale=1):
    return jnp.asarray(numbers(shape, sequence, scale))


class Function(worker.Work):
    """A function of self.inputs, whose result takes the memory of the one before."""

    def __init__(self, function, inputs, out):
        def with_memory(out, *inputs):
            return function(*inputs)
        self.function = jax.jit(with_memory, donate_argnums=0, keep_unused=True)
        self.inputs, self.out = inputs, out

    def run(self):
        self.out = self.function(self.out, *self.inputs)

    def wait(self):
        jax.block_until_ready(self.out)

    def result(self):
        self.run()
        return numpy.asarray(self.out)


def product(name):
    a, b, flip = worker.product_operands(name)
    function = {None: lambda a, b: a @ b, 'left': lambda a, b: a.T @ b, 'right': lambda a, b: a @ b.T}[flip]
    out = jnp.zeros((a.shape[1] if flip == 'left' else a.shape[0], b.shape[0] if flip == 'right' else b.shape[1]))
    return Function(function, (jnp.asarray(a), jnp.asarray(b)), out)


def layer_norm(x, weight, bias):
    mean = x.mean(1, keepdims=True)
    variance = jnp.square(x - mean).mean(1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * weight + bias


def convolution(x, weight, bias, padding):
    x = jax.lax.conv_general_dilated(x, weight, (1, 1), [(padding, padding)] * 2, dimension_numbers=('NCHW', 'OIHW', 'NCHW'))
    x = jax.nn.relu(x + bias[:, None, None])
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), 'VALID')


def scores(parameters, x):
    for i in range(0, len(parameters), 2):
        weight, bias = parameters[i:i + 2]
        if weight.ndim == 4:
            x = convolution(x, weight, bias, 0 if i else 2)
        else:
            x = x.reshape(x.shape[0], -1) @ weight.T + bias
            x = jax.nn.relu(x) if i + 2 < len(parameters) else x
    return x


def cross_entropy(parameters, x, labels):
    logits = scores(parameters, x)
    right = jnp.take_along_axis(logits, labels[:, None], 1)[:, 0]
    return (jax.nn.logsumexp(logits, 1) - right).mean()


def adam_step(state, x, labels):
    parameters, means, squares, count = state
    loss, gradients = jax.value_and_grad(cross_entropy)(parameters, x, labels)
    count = count + 1
    rate = -worker.LEARNING_RATE / jnp.expm1(count * math.log(0.9))
    root = jax.lax.rsqrt(-jnp.expm1(count * math.log(0.999)))
    means = [0.9 * m + 0.1 * g for m, g in zip(means, gradients)]
    squares = [0.999 * v + 0.001 * g * g for v, g in zip(squares, gradients)]
    parameters = [p - rate * m / (jnp.sqrt(v) * root + 1e-8) for p, m, v in zip(parameters, means, squares)]
    return (parameters, means, squares, count), loss


def fresh_state(network):
    parameters = [jnp.asarray(p) for p in network.parameters()]
    return parameters, [jnp.zeros_like(p) for p in parameters], [jnp.zeros_like(p) for p in parameters], jnp.zeros((), jnp.float32)


class Step(worker.Training):
    def __init__(self, name):
        network = Network(name)
        self.state = fresh_state(network)
        self.function = jax.jit(adam_step, donate_argnums=0)
        self.x = jnp.asarray(network.inputs())
        self.sets = itertools.cycle([jnp.asarray(y.astype(numpy.int32)) for y in network.label_sets()])

    def step(self, labels):
        self.state, loss = self.function(self.state, self.x, labels)
        return loss

    def wait(self):
        jax.block_until_ready(self.state)


class Epoch(worker.Work):
    """Pictures, their order and all steps in one call."""

    def __init__(self, name, pictures=worker.fashion_mnist):
        network = Network(name)
        images, labels = pictures()
        self.images, self.labels = jnp.asarray(images), jnp.asarray(labels.astype(numpy.int32))
        self.state, self.key = fresh_state(network), jax.random.key(0)
        batches = len(labels) // network.batch

        def step(state, indices, images, labels):
            return adam_step(state, images[indices].astype(jnp.float32) * (1 / 255), labels[indices])

        def epoch(state, key, images, labels):
            key, now = jax.random.split(key)
            order = jax.random.permutation(now, len(labels))[:batches * network.batch].reshape(batches, network.batch)
            state, losses = jax.lax.scan(functools.partial(step, images=images, labels=labels), state, order)
            return state, key, losses.mean()

        self.function = jax.jit(epoch, donate_argnums=(0, 1))

    def run(self):
        self.state, self.key, self.mean_loss = self.function(self.state, self.key, self.images, self.labels)

    def wait(self):
        jax.block_until_ready(self.state)

    def result(self):
        self.run()
        return numpy.asarray(self.mean_loss)


class Scores(worker.Work):
    def __init__(self, name):
        network = Network(name)
        self.parameters, self.x = [jnp.asarray(p) for p in network.parameters()], jnp.asarray(network.inputs())
        self.function = jax.jit(scores)

    def run(self):
        self.out = self.function(self.parameters, self.x)

    def wait(self):
        jax.block_until_ready(self.out)

    def result(self):
        self.run()
        return numpy.asarray(self.out)


def convolve(name):
    c = worker.Convolution(name)

    def function(x, weight, bias):
        y = jax.lax.conv_general_dilated(x, weight, (1, 1), [(c.padding, c.padding)] * 2, feature_group_count=c.groups,
                                         dimension_numbers=('NCHW', 'OIHW', 'NCHW'))
        return y + bias[:, None, None]

    return Function(function, [jnp.asarray(a) for a in (c.x, c.weight, c.bias)], jnp.zeros((1, len(c.bias), *c.x.shape[2:])))


def lstm(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    h, c = state
    i, f, g, o = jnp.split(x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh, 4, 1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def gru(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    h, = state
    (r, z, n), (rh, zh, nh) = jnp.split(x @ weight_ih.T + bias_ih, 3, 1), jnp.split(h @ weight_hh.T + bias_hh, 3, 1)
    n = jnp.tanh(n + jax.nn.sigmoid(r + rh) * nh)
    return n + jax.nn.sigmoid(z + zh) * (h - n),


def cell(name):
    c = worker.Cell(name)
    step, states = (lstm, 2) if name.startswith('lstm') else (gru, 1)

    def function(inputs, *parameters):
        zeros = (jnp.zeros((c.batch, c.size)),) * states
        return jax.lax.scan(lambda state, x: (step(x, state, *parameters), None), zeros, inputs)[0][0]

    return Function(function, [jnp.asarray(a) for a in (c.inputs, *c.parameters)], jnp.zeros((c.batch, c.size)))


def attend(q, k, v, causal):
    scores = q @ jnp.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    if causal:
        scores = jnp.where(jnp.tril(jnp.ones(scores.shape[-2:], bool)), scores, -jnp.inf)
    return jax.nn.softmax(scores, -1) @ v


def attention(rest, with_gradients):
    (q, k, v, weights), causal = worker.attention_operands(rest)
    if with_gradients:
        def function(q, k, v, weights):
            return jnp.stack(jax.grad(lambda o: (attend(*o, causal) * weights).sum())((q, k, v)))
        return Function(function, [jnp.asarray(a) for a in (q, k, v, weights)], jnp.zeros((3, *q.shape)))
    return Function(functools.partial(attend, causal=causal), [jnp.asarray(a) for a in (q, k, v)], jnp.zeros(q.shape))


def arrays(family, rest):
    shape = [int(n) for n in re.findall(r'\d+', rest)]
    if family == 'transpose':
        return Function(lambda x: x.T + 0, (array(shape, 0),), jnp.zeros(shape))
    if family == 'transposed sum':
        return Function(lambda x, y: x + y.T, (array(shape, 0), array(shape, 1)), jnp.zeros(shape))
    if family.startswith('sum along'):
        axis = int(family[-1])
        return Function(lambda x: x.sum(axis), (array(shape, 0),), jnp.zeros(shape[1 - axis]))
    count, rows, width = shape
    which = jnp.asarray(worker.labels((count,), rows).astype(numpy.int32))
    return Function(lambda x, which: x[which], (array((rows, width), 0), which), jnp.zeros((count, width)))


def make(name):
    family, _, rest = name.partition('/')
    if family == 'elementwise':
        n = size(rest)
        return Function(lambda a, b, c, d: a * b + c * jnp.exp(-d), [array(n, s) for s in range(4)], jnp.zeros(n))
    if family in ('product', 'layer', 'small product'):
        return product(name)
    if family in ('softmax', 'logsumexp', 'layer_norm'):
        shape = tuple(int(n) for n in rest.split('x'))
        x = array(shape, 0, worker.SPREAD)
        if family == 'softmax':
            return Function(functools.partial(jax.nn.softmax, axis=1), (x,), jnp.zeros(shape))
        if family == 'logsumexp':
            return Function(functools.partial(jax.nn.logsumexp, axis=1), (x,), jnp.zeros(shape[0]))
        return Function(layer_norm, (x, array(shape[1], 1), array(shape[1], 2)), jnp.zeros(shape))
    if family == 'squared differences':
        n = size(rest)
        return Function(lambda a, b: jnp.square(a - b).sum(), (array(n, 0), array(n, 1)), jnp.zeros(()))
    if family in ('convolution', 'depthwise'):
        return convolve(name)
    if family in ('lstm_cell', 'gru_cell'):
        return cell(name)
    if family in ('attention', 'attention gradients'):
        return attention(rest, family != 'attention')
    if family in ARRAYS:
        return arrays(family, rest)
    return {'training': Step, 'epoch': Epoch, 'inference': Scores}[family](rest)


# Its doubles are floats unless all of it counts in doubles.
ARRAYS = ['transpose', 'transposed sum', 'sum along 0', 'sum along 1', 'gather']
FAMILIES = ARRAYS + ['convolution', 'depthwise', 'lstm_cell', 'gru_cell', 'attention', 'attention gradients'] + ['elementwise', 'product', 'layer', 'small product', 'softmax', 'logsumexp', 'layer_norm', 'squared differences',
            'training', 'inference'] + ['epoch'] * os.path.exists(worker.PICTURES)


def find(name):
    if 'resnet' in name:
        return {}
    return {'JAX': lambda: make(name)} if name.partition('/')[0] in FAMILIES else {}


if __name__ == '__main__':
    worker.serve(find)
