"""Reads what ctest wrote with --output-junit; prints the tests that did not pass, and "passed failed skipped".

A cmocka program and a busted run count as the tests they hold; anything else counts as one.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree

CMOCKA = re.compile(r"\[==========\] (?:\S+ )?(\d+) test\(s\) run\.")
CMOCKA_SKIPPED = re.compile(r"\[  SKIPPED \] (?:\S+ )?(\d+) test\(s\)")
REASON = re.compile(r"skipped: .*|(?<=\[  SKIPPED \] )[a-z]\w*$", re.M)
SKIPPED = re.compile(r"^skipped: ", re.M)
BUSTED = re.compile(r"(\d+) success(?:es)? / (\d+) failures? / (\d+) errors? / (\d+) pending")


def count(case):
    """(passed, failed, skipped) of one test of ctest."""
    output = case.findtext("system-out") or ""
    has_failed = case.get("status") not in ("run", "notrun", "disabled") or case.find("failure") is not None
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return (0, 0, 1)
    busted = BUSTED.search(output)
    if busted:
        passed, failures, errors, pending = map(int, busted.groups())
        return (passed, max(failures + errors, 1 if has_failed else 0), pending)
    if has_failed:
        return (0, 1, 0)
    cmocka = CMOCKA.search(output)
    if cmocka:
        skipped = CMOCKA_SKIPPED.search(output)
        left_out = int(skipped.group(1)) if skipped else 0
        return (int(cmocka.group(1)) - left_out, 0, left_out)
    return (0, 0, 1) if SKIPPED.search(output) else (1, 0, 0)


def main(path):
    total = [0, 0, 0]
    cases = list(ElementTree.parse(path).getroot().iter("testcase"))
    for case in cases:
        passed, failed, skipped = count(case)
        total = [total[0] + passed, total[1] + failed, total[2] + skipped]
        output = case.findtext("system-out") or ""
        if failed:
            print(f"--- {case.get('name')} failed ---\n{output[-6000:]}", file=sys.stderr)
        if skipped:
            reasons = sorted(set(REASON.findall(output)))[:5]
            print(f"    skipped: {skipped} in {case.get('name')}: {'; '.join(reasons)}", file=sys.stderr)
    if not cases:
        total = [0, 1, 0]
        print(f"{path} holds no test at all", file=sys.stderr)
    print(*total)


main(sys.argv[1])
