"""Writes complex.safetensors: what PyTorch computes with complex numbers, values and gradients. Numbers are stored as pairs.

For a result y of a function of z (and w), the gradients are those of sum(Re y · a + Im y · b), a = 0.5, -1, 2, … and b = 1, 0.25, -1, …
"""
import json
import pathlib
import struct

import numpy as np
import torch

torch.manual_seed(1)
parts = [-2.5, -1.0, -0.25, 0.0, 0.5, 1.75]
z = torch.tensor([complex(x, y) for x in parts for y in parts], dtype=torch.complex128)
w = torch.randn(len(z), dtype=torch.complex128)
a = torch.tensor([0.5, -1.0, 2.0])
b = torch.tensor([1.0, 0.25, -1.0, 3.0])
unary = {
    'abs': torch.abs, 'angle': torch.angle, 'real': torch.real, 'imag': torch.imag, 'conj': torch.conj, 'sgn': torch.sgn,
    'exp': torch.exp, 'exp2': torch.exp2, 'expm1': torch.expm1, 'log': torch.log, 'log2': torch.log2, 'log10': torch.log10,
    'log1p': torch.log1p, 'sqrt': torch.sqrt, 'rsqrt': torch.rsqrt, 'square': torch.square, 'reciprocal': torch.reciprocal,
    'sin': torch.sin, 'cos': torch.cos, 'tan': torch.tan, 'asin': torch.asin, 'acos': torch.acos, 'atan': torch.atan,
    'sinh': torch.sinh, 'cosh': torch.cosh, 'tanh': torch.tanh, 'asinh': torch.asinh, 'acosh': torch.acosh,
    'atanh': torch.atanh, 'sigmoid': torch.sigmoid, 'neg': torch.neg, 'sinc': torch.sinc,
    'tanhshrink': torch.nn.functional.tanhshrink,
    'pow3': lambda v: v ** 3, 'pow_real': lambda v: v ** 1.5, 'cumsum': lambda v: v.cumsum(0),
    'cumprod': lambda v: v.cumprod(0), 'sum': lambda v: v.sum().reshape(1), 'mean': lambda v: v.mean().reshape(1),
    'prod': lambda v: (v + 1.1).prod().reshape(1), 'prod_zero': lambda v: v[20:24].prod().reshape(1),
    'var': lambda v: v.var().reshape(1), 'norm': lambda v: torch.linalg.vector_norm(v).reshape(1),
    'as_real': lambda v: torch.view_as_real(v).flatten(),
}
binary = {
    'add': torch.add, 'sub': torch.sub, 'mul': torch.mul, 'div': torch.div, 'pow': torch.pow,
    'dot': lambda v, u: torch.dot(v, u).reshape(1), 'vdot': lambda v, u: torch.vdot(v, u).reshape(1),
    'outer': lambda v, u: (v.reshape(9, 4) @ u.reshape(4, 9)).flatten(),
    'adjoint': lambda v, u: (v.reshape(9, 4).mH @ u.reshape(9, 4)).flatten(),
    'real_times': lambda v, u: v.real * u, 'lerp': lambda v, u: torch.lerp(v, u, 0.25),
    'polar': lambda v, u: torch.polar(v.real.abs(), u.real), 'complex': lambda v, u: torch.complex(v.real, u.imag),
}


def pairs(t):
    t = t.detach().resolve_conj()
    t = torch.view_as_real(t) if t.is_complex() else torch.stack([t, torch.zeros_like(t)], -1)
    return np.ascontiguousarray(t.numpy())


def weighted(y):
    n = y.numel()
    loss = (torch.real(y) * a.repeat(n // 3 + 1)[:n]).sum()
    if y.is_complex():
        loss = loss + (torch.imag(y) * b.repeat(n // 4 + 1)[:n]).sum()
    return loss


out = {'z': pairs(z), 'w': pairs(w)}
for name, f in unary.items():
    v = z.clone().requires_grad_()
    y = f(v)
    out[name] = pairs(y)
    out[name + '_grad'] = pairs(torch.autograd.grad(weighted(y), v)[0])
for name, f in binary.items():
    v, u = z.clone().requires_grad_(), w.clone().requires_grad_()
    y = f(v, u)
    out[name] = pairs(y)
    for at, g in zip(('_grad', '_grad2'), torch.autograd.grad(weighted(y), (v, u))):
        out[name + at] = pairs(g)


def save(path, arrays):
    header, at = {}, 0
    for name, x in arrays.items():
        header[name] = {'dtype': 'F64', 'shape': list(x.shape), 'data_offsets': [at, at + x.nbytes]}
        at += x.nbytes
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    path.write_bytes(struct.pack('<Q', len(text)) + text + b''.join(x.tobytes() for x in arrays.values()))


save(pathlib.Path(__file__).parent / 'complex.safetensors', out)
