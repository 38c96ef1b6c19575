"""Writes linalg.safetensors: what torch.linalg gives, and its gradients, in float64.

Run in this folder with PyTorch and safetensors installed.
"""

import torch
from safetensors.torch import save_file

torch.manual_seed(4)
double = dict(dtype=torch.float64)
inf = float('inf')
square, tall, wide = torch.randn(2, 4, 4, **double), torch.randn(2, 5, 3, **double), torch.randn(2, 3, 5, **double)
right, right_tall, right_wide = torch.randn(2, 4, 2, **double), torch.randn(2, 5, 2, **double), torch.randn(2, 3, 2, **double)
positive = square @ square.mT + torch.eye(4, **double)
symmetric = square + square.mT
symmetric[1] -= torch.diag_embed(symmetric[1].diagonal())
deficient = tall.clone()
deficient[:, :, 2] = deficient[:, :, 0] - 2 * deficient[:, :, 1]
out = dict(square=square, tall=tall, wide=wide, right=right, right_tall=right_tall, right_wide=right_wide, positive=positive,
           symmetric=symmetric, deficient=deficient)

for name in 'square', 'tall', 'wide':
    x = out[name]
    out[f'{name}.lu'], out[f'{name}.pivots'] = torch.linalg.lu_factor(x)
    out[f'{name}.p'], out[f'{name}.l'], out[f'{name}.u'] = torch.linalg.lu(x)
    out[f'{name}.geqrf'], out[f'{name}.tau'] = torch.geqrf(x)
out['tall.q'] = torch.linalg.householder_product(out['tall.geqrf'], out['tall.tau'])
out['ld'], out['ld.pivots'] = torch.linalg.ldl_factor(symmetric)
out['lstsq.tall'] = torch.linalg.lstsq(tall, right_tall).solution
out['lstsq.tall.residuals'] = torch.linalg.lstsq(tall, right_tall, driver='gelsd').residuals
out['lstsq.wide'] = torch.linalg.lstsq(wide, right_wide).solution
out['lstsq.deficient'] = torch.linalg.lstsq(deficient, right_tall).solution
for n in -3, 0, 1, 5, 6:
    out[f'power{n}'] = torch.linalg.matrix_power(square, n)
out['exp'] = torch.linalg.matrix_exp(square)
out['exp.large'] = torch.linalg.matrix_exp(10 * square)

weights = torch.tensor([1, -2.5], **double)
out['weights'] = weights
orders = dict(fro='fro', nuc='nuc', one=1, minus_one=-1, two=2, minus_two=-2, infinity=inf, minus_infinity=-inf)
for name, order in orders.items():
    x = tall.clone().requires_grad_()
    y = torch.linalg.matrix_norm(x, order)
    (y * weights).sum().backward()
    out[f'norm.{name}'], out[f'norm.{name}.gradient'] = y, x.grad
    out[f'cond.{name}'] = torch.linalg.cond(square, order)
    x = torch.ones(1, 3, 2, **double).requires_grad_()
    torch.linalg.matrix_norm(x[0] * torch.tensor([1, -1], **double), order).backward()
    out[f'equal.{name}.gradient'] = x.grad
out['u'], out['h'] = torch.linalg.polar(tall)
x = positive.clone().requires_grad_()
y = torch.linalg.matrix_sqrth(x)
y.backward(square)
out['sqrth'], out['sqrth.gradient'] = y, x.grad
tensor = torch.randn(2, 3, 6, **double)
out['tensor'], out['tensorinv'] = tensor, torch.linalg.tensorinv(tensor)
out['tensorsolve'] = torch.linalg.tensorsolve(tensor, tensor[:, :, 0], (0, 2))
out['vander'] = torch.linalg.vander(tensor[0], N=4)
save_file({k: v.detach().contiguous() for k, v in out.items()}, 'linalg.safetensors')
