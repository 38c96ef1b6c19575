#!/usr/bin/env python3
"""Writes conv.txt beside this file: operands, values and gradients of convolutions and pools as PyTorch computes them.

Each line is a name and numbers in row-major order. `case.y` is the result for the operands `case.x`, `case.w`, `case.b`, and
`case.dx` … are the gradients of sum(y * y) / 2 over all numbers that are not NaN or infinite.
"""

import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(0)


def text(t):
    return ' '.join('nan' if v != v else repr(v) for v in t.flatten().tolist())


def write(file, case, f, **operands):
    leaves = {name: t.double().requires_grad_() for name, t in operands.items()}
    y = f(**leaves)
    (torch.where(y.isfinite(), y, 0) ** 2 / 2).sum().backward()
    for name, t in leaves.items():
        file.write(f'{case}.{name} {text(t)}\n')
        file.write(f'{case}.d{name} {text(t.grad)}\n')
    file.write(f'{case}.y {text(y)}\n')


def rounded(*shape):
    return (torch.randn(*shape) * 64).round() / 64


with open(pathlib.Path(__file__).parent / 'conv.txt', 'w') as file:
    write(file, 'grouped', lambda x, w, b: F.conv2d(x, w, b, stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2),
          x=rounded(2, 4, 7, 6), w=rounded(6, 2, 3, 2), b=rounded(6))
    write(file, 'depthwise', lambda x, w, b: F.conv2d(x, w, b, padding=1, groups=3),
          x=rounded(2, 3, 6, 9), w=rounded(3, 1, 3, 3), b=rounded(3))
    write(file, 'line', lambda x, w, b: F.conv1d(x, w, b, stride=2, padding=2),
          x=rounded(2, 3, 11), w=rounded(4, 3, 3), b=rounded(4))
    write(file, 'transposed', lambda x, w, b: F.conv_transpose2d(x, w, b, stride=(2, 3), padding=(1, 0), output_padding=(1, 0),
                                                                 groups=2, dilation=(1, 2)),
          x=rounded(2, 4, 3, 5), w=rounded(4, 3, 3, 2), b=rounded(6))
    ties = torch.randint(0, 3, (1, 2, 7, 6)).double()
    ties[0, 0, 2, 3] = ties[0, 0, 2, 4] = ties[0, 1, 6, 5] = float('nan')
    ties[0, 1, 0:3, 0:4] = -float('inf')
    write(file, 'greatest', lambda x: F.max_pool2d(x, (3, 2), stride=(2, 1), padding=(1, 1), dilation=(1, 2), ceil_mode=True), x=ties)
    write(file, 'greatest2', lambda x: F.max_pool2d(x, 2), x=torch.randint(0, 4, (2, 1, 9, 23)).double())
    write(file, 'greatest3', lambda x: F.max_pool2d(x, 3, stride=2, padding=1), x=rounded(1, 2, 8, 19))
    write(file, 'mean', lambda x: F.avg_pool2d(x, (3, 2), stride=2, padding=1, ceil_mode=True), x=rounded(2, 1, 7, 6))
    write(file, 'mean_inside', lambda x: F.avg_pool2d(x, 3, padding=1, ceil_mode=True, count_include_pad=False), x=rounded(1, 2, 8, 7))
    write(file, 'adaptive', lambda x: F.adaptive_avg_pool2d(x, (3, 4)), x=rounded(2, 1, 7, 6))
    write(file, 'line_mean', lambda x: F.avg_pool1d(x, 3, stride=2, padding=1), x=rounded(2, 2, 10))
    write(file, 'line_greatest', lambda x: F.max_pool1d(x, 3, stride=3, padding=1), x=rounded(2, 2, 10))
