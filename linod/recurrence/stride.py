"""An interval longer than its daily window steps over most of them: how many days lie before the next one it meets.

Arithmetic on whole numbers. The cost grows with their digits only: an interval of 1,439 minutes steps over up to 1,378
windows of an hour.
"""

from math import gcd


def first_meeting(phase: int, stride: int, step: int, width: int) -> int | None:
    """The least k, from 0, with (phase - k * stride) mod step <= width; None when there is none.

    phase   how far the grid is ahead of the begin of a window.
    stride  from the begin of a window to that of the next.
    step    of the grid.
    width   of a window, less than `step`.
    """
    unit = gcd(stride, step)
    turns, rest = divmod(phase % step, unit)
    if rest > width:
        return None
    room, size = (width - rest) // unit, step // unit
    if turns <= room:
        return 0
    return _first_within(-(stride // unit) % size, size, size - turns, size - turns + room)


def _first_within(step: int, modulus: int, low: int, high: int) -> int | None:
    """The least k with low <= (k * step) mod modulus <= high, where 0 < low <= high < modulus.

    Euclid's algorithm: when the first turn around the modulus hits nothing between the bounds, what matters is where
    the turns after it begin, and that is the same question about smaller numbers.
    """
    if step == 0:
        return None
    if 2 * step > modulus:  # the same backwards, in shorter steps
        step, low, high = modulus - step, modulus - high, modulus - low
    found = -(-low // step)
    if found * step <= high:
        return found
    turns = _first_within(modulus % step, step, -high % step, -low % step)
    return None if turns is None else -(-(low + turns * modulus) // step)
