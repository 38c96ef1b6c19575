"""NumPy's linear algebra, on whichever LAPACK it was built with."""

import numpy

import worker


class Linear(worker.Work):
    def __init__(self, name):
        self.function, self.operands = worker.linear_algebra(name, numpy)

    def run(self):
        self.out = self.function(*self.operands)

    def result(self):
        self.run()
        return numpy.asarray(self.out)


def find(name):
    return {'NumPy': lambda: Linear(name)} if name.partition('/')[0] in worker.LINEAR_ALGEBRA else {}


if __name__ == '__main__':
    worker.serve(find)
