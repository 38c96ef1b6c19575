#!/usr/bin/env python3
"""Exchanges tensors with NumPy and, where it is installed, PyTorch in one process, through the module beside this file."""

import gc
import importlib.util
import sys

try:
    import numpy as np
except ImportError:
    print('skipped: no NumPy')
    sys.exit(77)
try:
    import torch
except ImportError:
    torch = None


class Lent:
    """What NumPy and PyTorch ask for elements."""

    def __init__(self, capsule):
        self.capsule = capsule

    def __dlpack__(self, **_):
        return self.capsule

    def __dlpack_device__(self):
        return 1, 0


def refused(f, *words):
    """Whether f refuses its argument in an error that has these words."""
    try:
        f()
    except ValueError as e:
        return all(word in str(e) for word in words) or print('said:', e)
    return False


def capsules(x):
    """The capsules that a library makes of an array: of before version 1, and where it knows that, of version 1."""
    yield x.__dlpack__()
    try:
        yield x.__dlpack__(max_version=(1, 0))
    except TypeError:
        pass


def check(tenon, name, from_dlpack, zeros, versioned):
    """Both ways between this library and another."""
    x = from_dlpack(Lent(tenon.lend(4, versioned)))
    assert tuple(x.shape) == (4, 3) and float(x[3, 2]) == 11 and tenon.lives(), name
    if name == 'torch' or versioned:  # NumPy writes to nothing whose right to be written isn't said
        x[0, 0] = -5
        assert tenon.first() == -5, f'{name} has copied the elements'
    del x
    gc.collect()
    assert not tenon.lives(), f'{name} did not give the elements back'
    tenon.lend(2, versioned)  # nobody takes it: the capsule gives it back
    gc.collect()
    assert not tenon.lives()

    for turned in False, True:
        y = zeros(2, 5)
        y[:] = 1
        y[1, 2] = 4
        for number, capsule in enumerate(capsules(y.T if turned else y), 1):
            assert tenon.doubled(capsule) == 13 * 2**number and float(y[1, 2]) == 4 * 2**number, name
            assert refused(lambda: tenon.doubled(capsule), 'used')
    part = zeros(4, 6)[1::2, ::3]
    part[:] = 3
    assert tenon.doubled(next(capsules(part))) == 24 and float(part[1, 1]) == 6
    assert tenon.doubled(next(capsules(zeros(0, 3)))) == 0
    rows = zeros(2, 3)
    rows[1, 1] = 2
    found = from_dlpack(Lent(tenon.softmax(next(capsules(rows)))))
    expected = np.exp(np.asarray(rows)) / np.exp(np.asarray(rows)).sum(1, keepdims=True)
    assert np.allclose(np.asarray(found), expected), name


def main():
    spec = importlib.util.spec_from_file_location('tenon_dlpack', sys.argv[1])
    tenon = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tenon)

    old = int(np.__version__.split('.')[0]) < 2
    for versioned in [False] if old else [False, True]:
        check(tenon, 'numpy', np.from_dlpack, lambda *s: np.zeros(s, np.float32), versioned)
    assert tenon.total(np.arange(5).__dlpack__()) == 10
    assert tenon.total(np.arange(5)[::-2].__dlpack__()) == 6
    assert refused(lambda: tenon.doubled(np.zeros((2, 2)).__dlpack__()), 'float64', 'float32')
    assert refused(lambda: tenon.doubled(np.zeros(3, np.float32).__dlpack__()), 'shape [3]')
    assert refused(lambda: tenon.doubled(7), 'capsule')
    if not old:
        fixed = np.arange(5)
        fixed.flags.writeable = False
        assert tenon.total(fixed.__dlpack__(max_version=(1, 0))) == 10
        fixed = np.zeros((2, 2), np.float32)
        fixed.flags.writeable = False
        assert refused(lambda: tenon.doubled(fixed.__dlpack__(max_version=(1, 0))), 'read-only')
        x = np.from_dlpack(Lent(tenon.constant()))
        assert not x.flags.writeable and x[1] == 2

    if torch:
        for versioned in False, True:
            try:
                check(tenon, 'torch', torch.from_dlpack, lambda *s: torch.zeros(*s), versioned)
            except RuntimeError as e:
                assert versioned and 'version' in str(e), e  # before PyTorch 2.9 without versions
        assert tenon.total(torch.arange(5).__dlpack__()) == 10
        assert refused(lambda: tenon.doubled(torch.zeros(2, 2, dtype=torch.bfloat16).__dlpack__()), 'bfloat16', 'float32')
    print(f'NumPy {np.__version__}', f'and PyTorch {torch.__version__}' if torch else 'alone: PyTorch is not installed')


main()
