"""PyTorch, eager and compiled, each as its manual says it is fastest: outputs reused, fused Adam, inference mode, one graph."""

import functools
import itertools
import math
import os

import torch
import torch.nn.functional as F

import worker
from worker import Network, numbers, size

torch.set_num_threads(len(os.sched_getaffinity(0)))
compiled = functools.partial(torch.compile, fullgraph=True, dynamic=False)


def tensor(shape, sequence, scale=1):
    return torch.from_numpy(numbers(shape, sequence, scale))


class Function(worker.Work):
    """A function of self.inputs into self.out, without gradients."""

    def __init__(self, function, inputs, out):
        self.function, self.inputs, self.out = function, inputs, out

    @torch.no_grad()
    def run(self):
        self.function(*self.inputs, self.out)

    def result(self):
        self.run()
        return self.out.numpy()


def elementwise(a, b, c, d, out):
    torch.neg(d, out=out)
    torch.addcmul(out.exp_().mul_(c), a, b, out=out)


def elementwise_graph(a, b, c, d, out):
    out.copy_(a * b + c * torch.exp(-d))


def layer_norm(x, weight, bias, out):
    out.copy_(F.layer_norm(x, x.shape[1:], weight, bias))


def squared_differences(a, b, difference, out):
    torch.sub(a, b, out=difference)
    torch.dot(difference, difference, out=out)


class EagerLayerNorm(Function):
    """Has no form that reuses its output."""

    @torch.no_grad()
    def run(self):
        self.out = F.layer_norm(self.inputs[0], self.inputs[0].shape[1:], *self.inputs[1:])


def product(name):
    a, b, flip = worker.product_operands(name)
    a, b = torch.from_numpy(a), torch.from_numpy(b)
    a, b = a.T if flip == 'left' else a, b.T if flip == 'right' else b
    return Function(lambda a, b, out: torch.mm(a, b, out=out), (a, b), torch.empty(a.shape[0], b.shape[1]))


def layers(network):
    stack = torch.nn.Sequential()
    for shape in network.weights:
        if len(shape) == 4:
            stack.append(torch.nn.Conv2d(shape[1], shape[0], shape[2], padding=0 if len(stack) else 2))
            stack.extend([torch.nn.ReLU(), torch.nn.MaxPool2d(2)])
        else:
            if len(stack) and isinstance(stack[-1], torch.nn.MaxPool2d):
                stack.append(torch.nn.Flatten())
            stack.extend([torch.nn.Linear(shape[1], shape[0]), torch.nn.ReLU()])
    stack = stack[:-1]
    with torch.no_grad():
        for p, start in zip(stack.parameters(), network.parameters()):
            p.copy_(torch.from_numpy(start))
    return stack


def scores(parameters, x):
    """The same as a function of the parameters."""
    for i in range(0, len(parameters), 2):
        weight, bias = parameters[i:i + 2]
        if weight.ndim == 4:
            x = F.max_pool2d(F.relu(F.conv2d(x, weight, bias, padding=0 if i else 2)), 2)
        else:
            x = F.linear(x.flatten(1), weight, bias)
            x = F.relu(x) if i + 2 < len(parameters) else x
    return x


class EagerStep(worker.Training):
    def __init__(self, name):
        network = Network(name)
        self.model = layers(network)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=worker.LEARNING_RATE, fused=True)
        self.x = torch.from_numpy(network.inputs())
        self.sets = itertools.cycle(torch.from_numpy(network.label_sets()).unbind())

    def step(self, labels):
        return self.train(self.x, labels)

    def train(self, x, labels):
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(x), labels)
        loss.backward()
        self.optimizer.step()
        return loss.detach()


@compiled
def compiled_step(parameters, means, squares, count, x, labels):
    """Forward, backward and Adam in one graph."""
    gradients, loss = torch.func.grad_and_value(lambda p: F.cross_entropy(scores(p, x), labels))(parameters)
    count += 1
    rate = -worker.LEARNING_RATE / torch.expm1(count * math.log(0.9))
    root = torch.rsqrt(-torch.expm1(count * math.log(0.999)))
    for p, g, m, v in zip(parameters, gradients, means, squares):
        m.lerp_(g, 0.1)
        v.mul_(0.999).add_(0.001 * g * g)
        p.sub_(rate * m / (v.sqrt() * root + 1e-8))
    return loss


