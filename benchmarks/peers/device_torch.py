"""PyTorch on a CUDA device: eager with what reuses memory, one graph by torch.compile, and steps that are recorded in CUDA graphs."""

import functools
import itertools
import math
import os

import numpy
import torch
import torch.nn.functional as F

import with_torch
import worker
from with_torch import compiled, layers, scores
from worker import Network, size

# Another device than 'cuda' is for trying device.py where there is none.
DEVICE = torch.device(os.environ.get('TENON_PEERS_ON', 'cuda'))
PICTURES = os.environ.get('TENON_PICTURES', '')
torch.backends.cuda.matmul.allow_tf32 = False


def signed(n):
    """A 64-bit number as PyTorch's signed ones have it."""
    return (n + 2**63) % 2**64 - 2**63


def shifted(z, by):
    """The logical shift to the right, which PyTorch has not."""
    return (z >> by) & (2**(64 - by) - 1)


@functools.lru_cache(maxsize=8)
def numbers(shape, sequence, scale=1):
    """worker.numbers, made on the device, and shared by the sides of a work: they only read them."""
    z = torch.arange(math.prod(shape), dtype=torch.int64, device=DEVICE)
    z += signed((sequence << 32) + 0x9e3779b97f4a7c15)
    z ^= shifted(z, 30)
    z *= signed(0xbf58476d1ce4e5b9)
    z ^= shifted(z, 27)
    z *= signed(0x94d049bb133111eb)
    z ^= shifted(z, 31)
    return (shifted(z, 40).float().mul_(2**-23).sub_(1).mul_(scale)).reshape(shape)


class Work(worker.Work):
    def wait(self):
        if DEVICE.type == 'cuda':
            torch.cuda.synchronize()


class Function(Work):
    """A function of self.inputs into self.out, without gradients."""

    def __init__(self, function, inputs, out_shape):
        self.function, self.inputs, self.out = function, inputs, torch.empty(out_shape, device=DEVICE)

    @torch.no_grad()
    def run(self):
        self.function(*self.inputs, self.out)

    def result(self):
        self.run()
        return self.out.cpu().numpy()


class LayerNorm(Function):
    """Has no form that reuses its output."""

    @torch.no_grad()
    def run(self):
        self.out = None
        self.out = F.layer_norm(self.inputs[0], self.inputs[0].shape[1:], *self.inputs[1:])


class Product(Function):
    def __init__(self, n, factors):
        super().__init__(None, (numbers((n, n), 0), numbers((n, n), 1)), (n, n))
        self.tf32 = factors == 'tf32'
        if factors == 'bf16':
            self.inputs, self.out = [x.bfloat16() for x in self.inputs], self.out.bfloat16()

    @torch.no_grad()
    def run(self):
        torch.backends.cuda.matmul.allow_tf32 = self.tf32
        torch.mm(*self.inputs, out=self.out)
        torch.backends.cuda.matmul.allow_tf32 = False

    def result(self):
        self.run()
        return self.out.float().cpu().numpy()


def entropy_and_gradient(x, y):
    """In one graph."""
    return torch.func.grad_and_value(lambda x: F.cross_entropy(x, y))(x)


class CrossEntropy(Work):
    def __init__(self, rows, columns, wrap):
        self.x = numbers((rows, columns), 0, worker.SPREAD).clone().requires_grad_()
        self.y = torch.from_numpy(worker.labels((rows,), columns)).to(DEVICE)
        self.function = compiled(entropy_and_gradient) if wrap else None

    def run(self):
        if self.function:
            with torch.no_grad():
                self.gradient, self.loss = self.function(self.x.detach(), self.y)
        else:
            self.x.grad = None
            self.loss = F.cross_entropy(self.x, self.y)
            self.loss.backward()
            self.gradient = self.x.grad

    def result(self):
        self.run()
        return numpy.concatenate([[self.loss.item()], self.gradient.cpu().numpy().ravel() * len(self.y)])


