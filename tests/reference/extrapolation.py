"""A least-squares line as textbooks write it, in exact fractions."""

from __future__ import annotations

from fractions import Fraction


def sizes(n, count):
    """n/10 … n in equal steps, rounded down, in exact fractions."""
    first, step = Fraction(n, 10), Fraction(9 * n, 10 * (count - 1))
    return [int(first + step * i) for i in range(count)]


def line(numbers, scores):
    """(intercept, slope) of scores on one over their numbers of images, by the normal equations."""
    x = [Fraction(1, number) for number in numbers]
    y = [Fraction(score) for score in scores]
    count, sx, sy = len(x), sum(x), sum(y)
    sxx = sum(a * a for a in x)
    sxy = sum(a * b for a, b in zip(x, y, strict=True))
    slope = (count * sxy - sx * sy) / (count * sxx - sx * sx)
    return float((sy - slope * sx) / count), float(slope)
