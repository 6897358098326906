"""Breaks each rule of lint.py once, in a small tree of its own, and wants the rule to say so.

A rule that is broken by nothing here fails as well: a lint that cannot fail is a defect.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
# What a rule finds nothing wrong with.
CLEAN = {
    "src/base/secret.h": "struct snt_secret;\n",
    "src/base/str.h": "int snt_str_find(void);\n",
    "src/base/str.c": '#include "base/str.h"\n\nint snt_str_find(void) { return 0; }\n\nint table[] = {\n'
                      + "    1, // a row\n" * 61 + "};\n",
    "src/policy/decision.h": "struct snt_secret;\n",
    "src/issue/settings.h": '#define SNT_SETTINGS(X) X(TAGS, "tags", TEXT)\n',
    "tests/unit/test_base.c": "\n",
    "docs/configuration.md": "# C\n\n## What it is\n\n## How to use it\n\n## Details\n\n`tags`\n\n## When it fails\n",
    "README.md": "[the configuration](docs/configuration.md)\n",
    "lua/stdlib/init.lua": "return {}\n",
    "plugins/p/plugin.lua": "return {}\n",
    "plugins/p/net.lua": "return { 1 }\n",
    "plugins/p/README.md": "# p\n\n## What it checks\n\n## Arguments\n\n## Example rule\n\n## Facts it needs\n\n"
                           "## When it fails\n",
}
LONG = "int snt_long(int one,\n             int two) {\n" + "  one += two;\n" * 60 + "  return one;\n}\n"
MARK = "TO" + "DO"
# rule: [(file, text, what the rule has to say)]
BROKEN = {
    "layers": [("src/base/up.c", '#include "aws/sts.h"\n', "base/ may not include aws/"),
               ("src/base/up.c", '#include "../aws/sts.h"\n', "without .."),
               ("src/lua/side.h", '#  include "policy/decision.h"\n', "lua/ may not include policy/")],
    "headers": [("src/aws/sts.c", "#include <curl/curl.h>\n", "<curl/curl.h> stays in net/"),
                ("src/policy/source.c", "#include <lua.h>\n", "<lua.h> stays in lua/")],
    "secret": [("src/lua/vm.c", '#include "base/secret.h"\n', "reaches base/secret.h"),
               ("src/policy/decision.h", '#include "base/secret.h"\n', "src/policy/decision.h: reaches base/secret.h"),
               ("src/audit/log.c", '#include "inner.h"\n', "through src/audit/inner.h")],
    "stdout": [("src/aws/sts.c", 'void f(void) { printf("x"); }\n', "src/aws/sts.c:1"),
               ("src/aws/sts.c", "void f(void) {\n  fputs(text, stdout);\n}\n", "src/aws/sts.c:2"),
               ("src/cli/main.c", "void f(void) { dprintf(1, text); }\n", "src/cli/main.c:1"),
               ("src/cli/main.c", "void f(void) { (void)write(1, text, 2); }\n", "src/cli/main.c:1")],
    "banned": [("src/base/str.c", "void f(void) { strcpy(a, b); }\n", "strcpy is not used here"),
               ("src/base/str.c", "void f(void) { vsprintf(a, b, c); }\n", "vsprintf is not used here"),
               ("src/cli/main.c", "void f(void) { exit(1); }\n", "exit is not used here"),
               ("src/base/str.c", "void f(void) { goto end; }\n", "no goto"),
               ("src/lua/vm.c", 'void f(void) { getenv("TZ"); }\n', "getenv is not used here")],
    "functions": [("src/base/long.c", LONG, "src/base/long.c:2: a function of 63 lines")],
    "files": [("src/base/long.c", "int x;\n" * 501, "501 lines; at most 500"),
              ("lua/stdlib/long.lua", "\n" * 501, "501 lines; at most 500"),
              ("plugins/p/init.lua", "\n" * 501, "501 lines; at most 500")],
    "ifdef": [("src/base/str.c", "void f(void) {\n#ifdef A\n#endif\n}\n", "src/base/str.c:2: no #if inside")],
    "format": [("src/base/str.c", "int    x ;\n", "src/base/str.c:1: not formatted"),
               (".clang-format", "NoSuchOption: 1\n", "clang-format does not run")],
    "luacheck": [("lua/stdlib/init.lua", "local unused = 1\nreturn {}\n", "unused"),
                 ("plugins/p/init.lua", "return os.time\n", "undefined variable")],
    "words": [("docs/log.md", f"{MARK}: say it\n", "a mark of unfinished work"),
              ("tests/data.json", '"/wo' + 'rk/shared/x"\n', "a path of one machine"),
              ("scripts/get.sh", "curl https://py" + "pi.org/simple\n", "a registry's host name")],
    "tests": [("src/base/new.c", "int x;\n", "there is no tests/unit/test_new.c"),
              ("src/net/new.c", "int x;\n", "there is no tests/unit/test_new.c")],
    "pages": [("docs/log.md", "# L\n\n## Details\n\n## What it is\n", "docs/log.md: its sections are"),
              ("plugins/p/README.md", "# p\n\n## Arguments\n", "plugins/p/README.md: its sections are"),
              ("plugins/q/plugin.lua", "return {}\n", "plugins/q/README.md: its sections are missing"),
              ("README.md", "[gone](docs/gone.md)\n", "README.md: links to docs/gone.md"),
              ("src/issue/settings.h", '#define SNT_SETTINGS(X) X(A, "a.key", TEXT)\n', "says nothing about `a.key`"),
              ("src/issue/settings.h", "\n", "no key was found")],
    "copies": [("plugins/q/net.lua", "return {}\n", "plugins/q/net.lua: differs from plugins/p/net.lua")],
}


def make_tree(folder):
    (folder / "tests/lint").mkdir(parents=True)
    (folder / "bench").mkdir()
    shutil.copy(FOLDER / "lint.py", folder / "tests/lint/lint.py")
    for name in (".clang-format", ".luacheckrc"):
        shutil.copy(ROOT / name, folder / name)
    for name, text in CLEAN.items():
        put(folder, name, text)


def put(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run(folder, *rules):
    done = subprocess.run([sys.executable, folder / "tests/lint/lint.py", *rules], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


class Rules(unittest.TestCase):
    def check(self, rule, name, text, wanted):
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(temporary)
            make_tree(folder)
            if rule == "secret":
                put(folder, "src/audit/inner.h", '#include "base/secret.h"\n')
            put(folder, name, text)
            status, output = run(folder, rule)
            self.assertEqual(status, 1, output)
            self.assertIn(wanted, output)
            self.assertNotIn("Traceback", output)

    def test_what_is_clean_is_not_complained_about(self):
        with tempfile.TemporaryDirectory() as temporary:
            make_tree(pathlib.Path(temporary))
            status, output = run(pathlib.Path(temporary))
            self.assertEqual((status, output), (0, "clean\n"))

    def test_every_rule_says_so_when_it_is_broken(self):
        for rule, cases in BROKEN.items():
            for name, text, wanted in cases:
                with self.subTest(rule=rule, file=name, wanted=wanted):
                    self.check(rule, name, text, wanted)

    def test_no_rule_is_left_out_here(self):
        _, output = run(ROOT, "list")
        self.assertEqual(output.split(), list(BROKEN))

    def test_the_build_runs_every_rule(self):
        text = (FOLDER / "CMakeLists.txt").read_text()
        listed = text.split("foreach(rule ")[1].split(")")[0].split()
        self.assertEqual(listed, list(BROKEN))


if __name__ == "__main__":
    unittest.main()
