"""Random numbers that are the same on every machine, and that can be had from any place on.

Bits come from Philox, a generator that counts: number i of a stream needs none of those before it. What is made of them
uses additions, multiplications, divisions and square roots only, which IEEE 754 rounds the same way everywhere; the
logarithm of a library does not. Normal numbers are the inverse of their distribution function, by the rational
approximations of M. J. Wichura (Applied Statistics 37, 1988, algorithm AS 241, PPND16), right to about 1 part in 10^16.
"""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TRUNCATED_DEVIATION: Final = 0.87962566103423978
"""Standard deviation of standard normal numbers between -2 and 2."""

_BELOW_MINUS_2: Final = 0.022750131948179195
_LN_2: Final = 0.6931471805599453
_CENTRE: Final = (
    (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3),
)  # fmt: skip
_NEAR: Final = (
    (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
)  # fmt: skip
_FAR: Final = (
    (6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7),
    (1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15),
)  # fmt: skip


class Stream:
    """One stream of random numbers.

    Args:
        seed: 0 or more.
        name: streams of one seed and other names are independent.
    """

    def __init__(self, seed: int, name: str) -> None:
        known = hashlib.sha256(f"{seed}\0{name}".encode("utf-8", "surrogatepass")).digest()
        self._key = np.frombuffer(known[:16], "<u8").astype(np.uint64)

    def uniform(self, first: int, after: int) -> Floats:
        """Numbers `first` to `after` (not included) of the stream: between 0 and 1, never one of them."""
        generator = np.random.Philox(key=self._key, counter=np.array([first // 4, 0, 0, 0], np.uint64))
        bits = generator.random_raw(after - first // 4 * 4)[first % 4 :]
        numbers: Floats = ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
        return numbers

    def normal(self, first: int, after: int) -> Floats:
        """The same as standard normal numbers."""
        return inverse_normal(self.uniform(first, after))

    def truncated(self, first: int, after: int) -> Floats:
        """The same as standard normal numbers between -2 and 2."""
        inside = 1.0 - 2.0 * _BELOW_MINUS_2
        return inverse_normal(_BELOW_MINUS_2 + self.uniform(first, after) * inside)


def inverse_normal(p: Floats) -> Floats:
    """Which standard normal number lies above a part `p` of all, 0 < p < 1."""
    q = p - 0.5
    squared = 0.180625 - q * q
    result = q * _ratio(np.maximum(squared, 0.0), _CENTRE)
    outside = np.flatnonzero(np.abs(q) > 0.425)
    if len(outside):
        tail = np.minimum(p[outside], 1.0 - p[outside])
        r = np.sqrt(-logarithm(tail))
        far = np.where(r <= 5.0, _ratio(r - 1.6, _NEAR), _ratio(r - 5.0, _FAR))
        result[outside] = np.where(q[outside] < 0, -far, far)
    return result


def logarithm(x: Floats) -> Floats:
    """The natural logarithm of positive numbers, by the series of the inverse hyperbolic tangent."""
    mantissa, exponent = np.frexp(x)
    low = mantissa < 0.7071067811865476
    mantissa, exponent = np.where(low, mantissa * 2.0, mantissa), exponent - low
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square = s * s
    series = np.zeros_like(s)
    for odd in range(27, 0, -2):
        series = series * square + 1.0 / odd
    result: Floats = 2.0 * s * series + exponent * _LN_2
    return result


def _ratio(x: Floats, polynomials: tuple[tuple[float, ...], tuple[float, ...]]) -> Floats:
    above, below = (_polynomial(x, coefficients) for coefficients in polynomials)
    return above / below


def _polynomial(x: Floats, coefficients: tuple[float, ...]) -> Floats:
    result = np.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        result = result * x + coefficient
    return result
