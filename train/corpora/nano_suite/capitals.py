"""nano_capitals: the capital of a country and the country of a capital, told by training documents in other words."""

import dataclasses
import re

from train.corpora.nano_suite.choices import fours, grouped
from train.corpora.nano_suite.corpus import Corpus, of_groups, subject_of
from train.corpora.nano_suite.draws import Fields, by_id

_FACT = re.compile(r"^The capital of (.+?) is (.+?)\.(?: |$)", re.MULTILINE)
_LIKE_LETTERS = 4


@dataclasses.dataclass(frozen=True)
class _Fact:
    subject: str
    group: str
    country: str
    capital: str


def capitals(corpus: Corpus) -> list[Fields]:
    """Two items for each country of the training part whose capital isn't told by its name, as Singapore's is.

    A group is of countries or capitals of about the same length. Items whose prompt and answer stand in a
    training document are dropped.
    """
    facts = [fact for fact in _facts(corpus) if not _is_told(fact)]
    return by_id(
        [
            *_asked(corpus, facts, "capital-of", "{0.country} has as its capital the city of", "capital"),
            *_asked(corpus, facts, "country-of", "{0.capital} is the capital city of", "country"),
        ]
    )


def _facts(corpus: Corpus) -> list[_Fact]:
    facts = []
    for document in of_groups(corpus.train, "text", "country"):
        found = _FACT.search(document.text)
        assert found is not None, document.origin
        facts.append(_Fact(subject_of(document), document.group, found[1], found[2]))
    return facts


def _is_told(fact: _Fact) -> bool:
    country, capital = fact.country.lower(), fact.capital.lower()
    return country in capital or capital in country or country[:_LIKE_LETTERS] == capital[:_LIKE_LETTERS]


def _asked(corpus: Corpus, facts: list[_Fact], way: str, wording: str, asked: str) -> list[Fields]:
    answers = {fact: f" {dataclasses.asdict(fact)[asked]}" for fact in facts}
    usable = [fact for fact in facts if not corpus.holds(wording.format(fact) + answers[fact])]
    usable.sort(key=lambda fact: (len(answers[fact]), answers[fact]))
    groups = fours(usable, answer=lambda fact: answers[fact], apart=lambda *_: True)

    def fields(fact: _Fact) -> Fields:
        name, prompt = f"{way}/{fact.subject}", wording.format(fact)
        return {"id": name, "cluster": fact.group, "prompt": prompt, "answer": answers[fact]}

    return grouped(groups, fields, prefix=f"{way}/")
