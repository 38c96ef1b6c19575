#!/usr/bin/env python3
"""Writes what PyTorch computes for every elementwise operator, beside this script: float.txt and double.txt.

Each line is a name and numbers: `x`, `a`, `b`, `c` are inputs; `sin` is the value of an operator of x, `sin'` its
slope, `sin''` its second derivative, which only double.txt has; `atan2`, `atan2'0` and `atan2'1` are functions of a and b.
"""
import math
import pathlib

import torch
import torch.nn.functional as F

inf, nan = math.inf, math.nan


def sinc_series(x):
    return 1 - x**2 / 6 * (1 - x**2 / 20 * (1 - x**2 / 42))


UNARY = {name: getattr(torch, name) for name in (
    'exp exp2 expm1 log log2 log10 log1p sqrt rsqrt square reciprocal abs sign floor ceil round trunc sin cos tan asin '
    'acos atan sinh cosh tanh asinh acosh atanh erf erfc erfinv sigmoid relu selu frac deg2rad rad2deg nan_to_num '
    'logit').split()}
UNARY |= {name: getattr(F, name) for name in
          ('silu mish gelu elu celu leaky_relu softplus hardtanh hardswish relu6 logsigmoid hardshrink softshrink '
           'tanhshrink').split()}
UNARY |= {
    # F.hardsigmoid's slope is the float 1/6 in double too; F.softsign's is NaN at infinity.
    'hardsigmoid': lambda x: F.relu6(x + 3) / 6,
    'softsign': lambda x: torch.where(x.isinf(), F.softsign(x.detach()), F.softsign(torch.where(x.isinf(), 0, x))),
    'gelu_tanh': lambda x: F.gelu(x, approximate='tanh'),
    'elu_2': lambda x: F.elu(x, 2.0),
    'celu_2': lambda x: F.celu(x, 2.0),
    'leaky_relu_02': lambda x: F.leaky_relu(x, 0.2),
    'softplus_2_10': lambda x: F.softplus(x, beta=2, threshold=10),
    'hardshrink_2': lambda x: F.hardshrink(x, 2.0),
    'softshrink_2': lambda x: F.softshrink(x, 2.0),
    'threshold_1_7': lambda x: F.threshold(x, 1.0, 7.0),
    'hardtanh_2': lambda x: F.hardtanh(x, -2.0, 0.5),
    'clamp_1': lambda x: torch.clamp(x, -1.0, 1.0),
    'pow_0': lambda x: torch.pow(x, 0),
    'pow_3': lambda x: torch.pow(x, 3),
    'pow_m2': lambda x: torch.pow(x, -2),
    'pow_25': lambda x: torch.pow(x, 2.5),
    'pow_05': lambda x: torch.pow(x, 0.5),
    'pow_m05': lambda x: torch.pow(x, -0.5),
    'pow_15': lambda x: torch.pow(x, 1.5),
    'pow_of_2': lambda x: torch.pow(2.0, x),
    # torch.sinc's slope cancels near 0.
    'sinc': lambda x: torch.where(x.abs() < 1e-2, sinc_series(math.pi * x.clamp(-1e-2, 1e-2)), torch.sinc(x)),
    'clamp_min_1': lambda x: torch.clamp_min(x, 1.0),
    'clamp_max_1': lambda x: torch.clamp_max(x, 1.0),
    'nan_to_num_1': lambda x: torch.nan_to_num(x, 1.0, 2.0, -3.0),
    'logit_02': lambda x: torch.logit(x, 0.2),
    'round_1': lambda x: torch.round(x, decimals=1),
    'round_m1': lambda x: torch.round(x, decimals=-1),
    # torch.frexp's slope is made of floats in double too.
    'frexp': lambda x: torch.where(x.isfinite(), x / torch.exp2(torch.frexp(x.detach())[1].to(x.dtype)), x),
}
BOOL = {name: getattr(torch, name) for name in 'isnan isinf isfinite isposinf isneginf signbit'.split()}
BOOL |= {'exponent': lambda x: torch.where(x.isfinite(), torch.frexp(x)[1], 0)}
BINARY = {name: getattr(torch, name) for name in
          ('add sub mul div atan2 hypot fmod remainder minimum maximum pow logaddexp xlogy copysign fmin fmax logaddexp2 ldexp '
           'clamp_min clamp_max').split()}
