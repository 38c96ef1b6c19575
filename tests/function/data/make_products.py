"""Values of norms and of products over axes, and their gradients, from PyTorch: writes products.safetensors beside itself."""

import pathlib

import torch
from safetensors.torch import save_file

torch.manual_seed(0)
inf = float('inf')
tensors = {}
x = torch.randn(3, 4, 2, dtype=torch.float64)
x[0, 1, 0] = 0
x[2, 2, :] = 0
x[1, 0, :] = 1.5
weights = torch.randn(3, 2, dtype=torch.float64)
tensors['x'] = x
tensors['weights'] = weights
ORDERS = [2, 1, 0, 3, 0.5, 2.5, -1, -2.1, 4, inf, -inf, 1.5]
values, gradients, totals = [], [], []
for p in ORDERS:
    v = x.clone().requires_grad_()
    y = torch.linalg.vector_norm(v, p, dim=1)
    values.append(y.detach())
    if p == 0:
        gradients.append(torch.zeros_like(x))
    else:
        (y * weights).sum().backward()
        gradients.append(v.grad)
    totals.append(torch.linalg.vector_norm(x, p))
tensors['orders'] = torch.tensor([p for p in ORDERS], dtype=torch.float64)
tensors['norms'] = torch.stack(values)
tensors['gradients'] = torch.stack(gradients)
tensors['totals'] = torch.stack(totals)

a, b = torch.randn(2, 3, dtype=torch.float64), torch.randn(2, 1, 2, dtype=torch.float64)
tensors['a'], tensors['b'] = a, b
tensors['kron'] = torch.kron(a, b)
c = torch.randn(2, 2, 1, dtype=torch.float64)
d = torch.randn(2, 1, 2, dtype=torch.float64)
tensors['c'], tensors['d'] = c, d
tensors['tensordot'] = torch.tensordot(c, d, dims=[[0, 1], [2, 0]])
u, w = torch.randn(1, 3, dtype=torch.float64), torch.randn(4, 3, dtype=torch.float64)
tensors['u'], tensors['w'] = u, w
tensors['cross'] = torch.linalg.cross(u, w)
save_file({k: v.contiguous() for k, v in tensors.items()}, pathlib.Path(__file__).with_name('products.safetensors'))
