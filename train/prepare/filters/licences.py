"""Whether a licence is one of those allowed, where the licence is an SPDX expression."""

import functools
import re

_GROUP = re.compile(r"\(([^()]*)\)")
# No licence is named by one control character.
_ALLOWED, _REFUSED = "\x01", "\x00"


@functools.lru_cache(maxsize=4096)
def is_allowed(expression: str, allowed: tuple[str, ...]) -> bool:
    """Whether a licence may be used where the `allowed` ones may: of "A AND B" both are needed, of "A OR B" one.

    AND binds before OR, and parentheses group (SPDX specification 2.3, annex D). Names are compared whole and in any
    case, so "GPL-2.0-only WITH Classpath-exception-2.0" and "unknown" are allowed only where they are listed. What is
    no such expression is not allowed.

    >>> is_allowed("mit AND (GPL-3.0-only OR Apache-2.0)", ("MIT", "Apache-2.0"))
    True
    >>> is_allowed("MIT AND GPL-3.0-only", ("MIT", "Apache-2.0"))
    False
    """
    names = {_ALLOWED, *(name.strip().lower() for name in allowed)}
    if expression.strip().lower() in names:
        return True
    groups = 1
    while groups:
        expression, groups = _GROUP.subn(lambda group: _ALLOWED if _holds(group[1], names) else _REFUSED, expression)
    return _holds(expression, names)


def _holds(flat: str, names: set[str]) -> bool:
    """The expression without parentheses; one that is left over makes a name that nobody lists."""
    return any(
        all(name.strip().lower() in names for name in re.split(r"\sAND\s", part)) for part in re.split(r"\sOR\s", flat)
    )
