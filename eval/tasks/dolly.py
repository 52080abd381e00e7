"""Picks Dolly-200's English prompts from those of all languages."""

import datasets


def english(docs: datasets.Dataset) -> datasets.Dataset:
    """The documents in English."""
    return docs.filter(lambda doc: doc["language"] == "eng")
