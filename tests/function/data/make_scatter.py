"""Writes scatter.safetensors: what PyTorch's functions that write at places give, with their gradients, in float64.

Run in this folder with PyTorch and safetensors installed. For each case `name` there are its operands `name.x`, `name.index` and
`name.src`, the result `name.y`, and the gradients of its sum, weighted by `name.w`, as `name.gx` and `name.gs`.
"""

import torch
from safetensors.torch import save_file

torch.manual_seed(3)
out = {}


def put(name, f, x, index, src):
    x = x.clone().requires_grad_()
    src = src.clone().requires_grad_()
    y = f(x, index, src)
    w = torch.randn_like(y)
    (y * w).sum().backward()
    for key, v in dict(x=x, index=index, src=src, y=y, w=w, gx=x.grad, gs=src.grad).items():
        out[f'{name}.{key}'] = (torch.zeros_like(src) if v is None else v).detach().contiguous().clone()


def part(src, index):
    """What of src is written: PyTorch has no gradient where src is larger than the index."""
    return src[: index.shape[0], : index.shape[1]]


def numbers(*shape):
    """Small whole numbers, so that there are equal ones, and zeros."""
    return torch.randint(-3, 4, shape).double()


for axis in 0, 1:
    for case, (shape, index_shape, src_shape) in enumerate([
        ((4, 5), (4, 5), (4, 5)), ((4, 5), (3, 2), (4, 6)), ((3, 3), (0, 2), (2, 2)),
    ]):
        x, src = numbers(*shape), numbers(*src_shape)
        index = torch.randint(0, shape[axis], index_shape)
        if index.numel():
            permuted = torch.stack([torch.randperm(shape[axis])[:index_shape[axis]] for _ in range(index_shape[1 - axis])]) \
                if index_shape[axis] <= shape[axis] else None
            once = index if permuted is None else permuted.T if axis == 0 else permuted
            if permuted is not None:
                put(f'scatter{axis}.{case}', lambda x, i, s: x.scatter(axis, i, part(s, i)), x, once.contiguous(), src)
        put(f'scatter_add{axis}.{case}', lambda x, i, s: x.scatter_add(axis, i, part(s, i)), x, index, src)
        for how in 'sum', 'prod', 'mean', 'amax', 'amin':
            for include in True, False:
                put(f'{how}{axis}.{case}.{int(include)}',
                    lambda x, i, s: x.scatter_reduce(axis, i, part(s, i), how, include_self=include), x, index, src)
    for case, (shape, n) in enumerate([((4, 5), 3), ((5, 5), 0)]):
        x = numbers(*shape)
        src_shape = list(shape)
        src_shape[axis] = n
        src, index = numbers(*src_shape), torch.randint(0, shape[axis], (n,))
        put(f'index_add{axis}.{case}', lambda x, i, s: x.index_add(axis, i, s, alpha=1.5), x, index, src)
        for how in 'prod', 'mean', 'amax', 'amin':
            for include in True, False:
                put(f'index_{how}{axis}.{case}.{int(include)}',
                    lambda x, i, s: x.index_reduce(axis, i, s, how, include_self=include), x, index, src)
        if n <= shape[axis]:
            once = torch.randperm(shape[axis])[:n]
            put(f'index_copy{axis}.{case}', lambda x, i, s: x.index_copy(axis, i, s), x, once, src)
            put(f'index_fill{axis}.{case}', lambda x, i, s: x.index_fill(axis, i, s), x, once, torch.tensor(7.5).double())

x = numbers(4, 5)
put('put', lambda x, i, s: x.put(i, s), x, torch.tensor([[3, -1], [0, -20 + 7]]), numbers(2, 2))
put('put_add', lambda x, i, s: x.put(i, s, True), x, torch.tensor([[3, -1], [3, 19]]), numbers(2, 2))
put('masked', lambda x, m, s: x.masked_scatter(m != 0, s), x, torch.randint(0, 2, (4, 5)), numbers(4, 5))
put('masked_row', lambda x, m, s: x.masked_scatter(m != 0, s), x, torch.tensor([[0, 1, 0, 1, 1]]), numbers(4, 5))
none = torch.zeros(1, dtype=torch.int64)
put('select', lambda x, _, s: x.select_scatter(s, 1, -2), x, none, numbers(4))
put('slice', lambda x, _, s: x.slice_scatter(s, 1, 1, -1, 2), x, none, numbers(4, 2))
put('diagonal', lambda x, _, s: x.diagonal_scatter(s, 2), x, none, numbers(3))
put('diagonal_below', lambda x, _, s: x.diagonal_scatter(s, -1, 1, 0), x, none, numbers(4))
put('diagonal_empty', lambda x, _, s: x.diagonal_scatter(s, -4), x, none, numbers(0))
save_file(out, 'scatter.safetensors')