BINARY |= {
    'div_floor': lambda a, b: torch.div(a, b, rounding_mode='floor'),
    'div_trunc': lambda a, b: torch.div(a, b, rounding_mode='trunc'),
    'nextafter': lambda a, b: torch.nextafter(a.detach(), b.detach()),
    'heaviside': lambda a, b: torch.heaviside(a.detach(), b.detach()),
}


TERNARY = {
    'lerp': torch.lerp,
    'clamp': torch.clamp,
    'where': lambda a, b, c: torch.where(a > 0, b, c),
}
COMPARE = {name: getattr(torch, name) for name in 'eq ne lt le gt ge logical_and logical_or logical_xor'.split()}


# Their slopes at NaN are 1 in PyTorch's loops over short tensors and something else in those over long ones.
SINGLE = ('elu elu_2 celu celu_2 selu relu6 hardtanh hardtanh_2 hardswish hardshrink hardshrink_2 softshrink '
          'softshrink_2').split()


def inputs(dtype):
    tiny, small = torch.finfo(dtype).tiny, torch.finfo(dtype).smallest_normal / 8
    edges = [0.0, -0.0, inf, -inf, nan, 1.0, -1.0, 3.0, -3.0, 6.0, 0.5, -0.5, 1.5, 2.5, -2.5, tiny, -tiny, small,
             -small, 1e-6, -1e-6, 20.0, 20.5, 50.0, -50.0, 95.0, -95.0, 800.0, -800.0, 1e10, -1e10]
    ordinary = [0.1, 0.3, 0.7, 0.95, 1.1, 1.7, 2.2, 4.4, 7.3, 11.9]
    return torch.tensor(edges + ordinary + [-v for v in ordinary], dtype=dtype)


def pairs(dtype):
    values = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -3.0, 2.7, -4.1, inf, -inf, nan]
    a, b = zip(*[(p, q) for p in values for q in values])
    return torch.tensor(a, dtype=dtype), torch.tensor(b, dtype=dtype)


def write(file, name, values):
    # Zeros may come without memory.
    values = torch.zeros(values.shape, dtype=values.dtype).copy_(values.detach())
    double = values.dtype == torch.float64
    file.write(name + ''.join(f' {v!r}' if double else f' {v:.9g}' for v in values.tolist()) + '\n')


def gradients(y, xs, create_graph=False):
    found = torch.autograd.grad(y.sum(), xs, create_graph=create_graph, allow_unused=True) if y.requires_grad else None
    return [torch.zeros_like(x) if g is None else g for g, x in zip(found or [None] * len(xs), xs)]


def make(path, dtype):
    with open(path, 'w') as file:
        x = inputs(dtype).requires_grad_()
        nan = torch.tensor(math.nan, dtype=dtype, requires_grad=True)
        write(file, 'x', x)
        for name, f in UNARY.items():
            y = f(x)
            slope, = gradients(y, [x], create_graph=True)
            if name in SINGLE:
                slope = torch.where(x.isnan(), gradients(f(nan), [nan])[0], slope)
            write(file, name, y)
            write(file, name + "'", slope)
            if dtype == torch.float64:
                write(file, name + "''", *gradients(slope, [x]))
        for name, f in BOOL.items():
            write(file, name, f(x).to(dtype))
        a, b = pairs(dtype)
        c = a.roll(5) * 0.7
        variables = [v.requires_grad_() for v in (a, b, c)]
        for name, v in zip('abc', variables):
            write(file, name, v)
        for functions, count in ((BINARY, 2), (TERNARY, 3)):
            for name, f in functions.items():
                y = f(*variables[:count])
                write(file, name, y)
                for i, g in enumerate(gradients(y, variables[:count])):
                    write(file, f"{name}'{i}", g)
        for name, f in COMPARE.items():
            write(file, name, f(a, b).to(dtype))


if __name__ == '__main__':
    here = pathlib.Path(__file__).parent
    make(here / 'float.txt', torch.float32)
    make(here / 'double.txt', torch.float64)
