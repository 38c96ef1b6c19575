#!/usr/bin/env python3
"""Writes what PyTorch's layers compute, in float32, beside this script. Needs PyTorch and safetensors.

<layer>.safetensors is a layer's state_dict. values.safetensors has, under "<layer>.", the inputs, the outputs `out`, `out1`, …
and the gradients `grad.<input or parameter>` of Σ_k Σ out_k · w_k, where the weights `w`, `w1`, … are stored too.
"""
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

here = pathlib.Path(__file__).parent
values = {}


def put(name, tensor):
    values[name] = tensor.detach().clone().contiguous()


def record(name, layer, inputs, call=None):
    """Runs a layer forward and backward; its state is written as it was before."""
    if isinstance(layer, nn.Module):
        with torch.no_grad():
            for p in layer.parameters():
                p.copy_(torch.randn_like(p) * 0.5)
        state = {k: v.detach().clone().contiguous() for k, v in layer.state_dict().items()}
        if state:
            save_file(state, here / f'{name}.safetensors')
    out = (call or layer)(*inputs.values())
    out = out if isinstance(out, tuple) else (out,)
    total = 0
    for k, y in enumerate(out):
        suffix = str(k) if k else ''
        w = torch.randn_like(y)
        put(f'{name}.out{suffix}', y)
        put(f'{name}.w{suffix}', w)
        total = total + (y * w).sum()
    variables = {k: v for k, v in inputs.items() if v.requires_grad}
    if isinstance(layer, nn.Module):
        variables |= dict(layer.named_parameters())
    gradients = torch.autograd.grad(total, list(variables.values()), allow_unused=True)
    for k, v in inputs.items():
        put(f'{name}.{k}', v)
    for k, g in zip(variables, gradients):
        if g is not None:
            put(f'{name}.grad.{k}', g)


def x(*shape):
    return (torch.randn(*shape) * 1.5 + 0.3).requires_grad_()


torch.manual_seed(7)

record('network', nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)), {'x': x(4, 6)})
record('embedding', nn.Embedding(5, 3), {'x': torch.tensor([[0, 4, 4], [2, 0, 4]])})

record('layer_norm', nn.LayerNorm(19), {'x': x(3, 2, 19)})
record('layer_norm2', nn.LayerNorm((2, 5), eps=1e-3), {'x': x(3, 2, 5)})
record('rms_norm', nn.RMSNorm(19), {'x': x(3, 2, 19)})
record('group_norm', nn.GroupNorm(2, 6), {'x': x(3, 6, 2, 4)})
record('instance_norm2d', nn.InstanceNorm2d(3), {'x': x(2, 3, 4, 4)})


def norm_twice(layer, shape, name):
    """Two batches in training mode, then one in evaluation mode; the running statistics of each moment."""
    record(name, layer, {'x': x(*shape)})
    put(f'{name}.running_mean', layer.running_mean)
    put(f'{name}.running_var', layer.running_var)
    layer(x_second := x(*shape))
    put(f'{name}.second', x_second)
    put(f'{name}.running_mean2', layer.running_mean)
    put(f'{name}.running_var2', layer.running_var)
    layer.eval()
    state = {k: v.clone() for k, v in layer.state_dict().items()}
    save_file(state, here / f'{name}_eval.safetensors')
    inputs = {'x': x(*shape)}
    out = layer(inputs['x'])
    w = torch.randn_like(out)
    names = ['x', 'weight', 'bias']
    gradients = torch.autograd.grad((out * w).sum(), [inputs['x'], layer.weight, layer.bias])
    for k, v in {'x': inputs['x'], 'out': out, 'w': w, **{f'grad.{k}': g for k, g in zip(names, gradients)}}.items():
        put(f'{name}_eval.{k}', v)


norm_twice(nn.BatchNorm1d(18), (7, 18), 'batch_norm1d')
norm_twice(nn.BatchNorm1d(3), (4, 3, 5), 'batch_norm1d_rows')
norm_twice(nn.BatchNorm2d(3), (2, 3, 4, 5), 'batch_norm2d')


def two_steps(cell):
    """Two steps of a cell: first the inputs, then the state or states that it starts from."""
    def run(first, second, *state):
        state = state if len(state) == 2 else state[0]
        return cell(second, cell(first, state))
    return run


for name, cell in {'lstm_cell': nn.LSTMCell(4, 3), 'gru_cell': nn.GRUCell(4, 3), 'rnn_cell': nn.RNNCell(4, 3)}.items():
    states = {'h': x(5, 3)} | ({'c': x(5, 3)} if name == 'lstm_cell' else {})
    record(name, cell, {'first': x(5, 4), 'second': x(5, 4)} | states, two_steps(cell))

record('attention', F.scaled_dot_product_attention, {'q': x(2, 3, 4, 5), 'k': x(2, 3, 6, 5), 'v': x(2, 3, 6, 7)})
record('attention_causal', lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
       {'q': x(2, 4, 5), 'k': x(2, 6, 5), 'v': x(2, 6, 3)})
mask = torch.tensor([[True, False, True], [False, True, True], [True, True, True], [False, False, True]])
values['attention_masked.mask'] = mask
record('attention_masked', lambda q, k, v: F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=0.7),
       {'q': x(2, 4, 5), 'k': x(2, 3, 5), 'v': x(2, 3, 3)})

mha = nn.MultiheadAttention(8, 2, batch_first=True)
record('multihead', mha, {'q': x(3, 4, 8), 'k': x(3, 5, 8), 'v': x(3, 5, 8)}, lambda q, k, v: mha(q, k, v)[0])
causal = nn.Transformer.generate_square_subsequent_mask(4)
record('multihead_causal', mha, {'x': x(3, 4, 8)}, lambda x: mha(x, x, x, attn_mask=causal, is_causal=True)[0])

record('prelu', nn.PReLU(), {'x': x(3, 4)})
record('prelu_channels', nn.PReLU(3), {'x': x(2, 3, 4)})
record('glu', F.glu, {'x': x(3, 8)})
record('glu_axis', lambda x: F.glu(x, 1), {'x': x(2, 6, 3)})

save_file(values, here / 'values.safetensors')
