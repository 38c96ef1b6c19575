#!/usr/bin/env python3
"""Writes special.txt beside this script: values of the functions of tn::special and their slopes, by SciPy.

PyTorch's Bessel functions and airy_ai are not used: they leave out the leading coefficients of some denominators, and are wrong by up
to 3e-6. Each line is a name, how many operands there are, and then operands, value and slope in the last operand, one after another.
"""
import pathlib

import numpy as np
from scipy import special as sp

ALL = np.array([-30.3, -17.2, -8.5, -7.9, -5.01, -4.99, -3.3, -2.08, -1.5, -1.0, -0.51, -0.3, -1e-3, -1e-7, 1e-9, 1e-4, 0.05, 0.2, 0.49, 0.7, 1.0,
                1.3, 1.99, 2.01, 2.5, 3.7, 4.95, 5.05, 6.6, 7.99, 8.01, 9.9, 12.3, 19.5, 24.9, 25.1, 33.3, 60.7, 95.0])
POSITIVE = ALL[ALL > 0]
INSIDE = np.array([1e-300, 1e-20, 1e-13, 1e-6, 0.01, 0.1, 0.13, 0.14, 0.3, 0.5, 0.77, 0.86, 0.87, 0.99, 1 - 1e-9])
NEAR = ALL[np.abs(ALL) < 20]
s2, s2p = np.sqrt(2), np.sqrt(2 * np.pi)


def airy(x):
    return sp.airy(x)[0]


def sinc_slope(x):
    return -sp.spherical_jn(1, x)


UNARY = {
    'lgamma': (sp.gammaln, sp.psi, ALL),
    'digamma': (sp.psi, lambda x: polygamma(1, x), ALL),
    'polygamma_1': (lambda x: polygamma(1, x), lambda x: polygamma(2, x), ALL),
    'polygamma_2': (lambda x: polygamma(2, x), lambda x: polygamma(3, x), POSITIVE),
    'polygamma_3': (lambda x: polygamma(3, x), lambda x: polygamma(4, x), POSITIVE),
    'mvlgamma_3': (lambda x: np.array([sp.multigammaln(v, 3) for v in x]), lambda x: sum(sp.psi(x - j / 2) for j in range(3)), POSITIVE[POSITIVE > 1]),
    'i0': (sp.i0, sp.i1, ALL),
    'i1': (sp.i1, lambda x: sp.ivp(1, x), ALL),
    'i0e': (sp.i0e, lambda x: sp.i1e(x) - np.sign(x) * sp.i0e(x), ALL),
    'i1e': (sp.i1e, lambda x: (sp.ive(0, x) + sp.ive(2, x)) / 2 - np.sign(x) * sp.i1e(x), ALL),
    'modified_bessel_k0': (sp.k0, lambda x: -sp.k1(x), POSITIVE),
    'modified_bessel_k1': (sp.k1, lambda x: -(sp.k0(x) + sp.kn(2, x)) / 2, POSITIVE),
    'scaled_modified_bessel_k0': (sp.k0e, lambda x: sp.k0e(x) - sp.k1e(x), POSITIVE),
    'scaled_modified_bessel_k1': (sp.k1e, lambda x: sp.k1e(x) - (sp.k0e(x) + sp.kve(2, x)) / 2, POSITIVE),
    'bessel_j0': (sp.j0, lambda x: -sp.j1(x), ALL),
    'bessel_j1': (sp.j1, lambda x: sp.jvp(1, x), ALL),
    'bessel_y0': (sp.y0, lambda x: -sp.y1(x), POSITIVE),
    'bessel_y1': (sp.y1, lambda x: sp.yvp(1, x), POSITIVE),
    'airy_ai': (airy, lambda x: sp.airy(x)[1], ALL),
    'spherical_bessel_j0': (lambda x: sp.spherical_jn(0, x), sinc_slope, ALL),
    'erfcx': (sp.erfcx, lambda x: 2 * x * sp.erfcx(x) - 2 / np.sqrt(np.pi), ALL[(ALL > -8) & (ALL < 40)]),
    'ndtr': (sp.ndtr, lambda x: np.exp(-x * x / 2) / s2p, NEAR),
    'log_ndtr': (sp.log_ndtr, lambda x: np.sqrt(2 / np.pi) / sp.erfcx(-x / s2), ALL[ALL < 30]),
    'ndtri': (sp.ndtri, lambda x: s2p * np.exp(sp.ndtri(x) ** 2 / 2), INSIDE),
    'entr': (sp.entr, lambda x: -1 - np.log(x), POSITIVE),
}


