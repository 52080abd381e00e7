"""Which folders of the desk corpus's packages are taken as source code and markup, by licence."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Tree:
    """Files of a package that are copied as they are; `folders`, `endings` and `without` are words with spaces between.

    A file is left out if its path from the package's root holds one of `without`, or if `states` is given and the file
    doesn't hold those words. `name` tells two trees of one package apart.
    """

    package: str
    folders: str
    endings: str
    without: str = ""
    states: str = ""
    name: str = ""

    @property
    def folder(self) -> str:
        """The name of its folder in the corpus."""
        return self.name or self.package


_GRPC = "third_party"
_GO = "usr/share/go-1.19/src"
_RUST = "usr/src/rustc-1.63.0"
_GEMS = "usr/share/rubygems-integration/all/gems"
_MOBILE = "java kt kts gradle h hpp c cc cpp m mm swift js ts tsx rb md yml sh"

# The licence of each package is what its metadata states (see NOTICE.md); the keys are names of folders, too.
TREES: dict[str, tuple[Tree, ...]] = {
    "Apache-2.0": (
        Tree("homeassistant", "homeassistant", "py json yaml", without="/translations/"),
        Tree("quimb", "quimb", "py"),
        Tree("jpype", ".", "py java cpp c h rst toml", without="third_party jquery"),
        Tree("closure", "closure/goog", "js css", without="_test.js _perf.js testdata"),
        Tree("cesium", "Source", "js css glsl json", without="ThirdParty .min.js"),
        Tree("rxjs", "src", "ts"),
        Tree("puppeteer", "src", "ts"),
        Tree("cordova-android", ".", "java js gradle md xml", without="node_modules"),
        Tree("lottie-ios", ".", "swift md"),
        Tree("grpc", "src/core include src/python", "c cc h py pyx pxi", without="upb-gen upbdefs-gen upb-tests-gen"),
        Tree("grpc", f"{_GRPC}/abseil-cpp", "cc h inc", name="abseil"),
        # It has files under several licences, and states them in each.
        Tree("grpc", f"{_GRPC}/boringssl-with-bazel/src", "c cc h", states="Apache License", name="boringssl"),
        Tree("duckdb", "duckdb_build/third_party/mbedtls", "c cpp h hpp", states="Apache", name="mbedtls"),
        Tree("neovim", "usr/share/nvim/runtime/lua", "lua"),
        Tree("ruby-aws-sdk", "usr/lib/ruby/vendor_ruby", "rb yml"),
    ),
    "Artistic-2.0": (Tree("mojolicious", "usr/share/perl5", "pm pl ep css js"),),
    "BSD-2-Clause": (Tree("duckdb", "duckdb_build/extension/jemalloc", "c cpp h hpp", name="jemalloc"),),
    "BSD-3-Clause": (
        Tree(
            "django",
            "django docs",
            "py js html css txt",
            without="/locale/ /vendor/ contrib/gis docs/releases docs/_",
        ),
        Tree("sympy", "sympy", "py", without="/tests/ _antlr"),
        Tree("scikit-rf", "skrf doc", "py rst toml yml", without="_build generated"),
        Tree("control", "control examples doc", "py rst"),
        Tree("zstandard", "c-ext zstandard tests rust-ext docs", "c h py rs rst"),
        Tree("grpc", f"{_GRPC}/upb", "c h cc", name="upb"),
        Tree("grpc", f"{_GRPC}/re2", "cc h", name="re2"),
        Tree("go", _GO, "go s c h sh bash pl", without="/vendor/ /testdata/ /cmd/ /syscall/z tzdata"),
        Tree("hugs", "usr/lib/hugs", "hs"),
        Tree("php-parser", "usr/share/php", "php"),
        Tree("php-codesniffer", "usr/share", "php xml"),
    ),
    "MIT": (
        Tree("botorch", "botorch test", "py md"),
        Tree("pythonnet", ".", "cs py md rst csproj"),
        Tree("unirx", ".", "cs"),
        Tree("unitask", ".", "cs"),
        Tree("bootstrap", "scss js/src dist/css", "scss js css"),
        Tree("bulma", "sass css", "sass css"),
        Tree("element-ui", "packages src lib/theme-chalk types", "vue js scss css ts"),
        Tree("eslint", "lib conf messages", "js"),
        Tree("express", "lib", "js"),
        Tree("jquery", "src", "js"),
        Tree("phaser", "src", "js vert frag"),
        Tree("three", "src examples/jsm", "js", without="examples/jsm/libs"),
        Tree("webpack", "lib hot schemas", "js json"),
        Tree("effect", "src", "ts"),
        Tree("ethers", "src.ts", "ts"),
        Tree("redux-toolkit", "src", "ts tsx"),
        Tree("tanstack-query", "src", "ts tsx"),
        Tree("viem", ".", "ts", without="_types/ _esm/ _cjs/"),
        Tree("zod", "src", "ts"),
        Tree("openzeppelin", ".", "sol md", without="build/"),
        Tree("react-native", ".", _MOBILE, without="template/ sdks/hermes"),
        # Another version of the same project: near duplicates as in a crawl of repositories.
        Tree("react-native-0.66", "ReactAndroid React Libraries", _MOBILE),
        Tree("react-native-windows", ".", f"{_MOBILE} cs ps1 idl", without="fmt/ Folly/ template/"),
        Tree("react-native-navigation", ".", _MOBILE),
        Tree("react-native-video", ".", f"{_MOBILE} cs", without="examples/"),
        Tree("detox", ".", _MOBILE, without="node_modules"),
        Tree("expo-modules-core", ".", _MOBILE, without="build/"),
        Tree("expo-updates", ".", _MOBILE, without="build/ build-cli/"),
        Tree("capacitor-android", ".", _MOBILE),
        Tree("capacitor-ios", ".", _MOBILE),
        Tree("grpc", f"{_GRPC}/cares", "c h", name="c-ares"),
        Tree("duckdb", "duckdb_build/src duckdb_build/extension/json", "cpp hpp c h", name="duckdb"),
        Tree("duckdb", "duckdb_build/extension/parquet src scripts tests", "cpp hpp py", name="duckdb-python"),
        Tree("prosody-modules", ".", "lua md markdown js"),
        Tree("php-doctrine-dbal", "usr/share/php", "php"),
        Tree("php-doctrine-orm", "usr/share/php", "php xsd"),
        # Its books of other languages have licences of their own.
        Tree("php-faker", "usr/share/php", "php", without="/Text.php"),
        Tree("php-illuminate-database", "usr/share/php", "php"),
        Tree("php-monolog", "usr/share/php", "php"),
        Tree("php-predis", "usr/share/php", "php"),
        Tree("rubocop", "usr/share", "rb yml"),
        Tree("ruby-countries", _GEMS, "rb yaml"),
        Tree("ruby-faker", "usr", "rb yml"),
        Tree("ruby-fog-aws", "usr/lib/ruby/vendor_ruby", "rb"),
        Tree("ruby-mail", "usr/lib/ruby/vendor_ruby", "rb"),
        Tree("ruby-sequel", "usr/lib/ruby/vendor_ruby", "rb"),
        Tree("bats", "usr/lib usr/libexec", "bash sh"),
    ),
    "MIT OR Apache-2.0": (
        Tree(
            "rust",
            f"{_RUST}/library {_RUST}/src",
            "rs md toml yml sh py css js",
            without="/vendor/ embedded-book /llvm-project/ src/test/ /stdarch/crates/core_arch",
        ),
    ),
    "TCL": (Tree("tcllib", "usr/share/doc/tcllib/html", "html"),),
    "Zlib": (Tree("grpc", f"{_GRPC}/zlib", "c h", name="zlib"),),
}