class CompiledStep(worker.Training):
    def __init__(self, name):
        network = Network(name)
        self.parameters = [torch.from_numpy(p) for p in network.parameters()]
        self.state = [[torch.zeros_like(p) for p in self.parameters] for _ in range(2)]
        self.count = torch.zeros(())
        self.x = torch.from_numpy(network.inputs())
        self.sets = itertools.cycle(torch.from_numpy(network.label_sets()).unbind())

    def step(self, labels):
        return self.train(self.x, labels)

    @torch.no_grad()
    def train(self, x, labels):
        return compiled_step(self.parameters, *self.state, self.count, x, labels)


class Scores(worker.Work):
    def __init__(self, name, wrap=lambda f: f):
        network = Network(name)
        self.model, self.x = wrap(layers(network)), torch.from_numpy(network.inputs())

    @torch.inference_mode()
    def run(self):
        self.out = self.model(self.x)

    def result(self):
        self.run()
        return self.out.numpy()


class Pictures(torch.utils.data.Dataset):
    """Whole batches at once, which spares the loader one call for each picture."""

    def __init__(self):
        images, labels = worker.fashion_mnist()
        self.images, self.labels = torch.from_numpy(images.copy()), torch.from_numpy(labels)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, indices):
        indices = torch.tensor(indices)
        return self.images[indices].float().div_(255), self.labels[indices]


class Epoch(worker.Work):
    def __init__(self, name, trainer):
        self.trainer = trainer(name)
        pictures = Pictures()
        sampler = torch.utils.data.BatchSampler(torch.utils.data.RandomSampler(pictures), 64, drop_last=True)
        self.loader = torch.utils.data.DataLoader(pictures, batch_size=None, sampler=sampler)

    def run(self):
        losses = torch.stack([self.trainer.train(x, y) for x, y in self.loader])
        self.mean_loss = losses.mean()

    def result(self):
        self.run()
        return self.mean_loss.numpy()


def both(eager, function, arguments):
    """An eager side, and one that compiles a function."""
    return {'PyTorch': eager, 'torch.compile': lambda: Function(compiled(function), *arguments())}


def find(name):
    family, _, rest = name.partition('/')
    if family == 'elementwise':
        n = size(rest)
        arguments = lambda: ([tensor(n, s) for s in range(4)], torch.empty(n))
        return both(lambda: Function(elementwise, *arguments()), elementwise_graph, arguments)
    if family in ('product', 'layer', 'small product'):
        return {'PyTorch': lambda: product(name)}
    if family in ('softmax', 'logsumexp', 'layer_norm'):
        shape = tuple(int(n) for n in rest.split('x'))
        x = lambda: tensor(shape, 0, worker.SPREAD)
        if family == 'softmax':
            arguments = lambda: ((x(),), torch.empty(shape))
            return both(lambda: Function(lambda x, out: torch.softmax(x, 1, out=out), *arguments()),
                        lambda x, out: out.copy_(torch.softmax(x, 1)), arguments)
        if family == 'logsumexp':
            arguments = lambda: ((x(),), torch.empty(shape[0]))
            return both(lambda: Function(lambda x, out: torch.logsumexp(x, 1, out=out), *arguments()),
                        lambda x, out: out.copy_(torch.logsumexp(x, 1)), arguments)
        arguments = lambda: ((x(), tensor(shape[1], 1), tensor(shape[1], 2)), torch.empty(shape))
        return both(lambda: EagerLayerNorm(None, *arguments()), layer_norm, arguments)
    if family == 'squared differences':
        n = size(rest)
        operands = lambda: (tensor(n, 0), tensor(n, 1))
        return both(lambda: Function(squared_differences, (*operands(), torch.empty(n)), torch.empty(())),
                    lambda a, b, out: out.copy_((a - b).square().sum()), lambda: (operands(), torch.empty(())))
    if family == 'training':
        return {'PyTorch': lambda: EagerStep(rest), 'torch.compile': lambda: CompiledStep(rest)}
    if family == 'epoch' and os.path.exists(worker.PICTURES):
        return {'PyTorch': lambda: Epoch(rest, EagerStep), 'torch.compile': lambda: Epoch(rest, CompiledStep)}
    if family == 'inference':
        return {'PyTorch': lambda: Scores(rest), 'torch.compile': lambda: Scores(rest, compiled)}
    return {}


if __name__ == '__main__':
    worker.serve(find)
