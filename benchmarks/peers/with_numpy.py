"""NumPy: linear algebra on whichever LAPACK it was built with, sorts, the largest of many, counts in bins; spectra by SciPy."""

import numpy
import scipy.fft

import worker
from worker import numbers, size


class Function(worker.Work):
    def __init__(self, function, *operands):
        self.function, self.operands = function, operands

    def run(self):
        self.out = self.function(*self.operands)

    def result(self):
        self.run()
        out = numpy.asarray(self.out)
        return out.view(out.real.dtype) if numpy.iscomplexobj(out) else out


def largest(x):
    """The 100 largest, from the largest on."""
    return -numpy.sort(-numpy.partition(x, len(x) - 100)[-100:])


def linear_algebra(name):
    function, operands = worker.linear_algebra(name, numpy)
    return Function(function, *operands)


SEARCHES = {
    'sort': numpy.sort,
    'argsort': lambda x: numpy.argsort(x, kind='stable'),
    'topk': largest,
    'histogram': lambda x: numpy.histogram(x, 100, (-1, 1))[0],
}


def find(name):
    family, _, rest = name.partition('/')
    if family in worker.LINEAR_ALGEBRA:
        return {'NumPy': lambda: linear_algebra(name)}
    if family == 'fft':
        return {'SciPy': lambda: Function(scipy.fft.fft, worker.complex_numbers(rest))}
    if family in SEARCHES:
        return {'NumPy': lambda: Function(SEARCHES[family], numbers(size(rest.split()[-1]), 0))}
    return {}


if __name__ == '__main__':
    worker.serve(find)
