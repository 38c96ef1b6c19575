#!/usr/bin/env python3
"""Writes what PyTorch's recurrent networks and transformers compute, in float32, beside this script. Needs PyTorch.

<network>.safetensors is a network's state_dict. sequences.safetensors has the same entries as values.safetensors, which make.py writes.
"""
import json
import pathlib

import torch
import torch.nn as nn

here = pathlib.Path(__file__).parent
values = {}


def write(file, tensors):
    header, at = {}, 0
    for name, t in tensors.items():
        size = t.numel() * t.element_size()
        header[name] = dict(dtype='F32', shape=list(t.shape), data_offsets=[at, at + size])
        at += size
    text = json.dumps(header).encode()
    with open(here / (file + '.safetensors'), 'wb') as out:
        out.write(len(text).to_bytes(8, 'little') + text)
        for t in tensors.values():
            out.write(t.detach().contiguous().numpy().tobytes())


def put(name, tensor):
    values[name] = tensor.detach().clone().contiguous()


def record(name, layer, inputs, call=None):
    layer.eval()
    with torch.no_grad():
        for p in layer.parameters():
            p.copy_(torch.randn_like(p) * 0.3)
    write(name, {k: v.detach().clone() for k, v in layer.state_dict().items()})
    out = (call or layer)(*inputs.values())
    flat = []
    for y in out if isinstance(out, tuple) else (out,):
        flat += y if isinstance(y, tuple) else [y]
    total = 0
    for k, y in enumerate(flat):
        suffix = str(k) if k else ''
        w = torch.randn_like(y)
        put(f'{name}.out{suffix}', y)
        put(f'{name}.w{suffix}', w)
        total = total + (y * w).sum()
    variables = inputs | dict(layer.named_parameters())
    for k, v in inputs.items():
        put(f'{name}.{k}', v)
    for k, g in zip(variables, torch.autograd.grad(total, list(variables.values()))):
        put(f'{name}.grad.{k}', g)


def x(*shape):
    return torch.randn(*shape).requires_grad_()


torch.manual_seed(5)
# 17 hidden units are a register and one more for every instruction set.
record('lstm_sequence', nn.LSTM(3, 17, bidirectional=True), {'x': x(6, 2, 3)})
lstm = nn.LSTM(3, 4, 2)
record('lstm_state', lstm, {'x': x(5, 2, 3), 'h': x(2, 2, 4), 'c': x(2, 2, 4)}, lambda a, h, c: lstm(a, (h, c)))
record('gru_sequence', nn.GRU(3, 5, 2, batch_first=True, bidirectional=True), {'x': x(2, 4, 3)})
record('rnn_sequence', nn.RNN(3, 5, nonlinearity='relu', bias=False), {'x': x(4, 3)})
causal = nn.Transformer.generate_square_subsequent_mask(4)
decoder = nn.TransformerDecoderLayer(8, 2, 12, activation='gelu', norm_first=True, batch_first=True)
record('decoder_layer', decoder, {'x': x(2, 4, 8), 'memory': x(2, 5, 8)}, lambda a, m: decoder(a, m, tgt_mask=causal))
record('transformer', nn.Transformer(8, 2, 1, 1, 12, batch_first=True), {'source': x(2, 5, 8), 'target': x(2, 4, 8)})
write('sequences', values)
