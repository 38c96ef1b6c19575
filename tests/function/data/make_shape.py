"""Writes shape.safetensors: what PyTorch's functions that repeat, pad and place elements give, in float64.

Run in this folder with PyTorch and safetensors installed. For each case `name` there is the result `name.y` of the operand `x` (and of `v`),
and for some the gradient `name.gx` of its sum, weighted by 1, 2, 3, ….
"""

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(4)
x = torch.randn(3, 4).double()
v = torch.randn(4).double()
out = {'x': x, 'v': v}


def put(name, f):
    a = x.clone().requires_grad_()
    y = f(a)
    (y * torch.arange(1, y.numel() + 1).reshape(y.shape)).sum().backward()
    out[name + '.y'], out[name + '.gx'] = y.detach().clone().contiguous(), a.grad


for mode in 'constant', 'reflect', 'replicate', 'circular':
    put(f'pad.{mode}', lambda x: F.pad(x[None, None], (3, 2, 1, 2), mode)[0, 0])
    put(f'crop.{mode}', lambda x: F.pad(x[None, None], (-1, 2, 0, -1), mode)[0, 0])
put('pad.value', lambda x: F.pad(x, (3, -2, -1, 2), value=1.5))
put('repeat', lambda x: x.repeat(2, 1, 3))
put('tile', lambda x: x.tile(3))
put('interleave', lambda x: x.repeat_interleave(3, 1))
put('interleave_counts', lambda x: x.repeat_interleave(torch.tensor([2, 0, 3]), 0))
put('interleave_all', lambda x: x.repeat_interleave(2))
put('unfold', lambda x: x.unfold(1, 3, 1))
put('unfold0', lambda x: x.unfold(0, 2, 2))
put('diag_embed', lambda x: torch.diag_embed(x, 1, 0, -1))
put('diag_embed_below', lambda x: torch.diag_embed(x, -2))
put('diagflat', lambda x: torch.diagflat(x, -1))
put('diag', lambda x: torch.diag(x, 1))
put('diagonal', lambda x: torch.diagonal(x[None].expand(2, 3, 4), -1, 2, 1))
put('block_diag', lambda x: torch.block_diag(x, v, x[0, 0]))
put('cartesian', lambda x: torch.cartesian_prod(x[0], v[:3], x[1, :2]))
put('combinations', lambda x: torch.combinations(x[0], 3))
put('combinations_again', lambda x: torch.combinations(x[0], 2, True))
put('rot90', lambda x: torch.rot90(x, 3))
put('movedim', lambda x: torch.movedim(x[None].expand(2, 3, 4), (0, 1), (2, 0)))
put('hstack', lambda x: torch.hstack((x, x * 2)))
put('vstack', lambda x: torch.vstack((x, v)))
put('dstack', lambda x: torch.dstack((x, x * 2)))
put('column_stack', lambda x: torch.column_stack((x, x[:, 1])))
save_file(out, 'shape.safetensors')
