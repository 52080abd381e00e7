"""The language of a file by its name and content, as GitHub's Linguist and The Stack call it."""

import re
from collections.abc import Mapping

# The first ten are those whose shares the paper gives (arXiv 2408.10914, appendix A.2). It has 25 and does not name
# the rest: the other fifteen are our choice.
TOP_25 = (
    *("Java", "JavaScript", "PHP", "Python", "C#", "TypeScript", "C", "C++", "Go", "Ruby"),
    *("Rust", "Kotlin", "Swift", "Scala", "Shell", "SQL", "Dart", "Lua", "Perl", "R"),
    *("Haskell", "Julia", "Objective-C", "PowerShell", "Vue"),
)

# Endings by language; `_BY_CONTENT` decides about those that several languages have.
_CODE = {
    "Ada": ".adb .ads",
    "Assembly": ".asm .s .nasm",
    "Awk": ".awk",
    "Batchfile": ".bat .cmd",
    "C": ".c",
    "C#": ".cs .csx",
    "C++": ".cpp .cc .cxx .c++ .hpp .hh .hxx .h++ .ipp .tpp .inl",
    "CMake": ".cmake",
    "COBOL": ".cob .cbl",
    "Clojure": ".clj .cljs .cljc",
    "CoffeeScript": ".coffee",
    "Common Lisp": ".lisp",
    "Crystal": ".cr",
    "Cuda": ".cu .cuh",
    "Cython": ".pyx .pxd",
    "Dart": ".dart",
    "Dockerfile": "",
    "Elixir": ".ex .exs",
    "Elm": ".elm",
    "Emacs Lisp": ".el",
    "Erlang": ".erl .hrl",
    "F#": ".fsi .fsx",
    "Fortran": ".f .for .f90 .f95 .f03 .f08",
    "GLSL": ".glsl .vert .frag",
    "Go": ".go",
    "Groovy": ".groovy .gradle",
    "HCL": ".hcl .tf",
    "Haskell": ".hs .lhs",
    "Java": ".java",
    "JavaScript": ".js .jsx .mjs .cjs",
    "Julia": ".jl",
    "Jupyter Notebook": ".ipynb",
    "Kotlin": ".kt .kts",
    "Lua": ".lua",
    "MATLAB": "",
    "Makefile": ".mk .mak",
    "Nim": ".nim",
    "Nix": ".nix",
    "OCaml": ".ml .mli",
    "Objective-C": "",
    "Objective-C++": ".mm",
    "PHP": ".php .php5 .phtml",
    "Pascal": ".pas .dpr .lpr",
    "Perl": ".pm",
    "PowerShell": ".ps1 .psm1 .psd1",
    "Prolog": ".prolog",
    "Python": ".py .pyi .pyw",
    "R": ".r",
    "Racket": ".rkt",
    "Ruby": ".rb .rake .gemspec .ru",
    "Rust": ".rs",
    "SQL": ".sql",  # of any dialect
    "Scala": ".scala .sbt",
    "Scheme": ".scm .ss",
    "Shell": ".sh .bash .zsh .ksh .bats",
    "Solidity": ".sol",
    "Starlark": ".bzl .star",
    "Swift": ".swift",
    "SystemVerilog": ".sv .svh",
    "Tcl": ".tcl",
    "TypeScript": ".tsx .mts .cts",
    "VHDL": ".vhd .vhdl",
    "Verilog": "",
    "Vim Script": ".vim",
    "Visual Basic .NET": ".vb",
    "Vue": ".vue",
    "Zig": ".zig",
}
_MARKUP = {
    "AsciiDoc": ".adoc .asciidoc",
    "BibTeX": ".bib",
    "CSS": ".css",
    "Go Module": "",
    "HTML": ".html .htm .xhtml",
    "INI": ".ini .cfg",
    "JSON": ".json .jsonc .json5 .geojson .webmanifest",
    "Less": ".less",
    "MDX": ".mdx",
    "Markdown": ".md .markdown .mkd",
    "Org": ".org",
    "Protocol Buffer": ".proto",
    "RMarkdown": ".rmd",
    "SCSS": ".scss",
    "Sass": ".sass",
    "Svelte": ".svelte",
    "TOML": ".toml",
    "TeX": ".tex .sty .ltx",
    "XML": ".xml .xsd .xsl .xslt .csproj .vcxproj .plist",
    "YAML": ".yml .yaml",
    "reStructuredText": ".rst .rest",
}
_TEXT = {"Text": ".txt .text"}

_NAMES = {
    "CMake": "CMakeLists.txt",
    "Dockerfile": "Dockerfile Containerfile",
    "Go Module": "go.mod",
    "Groovy": "Jenkinsfile",
    "Makefile": "Makefile makefile GNUmakefile Makefile.am Kbuild",
    "Python": "SConstruct SConscript wscript",
    "Ruby": "Rakefile Gemfile Vagrantfile Podfile Brewfile",
    "Shell": ".bashrc .bash_profile .profile .zshrc PKGBUILD",
    "Starlark": "BUILD BUILD.bazel WORKSPACE Tiltfile",
    "TOML": "Pipfile",
    "Text": "README CHANGES CHANGELOG NEWS",
}
# Without the digits of versions.
_INTERPRETERS = {
    "Awk": "awk gawk mawk",
    "Dart": "dart",
    "Elixir": "elixir",
    "Erlang": "escript",
    "Groovy": "groovy",
    "Haskell": "runhaskell runghc stack",
    "JavaScript": "node nodejs bun",
    "Julia": "julia",
    "Kotlin": "kotlin",
    "Lua": "lua luajit",
    "Makefile": "make",
    "PHP": "php",
    "Perl": "perl",
    "PowerShell": "pwsh",
    "Python": "python pypy",
    "R": "Rscript",
    "Racket": "racket",
    "Ruby": "ruby",
    "Scala": "scala",
    "Shell": "sh bash zsh dash ksh ash bats",
    "Swift": "swift",
    "Tcl": "tclsh wish",
    "TypeScript": "deno ts-node tsx",
}

