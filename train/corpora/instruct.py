"""Questions and answers about words, countries and small functions, in several phrasings.

Each shares its `group` with the document on the same subject, so that what is held out from the
text isn't told here.
"""

import random
from collections.abc import Iterator

from train.corpora.admit import Bucket, shuffled
from train.corpora.document import Document
from train.corpora.factbook import LICENCE as FACTBOOK_LICENCE
from train.corpora.factbook import Country
from train.corpora.synthetic.programs import LICENCE as SYNTHETIC_LICENCE
from train.corpora.synthetic.programs import Program, documented
from train.corpora.wordnet import LICENCE as WORDNET_LICENCE
from train.corpora.wordnet import Entry, WordNet, capital, named

# Far below the 40 words of dedup: an answer may repeat a fact of the text, but no passage.
_MAX_ANSWER_WORDS = 25
_WORD_COUNT = 6_000
_LAYOUTS = (
    ("Question: {q}\nAnswer: {a}", "\n\n"),
    ("Q: {q}\nA: {a}", "\n"),
    ("User: {q}\nAssistant: {a}", "\n"),
    ("### Instruction\n{q}\n\n### Response\n{a}", "\n\n"),
)
_FACTS = {
    "Capital": ("What is the capital of {n}?", "Name the capital city of {n}.",
                "Which city is the capital of {n}?"),
    "Location": ("Where is {n}?", "Describe where {n} lies.", "In which part of the world is {n}?"),
    "Area - comparative": ("How large is {n}?", "Compare the area of {n} with something known."),
    "Climate": ("What is the climate of {n} like?", "Describe the climate of {n}."),
    "Terrain": ("What does the land in {n} look like?", "Describe the terrain of {n}."),
    "Languages": ("Which languages are spoken in {n}?", "What do people speak in {n}?"),
    "Religions": ("Which religions are there in {n}?", "What are the religions of {n}?"),
    "Natural resources": ("What natural resources does {n} have?", "List resources of {n}."),
    "Natural hazards": ("What natural hazards does {n} face?", "Which disasters threaten {n}?"),
    "Government type": ("What form of government does {n} have?", "How is {n} governed?"),
    "Agriculture - products": ("What do farmers in {n} produce?", "List farm products of {n}."),
    "Industries": ("What are the main industries of {n}?", "Name industries of {n}."),
    "Exports - commodities": ("What does {n} export?", "List goods that {n} sells abroad."),
    "National anthem": ("What is the national anthem of {n}?", "Name the anthem of {n}."),
    "Independence": ("When did {n} become independent?", "Give the independence date of {n}."),
}  # fmt: skip
_Pair = tuple[str, str]


def instruct_buckets(wordnet: WordNet, countries: list[Country], programs: tuple[Program, ...]) -> list[Bucket]:
    """Questions on words, on countries, and on the programs that `synthetic` leaves out."""
    questions = [program for program in programs if program.is_question]
    return [
        Bucket("words", 230_000, shuffled(_on_words(wordnet))),
        Bucket("countries", 150_000, shuffled(_on_countries(countries))),
        Bucket("functions", 220_000, shuffled(map(_on_program, questions))),
    ]


def _on_words(wordnet: WordNet) -> Iterator[Document]:
    for entry in wordnet.entries[:_WORD_COUNT]:
        rng = random.Random(f"instruct/word/{entry.word}")
        pairs = list(_word_pairs(wordnet, entry, rng))
        if pairs:
            chosen = rng.sample(pairs, min(len(pairs), rng.randint(1, 3)))
            origin = f"{wordnet.label}/{entry.word.replace(' ', '_')}#questions"
            yield _document(chosen, rng, origin=origin, licence=WORDNET_LICENCE, group=entry.group)


def _word_pairs(wordnet: WordNet, entry: Entry, rng: random.Random) -> Iterator[_Pair]:
    synset, word = entry.synsets[0], entry.word
    if len(synset.gloss.split()) <= _MAX_ANSWER_WORDS:
        gloss = capital(synset.gloss)
        ask = rng.choice(('What does "{w}" mean?', 'Define the word "{w}".', 'Explain "{w}" in one sentence.'))
        yield ask.format(w=word), f"{gloss}."
        yield rng.choice(("Which word means this: ", "Name the word for: ")) + synset.gloss, word
    for other in synset.words[1:2]:
        ask = rng.choice(('Give another word for "{w}".', 'What is a synonym of "{w}"?'))
        yield ask.format(w=word), other
    for opposite in wordnet.related(synset, "!")[:1]:
        ask = rng.choice(('What is the opposite of "{w}"?', 'Give an antonym of "{w}".'))
        yield ask.format(w=word), opposite.words[0]
    if synset.kind == "n":
        for wider in wordnet.related(synset, "@", "@i")[:1]:
            ask = rng.choice(("What kind of thing is {w}?", "What is {w} a kind of?"))
            yield (
                ask.format(w=named(synset)),
                capital(f"{named(synset)} is a kind of {wider.words[0]}."),
            )
    for example in synset.examples[:1]:
        yield f'Use "{synset.words[0]}" or a synonym in a phrase.', capital(example)


def _on_countries(countries: list[Country]) -> Iterator[Document]:
    for country in countries:
        rng = random.Random(f"instruct/country/{country.group}")
        pairs = list(_country_pairs(country, rng))
        rng.shuffle(pairs)
        start = 0
        while start < len(pairs):
            end = start + rng.randint(1, 4)
            yield _document(
                pairs[start:end],
                rng,
                origin=f"{country.origin}#questions-{start}",
                licence=FACTBOOK_LICENCE,
                group=country.group,
            )
            start = end


def _country_pairs(country: Country, rng: random.Random) -> Iterator[_Pair]:
    for field, questions in _FACTS.items():
        text = country.fields.get(field, "")
        if text and len(text.split()) <= _MAX_ANSWER_WORDS:
            answer = capital(text) + ("" if text.endswith(".") else ".")
            if field == "Capital":
                answer = rng.choice((answer, f"The capital of {country.name} is {text}."))
            yield rng.choice(questions).format(n=country.name), answer


def _on_program(program: Program) -> Document:
    rng = random.Random(f"instruct/program/{program.index}")
    summary = program.summary[0].lower() + program.summary[1:]
    code = program.imports + ("\n\n" if program.imports else "") + program.code
    fenced = f"```python\n{code}```"
    explained = documented(program, with_example=False)
    call, result = program.example_call, program.example_result
    arguments = program.code.split("(", 1)[1].split(")")[0]
    pairs = (
        (f"Write a Python function `{program.name}({arguments})` for this: {summary}", fenced),
        (f"What does this function do?\n\n{fenced}", program.summary),
        (f"What does `{call}` return?\n\n{fenced}", result),
        (f"Add a docstring to this function.\n\n{fenced}", f"```python\n{explained}```"),
        (f"Write tests for this function.\n\n{fenced}",
         "```python\n" + "\n".join(program.asserts) + "\n```"),
        (f"{program.summary} Write it in Python, and give an example.",
         f"{fenced}\n\nFor example, `{call}` gives `{result}`."),
    )  # fmt: skip
    return _document(
        [rng.choice(pairs)],
        rng,
        origin=f"generated:synthetic#{program.index}-question",
        licence=SYNTHETIC_LICENCE,
        group=program.group,
    )


def _document(pairs: list[_Pair], rng: random.Random, *, origin: str, licence: str, group: str) -> Document:
    layout, separator = rng.choice(_LAYOUTS)
    text = separator.join(layout.format(q=question, a=answer) for question, answer in pairs)
    return Document(text=text + "\n", source="instruct", origin=origin, licence=licence, group=group)
