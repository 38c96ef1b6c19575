"""Writes optim.safetensors: fifty steps of PyTorch's optimisers on a small network, in float32, and learning rates.

Run in this folder with PyTorch and safetensors installed. The network is linear(6, 5), tanh, linear(5, 3) with cross-entropy over
eight rows; every optimiser starts from the same weights, and its weights after the last step are stored under its name.
`lr.name` are the rates that a scheduler sets, before the first step and after each; the metrics of reduce_lr_on_plateau are `metrics`.
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
    'adam_amsgrad': lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.5, 0.6), amsgrad=True),
    'adamw_amsgrad': lambda p: torch.optim.AdamW(p, lr=0.05, betas=(0.5, 0.6), weight_decay=0.1, amsgrad=True, maximize=True),
    'rmsprop': lambda p: torch.optim.RMSprop(p),
    'rmsprop_options': lambda p: torch.optim.RMSprop(p, lr=0.005, alpha=0.9, eps=1e-5, weight_decay=0.01, momentum=0.5, centered=True),
    'adagrad': lambda p: torch.optim.Adagrad(p),
    'adagrad_options': lambda p: torch.optim.Adagrad(p, lr=0.05, lr_decay=0.1, weight_decay=0.01, initial_accumulator_value=0.1),
    'adadelta': lambda p: torch.optim.Adadelta(p),
    'adadelta_options': lambda p: torch.optim.Adadelta(p, lr=0.5, rho=0.8, eps=1e-4, weight_decay=0.01),
    'adamax': lambda p: torch.optim.Adamax(p),
    'adamax_options': lambda p: torch.optim.Adamax(p, lr=0.01, betas=(0.8, 0.99), weight_decay=0.01),
    'nadam': lambda p: torch.optim.NAdam(p),
    'nadam_options': lambda p: torch.optim.NAdam(p, lr=0.01, weight_decay=0.01, momentum_decay=0.01),
    'nadam_decoupled': lambda p: torch.optim.NAdam(p, lr=0.01, weight_decay=0.1, decoupled_weight_decay=True),
    'radam': lambda p: torch.optim.RAdam(p, lr=0.01),
    'radam_options': lambda p: torch.optim.RAdam(p, lr=0.01, betas=(0.8, 0.99), weight_decay=0.01),
    'radam_decoupled': lambda p: torch.optim.RAdam(p, lr=0.01, weight_decay=0.1, decoupled_weight_decay=True),
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

lrs = torch.optim.lr_scheduler
schedulers = {
    'step_lr': (30, lambda o: lrs.StepLR(o, 7)),
    'multi_step_lr': (30, lambda o: lrs.MultiStepLR(o, [3, 9, 9, 20], 0.5)),
    'exponential_lr': (30, lambda o: lrs.ExponentialLR(o, 0.9)),
    'constant_lr': (10, lambda o: lrs.ConstantLR(o)),
    'linear_lr': (10, lambda o: lrs.LinearLR(o)),
    'linear_lr_down': (10, lambda o: lrs.LinearLR(o, 1.0, 0.1, 8)),
    'polynomial_lr': (10, lambda o: lrs.PolynomialLR(o, 8, 2.0)),
    'cosine_annealing_lr': (30, lambda o: lrs.CosineAnnealingLR(o, 8, 0.001)),
    'cosine_annealing_warm_restarts': (30, lambda o: lrs.CosineAnnealingWarmRestarts(o, 4, 2, 0.001)),
    'one_cycle_lr': (20, lambda o: lrs.OneCycleLR(o, 0.5, 20)),
    'one_cycle_lr_linear': (20, lambda o: lrs.OneCycleLR(o, 0.5, epochs=4, steps_per_epoch=5, pct_start=0.4, anneal_strategy='linear', three_phase=True)),
    'lambda_lr': (10, lambda o: lrs.LambdaLR(o, lambda t: 1 / (1 + t))),
    'chained': (10, lambda o: lrs.ChainedScheduler([lrs.LinearLR(o, 0.5), lrs.ExponentialLR(o, 0.9)])),
}
for name, (steps, make) in schedulers.items():
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=0.1, momentum=0.5)
    scheduler = make(optimiser)
    rates, momenta = [], []
    for step in range(steps + 1):
        if step > 0:
            optimiser.step()
            scheduler.step()
        rates.append(optimiser.param_groups[0]['lr'])
        momenta.append(optimiser.param_groups[0]['momentum'])
    out['lr.' + name] = torch.tensor(rates, dtype=torch.float64)
    if 'one_cycle' in name:
        out['momentum.' + name] = torch.tensor(momenta, dtype=torch.float64)

metrics = [1.0, 0.9, 0.95, 0.9, 0.91, 0.89999, 0.92, 0.93, 0.5, 0.6, float('nan'), 0.7, 0.5, 0.5, 0.5, 0.5, -1, -1, -1, -1, -0.99]
out['metrics'] = torch.tensor(metrics, dtype=torch.float64)
plateaus = {
    'plateau': dict(patience=2),
    'plateau_cooldown': dict(factor=0.5, patience=1, cooldown=2, min_lr=0.02),
    'plateau_max': dict(mode='max', factor=0.5, patience=1, threshold=0.05, threshold_mode='abs'),
}
for name, options in plateaus.items():
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    scheduler = lrs.ReduceLROnPlateau(optimiser, **options)
    rates = []
    for metric in metrics:
        scheduler.step(metric)
        rates.append(optimiser.param_groups[0]['lr'])
    out['lr.' + name] = torch.tensor(rates, dtype=torch.float64)
save_file(out, 'optim.safetensors')
