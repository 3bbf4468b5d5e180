"""Rules written in the recipe: ``"words >= 50 and hash_signs < 0.1"``.

A small language, parsed with Python's own parser and read by a list of what is allowed: numbers,
texts, the names of signals and of a few columns, ``+ - * /``, comparisons (chained ones too),
``and``, ``or``, ``not``, parentheses. It is evaluated over whole columns. Where a signal has no
meaning a comparison with it is unknown; ``and``, ``or`` and ``not`` treat that as SQL does, and a
document stays unless an expression is known to be false.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

NUMBER_COLUMNS = ("quality", "lang_score", "quality_model", "bits_per_character")
TEXT_COLUMNS = ("lang", "source", "document_kind")
OTHER_SIGNALS = "signal_"
"""A column of numbers that begins so may be named: an earlier stage has to bring it."""
ARITHMETIC: dict[type[ast.operator], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
COMPARISONS: dict[type[ast.cmpop], Callable[..., Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
NUMBER, TEXT, CONDITION = "a number", "a text", "a condition"
LONGEST = 1000
"""Characters."""


class Truth(NamedTuple):
    """The answer of a condition for each document."""

    value: np.ndarray
    """bool [rows]"""
    known: np.ndarray
    """bool [rows]"""


@dataclass(frozen=True)
class Expression:
    """A checked expression."""

    name: str
    text: str
    body: ast.expr
    names: tuple[str, ...]
    """The signals and columns in it, each once, in the order of their appearance."""

    def holds(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Where it is true or unknown, bool [rows].

        Args:
            columns: name -> values [rows]: floats with NaN, or objects with None.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            truth = _condition(self.body, columns)
        return truth.value | ~truth.known


def parse(name: str, text: str, signals: Sequence[str]) -> Expression:
    """Check an expression.

    Args:
        name: what it is called in the recipe.
        text: the expression.
        signals: the names it may use beside those of columns.

    Raises:
        ValueError: naming the expression, the place in it, what is wrong and what would be right.
    """
    if len(text) > LONGEST:
        raise ValueError(f"expressions.{name}: {len(text)} characters, at most {LONGEST}")
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        place = f" at character {error.offset}" if isinstance(error, SyntaxError) else ""
        raise ValueError(f"expressions.{name}: {text!r}{place}: not an expression") from error
    checker = _Checker(name, text.strip(), signals)
    checker.expect(body, CONDITION)
    if not checker.names:
        raise ValueError(f"expressions.{name}: {text!r} names no signal")
    return Expression(name, text.strip(), body, tuple(dict.fromkeys(checker.names)))


class _Checker:
    """What is allowed, and what kind of value each part has."""

    def __init__(self, name: str, text: str, signals: Sequence[str]) -> None:
        self.name = name
        self.text = text
        self.signals = signals
        self.names: list[str] = []

    def fail(self, node: ast.expr, message: str) -> ValueError:
        """The error for a part of the expression."""
        found = ast.get_source_segment(self.text, node) or self.text
        before = self.text.encode()[: node.col_offset].decode()
        place = f"at character {len(before) + 1} ({found!r})"
        return ValueError(f"expressions.{self.name}: {self.text!r} {place}: {message}")

    def expect(self, node: ast.expr, kind: str) -> None:
        """Raise unless a part has this kind of value."""
        found = self.kind(node)
        if found != kind:
            raise self.fail(node, f"expected {kind}, found {found}")

    def kind(self, node: ast.expr) -> str:
        """The kind of value of a part, which is checked."""
        match node:
            case ast.BoolOp(values=values):
                for value in values:
                    self.expect(value, CONDITION)
                return CONDITION
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.expect(operand, CONDITION)
                return CONDITION
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                self.expect(operand, NUMBER)
                return NUMBER
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                self.expect(left, NUMBER)
                self.expect(right, NUMBER)
                return NUMBER
            case ast.Compare():
                return self.comparison(node)
            case ast.Constant(value=bool() | None):
                pass
            case ast.Constant(value=int() | float()):
                return NUMBER
            case ast.Constant(value=str()):
                return TEXT
            case ast.Name(id=name):
                return self.column(node, name)
        raise self.fail(
            node, "allowed are numbers, signals, + - * /, < <= > >= == !=, and, or, not"
        )

    def comparison(self, node: ast.Compare) -> str:
        """A comparison: of numbers; of texts only with == and !=."""
        kinds = [self.kind(part) for part in (node.left, *node.comparators)]
        for op, part, kind in zip(node.ops, node.comparators, kinds[1:], strict=True):
            if type(op) not in COMPARISONS:
                raise self.fail(node, "compare with < <= > >= == !=")
            if kind != kinds[0] or kind == CONDITION:
                raise self.fail(part, f"{kinds[0]} is compared with {kind}")
            if kind == TEXT and not isinstance(op, ast.Eq | ast.NotEq):
                raise self.fail(part, "texts are compared with == and !=")
        return CONDITION

    def column(self, node: ast.expr, name: str) -> str:
        """A signal or a column."""
        numbers = (*self.signals, *NUMBER_COLUMNS)
        if name not in (*numbers, *TEXT_COLUMNS) and not name.startswith(OTHER_SIGNALS):
            known = [*numbers, *TEXT_COLUMNS]
            close = get_close_matches(name, known, 1, cutoff=0.5)
            hint = f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"
            raise self.fail(node, f"there is no signal {name!r}{hint}")
        self.names.append(name)
        return TEXT if name in TEXT_COLUMNS else NUMBER


def _condition(node: ast.expr, columns: Mapping[str, np.ndarray]) -> Truth:
    """Evaluate a condition (Kleene's logic of three values)."""
    match node:
        case ast.BoolOp(op=op, values=values):
            truths = [_condition(value, columns) for value in values]
            decisive = isinstance(op, ast.Or)  # one true one decides "or", one false one "and"
            decided = reduce(np.logical_or, [t.known & (t.value == decisive) for t in truths])
            known = decided | reduce(np.logical_and, [t.known for t in truths])
            return Truth(decided if decisive else ~decided, known)
        case ast.UnaryOp(operand=operand):
            truth = _condition(operand, columns)
            return Truth(~truth.value, truth.known)
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            parts = [_value(part, columns) for part in (left, *comparators)]
            known = reduce(np.logical_and, [_is_known(part) for part in parts])
            pairs = zip(ops, parts, parts[1:], strict=False)
            answers = [COMPARISONS[type(op)](first, second) for op, first, second in pairs]
            value = reduce(np.logical_and, [np.asarray(answer, np.bool_) for answer in answers])
            return Truth(*np.broadcast_arrays(value, known))
    raise AssertionError(ast.dump(node))


def _value(node: ast.expr, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Evaluate a number or a text: an array, or an array without dimensions for a constant."""
    match node:
        case ast.Name(id=name):
            return columns[name]
        case ast.Constant(value=str() as text):
            return np.array(text, object)
        case ast.Constant(value=number):
            return np.array(number, np.float64)
        case ast.UnaryOp(op=op, operand=operand):
            value = _value(operand, columns)
            return -value if isinstance(op, ast.USub) else value
        case ast.BinOp(left=left, op=op, right=right):
            return ARITHMETIC[type(op)](_value(left, columns), _value(right, columns))
    raise AssertionError(ast.dump(node))


def _is_known(values: np.ndarray) -> np.ndarray:
    """Where there is a value."""
    if values.dtype == object:
        return np.asarray(values != np.array(None), np.bool_)
    return ~np.isnan(values)
