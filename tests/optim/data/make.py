"""Writes optim.safetensors: fifty steps of PyTorch's optimisers on a small network, in float32.

Run in this folder with PyTorch and safetensors installed. The network is linear(6, 5), tanh, linear(5, 3) with cross-entropy over
eight rows; every optimiser starts from the same weights, and its weights after the last step are stored under its name.
"""

import torch
from safetensors.torch import save_file

torch.manual_seed(1)
x = torch.randn(8, 6)
t = torch.randint(0, 3, (8,))
start = {'fc1.weight': torch.randn(5, 6) * 0.4, 'fc1.bias': torch.randn(5) * 0.4, 'fc2.weight': torch.randn(3, 5) * 0.4, 'fc2.bias': torch.randn(3) * 0.4}
optimisers = {
    'sgd': lambda p: torch.optim.SGD(p, lr=0.1),
    'sgd_momentum': lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    'sgd_dampening': lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.3),
    'sgd_nesterov': lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    'adam': lambda p: torch.optim.Adam(p, lr=0.01),
    'adam_decay': lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.1),
    'adamw': lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
}
out = {'x': x, 't': t} | {'start.' + k: v for k, v in start.items()}
for name, make in optimisers.items():
    p = {k: v.clone().requires_grad_() for k, v in start.items()}
    optimiser = make(list(p.values()))
    for _ in range(50):
        optimiser.zero_grad()
        h = torch.tanh(torch.nn.functional.linear(x, p['fc1.weight'], p['fc1.bias']))
        torch.nn.functional.cross_entropy(torch.nn.functional.linear(h, p['fc2.weight'], p['fc2.bias']), t).backward()
        optimiser.step()
    out |= {name + '.' + k: v.detach() for k, v in p.items()}
save_file(out, 'optim.safetensors')
