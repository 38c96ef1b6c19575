"""Writes distance.safetensors, window.safetensors and image.safetensors: functions of torch.nn.functional, in float64.

Run in this folder with PyTorch installed. A case `name` has its operands `name.0`, `name.1` …, what comes out as
`name.out`, numbers `name.w` of the same shape, and gradients of Σ out · w as `name.g0` … for the floating point operands.
"""

import json
import math

import torch
import torch.nn.functional as F

cases = {}


def case(name, f, *operands):
    leaves = [o.clone().requires_grad_(o.is_floating_point()) for o in operands]
    out = f(*leaves)
    w = torch.randn_like(out)
    (out * w).sum().backward()
    for i, (leaf, operand) in enumerate(zip(leaves, operands)):
        cases[f'{name}.{i}'] = operand.contiguous().clone()
        if operand.is_floating_point():
            cases[f'{name}.g{i}'] = torch.zeros_like(operand) if leaf.grad is None else leaf.grad.contiguous()
    cases[f'{name}.out'] = out.detach().contiguous()
    cases[f'{name}.w'] = w.contiguous()


def write(file):
    header, at = {}, 0
    for name, t in cases.items():
        size = t.numel() * t.element_size()
        kind = {torch.float64: 'F64', torch.float32: 'F32', torch.int64: 'I64', torch.uint8: 'U8'}[t.dtype]
        header[name] = dict(dtype=kind, shape=list(t.shape), data_offsets=[at, at + size])
        at += size
    text = json.dumps(header).encode()
    with open(file + '.safetensors', 'wb') as out:
        out.write(len(text).to_bytes(8, 'little') + text)
        for t in cases.values():
            out.write(t.contiguous().numpy().tobytes())
    cases.clear()