def polygamma(n, x):
    """Of negative x too: ψ'(x) = π²/sin² πx − ψ'(1 − x), and its first derivatives."""
    with np.errstate(all='ignore'):
        if n == 1:
            r = np.where(x < 0, np.pi ** 2 / np.sin(np.pi * (x - np.trunc(x))) ** 2 - sp.polygamma(1, 1 - x), sp.polygamma(1, np.abs(x)))
        elif n == 2:
            t = np.pi * (x - np.trunc(x))
            r = np.where(x < 0, -2 * np.pi ** 3 * np.cos(t) / np.sin(t) ** 3 + sp.polygamma(2, 1 - x), sp.polygamma(2, np.abs(x)))
        else:
            r = sp.polygamma(n, x)
    return r


def pairs(first, second):
    return [np.array(v, dtype=float) for v in zip(*[(a, b) for a in first for b in second])]


A = [0.02, 0.3, 0.5, 1, 1.7, 5, 19, 26, 77, 199, 205, 1500]
X = [1e-4, 0.1, 0.4, 0.9, 1, 1.05, 1.6, 5.5, 21, 60, 190, 220, 1400]
N = [-1, 0, 1, 2, 3, 6, 9, 31, 33, 60]
V = [-1.3, -1, -0.97, -0.2, 0, 0.33, 0.5, 0.999, 1, 1.2]
BINARY = {
    'igamma': (sp.gammainc, lambda a, x: np.exp((a - 1) * np.log(x) - x - sp.gammaln(a)), pairs(A, X)),
    'igammac': (sp.gammaincc, lambda a, x: -np.exp((a - 1) * np.log(x) - x - sp.gammaln(a)), pairs(A, X)),
    'zeta': (sp.zeta, lambda x, q: -x * sp.zeta(x + 1, q), pairs([1.1, 2, 3.5, 20], [0.1, 0.7, 1, 4, 30, 1e4])),
    'xlog1py': (sp.xlog1py, lambda a, b: a / (1 + b), pairs([0, -1, 2.5], [-0.5, 1e-12, 0, 3])),
    'chebyshev_polynomial_t': (lambda x, n: np.where(n < 0, 0, sp.eval_chebyt(n.astype(int), x)), None, pairs(V, N)),
    'chebyshev_polynomial_u': (lambda x, n: np.where(n < 0, 0, sp.eval_chebyu(n.astype(int), x)), None, pairs(V, N)),
    'shifted_chebyshev_polynomial_t': (lambda x, n: np.where(n < 0, 0, sp.eval_sh_chebyt(n.astype(int), x)), None, pairs(V, N)),
    'shifted_chebyshev_polynomial_u': (lambda x, n: np.where(n < 0, 0, sp.eval_sh_chebyu(n.astype(int), x)), None, pairs(V, N)),
    'chebyshev_polynomial_v': (lambda x, n: difference(x, n, -1), None, pairs(V, N)),
    'chebyshev_polynomial_w': (lambda x, n: difference(x, n, 1), None, pairs(V, N)),
    'shifted_chebyshev_polynomial_v': (lambda x, n: difference(2 * x - 1, n, -1), None, pairs(V, N)),
    'shifted_chebyshev_polynomial_w': (lambda x, n: difference(2 * x - 1, n, 1), None, pairs(V, N)),
    'hermite_polynomial_h': (lambda x, n: np.where(n < 0, 0, sp.eval_hermite(n.astype(int), x)), None, pairs(V, N)),
    'hermite_polynomial_he': (lambda x, n: np.where(n < 0, 0, sp.eval_hermitenorm(n.astype(int), x)), None, pairs(V, N)),
    'laguerre_polynomial_l': (lambda x, n: np.where(n < 0, 0, sp.eval_laguerre(n.astype(int), x)), None, pairs(V, N)),
    'legendre_polynomial_p': (lambda x, n: np.where(n < 0, 0, sp.eval_legendre(n.astype(int), x)), None, pairs(V, N)),
}


def difference(x, n, sign):
    """Chebyshev's polynomials of the third and fourth kind: U_n ∓ U_(n−1)."""
    k = n.astype(int)
    return np.where(n < 0, 0, sp.eval_chebyu(k, x) + sign * np.where(n < 1, 0, sp.eval_chebyu(k - 1, x)))


def main():
    with open(pathlib.Path(__file__).parent / 'special.txt', 'w') as file:
        for table in (UNARY, BINARY):
            for name, entry in table.items():
                operands = entry[2] if isinstance(entry[2], list) else [entry[2]]
                value = entry[0](*operands)
                slope = entry[1](*operands) if entry[1] else np.zeros_like(value)
                rows = zip(*operands, value, slope)
                file.write(f'{name} {len(operands)}' + ''.join(f' {float(v):.17g}' for r in rows for v in r) + '\n')


if __name__ == '__main__':
    main()
