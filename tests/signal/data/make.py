"""Writes signal.safetensors: PyTorch's windows, short-time transforms and their gradients, and SciPy's convolutions, in double."""
import json
import pathlib
import struct

import numpy as np
import scipy.signal
import torch
from torch.signal import windows as W

torch.manual_seed(3)
D = torch.float64
out = {}


def stored(t):
    t = t.detach().resolve_conj().resolve_neg()
    return np.ascontiguousarray((torch.view_as_real(t) if t.is_complex() else t).numpy())


for n in (1, 2, 7, 10):
    for sym in (True, False):
        key = f'{n}{"s" if sym else "p"}'
        for name in ('bartlett', 'blackman', 'cosine', 'exponential', 'gaussian', 'general_hamming', 'hamming', 'hann', 'kaiser', 'nuttall'):
            out[f'{name}{key}'] = stored(getattr(W, name)(n, sym=sym, dtype=D))
        out[f'general_cosine{key}'] = stored(W.general_cosine(n, a=[0.46, 0.23, 0.31, 0.1, 0.05], sym=sym, dtype=D))
        out[f'exponential_tau{key}'] = stored(W.exponential(n, tau=2.5, center=None if sym else 1.5, sym=sym, dtype=D))
        for name in ('bartlett', 'blackman', 'hamming', 'hann', 'kaiser'):
            out[f'{name}_window{key}'] = stored(getattr(torch, name + '_window')(n, periodic=not sym, dtype=D))

weights = torch.tensor([0.5, -1.0, 2.0, 0.25])


def case(name, f, x):
    x = x.clone().requires_grad_()
    y = f(x)
    flat = torch.view_as_real(y).flatten() if y.is_complex() else y.flatten()
    loss = (flat * weights.repeat(flat.numel() // 4 + 1)[:flat.numel()]).sum()
    out[name] = stored(y)
    out[name + '_grad'] = stored(torch.autograd.grad(loss, x)[0])


x = torch.randn(2, 23, dtype=D)
out['x'] = stored(x)
hann, six = torch.hann_window(8, dtype=D), torch.hamming_window(6, dtype=D)
case('stft', lambda v: torch.stft(v, 8, 3, window=hann, return_complex=True), x)
case('stft_plain', lambda v: torch.stft(v, 8, return_complex=True, window=torch.ones(8, dtype=D)), x)
case('stft_short', lambda v: torch.stft(v, 8, 2, 6, window=six, pad_mode='constant', normalized=True, return_complex=True), x)
case('stft_whole', lambda v: torch.stft(v, 8, 3, window=hann, center=False, onesided=False, return_complex=True), x)
case('stft_replicate', lambda v: torch.stft(v, 8, 3, window=hann, pad_mode='replicate', return_complex=True), x)
case('stft_circular', lambda v: torch.stft(v, 8, 3, window=hann, pad_mode='circular', return_complex=True), x)
z = torch.randn(2, 5, 9, dtype=torch.complex128)
out['z'] = stored(z)
case('istft', lambda v: torch.istft(v, 8, 2, window=hann), z)
case('istft_long', lambda v: torch.istft(v, 8, 2, window=hann, length=25, normalized=True), z)
case('istft_plain', lambda v: torch.istft(v, 8, 3, window=torch.ones(8, dtype=D), center=False), z)
a, b = np.random.default_rng(1).normal(size=(2, 19)), np.random.default_rng(2).normal(size=(2, 6))
out['a'], out['b'] = a, b
for mode in ('full', 'same', 'valid'):
    out['convolve_' + mode] = scipy.signal.fftconvolve(a, b, mode, axes=-1)


def save(path, arrays):
    header, at = {}, 0
    for name, v in arrays.items():
        header[name] = {'dtype': 'F64', 'shape': list(v.shape), 'data_offsets': [at, at + v.nbytes]}
        at += v.nbytes
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    path.write_bytes(struct.pack('<Q', len(text)) + text + b''.join(v.tobytes() for v in arrays.values()))


save(pathlib.Path(__file__).parent / 'signal.safetensors', out)
