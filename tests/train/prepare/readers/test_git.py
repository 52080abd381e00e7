"""Commits become messages with diffs, the same from every copy of a repository and under any settings."""

import os
import subprocess

import pytest

from mixsched.errors import UsageError
from train.corpora.document import Document
from train.prepare.readers import git as git_module
from train.prepare.readers import git_command
from train.prepare.readers.git import Git
from train.prepare.readers.reader import Dropped

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    **{
        f"GIT_{who}_{what}": said
        for who in ("AUTHOR", "COMMITTER")
        for what, said in (("NAME", "Ann"), ("EMAIL", "ann@x"))
    },
}


class Repository:
    """A repository for a test, with a clock that ticks once a commit."""

    def __init__(self, path):
        self.path, self.clock = path, 1_700_000_000
        path.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments, **options):
        times = {"GIT_AUTHOR_DATE": f"{self.clock} +0000", "GIT_COMMITTER_DATE": f"{self.clock} +0000"}
        self.clock += 1
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, env={**ENVIRONMENT, **times}, check=True, capture_output=True, **options
        )
        return done.stdout.decode().strip()

    def commit(self, message, **files):
        for name, content in files.items():
            (self.path / name).write_bytes(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--allow-empty-message", "--file=-", input=message)
        return self.git("rev-parse", "HEAD")


def read_all(reader, data):
    return [each for part in reader.parts(data) for each in reader.read(data, part, source="s")]


@pytest.fixture
def repository(tmp_path):
    repository = Repository(tmp_path / "project")
    repository.commit(b"First\n", a=b"one\n")
    return repository


def test_a_commit_is_its_message_and_its_diff_without_people(tmp_path, repository):
    sha = repository.commit(
        b"Add two\n\nIt was missing: see below.\n\nSigned-off-by: Bob <bob@example.org>\nCc: someone\n"
        b"Helped-by: Eve\nReported: eve@example.org\n",
        a=b"one\ntwo\n",
    )
    first, second = read_all(Git(repository="project", licence="MIT"), tmp_path)
    assert (
        first.text == "First\n\ndiff --git a/a b/a\nnew file mode 100644\n--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+one"
    )
    assert second.text == (
        "Add two\n\nIt was missing: see below.\n\ndiff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1,2 @@\n one\n+two"
    )
    assert (second.origin, second.licence, second.source) == (f"project@{sha}", "MIT", "s")


def test_merges_binaries_renames_and_odd_bytes(tmp_path, repository):
    repository.git("checkout", "--quiet", "-b", "side")
    repository.commit(b"Side\n", b=b"side\n")
    repository.git("checkout", "--quiet", "main")
    repository.commit(b"Main\n", c=b"main\n")
    repository.git("merge", "--quiet", "--no-ff", "--message=Merge", "side")
    repository.git("mv", "a", "renamed")
    repository.commit(b"")
    repository.commit(b"Picture\n", picture=b"\0\1")
    repository.commit(b"Both\n", picture=b"\0\2", latin="é\n".encode("latin-1"), d="é\n".encode())
    repository.commit(b"Nothing\n")
    repository.commit(b"Last\n", e=b"e\n")
    # Git itself writes no such message; other programs did.
    raw = b"\n".join([repository.git("cat-file", "commit", "HEAD").encode().removesuffix(b"Last"), b"\xe9\n"])
    repository.git("update-ref", "HEAD", repository.git("hash-object", "-t", "commit", "-w", "--stdin", input=raw))
    results = read_all(Git(repository="project"), tmp_path)
    told = [each.text.partition("\n")[0] if isinstance(each, Document) else each.reason for each in results]
    assert told == [
        *("First", "Side", "Main", "diff --git a/a b/renamed", "no diff of text", "Both", "no diff of text"),
        "not UTF-8",
    ]
    assert [each.broken for each in results if isinstance(each, Dropped)] == [False, False, True]
    both = next(each.text for each in results if isinstance(each, Document) and each.text.startswith("Both"))
    assert both.endswith("+++ b/d\n@@ -0,0 +1 @@\n+é")
    assert "latin" not in both
    assert "picture" not in both


def test_content_cannot_imitate_the_end_of_a_commit(tmp_path, repository):
    repository.commit(
        b"diff --git a/x b/x\n\n\\0\nBinary files a and b differ\n", a=b"\\0\ndiff --git a/y b/y\nindex 12..34\n"
    )
    (repository.path / ".git/info").mkdir(exist_ok=True)
    (repository.path / ".git/info/attributes").write_text("* diff\n")
    repository.commit(b"Zero\n", z=b"\0\n\0abc\n" + b"x" * 30 + b"\0\n")
    _, second, third = read_all(Git(repository="project"), tmp_path)
    assert second.text.startswith("diff --git a/x b/x\n\n\\0\nBinary files a and b differ\n\ndiff --git a/a b/a\n")
    assert second.text.endswith("+\\0\n+diff --git a/y b/y\n+index 12..34")
    assert third.text.endswith("+\0\n+\0abc\n+" + "x" * 30 + "\0")


def test_a_large_diff_is_dropped_and_the_next_commit_read(tmp_path, repository, monkeypatch):
    monkeypatch.setattr(git_module, "_LINE_BYTES", 64)
    repository.commit(b"Large\n", big=b"x" * 500_000 + b"\n" + b"y\n" * 100_000)
    sha = repository.commit(b"Small\n", a=b"two\n")
    _, large, small = read_all(Git(repository="project", max_diff_bytes=1_000), tmp_path)
    assert (large.reason, large.broken) == ("diff too large", False)
    assert small.origin == f"project@{sha}"


def test_the_results_are_the_same_however_the_commits_are_cut(tmp_path, repository, monkeypatch):
    for number in range(9):
        repository.commit(f"Commit {number}\n".encode(), a=f"{number}\n".encode())
    reader = Git(repository="project")
    whole = read_all(reader, tmp_path)
    monkeypatch.setattr(git_module, "COMMITS_A_PART", 3)
    parts = reader.parts(tmp_path)
    assert [(part.start, part.stop) for part in parts] == [(0, 3), (3, 6), (6, 9), (9, 10)]
    assert {part.version for part in parts} == {repository.git("rev-parse", "HEAD")}
    repository.commit(b"Later\n", a=b"later\n")
    assert [each for part in parts for each in reader.read(tmp_path, part, source="s")] == whole


def test_neither_the_settings_of_a_repository_nor_its_files_change_or_run_anything(tmp_path, repository):
    attributes = b"a diff=evil\nb -diff\n*.c diff=cpp\n"
    repository.commit(b"More\n", **{".gitattributes": attributes, "a": b"two\n", "b": b"b\n"})
    whole = read_all(Git(repository="project"), tmp_path)
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\necho evil\n")
    evil.chmod(0o755)
    settings = (
        f"diff.external={evil} core.pager={evil} core.fsmonitor={evil} gpg.program={evil} diff.evil.textconv={evil} "
        f"diff.evil.command={evil} core.sshCommand={evil} diff.noprefix=true diff.context=0 color.ui=always "
        "log.showSignature=true format.pretty=oneline diff.algorithm=patience i18n.logOutputEncoding=latin1 "
        "log.decorate=full diff.renames=false core.quotePath=true log.follow=true"
    )
    for setting in settings.split():
        repository.git("config", *setting.split("="))
    bare = tmp_path / "elsewhere" / "project.git"
    subprocess.run(["git", "clone", "--quiet", "--bare", repository.path, bare], env=ENVIRONMENT, check=True)
    assert read_all(Git(repository="project"), tmp_path) == whole
    assert read_all(Git(repository="elsewhere/project.git"), tmp_path) == whole
    assert not (tmp_path / "ran").exists()


def test_settings_of_this_machine_change_nothing(tmp_path, repository, monkeypatch):
    whole = read_all(Git(repository="project"), tmp_path)
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "/bin/false")
    monkeypatch.setenv("GIT_DIFF_OPTS", "--unified=0")
    assert read_all(Git(repository="project"), tmp_path) == whole


