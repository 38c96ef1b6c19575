"""Writes losses.safetensors: what PyTorch's losses and their gradients are, in float64.

Run in this folder with PyTorch and safetensors installed. For each case `name` there are `name.none`, `name.sum` and `name.mean`, and
the gradients of `name.sum` as `name.x` and, where a target has one, `name.t`.
"""

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(2)
double = dict(dtype=torch.float64)
out = {}


def put(name, loss, x, t, target_gradient=True):
    x = x.clone().requires_grad_()
    t = t.clone().requires_grad_(target_gradient)
    for reduction in 'none', 'sum', 'mean':
        out[f'{name}.{reduction}'] = loss(x, t, reduction=reduction).detach().clone()
    loss(x, t, reduction='sum').backward()
    out[f'{name}.x'] = x.grad
    if target_gradient:
        out[f'{name}.t'] = t.grad


# Differences on, beside and between the kinks.
x = torch.tensor([[0, 1, -1, 0.5, -0.5], [2.5, -3, 0.25, 1e-9, 0.75]], **double)
t = torch.tensor([[0, 0, 0, 0, 0], [0.5, 0.5, 0.5, 0, 0.7]], **double)
out |= {'x': x, 't': t}
put('l1', F.l1_loss, x, t)
put('mse', F.mse_loss, x, t)
put('smooth_l1', F.smooth_l1_loss, x, t)
put('smooth_l1_half', lambda a, b, **r: F.smooth_l1_loss(a, b, beta=0.5, **r), x, t)
put('smooth_l1_0', lambda a, b, **r: F.smooth_l1_loss(a, b, beta=0, **r), x, t)
put('huber', F.huber_loss, x, t)
put('huber_half', lambda a, b, **r: F.huber_loss(a, b, delta=0.5, **r), x, t)

# Probabilities, also 0 and 1, and targets of both kinds.
p = torch.tensor([[0, 0, 1, 1, 0.5], [0.3, 1e-13, 0.9, 1 - 1e-15, 0.01]], **double)
q = torch.tensor([[0, 1, 0, 1, 0.5], [1, 0.25, 0, 1, 0]], **double)
w = torch.tensor([0.5, 2, 1, 0, 3], **double)
logits = torch.tensor([[0, 0, 30, -30, 1000], [-1000, 0.3, -2, 5, 1]], **double)
positive = torch.tensor([[2.0], [0.25]], **double)
out |= {'p': p, 'q': q, 'w': w, 'logits': logits, 'positive': positive}
put('bce', F.binary_cross_entropy, p, q, False)
put('bce_weight', lambda a, b, **r: F.binary_cross_entropy(a, b, w.expand(2, 5), **r), p, q, False)
put('bce_logits', F.binary_cross_entropy_with_logits, logits, q)
put('bce_logits_weight', lambda a, b, **r: F.binary_cross_entropy_with_logits(a, b, w, pos_weight=positive, **r), logits, q)

# Distributions; a target of 0 counts nothing.
z = torch.randn(3, 4, **double)
d = torch.softmax(torch.randn(3, 4, **double), 1)
d[1] = torch.tensor([0.0, 0.5, 0.5, 0.0])
out |= {'z': z, 'd': d}
put('kl', F.kl_div, torch.log_softmax(z, 1), d, False)
put('kl_log', lambda a, b, **r: F.kl_div(a, b, log_target=True, **r), torch.log_softmax(z, 1), torch.log_softmax(2 * z, 1))
out['kl.batchmean'] = F.kl_div(torch.log_softmax(z, 1), d, reduction='batchmean')
cw = torch.tensor([1.0, 0.5, 2.0, 3.0], **double)
out['cw'] = cw
put('ce_distribution', F.cross_entropy, z, d)
put('ce_distribution_options', lambda a, b, **r: F.cross_entropy(a, b, cw, label_smoothing=0.1, **r), z, d)

# Class indices: one for each row, and one for each place of a picture.
k = torch.tensor([1, 3, 0])
y = torch.randn(2, 4, 3, **double)
places = torch.tensor([[0, 3, 2], [3, 1, 1]])
out |= {'k': k, 'y': y, 'places': places}
for name, a, b in ('', z, k), ('_places', y, places):
    put('nll' + name, F.nll_loss, a, b, False)
    put('nll_options' + name, lambda a, b, **r: F.nll_loss(a, b, cw, ignore_index=3, **r), a, b, False)
    put('ce_options' + name, lambda a, b, **r: F.cross_entropy(a, b, cw, ignore_index=3, label_smoothing=0.1, **r), a, b, False)
save_file(out, 'losses.safetensors')
