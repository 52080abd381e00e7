"""A file's language follows from its name, and from its content where a name is shared."""

import time

import pytest

from train.prepare.languages import LANGUAGES, TOP_25, kind_of, language_of, may_have_language


@pytest.mark.parametrize(
    ("path", "text", "language"),
    [
        ("a/b.py", "", "Python"),
        ("B.JAVA", "", "Java"),
        ("a.tsx", "", "TypeScript"),
        ("a.h", "#ifndef A\nstruct a { int class_of; };\nint f(void);\n", "C"),
        ("a.h", "#ifdef __cplusplus\nextern \"C\" {\n#endif\n/* using the class of a */\n", "C"),
        ("a.h", "namespace a {\nclass B;\n}\n", "C++"),
        ("a.h", "#include <vector>\nint f();\n", "C++"),
        ("a.h", "/** @class A of a manual */\n@interface A : NSObject\n@end\n", "Objective-C"),
        ("a.m", "#import \"A.h\"\n@implementation A\n@end\n", "Objective-C"),
        ("a.m", "function y = f(x)\n% doubles\ny = 2 * x;\n", "MATLAB"),
        ("a.ts", "export const a: number = 1;\n", "TypeScript"),
        ("a.ts", '<?xml version="1.0"?>\n<!DOCTYPE TS>\n<TS version="2.1">\n', "XML"),
        ("a.pl", "use strict;\nmy $x = 1;\n", "Perl"),
        ("a.pl", "parent(X, Y) :- father(X, Y).\n", "Prolog"),
        ("a.fs", "#version 330\nvoid main() {}\n", "GLSL"),
        ("a.fs", "module A\nlet x = 1\n", "F#"),
        ("a.inc", "<?php echo 1;", "PHP"),
        ("a.inc", "#define A 1\n", "C"),
        ("a.inc", "whatever", ""),
        ("a.sql", "CREATE TABLE a (b int);", "SQL"),
        ("a.sql", "SQLite format 3", ""),
        ("a.v", "module a(input b);\nendmodule\n", "Verilog"),
        ("a.v", "Theorem a : True. Proof. trivial. Qed.", ""),
        ("run", "#!/usr/bin/env python3.11\n", "Python"),
        ("run", "#!/usr/bin/env -S FOO=1 node --x\n", "JavaScript"),
        ("run", "#! /bin/bash -e\n", "Shell"),
        ("run", "#!/usr/bin/unknown\n", ""),
        ("run", "no shebang", ""),
        ("Makefile", "all:\n", "Makefile"),
        ("x/CMakeLists.txt", "", "CMake"),
        ("README", "words", "Text"),
        ("notes.txt", "#!/bin/sh", "Text"),
        ("a.csv", "1,2", ""),
        ("a.yml", "", "YAML"),
        (".bashrc", "", "Shell"),
    ],
)  # fmt: skip
def test_the_language_of_a_file(path, text, language):
    assert language_of(path, text) == language
    assert may_have_language(path) or not language


def test_every_language_has_a_kind_and_the_25_are_code():
    assert len(set(TOP_25)) == 25
    assert {kind_of(language) for language in TOP_25} == {"code"}
    assert {kind_of(language) for language in LANGUAGES} == {"code", "markup", "text"}
    assert (kind_of("Markdown"), kind_of("JSON"), kind_of("Text"), kind_of("")) == ("markup", "markup", "text", "")


@pytest.mark.parametrize("unit", [" ", "\n", "\t\n", "a ", "class ", "class a ", "#", "-:", "namespace a", "my "])
@pytest.mark.parametrize("ending", ["h", "m", "pl", "inc", "sql", "ts", "v", "fs"])
def test_no_content_takes_long_to_tell(unit, ending):
    text = unit * (1_000_000 // len(unit))
    start = time.process_time()
    language_of(f"a.{ending}", text)
    assert time.process_time() - start < 1


def test_a_shebang_of_a_megabyte_takes_no_time():
    start = time.process_time()
    for text in ("#!" + " " * 1_000_000, "#!/usr/bin/env " + "A=1 " * 200_000, "#!" + "/a" * 500_000):
        assert language_of("run", text) == ""
    assert time.process_time() - start < 1
