"""PyTorch, eager and compiled, each as its manual says it is fastest: outputs reused, fused Adam, inference mode, one graph."""

import functools
import itertools
import math
import os
import re

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


class Fresh(Function):
    """A function that has no form which reuses its output."""

    @torch.inference_mode()
    def run(self):
        self.out = self.function(*self.inputs)


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


class Cell(worker.Work):
    """Ten steps of a cell from a state of zeros."""

    def __init__(self, name):
        cell = worker.Cell(name)
        kind = torch.nn.LSTMCell if name.startswith('lstm') else torch.nn.GRUCell
        self.cell = kind(cell.inputs_size, cell.size)
        with torch.no_grad():
            for p, start in zip(self.cell.parameters(), cell.parameters):
                p.copy_(torch.from_numpy(start))
        self.inputs = torch.from_numpy(cell.inputs)

    @torch.inference_mode()
    def run(self):
        state = None
        for x in self.inputs:
            state = self.cell(x, state)
        self.out = state[0] if isinstance(state, tuple) else state

    def result(self):
        self.run()
        return self.out.numpy()


def attention(rest):
    (*operands, _), causal = worker.attention_operands(rest)
    attend = functools.partial(F.scaled_dot_product_attention, is_causal=causal)
    return Fresh(attend, [torch.from_numpy(o) for o in operands], None)


class AttentionGradients(worker.Work):
    def __init__(self, rest):
        (*operands, weights), self.causal = worker.attention_operands(rest)
        self.operands = [torch.from_numpy(o).requires_grad_() for o in operands]
        self.weights = torch.from_numpy(weights)

    def run(self):
        for o in self.operands:
            o.grad = None
        F.scaled_dot_product_attention(*self.operands, is_causal=self.causal).backward(self.weights)

    def result(self):
        self.run()
        return torch.cat([o.grad.flatten() for o in self.operands]).numpy()


class Block(torch.nn.Module):
    def __init__(self, fan_in, out, stride):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(fan_in, out, 3, stride, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(out)
        self.conv2 = torch.nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = torch.nn.BatchNorm2d(out)
        same = fan_in == out and stride == 1
        self.downsample = torch.nn.Sequential() if same else torch.nn.Sequential(
            torch.nn.Conv2d(fan_in, out, 1, stride, bias=False), torch.nn.BatchNorm2d(out))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)), inplace=True)))
        return F.relu(y + self.downsample(x), inplace=True)


def resnet18():
    """torchvision's, from its parts: the package is not needed for it."""
    blocks = [(64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2), (512, 512, 1)]
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 64, 7, 2, 3, bias=False), torch.nn.BatchNorm2d(64), torch.nn.ReLU(inplace=True),
        torch.nn.MaxPool2d(3, 2, 1), *(Block(*b) for b in blocks), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(),
        torch.nn.Linear(512, 1000))
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            if p.ndim > 1:
                p.copy_(torch.from_numpy(worker.residual_start(i, tuple(p.shape))))
        model[-1].bias.zero_()
    return model


class ResidualScores(Scores):
    def __init__(self):
        self.model = resnet18().eval()
        self.x = torch.from_numpy(numbers((1, 3, 224, 224), worker.INPUTS))


class ResidualStep(worker.Training):
    def __init__(self):
        self.model = resnet18()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=worker.RESIDUAL_LEARNING_RATE, fused=True)
        self.x = torch.from_numpy(numbers((8, 3, 64, 64), worker.INPUTS))
        self.sets = itertools.cycle(torch.from_numpy(worker.labels((worker.LABEL_SETS, 8), 1000)).unbind())

    def step(self, labels):
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(self.x), labels)
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def convolve(name):
    c = worker.Convolution(name)
    function = functools.partial(F.conv2d, padding=c.padding, groups=c.groups)
    return Fresh(function, [torch.from_numpy(a) for a in (c.x, c.weight, c.bias)], None)


