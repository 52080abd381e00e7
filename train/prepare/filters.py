"""Filters (to come)."""
import msgspec

class Filters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """to come"""
