"""What one call or assignment is known to do: the record that the catalogue's rules give."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Effect", "preferred"]


@dataclass(frozen=True, slots=True)
class Effect:
    """Knowledge about one call, assignment or attribute read.

    ``own`` rules are the project's: where one holds, those that come with kale-lite do not count.

    Places name operands: ``receiver``, ``arg:0`` (positional, from 0), ``arg:*`` (all positional and keyword
    arguments), ``kw:NAME``. Several places may be alternatives (``arg:0``, ``kw:path``).

    ``form`` is what was matched: ``function`` (by its full name), ``method`` (by its name on some receiver),
    ``attribute`` (of a module) or ``store``. ``receiver`` guards the rule: canonical types of the receiver
    (``pandas.DataFrame``) for which it holds; empty means any. With ``only_known`` it does not hold for a
    receiver of unknown type (for method names so common that guessing would order everything). ``mutates`` are
    the operands changed in place; operands not in it are left alone (that is what the rule knows). ``returns``
    says what the result shares: ``scalar`` (immutable: nothing), ``fresh`` (a new object that shares nothing with the
    operands), ``copy`` and ``deep_copy`` (of the first argument: an object as that is, which holds what it holds, or
    copies of all that), ``receiver`` (the receiver itself, or a view that shares its memory), ``elements`` (objects
    held by the receiver), ``part`` (of an attribute: an object of its own that the receiver holds), ``arg:N`` (that
    argument or a view of it), ``unknown`` (any operand or what it holds). ``holds`` are operands that the (otherwise
    fresh) result keeps inside; ``holds_elements`` operands whose elements it keeps, ``holds_objects`` operands of
    which, however nested, it keeps what is no number, text, list or array, ``holds_cells`` operands that make a frame
    or a column, which keeps arrays and the cells, not the lists and dicts around them. ``keeps`` are operands which
    the receiver keeps inside; with ``keeps_when`` only if it is, or holds, an object of one of these types or of
    unknown type.
    ``type`` is the result's canonical type, or the place (``arg:0``) of an operand of the same type; with ``returns:
    receiver`` the result is a view of that type. ``calls`` says whether function operands are called, ``special``
    which special methods (``__repr__``) of operands, and of what they hold, are.

    ``reads_files`` and ``writes_files`` are places of paths, or ``*`` for paths that cannot be known.
    ``reads_state``, ``writes_state``, ``draws`` and ``seeds`` are names of interpreter state; drawing is from a
    global random generator, and makes an order only once it was seeded; with ``draws_when`` only if an operand
    is, or holds, an object of one of these types (or is of unknown type, where it is the receiver or first
    argument). ``services`` are outside services touched. ``registers`` are modules that
    are told something which they keep for their process. ``names_at`` are places of strings that read variables
    after ``@``. ``replayable``: with constant arguments doing it again in another step is the same.
    ``external``: another program runs, which may read and write any file. ``unserialisable``: the result cannot
    travel. ``plots``: draws on matplotlib's current figure; with
    ``makes_figure`` on a new one, which is then the current one.
    """

    rule: str
    own: bool = False
    form: str = "function"
    library: str = ""
    doc: str = ""
    receiver: tuple[str, ...] = ()
    only_known: bool = False
    mutates: tuple[str, ...] = ()
    returns: str = "fresh"
    holds: tuple[str, ...] = ()
    holds_elements: tuple[str, ...] = ()
    holds_objects: tuple[str, ...] = ()
    holds_cells: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    keeps_when: tuple[str, ...] = ()
    type: str = ""
    calls: bool = True
    special: tuple[str, ...] = ()
    reads_files: tuple[str, ...] = ()
    writes_files: tuple[str, ...] = ()
    reads_state: tuple[str, ...] = ()
    writes_state: tuple[str, ...] = ()
    draws: tuple[str, ...] = ()
    draws_when: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    registers: tuple[str, ...] = ()
    names_at: tuple[str, ...] = ()
    replayable: bool = False
    external: bool = False
    unserialisable: bool = False
    plots: bool = False
    makes_figure: bool = False


def preferred(effects: Iterable[Effect]) -> tuple[Effect, ...]:
    """The project's own rules where there are any, else all."""
    found = tuple(effects)
    return tuple(effect for effect in found if effect.own) or found
