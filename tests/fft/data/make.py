"""Writes fft.safetensors: torch.fft's values and gradients in double. Complex numbers are pairs along a last axis.

For a result y the gradients are those of sum(Re y · a + Im y · b), a = 0.5, -1, 2, … and b = 1, 0.25, -1, 3, …
"""
import json
import pathlib
import struct

import numpy as np
import torch

torch.manual_seed(2)
shapes = [(2, 3, 4), (1, 8, 2), (3, 7, 5), (2, 12, 9), (1, 53, 2), (1, 64, 1), (20, 6, 1), (1, 30, 5), (1, 600, 1), (1, 201, 1)]
T = torch.fft
kinds = {
    'fft': (T.fft, {'dim': 1}), 'fft_first': (T.fft, {'dim': 0}), 'fft_six': (T.fft, {'dim': -1, 'n': 6}),
    'ifft': (T.ifft, {'dim': 1}), 'rfft': (T.rfft, {'dim': 1}), 'rfft_six': (T.rfft, {'dim': 1, 'n': 6}),
    'irfft': (T.irfft, {'dim': 1}), 'irfft_seven': (T.irfft, {'dim': 1, 'n': 7}), 'hfft': (T.hfft, {'dim': 1}),
    'ihfft': (T.ihfft, {'dim': 1}), 'fft2': (T.fft2, {}), 'ifftn': (T.ifftn, {}), 'rfft2': (T.rfft2, {}),
    'irfftn': (T.irfftn, {'s': (4, 6), 'dim': (0, 1)}), 'hfft2': (T.hfft2, {'dim': (0, 1)}), 'ihfftn': (T.ihfftn, {}),
}
a, b = torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1.0, 0.25, -1.0, 3.0])


def stored(t):
    t = t.detach().resolve_conj().resolve_neg()
    return np.ascontiguousarray((torch.view_as_real(t) if t.is_complex() else t).numpy())


out = {}
for i, shape in enumerate(shapes):
    z = torch.randn(shape, dtype=torch.complex128)
    out[f'z{i}'] = stored(z)
    for name, (f, arguments) in kinds.items():
        # Long signals are for the transform itself, the others for its arguments.
        if i > 4 and name not in ('fft', 'rfft', 'irfft'):
            continue
        real = f in (T.rfft, T.rfft2, T.ihfft, T.ihfftn)
        x = (z.real.clone() if real else z.clone()).requires_grad_()
        norm = ('backward', 'ortho', 'forward')[i % 3]
        y = f(x, norm=norm, **arguments)
        n = y.numel()
        loss = (torch.real(y).flatten() * a.repeat(n // 3 + 1)[:n]).sum()
        if y.is_complex():
            loss = loss + (torch.imag(y).flatten() * b.repeat(n // 4 + 1)[:n]).sum()
        out[f'{name}{i}'] = stored(y)
        out[f'{name}{i}_grad'] = stored(torch.autograd.grad(loss, x)[0])


def save(path, arrays):
    header, at = {}, 0
    for name, x in arrays.items():
        header[name] = {'dtype': 'F64', 'shape': list(x.shape), 'data_offsets': [at, at + x.nbytes]}
        at += x.nbytes
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    path.write_bytes(struct.pack('<Q', len(text)) + text + b''.join(x.tobytes() for x in arrays.values()))


save(pathlib.Path(__file__).parent / 'fft.safetensors', out)