@compiled
def adam_graph(p, g, m, v, count):
    count += 1
    rate = -worker.LEARNING_RATE / torch.expm1(count * math.log(0.9))
    root = torch.rsqrt(-torch.expm1(count * math.log(0.999)))
    m.lerp_(g, 0.1)
    v.mul_(0.999).add_(0.001 * g * g)
    p.sub_(rate * m / (v.sqrt() * root + 1e-8))


class Adam(Work):
    """Steps with one gradient."""

    def __init__(self, n, wrap):
        self.p, self.g = numbers((n,), 0).clone(), numbers((n,), 1)
        self.compiled = wrap
        if wrap:
            self.state = [torch.zeros_like(self.p), torch.zeros_like(self.p), torch.zeros((), device=DEVICE)]
        else:
            self.p.grad = self.g
            self.optimizer = torch.optim.Adam([self.p.requires_grad_()], lr=worker.LEARNING_RATE, fused=True)
            self.p.grad = self.g

    @torch.no_grad()
    def run(self):
        if self.compiled:
            adam_graph(self.p, self.g, *self.state)
        else:
            self.optimizer.step()

    def result(self):
        for _ in range(worker.COMPARED_STEPS):
            self.run()
        return self.p.detach().cpu().numpy()


class Trainer:
    """A step of training on the device: eager, or by one compiled function; recorded in a CUDA graph where it is captured."""

    def __init__(self, name, wrap, captured):
        network = Network(name)
        self.x = torch.empty(network.input_shape, device=DEVICE)
        self.labels = torch.empty(network.batch, dtype=torch.int64, device=DEVICE)
        self.graph, self.captured = None, captured
        if wrap:
            self.parameters = [torch.from_numpy(p).to(DEVICE) for p in network.parameters()]
            self.state = [[torch.zeros_like(p) for p in self.parameters] for _ in range(2)] + [torch.zeros((), device=DEVICE)]
            self.step = self.compiled_step
        else:
            self.model = layers(network).to(DEVICE)
            self.optimizer = torch.optim.Adam(self.model.parameters(), lr=worker.LEARNING_RATE, fused=True, capturable=captured)
            self.step = self.eager_step

    def eager_step(self, x, labels):
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(x), labels)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    @torch.no_grad()
    def compiled_step(self, x, labels):
        return with_torch.compiled_step(self.parameters, *self.state, x, labels)

    def train(self, x, labels, changes=True):
        """The loss, whose memory the next step may use. `changes` says whether x is another one than the last time."""
        if not self.captured:
            return self.step(x, labels)
        if changes or self.graph is None:
            self.x.copy_(x)
        self.labels.copy_(labels)
        if self.graph:
            self.graph.replay()
            return self.loss
        # As PyTorch's manual has it: warm up beside the stream, then record. What was learned by warming up counts as this step.
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            loss = self.step(self.x, self.labels).clone()
        torch.cuda.current_stream().wait_stream(side)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.loss = self.step(self.x, self.labels)
        return loss


class Training(worker.Training, Work):
    def __init__(self, name, wrap, captured):
        network = Network(name)
        self.trainer = Trainer(name, wrap, captured)
        self.x = torch.from_numpy(network.inputs()).to(DEVICE)
        self.sets = itertools.cycle(torch.from_numpy(network.label_sets()).to(DEVICE).unbind())

    def step(self, labels):
        return self.trainer.train(self.x, labels, False)


def pictures():
    images, labels = worker.raw_pictures(PICTURES)
    return torch.from_numpy(images.copy()), torch.from_numpy(labels)


class Pictures(torch.utils.data.Dataset):
    """Whole batches at once, which spares the loader one call for each picture."""

    def __init__(self):
        self.images, self.labels = pictures()

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, indices):
        indices = torch.tensor(indices)
        return self.images[indices].float().div_(255), self.labels[indices]


