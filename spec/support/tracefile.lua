--- Reads what `--report lcov=FILE` and `--report cobertura=FILE` write, strictly: anything that the
-- formats do not have, or that does not add up, is an error.
local process = require "spec.support.process"

local tracefile = {}

-- The fields of each kind of line, as patterns.
local SHAPES = {
  TN = "^$", SF = "^([^\n]+)$", FN = "^(%d+),([%w._-]+)$", FNDA = "^(%d+),([%w._-]+)$",
  FNF = "^(%d+)$", FNH = "^(%d+)$", BRDA = "^(%d+),(%d+),(%d+),([%d-]+)$", BRF = "^(%d+)$",
  BRH = "^(%d+)$", DA = "^(%d+),(%d+)$", LF = "^(%d+)$", LH = "^(%d+)$",
}

local function check(holds, what)
  if not holds then
    error(what, 0)
  end
end

local function new_record(path)
  return { path = path, lines = {}, functions = {}, branches = {}, declared = {}, totals = {} }
end

local TAKE = {
  FN = function(record, line, name)
    check(not record.declared[name], name .. " is declared twice")
    record.declared[name] = tonumber(line)
  end,
  FNDA = function(record, times, name)
    check(record.declared[name], name .. " is not declared")
    record.functions[name] = tonumber(times)
  end,
  BRDA = function(record, line, block, branch, taken)
    local key = ("%s.%s.%s"):format(line, block, branch)
    check(not record.branches[key], key .. " is there twice")
    check(taken == "-" or tonumber(taken), taken)
    record.branches[key] = taken
  end,
  DA = function(record, line, times)
    check(tonumber(line) > 0 and not record.lines[tonumber(line)], "line " .. line)
    record.lines[tonumber(line)] = tonumber(times)
  end,
}

-- How many there are, and how many were hit.
local function count(map)
  local all, hit = 0, 0
  for _, times in pairs(map) do
    all = all + 1
    hit = hit + ((tonumber(times) or 0) > 0 and 1 or 0)
  end
  return all, hit
end

local function check_totals(record)
  for what, keys in pairs { functions = { "FNF", "FNH" }, branches = { "BRF", "BRH" }, lines = { "LF", "LH" } } do
    local all, hit = count(record[what])
    check(record.totals[keys[1]] == all and record.totals[keys[2]] == hit, what .. " do not add up")
  end
  for name, line in pairs(record.declared) do
    check(record.lines[line], name .. " begins at a line that is not there")
    check(record.functions[name], name .. " has no count")
  end
  for key in pairs(record.branches) do
    check(record.lines[tonumber(key:match("^%d+"))], "a branch at a line that is not there")
  end
end

--- Records by path: {path, lines = {number = times}, functions = {name = times}, declared = {name =
-- line}, branches = {"line.block.branch" = times or "-"}}.
function tracefile.read_lcov(text)
  local records, record = {}, nil
  check(text:sub(-1) == "\n", "the last line has no end")
  for line in text:gmatch("([^\n]*)\n") do
    if line == "end_of_record" then
      check_totals(record)
      records[record.path], record = record, nil
    else
      local kind, rest = line:match("^(%u+):(.*)$")
      check(SHAPES[kind], "no line of a tracefile: " .. line)
      local fields = { rest:match(SHAPES[kind]) }
      check(#fields > 0 or kind == "TN", "odd: " .. line)
      if kind == "SF" then
        check(not record and not records[rest], "a record within another, or twice: " .. line)
        record = new_record(rest)
      elseif TAKE[kind] then
        TAKE[kind](record, table.unpack(fields))
      elseif kind ~= "TN" then
        record.totals[kind] = tonumber(rest)
      end
    end
  end
  check(not record, "the last record has no end")
  return records
end

-- The elements of Cobertura's DTD (coverage-04): their children in order, and their attributes.
local CHECKER = [==[
import re, sys, xml.etree.ElementTree as tree
RATES = ["line-rate", "branch-rate", "complexity"]
DTD = {
  "coverage": ("(sources )?packages ", RATES + ["lines-covered", "lines-valid", "branches-covered",
               "branches-valid", "version", "timestamp"], []),
  "sources": ("(source )*", [], []), "source": ("", [], []),
  "packages": ("(package )*", [], []), "package": ("classes ", ["name"] + RATES, []),
  "classes": ("(class )*", [], []), "class": ("methods lines ", ["name", "filename"] + RATES, []),
  "methods": ("(method )*", [], []), "method": ("lines ", ["name", "signature"] + RATES, []),
  "lines": ("(line )*", [], []),
  "line": ("(conditions )*", ["number", "hits"], ["branch", "condition-coverage"]),
  "conditions": ("(condition )*", [], []), "condition": ("", ["number", "type", "coverage"], []),
}
def check(element):
    children, required, optional = DTD[element.tag]
    found = "".join(child.tag + " " for child in element)
    assert re.fullmatch(children, found), (element.tag, found)
    missing = set(required) - set(element.attrib)
    more = set(element.attrib) - set(required) - set(optional)
    assert not missing and not more, (element.tag, missing, more)
    for name in ("line-rate", "branch-rate"):
        assert 0 <= float(element.get(name, 0)) <= 1, element.attrib
    for child in element:
        check(child)
root = tree.parse(sys.argv[1]).getroot()
check(root)
lines = root.findall(".//class/lines/line")
assert int(root.get("lines-valid")) == len(lines), "lines do not add up"
assert int(root.get("lines-covered")) == sum(int(line.get("hits")) > 0 for line in lines), "covered lines"
valid = covered = 0
for line in lines:
    if line.get("branch") == "true":
        told = re.fullmatch(r"(\d+)% \((\d+)/(\d+)\)", line.get("condition-coverage"))
        percent, part, whole = map(int, told.groups())
        assert percent == part * 100 // whole and whole == 2 * len(line.findall("conditions/condition")), line.attrib
        covered, valid = covered + part, valid + whole
assert (int(root.get("branches-valid")), int(root.get("branches-covered"))) == (valid, covered), "branches"
for kind in root.findall(".//class"):
    for line in kind.findall("lines/line"):
        print(kind.get("filename"), line.get("number"), line.get("hits"), line.get("condition-coverage", "-"), sep="\t")
]==]

--- Lines by path: {number = {hits, conditions = "50% (1/2)" or "-"}}, of a document that is built as
-- the DTD has it.
function tracefile.read_cobertura(path)
  local result = process.run({ "/usr/bin/python3", "-c", CHECKER, path }, { environment = {} })
  check(result.status == 0, result.stderr)
  local found = {}
  for file, number, hits, conditions in result.stdout:gmatch("(.-)\t(%d+)\t(%d+)\t(.-)\n") do
    found[file] = found[file] or {}
    found[file][tonumber(number)] = { hits = tonumber(hits), conditions = conditions }
  end
  return found
end

return tracefile