_OBJECTIVE_C = r"^[ \t]*(@(interface|implementation|protocol)\s+\w|@class\s+\w+\s*[;,]|@end\b|#\s*import\b)"
_CPP = (
    r"^[ \t]*(template\s*<|namespace\s*([\w:]+\s*)?\{|using\s+(namespace\s+\w|\w+\s*=|\w+::)|constexpr\b"
    r"|class\s+\w+(\s+\w+)?\s*[:{;]|(public|private|protected)\s*:)"
    r"|\bstd::\w|^[ \t]*#\s*include\s*<(string|vector|map|set|list|memory|utility|functional|cstd\w+|[io]?o?stream)>"
)
# In this order; the last, of any content, is what the extension most often means. "" is none.
_BY_CONTENT = {
    ".fs": ((r"^[ \t]*(#version\b|void\s+main\b|uniform\b|precision\b)", "GLSL"), ("", "F#")),
    ".h": ((_OBJECTIVE_C, "Objective-C"), (_CPP, "C++"), ("", "C")),
    ".inc": ((r"<\?(php|=|\s)", "PHP"), (r"^[ \t]*#\s*(include|define|if|ifdef|ifndef)\b", "C"), ("", "")),
    ".m": ((_OBJECTIVE_C, "Objective-C"), (r"^[ \t]*(%|function\b|classdef\b)", "MATLAB"), ("", "Objective-C")),
    ".pl": (
        (r"^#!.*perl|^[ \t]*(use\s+(strict|warnings|v?\d|[A-Z]\w*)|package\s+\w|sub\s+\w|(my|our)\s*[$@%(])", "Perl"),
        (r"^[^#%\n]*:-", "Prolog"),
        ("", "Perl"),
    ),
    ".sql": ((r"\b(?i:select|insert|create|update|delete|alter|drop|grant|declare|begin|with|set)\b", "SQL"), ("", "")),
    # Qt keeps translations in files of this name.
    ".ts": ((r"\A\ufeff?\s*<(\?xml|!DOCTYPE TS|TS\b)", "XML"), ("", "TypeScript")),
    ".v": ((r"^[ \t]*(module|`timescale|`define)\b", "Verilog"), ("", "")),
}
# Enough to tell a language by, and a bound on the time that this takes.
_CHARS_LOOKED_AT = 20_000
_SHEBANG = re.compile(r"#!\s*(?:\S*/env\s+(?:-\S+\s+|\w+=\S*\s+)*)?(?:\S*/)?([A-Za-z][A-Za-z-]*)")


def _turned(table: Mapping[str, str]) -> dict[str, str]:
    """The language by each of the words."""
    return {word: language for language, words in table.items() for word in words.split()}


_BY_NAME = _turned(_NAMES)
_BY_INTERPRETER = _turned(_INTERPRETERS)
_BY_ENDING = _turned({**_CODE, **_MARKUP, **_TEXT})
_RULES = {
    ending: tuple((re.compile(pattern, re.MULTILINE), language) for pattern, language in rules)
    for ending, rules in _BY_CONTENT.items()
}
_KINDS = {**dict.fromkeys(_CODE, "code"), **dict.fromkeys(_MARKUP, "markup"), **dict.fromkeys(_TEXT, "text")}
LANGUAGES = tuple(sorted(_KINDS))


def may_have_language(path: str) -> bool:
    """Whether `language_of` can name a language for a file of this name, whatever is in it."""
    name, ending = _name_and_ending(path)
    return name in _BY_NAME or not ending or ending in _BY_ENDING or ending in _RULES


def language_of(path: str, text: str) -> str:
    """The language of a file, "" if none is known: by its name, its ending, or the interpreter in its first line."""
    name, ending = _name_and_ending(path)
    if name in _BY_NAME:
        return _BY_NAME[name]
    if ending in _RULES:
        return next(language for pattern, language in _RULES[ending] if pattern.search(text, 0, _CHARS_LOOKED_AT))
    if ending:
        return _BY_ENDING.get(ending, "")
    found = _SHEBANG.match(text)
    return _BY_INTERPRETER.get(found[1], "") if found else ""


def _name_and_ending(path: str) -> tuple[str, str]:
    # As pathlib has them, which takes ten times as long.
    name = path.rpartition("/")[2]
    stem, dot, ending = name.rpartition(".")
    return name, (dot + ending).lower() if stem and ending else ""


def kind_of(language: str) -> str:
    """Whether a language is "code", "markup" (with data formats) or "text"; "" if it is not one of `LANGUAGES`."""
    return _KINDS.get(language, "")
