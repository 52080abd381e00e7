"""What a plan is declared by, as a JSON object: what its fingerprint is of, and what it is made from again."""

from collections.abc import Mapping, Sequence
from typing import Any

from mixsched.amendment import Amendment
from mixsched.differences import differences
from mixsched.errors import UsageError
from mixsched.fields import check_fields
from mixsched.limits import Limit, limits_from_json, limits_to_json
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
    extended_at: Sequence[int],
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
    if extended_at:
        declared["extended_at"] = [int(step) for step in extended_at]
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
    known = {"fingerprint", "format", "limits", "pools", "amendments", "extended_at"}
    fields = check_fields("plan", value, needed={"rows", "schedule", "seed"}, known=known)
    if fields.get("format", PLAN_FORMAT) != PLAN_FORMAT:
        raise UsageError(
            f"this plan has format {fields['format']}, this version of mixsched reads {PLAN_FORMAT}; "
            "use the version of mixsched that wrote it"
        )
    for name, kind in (("rows", dict), ("pools", dict), ("amendments", list), ("extended_at", list)):
        if not isinstance(fields.get(name, kind()), kind):
            raise UsageError(f"`{name}` of a plan must be {'a list' if kind is list else 'an object'}")
    amendments = tuple(Amendment.from_json(each) for each in fields.get("amendments", []))
    arguments = {
        "schedule": Schedule.from_json(fields["schedule"]),
        "rows": fields["rows"] | {name: rows for each in amendments for name, rows in each.rows.items()},
        "seed": fields["seed"],
        "limits": limits_from_json(fields.get("limits", {})),
        "pools": fields.get("pools", {}),
        "amendments": amendments,
        "extended_at": tuple(fields.get("extended_at", [])),
    }
    if not isinstance(fields.get("fingerprint", ""), str):
        raise UsageError(f"`fingerprint` of a plan must be a string, got {fields['fingerprint']!r}; leave it out")
    return arguments, fields.get("fingerprint")


def departures(before: dict, now: dict, *, served_steps: int) -> tuple[str, ...]:
    """What keeps the plan `now` from going on where the plan `before` stood after so many steps, a sentence each.

    Both are declarations; empty if they are equal but for amendments to steps that were not served yet, and for
    extensions at such a step or at the very one that comes next.
    """
    return differences(_served_part(before, served_steps), _served_part(now, served_steps), name="plan")


def _served_part(declared: dict, served_steps: int) -> dict:
    extended = [step for step in declared.get("extended_at", []) if step >= served_steps]
    declared = before_extension(declared, extended[0]) if extended else declared
    early = [amendment for amendment in declared.get("amendments", []) if amendment["at_step"] < served_steps]
    rest = {name: part for name, part in declared.items() if name != "amendments"}
    return rest | ({"amendments": early} if early else {})


def before_extension(declared: dict, step: int) -> dict:
    """The declaration of the plan that was extended at `step`, one of `extended_at`: all that it knew, and no more."""
    schedule = Schedule.from_json(declared["schedule"]).up_to(step)
    amendments = [amendment for amendment in declared.get("amendments", []) if amendment["at_step"] < step]
    known = {*schedule.sources, *(name for each in amendments for name in Amendment.from_json(each).sources)}
    kept = {
        name: {source: each for source, each in declared.get(name, {}).items() if source in known}
        for name in ("limits", "pools")
    }
    listed = {"amendments": amendments, "extended_at": [each for each in declared["extended_at"] if each < step]}
    return {
        "format": declared["format"],
        "rows": {source: declared["rows"][source] for source in schedule.sources},
        "schedule": schedule.to_json(),
        "seed": declared["seed"],
    } | {name: part for name, part in (kept | listed).items() if part}