class LoadedEpoch(Work):
    """Batches of a loader with workers, through pinned memory."""

    def __init__(self, name):
        self.trainer = Trainer(name, False, False)
        all_pictures = Pictures()
        sampler = torch.utils.data.BatchSampler(torch.utils.data.RandomSampler(all_pictures), 64, drop_last=True)
        self.loader = torch.utils.data.DataLoader(all_pictures, batch_size=None, sampler=sampler, num_workers=4, pin_memory=True,
                                                  persistent_workers=True)

    def run(self):
        losses = [self.trainer.train(x.to(DEVICE, non_blocking=True), y.to(DEVICE, non_blocking=True)) for x, y in self.loader]
        self.mean_loss = torch.stack(losses).mean()

    def result(self):
        self.run()
        return self.mean_loss.cpu().numpy()


class ResidentEpoch(Work):
    """All pictures lie on the device, and their order is made there; the step is recorded."""

    def __init__(self, name):
        self.trainer = Trainer(name, False, True)
        self.images, self.labels = (t.to(DEVICE) for t in pictures())

    def run(self):
        total = torch.zeros((), device=DEVICE)
        batches = torch.randperm(len(self.labels), device=DEVICE)[:len(self.labels) // 64 * 64].reshape(-1, 64)
        for indices in batches.unbind():
            total += self.trainer.train(self.images[indices].float().div_(255), self.labels[indices])
        self.mean_loss = total / len(batches)

    def result(self):
        self.run()
        return self.mean_loss.cpu().numpy()


def elementwise_graph(a, b, c, d, out):
    out.copy_(a * b + c * torch.exp(-d))


def both(eager, function, inputs, shape):
    """An eager side, and one that compiles a function."""
    return {'PyTorch': eager, 'torch.compile': lambda: Function(compiled(function), inputs(), shape)}


def find(name):
    family, _, rest = name.partition('/')
    if name != find.last:
        numbers.cache_clear()
        find.last = name
    shape = tuple(int(n) for n in rest.split('x')) if family in ('softmax', 'layer_norm', 'cross_entropy') else None
    if family == 'copy':
        n = size(rest)
        return {'PyTorch': lambda: Function(lambda x, out: out.copy_(x), (numbers((n,), 0),), n)}
    if family == 'elementwise':
        n = size(rest)
        inputs = lambda: [numbers((n,), s) for s in range(4)]
        return both(lambda: Function(with_torch.elementwise, inputs(), n), elementwise_graph, inputs, n)
    if family == 'softmax':
        inputs = lambda: [numbers(shape, 0, worker.SPREAD)]
        return both(lambda: Function(lambda x, out: torch.softmax(x, 1, out=out), inputs(), shape),
                    lambda x, out: out.copy_(torch.softmax(x, 1)), inputs, shape)
    if family == 'layer_norm':
        inputs = lambda: [numbers(shape, 0, worker.SPREAD), numbers(shape[1:], 1), numbers(shape[1:], 2)]
        return both(lambda: LayerNorm(None, inputs(), shape), with_torch.layer_norm, inputs, shape)
    if family == 'cross_entropy':
        return {'PyTorch': lambda: CrossEntropy(*shape, False), 'torch.compile': lambda: CrossEntropy(*shape, True)}
    if family == 'adam':
        return {'PyTorch': lambda: Adam(size(rest), False), 'torch.compile': lambda: Adam(size(rest), True)}
    if family.startswith('product'):
        return {'PyTorch': lambda: Product(int(rest), family.removeprefix('product').strip())}
    sides = {}
    if family == 'training':
        sides = {'PyTorch': lambda: Training(rest, False, False), 'torch.compile': lambda: Training(rest, True, False),
                 'PyTorch captured': lambda: Training(rest, False, True),
                 'torch.compile captured': lambda: Training(rest, True, True)}
    if family == 'epoch' and PICTURES:
        sides = {'PyTorch': lambda: LoadedEpoch(rest), 'PyTorch captured': lambda: ResidentEpoch(rest)}
    return {side: make for side, make in sides.items() if DEVICE.type == 'cuda' or 'captured' not in side}


find.last = None


if __name__ == '__main__':
    if DEVICE.type == 'cuda' and not torch.cuda.is_available():
        raise SystemExit('PyTorch has no CUDA device')
    worker.serve(find)