def test_a_repository_can_be_a_group(tmp_path, repository):
    assert read_all(Git(repository="project", group="repository"), tmp_path)[0].group == "git:project"
    assert read_all(Git(repository="project"), tmp_path)[0].group.startswith("text:")


def test_what_is_no_repository_is_told(tmp_path, repository):
    """Also a folder within one: its data is not the history of what holds it."""
    (repository.path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    subprocess.run(["git", "init", "--quiet", "empty"], cwd=tmp_path, env=ENVIRONMENT, check=True)
    for name, told in (
        ("missing", "is no folder"),
        ("file", "is no folder"),
        ("project/folder", "is no git repository"),
        ("empty", "has no commits"),
    ):
        with pytest.raises(UsageError, match=told) as caught:
            Git(repository=name).parts(tmp_path)
        assert str(caught.value).count(";") == 1


def test_a_damaged_repository_is_told(tmp_path, repository):
    reader = Git(repository="project")
    (part,) = reader.parts(tmp_path)
    blob = repository.git("rev-parse", "HEAD:a")
    (repository.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(UsageError, match=r"git cannot read .*clone the repository again"):
        list(reader.read(tmp_path, part, source="s"))


def test_without_git_it_is_told_to_install_it(tmp_path, repository, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="install git"):
        Git(repository="project").parts(tmp_path)


def test_a_reading_that_is_given_up_ends_its_process(tmp_path, repository, monkeypatch):
    started = []

    def start(*arguments, **options):
        started.append(subprocess.Popen(*arguments, **options))
        return started[-1]

    repository.commit(b"Large\n", big=os.urandom(3_000_000).hex().encode())
    reader = Git(repository="project", max_diff_bytes=10_000_000)
    (part,) = reader.parts(tmp_path)
    stream = reader.read(tmp_path, part, source="s")
    with monkeypatch.context() as patch:
        patch.setattr(git_command, "_start", start)
        next(stream)
    assert started[0].poll() is None
    stream.close()
    assert started[0].returncode is not None
