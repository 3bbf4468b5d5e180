"""Kernels of ``stages.mixture.interleave``: which component each row of a phase belongs to."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types

from formats.compile import array_types, kernel

t = array_types()


@kernel()
def entitled(rows: Any, knots: Any, shares: Any, integrals: Any) -> Any:
    """A component's integrated share over the first ``rows`` rows.

    Args:
        rows: a whole number of rows.
        knots: float64 [m]: rows at which the share is given; the first is 0.
        shares: float64 [m]: the share there, linear in between.
        integrals: float64 [m]: the integral up to there.
    """
    last = len(knots) - 2
    part = 0
    while part < last and rows >= knots[part + 1]:
        part += 1
    beyond = rows - knots[part]
    slope = (shares[part + 1] - shares[part]) / (knots[part + 1] - knots[part])
    return integrals[part] + beyond * (shares[part] + 0.5 * slope * beyond)


@kernel()
def first_reaching(target: Any, knots: Any, shares: Any, integrals: Any) -> Any:
    """The first number of rows at which the integrated share reaches ``target``.

    A quadratic formula gives a guess, then whole steps until ``entitled`` agrees: no rounding of
    the square root decides anything. Where the phase ends before, its rows and one more.
    """
    parts = len(knots) - 1
    end = np.int64(knots[parts])
    if entitled(end, knots, shares, integrals) < target:
        return end + 1
    part = 0
    while part < parts - 1 and integrals[part + 1] < target:
        part += 1
    wanted = max(0.0, target - integrals[part])
    slope = (shares[part + 1] - shares[part]) / (knots[part + 1] - knots[part])
    # wanted = share * x + slope / 2 * x^2, in the form that does not cancel
    root = math.sqrt(max(0.0, shares[part] * shares[part] + 2.0 * slope * wanted))
    below = shares[part] + root
    beyond = 2.0 * wanted / below if below > 0.0 else 0.0
    guess = np.int64(min(knots[part] + beyond, knots[part + 1]))
    while guess < end and entitled(guess, knots, shares, integrals) < target:
        guess += 1
    while guess > 0 and entitled(guess - 1, knots, shares, integrals) >= target:
        guess -= 1
    return guess


@kernel()
def comes_before(first: Any, second: Any, times: Any) -> Any:
    """Order of two components in a heap: by time, then by number."""
    return times[first] < times[second] or (times[first] == times[second] and first < second)


@kernel()
def push(heap: Any, size: Any, item: Any, times: Any) -> None:
    """Add an item to a binary heap of ``size`` items."""
    place = size
    while place > 0:
        parent = (place - 1) >> 1
        if not comes_before(item, heap[parent], times):
            break
        heap[place] = heap[parent]
        place = parent
    heap[place] = item


@kernel()
def pop(heap: Any, size: Any, times: Any) -> Any:
    """Remove and return the first item of a binary heap of ``size`` items."""
    top = heap[0]
    item = heap[size - 1]
    place = 0
    while True:
        child = 2 * place + 1
        if child >= size - 1:
            break
        if child + 1 < size - 1 and comes_before(heap[child + 1], heap[child], times):
            child += 1
        if not comes_before(heap[child], item, times):
            break
        heap[place] = heap[child]
        place = child
    heap[place] = item
    return top


@kernel(
    (
        t["f64"], t["f64"], t["f64"], types.float64, types.int64, t["w_i64"], t["w_u16"],
    )
)  # fmt: skip
def assign_rows(
    knots: Any, shares: Any, integrals: Any, slack: Any, first: Any, counts: Any, out: Any
) -> None:
    """Assign the rows ``first`` to ``first + len(out) - 1`` to components.

    A component may take its next row once that keeps it ``slack`` below one over its integrated
    share (its release), and must before it falls that far behind (its deadline). Of those released
    the one with the earliest deadline takes the row. Both times follow from a component's count
    alone, so the counts before a row are all the state there is.

    Args:
        knots: float64 [m], see ``entitled``.
        shares: float64 [k * m], component by component.
        integrals: float64 [k * m].
        slack: 1 / (2 k - 2) for k components (Tijdeman 1980).
        first: number of the first row.
        counts: int64 [k]: rows each component has before ``first``; afterwards, before the next.
        out: uint16 [rows].
    """
    components = len(counts)
    points = len(knots)
    release = np.empty(components, np.int64)
    deadline = np.empty(components, np.int64)
    waiting = np.empty(components + 1, np.int64)
    ready = np.empty(components + 1, np.int64)
    waiting_size = 0
    ready_size = 0
    for component in range(components):
        own = slice(component * points, (component + 1) * points)
        count = counts[component]
        release[component] = first_reaching(count + slack, knots, shares[own], integrals[own])
        deadline[component] = first_reaching(
            count + 1.0 - slack, knots, shares[own], integrals[own]
        )
        push(waiting, waiting_size, component, release)
        waiting_size += 1
    for row in range(len(out)):
        after = first + row + 1
        while waiting_size > 0 and release[waiting[0]] <= after:
            component = pop(waiting, waiting_size, release)
            waiting_size -= 1
            push(ready, ready_size, component, deadline)
            ready_size += 1
        # Rounding may leave nobody ready for a row: then the next to be released takes it.
        if ready_size > 0:
            component = pop(ready, ready_size, deadline)
            ready_size -= 1
        else:
            component = pop(waiting, waiting_size, release)
            waiting_size -= 1
        out[row] = component
        counts[component] += 1
        own = slice(component * points, (component + 1) * points)
        count = counts[component]
        release[component] = first_reaching(count + slack, knots, shares[own], integrals[own])
        deadline[component] = first_reaching(
            count + 1.0 - slack, knots, shares[own], integrals[own]
        )
        push(waiting, waiting_size, component, release)
        waiting_size += 1


@kernel((t["f64"], t["f64"], t["f64"], types.int64, t["u16"], t["w_i64"], t["w_f64"]))
def follow_prefixes(
    knots: Any, shares: Any, integrals: Any, first: Any, component: Any, counts: Any, extremes: Any
) -> None:
    """How far the counts of prefixes stray from the integrated shares, from row to row.

    Between two of its rows a component only falls behind, so it is looked at before and after each
    of its rows, at the beginning and at the end: that finds the extremes of every prefix.

    Args:
        knots: float64 [m], see ``entitled``.
        shares: float64 [k * m], component by component.
        integrals: float64 [k * m].
        first: number of the first row.
        component: uint16 [rows], each below k.
        counts: int64 [k]: rows each component has before ``first``; afterwards, after these rows.
        extremes: float64 [2 k]: of each component the least and the largest of count minus
            integrated share so far; widened.
    """
    points = len(knots)
    for number in range(len(counts)):
        own = slice(number * points, (number + 1) * points)
        off = counts[number] - entitled(first, knots, shares[own], integrals[own])
        extremes[2 * number] = min(extremes[2 * number], off)
        extremes[2 * number + 1] = max(extremes[2 * number + 1], off)
    for row in range(len(component)):
        number = component[row]
        own = slice(number * points, (number + 1) * points)
        behind = counts[number] - entitled(first + row, knots, shares[own], integrals[own])
        extremes[2 * number] = min(extremes[2 * number], behind)
        counts[number] += 1
        ahead = counts[number] - entitled(first + row + 1, knots, shares[own], integrals[own])
        extremes[2 * number + 1] = max(extremes[2 * number + 1], ahead)
    end = first + len(component)
    for number in range(len(counts)):
        own = slice(number * points, (number + 1) * points)
        behind = counts[number] - entitled(end, knots, shares[own], integrals[own])
        extremes[2 * number] = min(extremes[2 * number], behind)
