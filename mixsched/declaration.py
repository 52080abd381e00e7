"""What a plan is declared by, as a JSON object: what its fingerprint is of, and what it is made from again."""

from collections.abc import Mapping, Sequence
from typing import Any

from mixsched.amend import Amendment
from mixsched.errors import UsageError
from mixsched.limits import Limit, limits_from_json, limits_to_json
from mixsched.mixes import check_fields
from mixsched.schedule import Schedule

# Raise it whenever a plan would serve other samples for the same declaration.
PLAN_FORMAT = 2


def declare(
    schedule: Schedule,
    rows: Mapping[str, int],
    *,
    seed: int,
    limits: Mapping[str, Limit],
    pools: Mapping[str, int],
    amendments: Sequence[Amendment],
) -> dict:
    """The JSON object of a plan; what is empty is left out."""
    declared: dict = {
        "format": PLAN_FORMAT,
        "rows": {source: int(rows[source]) for source in schedule.sources},
        "schedule": schedule.to_json(),
        "seed": int(seed),
    }
    if limits:
        declared["limits"] = limits_to_json(limits)
    if pools:
        declared["pools"] = {source: int(pool) for source, pool in pools.items()}
    if amendments:
        declared["amendments"] = [amendment.to_json() for amendment in amendments]
    return declared


def fingerprint_of(declared: dict) -> str:
    """A SHA-256 over a declaration, however its fields are ordered."""
    import hashlib
    import json

    canonical = json.dumps(declared, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def read_declaration(value: object) -> tuple[dict[str, Any], str | None]:
    """The arguments that make the plan again, and the fingerprint that it must have, if one is given.

    `format` and `fingerprint` may be left out, as in a file that a person wrote. Raises UsageError if a field is
    missing, unknown or of another kind, or if the format is another.
    """
    known = {"fingerprint", "format", "limits", "pools", "amendments"}
    fields = check_fields("plan", value, needed={"rows", "schedule", "seed"}, known=known)
    if fields.get("format", PLAN_FORMAT) != PLAN_FORMAT:
        raise UsageError(
            f"this plan has format {fields['format']}, this version of mixsched reads {PLAN_FORMAT}; "
            "use the version of mixsched that wrote it"
        )
    for name, kind in (("rows", dict), ("pools", dict), ("amendments", list)):
        if not isinstance(fields.get(name, kind()), kind):
            raise UsageError(f"`{name}` of a plan must be {'a list' if kind is list else 'an object'}")
    arguments = {
        "schedule": Schedule.from_json(fields["schedule"]),
        "rows": fields["rows"],
        "seed": fields["seed"],
        "limits": limits_from_json(fields.get("limits", {})),
        "pools": fields.get("pools", {}),
        "amendments": tuple(Amendment.from_json(each) for each in fields.get("amendments", [])),
    }
    if not isinstance(fields.get("fingerprint", ""), str):
        raise UsageError(f"`fingerprint` of a plan must be a string, got {fields['fingerprint']!r}; leave it out")
    return arguments, fields.get("fingerprint")
