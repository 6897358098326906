"""The rules that a script can check. Each prints what is wrong, where, and what to do about it.

usage: tests/lint/lint.py RULE...        from the source folder; `list` names the rules
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRC = ROOT / "src"

# architecture.md, Layers: a folder may include itself and what is on its right.
LAYERS = {
    "base": [],
    "format": ["base"],
    "net": ["format", "base"],
    "keychain": ["format", "base"],
    "aws": ["net", "keychain", "format", "base"],
    "lua": ["format", "base"],
    "policy": ["lua", "aws", "keychain", "format", "base"],
    "audit": ["format", "base"],
    "facts": ["policy", "audit", "keychain", "net", "format", "base"],
    "issue": ["facts", "policy", "audit", "aws", "lua", "keychain", "net", "format", "base"],
    "cli": ["issue", "policy", "audit", "aws", "lua", "keychain", "net", "format", "base"],
}

# conventions.md, Files and headers: a third-party header stays in the folder that wraps it.
WRAPPED = {
    "curl/": ["net"], "lua.h": ["lua"], "lauxlib.h": ["lua"], "lualib.h": ["lua"], "lua-cjson.h": ["lua"],
    "jansson.h": ["format"], "expat.h": ["format"], "yaml.h": ["format", "lua"], "seccomp.h": ["lua"], "zstd.h": ["lua", "policy"],
    "openssl/": ["base", "keychain"], "maxminddb.h": ["facts"],
    "systemd/": ["keychain"], "tss2/": ["keychain"],
}

BANNED = {
    "strcpy": "snprintf or snt_buf", "strcat": "snt_buf", "strncat": "snt_buf", "sprintf": "snprintf",
    "vsprintf": "vsnprintf", "gets": "read", "strtok": "strcspn", "atoi": "a parser that fails",
    "atol": "a parser that fails", "atof": "a parser that fails", "system": "execve", "popen": "fork and execve",
    "alloca": "malloc", "abort": "a status", "exit": "a status; _exit only in cli/main.c and in forked children",
}
BANNED_IN_LUA = {"getenv": "nothing: the evaluator has no environment"}
FUNCTION_MAX, FILE_MAX = 60, 500


def c_files(pattern="**/*.[ch]"):
    return sorted(path for path in SRC.glob(pattern))


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def strip(text):
    """C without comments and the insides of strings; lines stay where they are."""
    def blank(match):
        token = match.group(0)
        if token[0] in "\"'":
            return token[0] + token[0]
        return "\n" * token.count("\n")
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def includes(path):
    for number, line in enumerate(path.read_text().split("\n"), 1):
        match = re.match(r'\s*#\s*include "([a-z]+)/([^"]+)"', line)
        if match:
            yield number, match.group(1), match.group(2)


def system_includes(path):
    for number, line in enumerate(path.read_text().split("\n"), 1):
        match = re.match(r"\s*#\s*include <([^>]+)>", line)
        if match:
            yield number, match.group(1)


def reached(path):
    """The headers of ours that a file includes: by folder, or beside it."""
    for line in path.read_text().split("\n"):
        match = re.match(r'\s*#\s*include "([^"]+)"', line)
        for header in [SRC / match.group(1), path.parent / match.group(1)] if match else []:
            if header.exists():
                yield header


def layers():
    for path in c_files():
        folder = path.relative_to(SRC).parts[0]
        for number, line in enumerate(path.read_text().split("\n"), 1):
            if re.match(r'\s*#\s*include\s*["<].*\.\./', line):
                yield f"{name_of(path)}:{number}: an include names its folder from src/ on, without .."
        for number, other, _ in includes(path):
            if other != folder and other not in LAYERS[folder]:
                yield f"{name_of(path)}:{number}: {folder}/ may not include {other}/: includes go down"


def headers():
    for path in c_files():
        folder = path.relative_to(SRC).parts[0]
        for number, header in system_includes(path):
            for prefix, folders in WRAPPED.items():
                if header.startswith(prefix) and folder not in folders:
                    yield (f"{name_of(path)}:{number}: <{header}> stays in {' and '.join(folders)}/: use what that "
                           "folder offers")


def closure(path, seen):
    for header in reached(path):
        if header not in seen:
            seen[header] = path
            closure(header, seen)
    return seen


def secret():
    for path in c_files():
        if path.relative_to(SRC).parts[0] in ("lua", "policy", "audit"):
            seen = closure(path, {})
            header = SRC / "base/secret.h"
            if header in seen:
                yield (f"{name_of(path)}: reaches base/secret.h through {name_of(seen[header])}: code beside policy "
                       "cannot name a secret; forward-declare what it needs")


def stdout():
    pattern = re.compile(r"\b(printf|puts|putchar|putc|vprintf)\s*\(|\bstdout\b|(?<!\bfstat\()\bSTDOUT_FILENO\b|"
                         r"\b(write|writev|dprintf|vdprintf)\s*\(\s*1\s*,")
    for path in c_files():
        if name_of(path) in ("src/cli/out.c", "src/base/process.c") or "/gen/" in name_of(path):
            continue
        for number, line in enumerate(strip(path.read_text()).split("\n"), 1):
            if pattern.search(line) and "format(printf" not in line:
                yield f"{name_of(path)}:{number}: only src/cli/out.c writes stdout; use snt_out_printf"


def banned():
    for path in c_files():
        if "/gen/" in name_of(path):
            continue
        is_lua = path.relative_to(SRC).parts[0] == "lua"
        words_here = BANNED | BANNED_IN_LUA if is_lua else BANNED
        for number, line in enumerate(strip(path.read_text()).split("\n"), 1):
            for word, instead in words_here.items():
                if re.search(rf"(?<![\w.>]){word}\s*\(", line):
                    yield f"{name_of(path)}:{number}: {word} is not used here; instead: {instead}"
            if re.search(r"\bgoto\b", line):
                yield f"{name_of(path)}:{number}: no goto; resources carry a cleanup attribute"


def functions():
    """From the brace that opens to the one that closes, whatever the shape of what comes before. A table is none."""
    for path in c_files("**/*.c"):
        depth, start, is_table = 0, 0, False
        for number, line in enumerate(strip(path.read_text()).split("\n"), 1):
            for brace in re.findall(r"[{}]", line):
                if brace == "{" and depth == 0:
                    start, is_table = number, re.search(r"=\s*\{", line) is not None
                depth += 1 if brace == "{" else -1
                if depth == 0 and not is_table and number - start + 1 > FUNCTION_MAX:
                    yield f"{name_of(path)}:{start}: a function of {number - start + 1} lines; at most {FUNCTION_MAX}"


def files():
    for path in c_files() + sorted(path for part in ("lua", "plugins") for path in (ROOT / part).glob("**/*.lua")):
        count = path.read_text().count("\n")
        if count > FILE_MAX:
            yield f"{name_of(path)}: {count} lines; at most {FILE_MAX}: a file is about one thing"


def ifdef():
    for path in c_files("**/*.c"):
        depth = 0
        for number, line in enumerate(strip(path.read_text()).split("\n"), 1):
            if re.match(r"\s*#\s*(if|ifdef|ifndef)\b", line) and depth > 0:
                yield f"{name_of(path)}:{number}: no #if inside a function; another platform is another file"
            depth += line.count("{") - line.count("}")


def tracked(*folders):
    """The files of the commit and those that would be added to it; without git, the files that are there."""
    git = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "--cached", "--others", "--exclude-standard", *folders]
    listing = subprocess.run(git, cwd=ROOT, capture_output=True, text=True) if (ROOT / ".git").exists() else None
    if listing is not None and listing.returncode == 0:
        return [ROOT / line for line in listing.stdout.split("\n") if line]
    paths = [path for folder in folders or ["."] for path in sorted((ROOT / folder).glob("**/*"))]
    left_out = {"build", ".git", "node_modules", "__pycache__"}
    return [path for path in paths if path.is_file() and not left_out & set(path.relative_to(ROOT).parts)]


def run_tool(*command):
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        return subprocess.CompletedProcess(command, 127, "", f"{command[0]} is not installed")


def format_c():
    paths = [path for path in tracked("src", "tests", "bench") if path.suffix in (".c", ".h") and path.exists()]
    run = run_tool("clang-format", "--dry-run", "-Werror", *map(str, paths))
    places = re.findall(r"^(.*?\.[ch]:\d+):\d+: error", run.stderr, re.M)
    yield from (f"{place}: not formatted; run clang-format -i on it" for place in places)
    if run.returncode != 0 and not places:
        yield f"clang-format does not run: {run.stderr[:500]}"


def luacheck():
    run = run_tool("luacheck", "-q", "--no-color", ".")
    if run.returncode != 0:
        yield run.stdout + run.stderr


SECTIONS = ["What it is", "How to use it", "Details", "When it fails"]
PLUGIN_SECTIONS = ["What it checks", "Arguments", "Example rule", "Facts it needs", "When it fails"]


def pages():
    """docs/ and plugins: the same order of sections, links that lead somewhere, and every key of the configuration."""
    for path in sorted((ROOT / "docs").glob("*.md")):
        found = re.findall(r"^## (.*)$", path.read_text(), re.M)
        if path.stem not in ("commands", "errors", "lua-api") and found != SECTIONS:
            yield f"{name_of(path)}: its sections are {found}; every page has {SECTIONS}"
    for path in sorted((ROOT / "plugins").glob("*/plugin.lua")):
        readme = path.parent / "README.md"
        found = re.findall(r"^## (.*)$", readme.read_text(), re.M) if readme.exists() else "missing"
        if found != PLUGIN_SECTIONS:
            yield f"{name_of(readme)}: its sections are {found}; every plugin's page has {PLUGIN_SECTIONS}"
    for path in sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
            if not (path.parent / link).exists():
                yield f"{name_of(path)}: links to {link}, which is not there"
    keys = re.findall(r'\bX\([A-Z_]+, "([a-z_.]+)"', (SRC / "issue/settings.h").read_text())
    text = (ROOT / "docs/configuration.md").read_text()
    for key in keys or ["(no key was found in src/issue/settings.h)"]:
        if f"`{key}`" not in text:
            yield f"docs/configuration.md: says nothing about `{key}` of src/issue/settings.h"


def words():
    marks = "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK", "not " + "implemented", "unimplemented"])
    rules = [(re.compile(r"(?<![\w.])/(work|root|tmp/wt)/"), "a path of one machine"),
             (re.compile(r"(pypi\.org|npmjs|files\.pythonhosted|deb\.debian|crates\.io)"), "a registry's host name"),
             (re.compile(rf"\b({marks})\b"), "a mark of unfinished work")]
    for path in tracked():
        if not path.is_file() or "tests/lint/" in name_of(path):
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.split("\n"), 1):
            for pattern, what in rules:
                if pattern.search(line):
                    yield f"{name_of(path)}:{number}: {what}; it does not belong into a commit"


def tests():
    """Every file of the layers below issue/ has a unit test of its name, or one that names it here."""
    by_other = {
        "base/buf": "base", "base/cleanup": "base", "base/clock": "base", "base/file": "base", "base/random": "base",
        "base/secret": "base", "base/sha256": "base", "base/status": "base", "base/str": "base",
        "base/sha1": "sso_session", "base/loopback": "sso_callback",
        "base/libcrypto_late": "base", "base/wipe": "json",
        "lua/dump": "compile", "base/module": "http", "base/process": "evaluator", "base/spawn": "helper", "base/tty": "file_key",
        "format/json_pretty": "json", "format/json_writer": "json", "keychain/backend_file": "keychain", "keychain/backend_keyring": "keychain",
        "keychain/backend_secret_service": "secret_service", "keychain/backend_pass": "pass_store", "keychain/backend_docker": "docker_helper", "keychain/foreign": "docker_helper", "keychain/names": "keychain",
        "keychain/key_passphrase": "file_key", "keychain/key_tpm": "tpm", "keychain/tpm_call": "tpm",
        "keychain/bus_open": "secret_service", "keychain/vault_file": "vault", "keychain/vault_pass": "vault", "keychain/vault_service": "vault",
        "keychain/file_place": "keychain", "keychain/ssh_wire": "ssh_agent", "keychain/file_rest": "file_key", "keychain/kernel_keys": "keychain", "keychain/sealed_entries": "keychain",
        "net/proxy": "net_parts", "net/metadata": "net_parts", "net/trust": "net_parts",
        "aws/metadata": "sources", "aws/source_container": "sources", "aws/source_instance": "sources",
        "aws/source_process": "sources", "aws/source_web_identity": "sources",
        "aws/sigv4_uri": "sigv4", "aws/sts_parts": "sts", "aws/kms_arn": "kms", "aws/refusal": "sts", "aws/refusal_read": "sts", "aws/refusal_store": "ssm_parameters",
        "aws/sso_json": "sso_token", "aws/sso_oidc": "sso_call", "aws/sso_portal": "sso_call", "aws/sso_source": "sso_access",
        "aws/json_answer": "ssm", "aws/ssm_parts": "ssm", "aws/locations": "shared_config",
        "aws/shared_config_query": "shared_config", "aws/profile_chain": "shared_config", "aws/target": "shared_config",
        "aws/base_credentials": "credentials", "aws/profile_endpoint": "endpoint", "audit/line": "log", "audit/log_file": "log", "audit/tail": "log", "audit/closed": "backward",
        "audit/reader": "verify", "audit/segments": "verify", "audit/merkle": "verify", "lua/evaluator_exchange": "evaluator_evil",
        "lua/evaluator_load": "evaluator", "lua/worker": "template", "lua/fuel": "vm", "lua/host": "vm",
        "lua/lib_base": "vm", "lua/lib_math": "vm", "lua/lib_pairs": "vm", "lua/lib_string": "vm",
        "lua/lib_table": "vm", "lua/lib_utf8": "vm", "lua/lib_yaml": "vm", "lua/pattern": "lib_pattern",
        "lua/pool_sanitized": "pool", "lua/sandbox": "vm", "lua/trusted": "vm", "lua/selftest": "compile", "lua/tz_rule": "tz",
        "lua/zone_file": "evaluator", "lua/lockdown_build": "lockdown", "lua/lockdown_build_sanitized": "lockdown",
        "lua/observe": "evaluator_memory", "lua/running": "template", "policy/describe": "rounds", "policy/manifest_format": "pack", "policy/pack_open": "pack", "policy/grants_check": "rounds", "facts/http_fact": "facts",
        "facts/http_facts": "facts", "facts/cache": "fact_cache", "facts/reach_override": "reach", "policy/coverage_plugins": "coverage",
        "policy/decision_refuse": "decision", "policy/manifest_keys": "manifest",
        "lua/lib_code": "evaluator_compare", "policy/difference_bundle": "difference",
        "policy/difference_parse": "difference",
        "policy/import_access": "import", "policy/import_approval": "import", "policy/import_break_glass": "import",
        "policy/import_conditions": "import", "policy/import_note": "import", "policy/import_rate_limit": "import",
        "policy/import_read": "import", "policy/import_window": "import", "policy/import_words": "import",
        "policy/import_writer": "import", "policy/coverage_why": "coverage", "policy/mutation_run": "spec", "policy/spec_fixture": "spec_record", "policy/spec_policy": "spec",
    }
    for path in c_files("*/*.c"):
        folder, stem = path.relative_to(SRC).parts[0], path.stem
        if folder in ("issue", "cli") or stem.endswith(("_module", "_linked")):
            continue
        test = by_other.get(f"{folder}/{stem}", stem)
        if not (ROOT / "tests/unit" / f"test_{test}.c").exists():
            yield f"{name_of(path)}: there is no tests/unit/test_{test}.c; write it, or name the test that covers it"


def copies():
    """A plugin may require its own files only: what two of them need stands in each, and is the same."""
    own = {"init.lua", "plugin.lua"}
    first = {}
    for path in sorted(ROOT.glob("plugins/*/*.lua")):
        if path.name in own:
            continue
        other = first.setdefault(path.name, path)
        if other.read_text() != path.read_text():
            yield f"{name_of(path)}: differs from {name_of(other)}; make both the same, or give them other names"


RULES = {"layers": layers, "headers": headers, "secret": secret, "stdout": stdout, "banned": banned,
         "functions": functions, "files": files, "ifdef": ifdef, "format": format_c, "luacheck": luacheck,
         "words": words, "tests": tests, "pages": pages, "copies": copies}


def main(names):
    if names == ["list"]:
        print(*RULES, sep="\n")
        return 0
    bad = 0
    for name in names or RULES:
        for problem in RULES[name]():
            print(f"{name}: {problem}")
            bad += 1
    print(f"{bad} problems" if bad else "clean")
    return 1 if bad else 0


sys.exit(main(sys.argv[1:]))
