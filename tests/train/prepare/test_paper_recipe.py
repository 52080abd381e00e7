"""The paper's recipe on small data sets in the published schemas: every source comes out, and nothing that must not."""

import msgspec
import pytest
from preparing import prepared_recipe
from schemas import DROPPED, write_paper_data

import mixsched
from mixsched.shards import read_manifest
from train.prepare.languages import TOP_25
from train.prepare.recipe import RECIPES, Recipe, read_recipe
from train.prepare.tokenizer import load_tokenizer
from train.scales import PAPER_SOURCE_TOKENS

# Shares of languages and their sources (arXiv 2408.10914, appendix A.2 and A.3).
SHARES = {
    "web_code": {"Java": 15.54, "JavaScript": 15.29, "PHP": 12.46, "Python": 9.6, "C#": 8.3, "TypeScript": 7.92},
    "markup": {"Markdown": 54.23, "YAML": 10.77, "JSON": 9.97, "HTML": 8.57, "CSS": 6.86},
}


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return read_recipe(RECIPES / "paper.toml")[0]


@pytest.fixture(scope="module")
def made(recipe, tmp_path_factory):
    """Prepared with fewer synthetic programs and a larger held-out share, as suits hundreds of documents."""
    folder = tmp_path_factory.mktemp("paper")
    write_paper_data(folder / "data")
    tables = msgspec.to_builtins(recipe)
    tables["heldout_share"] = 0.1
    tables["sources"]["synthetic"]["inputs"][0]["count"] = 150
    return prepared_recipe(tables, folder / "data", folder / "out")


def test_every_source_of_the_paper_comes_out(made, recipe):
    assert set(recipe.sources) == {*PAPER_SOURCE_TOKENS, "math", "instruct"}
    for source in recipe.sources:
        for part in ("", "heldout"):
            assert mixsched.open_rows(made / source / part).manifest.documents > 0


def test_what_the_recipe_leaves_out_is_in_no_row(made, recipe):
    processor = load_tokenizer(made / "tokenizer.model")
    for source in recipe.sources:
        for part in ("", "heldout"):
            rows = mixsched.open_rows(made / source / part)
            text = processor.decode(rows.__getitems__(range(len(rows)))[:, 1:].reshape(-1).tolist())
            assert DROPPED not in text, source


def test_why_documents_were_left_out_is_counted(made):
    assert read_manifest(made / "text").dropped["where: meta.redpajama_set_name is RedPajamaGithub"] > 0
    code = read_manifest(made / "web_code").dropped
    assert {"licence not allowed", "line over 1000 characters", "over its language's share"} <= set(code)


def test_the_languages_and_their_shares_are_the_papers(made, recipe):
    for source, shares in SHARES.items():
        assert shares.items() <= recipe.sources[source].shares.items()
    folders = {each.split("/")[2] for each in recipe.sources["web_code"].inputs[0].files}
    assert len(folders) == len(TOP_25) == 25
    languages = read_manifest(made / "web_code").languages
    total = sum(languages.values())
    # A document is some 4% of so small a source.
    assert 100 * languages["Java"] / total == pytest.approx(15.54, abs=5)