def arrays(family, rest):
    """Transposes, reductions along an axis, rows by their numbers, products of doubles."""
    shape = [int(n) for n in re.findall(r'\d+', rest)]
    if family == 'transpose':
        return Function(lambda x, out: out.copy_(x.T), (tensor(shape, 0),), torch.empty(shape))
    if family == 'transposed sum':
        return Function(lambda x, y, out: torch.add(x, y.T, out=out), (tensor(shape, 0), tensor(shape, 1)), torch.empty(shape))
    if family.startswith('sum along'):
        axis = int(family[-1])
        return Function(lambda x, out: torch.sum(x, axis, out=out), (tensor(shape, 0),), torch.empty(shape[1 - axis]))
    if family == 'gather':
        count, rows, width = shape
        which = torch.from_numpy(worker.labels((count,), rows))
        return Function(lambda x, which, out: torch.index_select(x, 0, which, out=out), (tensor((rows, width), 0), which),
                        torch.empty(count, width))
    n = shape[0]
    operands = tensor((n, n), 0).double(), tensor((n, n), 1).double()
    return Function(lambda a, b, out: torch.mm(a, b, out=out), operands, torch.empty(n, n, dtype=torch.double))


def linear_algebra(name):
    function, operands = worker.linear_algebra(name, torch)
    return Fresh(function, [torch.from_numpy(x) for x in operands], None)


class Spectrum(Function):
    def result(self):
        self.run()
        return torch.view_as_real(self.out).numpy()


def ordered(family, rest):
    """Sorts, the largest of many, counts in bins, spectra."""
    if family == 'fft':
        x = torch.from_numpy(worker.complex_numbers(rest))
        return Spectrum(lambda x, out: torch.fft.fft(x, out=out), (x,), torch.empty_like(x))
    n = size(rest.split()[-1])
    x = tensor(n, 0)
    if family == 'sort':
        return Function(lambda x, where, out: torch.sort(x, out=(out, where)),
                        (x, torch.empty(n, dtype=torch.int64)), torch.empty(n))
    if family == 'argsort':
        return Function(lambda x, values, out: torch.sort(x, stable=True, out=(values, out)),
                        (x, torch.empty(n)), torch.empty(n, dtype=torch.int64))
    if family == 'topk':
        return Fresh(lambda x: torch.topk(x, 100).values, (x,), None)
    return Fresh(lambda x: torch.histc(x, 100, -1, 1), (x,), None)


ORDERED = ['sort', 'argsort', 'topk', 'histogram', 'fft']
ARRAYS = ['transpose', 'transposed sum', 'sum along 0', 'sum along 1', 'gather', 'product of doubles']


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
        eager = lambda x, weight, bias: F.layer_norm(x, x.shape[1:], weight, bias)
        return both(lambda: Fresh(eager, *arguments()), layer_norm, arguments)
    if family == 'squared differences':
        n = size(rest)
        operands = lambda: (tensor(n, 0), tensor(n, 1))
        return both(lambda: Function(squared_differences, (*operands(), torch.empty(n)), torch.empty(())),
                    lambda a, b, out: out.copy_((a - b).square().sum()), lambda: (operands(), torch.empty(())))
    if family in ('convolution', 'depthwise'):
        return {'PyTorch': lambda: convolve(name)}
    if family in ('lstm_cell', 'gru_cell'):
        return {'PyTorch': lambda: Cell(name)}
    if family == 'attention':
        return {'PyTorch': lambda: attention(rest)}
    if family == 'attention gradients':
        return {'PyTorch': lambda: AttentionGradients(rest)}
    if family in ORDERED:
        return {'PyTorch': lambda: ordered(family, rest)}
    if family in ARRAYS:
        return {'PyTorch': lambda: arrays(family, rest)}
    if family in worker.LINEAR_ALGEBRA:
        return {'PyTorch': lambda: linear_algebra(name)}
    if rest.startswith('resnet18'):
        return {'PyTorch': ResidualStep if family == 'training' else ResidualScores}
    if family == 'training':
        return {'PyTorch': lambda: EagerStep(rest), 'torch.compile': lambda: CompiledStep(rest)}
    if family == 'epoch' and os.path.exists(worker.PICTURES):
        return {'PyTorch': lambda: Epoch(rest, EagerStep), 'torch.compile': lambda: Epoch(rest, CompiledStep)}
    if family == 'inference':
        return {'PyTorch': lambda: Scores(rest), 'torch.compile': lambda: Scores(rest, compiled)}
    return {}


if __name__ == '__main__':
    worker.serve(find)
