"""Pictures inside a page: a PNG or SVG file as a data URI, with the size at which it is shown."""

import base64
import dataclasses
import re
import struct
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from mixsched.errors import UsageError

CSS_PIXELS_PER_INCH = 96
METRES_PER_INCH = 0.0254
# A screen is farther from the eye than a printed page, for whose width figures are drawn.
ENLARGED = 1.4
PNG = b"\x89PNG\r\n\x1a\n"
INCHES = {"in": 1.0, "pt": 1 / 72, "cm": 1 / 2.54, "mm": 1 / 25.4, "px": 1 / 96, "": 1 / 96}


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture as an `img` takes it: its data URI, and its width and height in CSS pixels."""

    uri: str
    width_px: int
    height_px: int


def read_picture(path: Path) -> Picture:
    """Read a PNG or SVG file; raises UsageError that names a file that is missing, damaged or of another kind."""
    if not path.is_file():
        raise UsageError(f"'{path}' is no file; draw it first")
    data = path.read_bytes()
    kind, size = ("png", _png_inches(data)) if data.startswith(PNG) else ("svg+xml", _svg_inches(data))
    if size is None:
        raise UsageError(f"'{path}' is no PNG or SVG picture, or is damaged; draw it again")
    width, height = (max(1, round(inches * CSS_PIXELS_PER_INCH * ENLARGED)) for inches in size)
    return Picture(f"data:image/{kind};base64,{base64.b64encode(data).decode()}", width, height)


def _png_inches(data: bytes) -> tuple[float, float] | None:
    """Width and height by the chunks IHDR and pHYs; a pixel is a CSS pixel where the file does not say its size."""
    pixels, pixels_per_inch, place = None, float(CSS_PIXELS_PER_INCH), len(PNG)
    while (head := data[place : place + 8]) and len(head) == 8:
        length, name = struct.unpack(">I4s", head)
        body = data[place + 8 : place + 8 + length]
        if name == b"IHDR" and length == 13:
            pixels = struct.unpack(">II", body[:8])
        elif name == b"pHYs" and length == 9 and body[8] == 1:
            pixels_per_inch = struct.unpack(">I", body[:4])[0] * METRES_PER_INCH or pixels_per_inch
        elif name == b"IEND":
            # The last chunk: a file without it was cut short.
            return pixels and (pixels[0] / pixels_per_inch, pixels[1] / pixels_per_inch)
        place += 12 + length
    return None


def _svg_inches(data: bytes) -> tuple[float, float] | None:
    """Width and height by the root's attributes, or its viewBox."""
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError:
        return None
    box = root.get("viewBox", "").replace(",", " ").split()
    sides = (_inches(root.get("width", box[2] if len(box) == 4 else "")),)
    sides += (_inches(root.get("height", box[3] if len(box) == 4 else "")),)
    return None if root.tag != "{http://www.w3.org/2000/svg}svg" or 0.0 in sides else (sides[0], sides[1])


def _inches(length: str) -> float:
    """A length of SVG in inches; 0 where it is none."""
    found = re.fullmatch(r"\s*([0-9.]+)\s*(in|pt|cm|mm|px|)\s*", length)
    return float(found[1]) * INCHES[found[2]] if found else 0.0