def normal(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def whole(*shape, low=0, high=10):
    return torch.randint(low, high, shape)


torch.manual_seed(3)

# Losses of [4, 5], with ties at their kinks, and with targets.
a, b, c = normal(4, 5), normal(4, 5), normal(4, 5)
signs = torch.tensor([1.0, -1.0], dtype=torch.float64)[whole(4, 5, high=2)]
signs[3, 4] = 0.25
a[0, 0], b[0, 0], signs[0, 0] = 0.5, 0, 1
a[1, :] = 0
row_signs = torch.tensor([1, -1, 1, -1])
zero_one = whole(4, 5, high=2).double()
none = dict(reduction='none')
case('margin_ranking', lambda x, y, t: F.margin_ranking_loss(x, y, t.detach(), margin=0.5, **none), a, b, signs)
case('hinge_embedding', lambda x, t: F.hinge_embedding_loss(x, t.detach(), margin=0.5, **none), a, signs)
case('soft_margin', lambda x, t: F.soft_margin_loss(x, t.detach(), **none), a, signs)
case('multilabel_soft', lambda x, t: F.multilabel_soft_margin_loss(x, t.detach(), **none), a, zero_one)
weight = torch.rand(5, dtype=torch.float64)
case('multilabel_soft_weighted', lambda x, t, w: F.multilabel_soft_margin_loss(x, t.detach(), weight=w.detach(), **none), a, zero_one, weight)
classes = torch.tensor([0, 4, 2, 2])
for p in 1, 2:
    case(f'multi_margin_{p}', lambda x, t: F.multi_margin_loss(x, t, p=p, margin=0.5, **none), a, classes)
case('multi_margin_weighted', lambda x, t, w: F.multi_margin_loss(x, t, weight=w.detach(), **none), a, classes, weight)
lists = torch.tensor([[0, 3, -1, 1, 2], [-1, 0, 0, 0, 0], [4, 2, 1, 0, 3], [2, 2, -1, -1, -1]])
case('multilabel_margin', lambda x, t: F.multilabel_margin_loss(x, t, **none), a, lists)
counts = whole(4, 5).double()
case('poisson', lambda x, t: F.poisson_nll_loss(x, t.detach(), **none), a, counts)
case('poisson_full', lambda x, t: F.poisson_nll_loss(x, t.detach(), log_input=False, full=True, eps=0.25, **none), a.abs(), counts)
variances = torch.rand(4, 5, dtype=torch.float64)
variances[0, 1] = 0
case('gaussian', lambda x, t, v: F.gaussian_nll_loss(x, t, v, full=True, eps=1e-2, **none), a, b, variances)
case('gaussian_rows', lambda x, t, v: F.gaussian_nll_loss(x, t, v, **none), a, b, torch.rand(4, dtype=torch.float64))
case('cosine_embedding', lambda x, y, t: F.cosine_embedding_loss(x, y, t, margin=0.1, **none), a + 0.1, b, row_signs)
for name, options in dict(plain={}, three=dict(p=3, margin=2.0), swapped=dict(swap=True), one=dict(p=1, swap=True)).items():
    case('triplet_' + name, lambda x, y, z: F.triplet_margin_loss(x, y, z, **options, **none), a, b, c)
city = lambda x, y: (x - y).abs().sum(-1)
case('triplet_distance', lambda x, y, z: F.triplet_margin_with_distance_loss(x, y, z, distance_function=city, swap=True, **none), a, b, c)
logits_weight = normal(3, 5)
case('linear_cross_entropy', lambda x, w, t: F.linear_cross_entropy(x, w, t, label_smoothing=0.1, **none), a, logits_weight, torch.tensor([0, 2, 1, 2]))
case('linear_cross_entropy_places', lambda x, w, t: F.linear_cross_entropy(x, w, t, **none), a, normal(3, 2, 5), whole(4, 2, high=3))

# Norms of every order, with zeros, equal extremes and a row of zeros.
a[0, 1], a[0, 2] = -0.5, 0
for name, p in dict(inf=math.inf, minus_inf=-math.inf, zero=0.0, half=0.5, one=1.0, more=1.5, two=2.0, three=3.0, minus=-1.0).items():
    x = a if p >= 0.5 or p == 0 else a[2:]
    case('distance_' + name, lambda x, y: F.pairwise_distance(x, y, p=p, keepdim=True), x, torch.zeros_like(x))
    case('normalize_' + name, lambda x: F.normalize(x, p=p, dim=0, eps=1e-3), a if p > 0 else a[2:])
write('distance')

# Convolutions of volumes and images.
x, weight, bias = normal(2, 4, 3, 4, 5), normal(6, 2, 3, 2, 3), normal(6)
case('conv3d', lambda x, w, b: F.conv3d(x, w, b, stride=(2, 1, 2), padding=(1, 0, 2), dilation=(1, 2, 1), groups=2), x, weight, bias)
case('conv3d_same', lambda x, w, b: F.conv3d(x, w, b, padding='same', groups=2), x, weight, bias)
case('conv_transpose3d', lambda x, w, b: F.conv_transpose3d(x, w, b, stride=2, padding=1, output_padding=1, groups=2), normal(2, 6, 2, 3, 2), normal(6, 2, 3, 2, 3), normal(4))
case('conv2d_same', lambda x, w: F.conv2d(x, w, padding='same', dilation=(1, 3)), normal(2, 3, 5, 6), normal(4, 3, 2, 4))
case('conv1d_same', lambda x, w: F.conv1d(x, w, padding='same'), normal(3, 7), normal(2, 3, 4))

# Windows of images.
image = normal(2, 2, 5, 6)
case('unfold', lambda x: F.unfold(x, (2, 3), dilation=(2, 1), padding=(1, 2), stride=(1, 2)), image)
case('fold', lambda x: F.fold(x, (5, 6), (2, 3), dilation=(2, 1), padding=(1, 2), stride=(1, 2)), normal(2, 12, 20))

# Pools. Values are apart, and one plane is NaN in a place.
volume = torch.randperm(2 * 2 * 4 * 5 * 6).reshape(2, 2, 4, 5, 6).double() / 100
case('max_pool3d', lambda x: F.max_pool3d(x, 2, stride=(2, 1, 2), padding=1, dilation=(1, 2, 1), ceil_mode=True), volume)
case('avg_pool3d', lambda x: F.avg_pool3d(x, (2, 3, 2), stride=2, padding=1, ceil_mode=True), volume)
case('avg_pool3d_inside', lambda x: F.avg_pool3d(x, 3, padding=1, count_include_pad=False), volume)
case('avg_pool3d_divisor', lambda x: F.avg_pool3d(x, 2, divisor_override=3), volume)
case('avg_pool2d_divisor', lambda x: F.avg_pool2d(x, 2, stride=1, padding=1, divisor_override=3), volume[0])
case('adaptive_avg3', lambda x: F.adaptive_avg_pool3d(x, (2, None, 5)), volume)
case('adaptive_max3', lambda x: F.adaptive_max_pool3d(x, (3, 4, 5)), volume)
case('adaptive_max2', lambda x: F.adaptive_max_pool2d(x, (4, 3)), volume[0])
case('adaptive_max1', lambda x: F.adaptive_max_pool1d(x, 5), volume[0, 0])
for n, f in (1, F.lp_pool1d), (2, F.lp_pool2d), (3, F.lp_pool3d):
    case(f'lp_pool{n}', lambda x: f(x + 0.5, 3.0, 2, stride=1), volume[0][(0,) * (3 - n)])
one = volume[0, 0].clone()
one[0, 2, 3] = math.nan
case('max_pool2d_values', lambda x: F.max_pool2d(x, 3, stride=2, padding=1), one)
cases['max_pool2d_values.indices'] = F.max_pool2d(one, 3, stride=2, padding=1, return_indices=True)[1]
cases['max_pool1d.indices'] = F.max_pool1d(volume[0, 0], 3, stride=2, return_indices=True)[1]
cases['adaptive_max3.indices'] = F.adaptive_max_pool3d(volume, (3, 4, 5), return_indices=True)[1]
line_values, line_places = F.max_pool1d(volume[0, 0], 3, stride=2, return_indices=True)
case('unpool1', lambda x, i: F.max_unpool1d(x, i, 3, stride=2), line_values, line_places)
plane_values, plane_places = F.max_pool2d(volume[0], 2, return_indices=True)
case('unpool2', lambda x, i: F.max_unpool2d(x, i, 2, output_size=(5, 6)), plane_values, plane_places)
volume_values, volume_places = F.max_pool3d(volume, 2, return_indices=True)
case('unpool3', lambda x, i: F.max_unpool3d(x, i, 2, output_size=(4, 5, 6)), volume_values, volume_places)
write('window')

# Images at other resolutions: smaller, larger, one row, the same.
image = normal(2, 5, 7)
sizes = {'smaller': (3, 4), 'larger': (8, 9), 'mixed': (1, 11), 'same': (5, 7)}
for name, size in sizes.items():
    for mode in 'nearest', 'nearest-exact', 'bilinear', 'bicubic', 'area':
        case(f'{mode}_{name}', lambda x: F.interpolate(x[None], size=size, mode=mode)[0], image)
        if mode[0] == 'b':
            case(f'{mode}_{name}_corners', lambda x: F.interpolate(x[None], size=size, mode=mode, align_corners=True)[0], image)
            case(f'{mode}_{name}_antialias', lambda x: F.interpolate(x[None], size=size, mode=mode, antialias=True)[0], image)
case('scaled', lambda x: F.interpolate(x[None], scale_factor=(1.7, 0.6), mode='bilinear')[0], image)
case('scaled_anew', lambda x: F.interpolate(x[None], scale_factor=1.7, mode='bicubic', recompute_scale_factor=True)[0], image)
case('linear', lambda x: F.interpolate(x, size=9, mode='linear'), normal(2, 3, 5))
case('trilinear', lambda x: F.interpolate(x[None], size=(4, 3, 5), mode='trilinear', align_corners=True)[0], normal(2, 3, 4, 3))
# Which element is nearest, for many pairs of extents in float.
for mode in 'nearest', 'nearest-exact':
    rows = [F.interpolate(torch.arange(n, dtype=torch.float32)[None, None], size=m, mode=mode)[0, 0] for n in range(1, 40) for m in range(1, 40)]
    cases[mode + '_places'] = torch.cat(rows).to(torch.uint8)
bytes_image = whole(3, 9, 13, high=256).to(torch.uint8)
cases['bytes'] = bytes_image
for mode in 'bilinear', 'bicubic':
    for antialias in False, True:
        cases[f'bytes_{mode}_{antialias}'] = F.interpolate(bytes_image[None], size=(5, 17), mode=mode, antialias=antialias)[0].contiguous()

# Samples at places, some outside and one NaN; volumes; affine maps.
image, grid = normal(2, 3, 4, 5), normal(2, 3, 4, 2)
grid[0, 0, 0, 0] = 3.7
grid[0, 0, 1, 1] = -2.9
for mode in 'bilinear', 'nearest', 'bicubic':
    for padding in 'zeros', 'border', 'reflection':
        for corners in False, True:
            case(f'sample_{mode}_{padding}_{int(corners)}', lambda x, g: F.grid_sample(x, g, mode, padding, corners), image, grid)
case('sample_volume', lambda x, g: F.grid_sample(x, g, 'bilinear', 'reflection', True), normal(1, 2, 3, 4, 3), normal(1, 2, 2, 3, 3))
case('affine', lambda t: F.affine_grid(t, (2, 1, 3, 4), align_corners=False), normal(2, 2, 3))
case('affine_volume', lambda t: F.affine_grid(t, (2, 1, 2, 3, 4), align_corners=True), normal(2, 3, 4))
case('pixel_shuffle', lambda x: F.pixel_shuffle(x, 2), normal(2, 8, 3, 2))
case('pixel_unshuffle', lambda x: F.pixel_unshuffle(x, 2), normal(2, 8, 4, 2))
case('channel_shuffle', lambda x: F.channel_shuffle(x, 4), normal(2, 8, 3, 2))
write('image')

# Bags of rows.
table = normal(6, 3)
bags = torch.tensor([[0, 5, 2], [2, 2, 4], [1, 3, 1]])
line, offsets = torch.tensor([0, 5, 2, 2, 2, 4, 1]), torch.tensor([0, 3, 3, 6])
for mode in 'sum', 'mean', 'max':
    case(f'bags_{mode}', lambda i, w: F.embedding_bag(i, w, mode=mode), bags, table)
    case(f'bags_{mode}_offsets', lambda i, w, o: F.embedding_bag(i, w, o, mode=mode, padding_idx=-4), line, table, offsets)
case('bags_weighted', lambda i, w, p: F.embedding_bag(i, w, mode='sum', per_sample_weights=p), bags, table, normal(3, 3))
case('bags_last', lambda i, w, o, p: F.embedding_bag(i, w, o, mode='sum', per_sample_weights=p, include_last_offset=True), line, table, torch.tensor([0, 3, 7]), normal(7))
case('bags_frequency', lambda i, w: F.embedding_bag(i, w, mode='mean', scale_grad_by_freq=True), bags, table)

# Sequences of labels: repeated ones, one that is empty, and one that is too long for its steps.
log_p = normal(7, 4, 5).log_softmax(-1)
labels = torch.tensor([[1, 1, 4], [3, 2, 0], [2, 4, 1], [1, 1, 1]])
steps, lengths = torch.tensor([7, 5, 6, 4]), torch.tensor([3, 2, 0, 3])
ctc = lambda **o: lambda x, l, n, m: F.ctc_loss(x, l, n, m, **o)
case('ctc', ctc(reduction='none', zero_infinity=True), log_p, labels, steps, lengths)
case('ctc_mean', ctc(zero_infinity=True), log_p, labels, steps, lengths)
case('ctc_list', ctc(reduction='none', blank=3), log_p, torch.tensor([1, 2, 4, 0, 1]), torch.tensor([7, 5, 6, 4]), torch.tensor([2, 1, 0, 2]))
case('ctc_one', lambda x, l: F.ctc_loss(x, l, torch.tensor(6), torch.tensor(2), reduction='none'), log_p[:, 0], torch.tensor([1, 4]))

case('bilinear', lambda x, y, w, b: F.bilinear(x, y, w, b), normal(2, 4, 3), normal(2, 4, 2), normal(5, 3, 2), normal(5))
for size in 2, 5:
    case(f'response_{size}', lambda x: F.local_response_norm(x, size, alpha=0.3, beta=0.5, k=1.25), normal(2, 6, 3))
write('sequence')
