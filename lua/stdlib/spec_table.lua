--- Tables (*_spec.yaml): requests and what has to be decided on them, read strictly into cases that
-- spec_runner.lua runs.
local context = require "sentinel.context"
local errors = require "sentinel.errors"
local nodes = require "sentinel.nodes"
local reader = require "sentinel.reader"
local schema = require "sentinel.schema"
local mock_check = require "sentinel.spec_mock_check"
local spec_request = require "sentinel.spec_request"
local spec_types = require "sentinel.spec_types"
local text = require "sentinel.text"

local spec_table = {}

local map, list, enum = schema.map, schema.list, schema.enum

local NODES_MAX = 1000000

local line = { type = "text", max = 1024, is_line = true }
local anything = { type = "plain", may_be_null = true }
local named = { type = "plain_map", hint = "write {name: value}" }
local request_fields = { type = "request", hint = "write {user: alice, profile: dev}" }

-- Shapes -------------------------------------------------------------------------------------

local EXPECTATIONS = {
  { "effect", enum("effect", schema.effects) },
  { "rule", { type = "text", max = 64, is_line = true, may_be_empty = true } },
  { "rule_index", { type = "integer", min = -1, max = 999999 } },
  { "reason", { type = "reason", max = 1024, is_line = true } },
  { "failed", line },
  { "error", line },
  { "max_duration", { type = "seconds" } },
  { "lease", { type = "seconds" } },
}

local function with_expectations(what, rows, has_place)
  for _, row in ipairs(EXPECTATIONS) do
    rows[#rows + 1] = row
  end
  return map(what, rows, { empty = "write what is expected", has_place = has_place })
end

local expect = with_expectations("expect", {})

local http = map("the mock", {
  { "plugin", line }, { "need", line, true }, { "params", named },
  { "status", { type = "integer", min = 100, max = 599 } }, { "json", anything },
  { "json_file", line }, { "text", { type = "text", max = 65536 } }, { "type", line },
  { "delay", line },
  { "fault", enum("fault", { "timeout", "reset", "malformed" }) },
}, { empty = "write need and what it answers" })

local plugin_mock = map("the mock", {
  { "args", named }, { "user", line }, { "returns", { type = "mocked" }, true },
}, { empty = "write what it returns" })

local mocks = map("mocks", {
  { "plugins", { type = "named", what = "a plugin", of = list(plugin_mock, "write what it returns"),
    name = "^%l[%l%d_]*$", max = 32, empty = "name a plugin or remove the key" } },
  { "http", list(http, "write an answer or remove the key") },
  { "geoip", named },
  { "history", named },
}, { empty = "write a mock or remove the key", has_place = true })

local case = with_expectations("the case", {
  { "name", line, true },
  { "request", request_fields, true },
  { "at", list(with_expectations("the instant", { { "now", { type = "instant" }, true } }, true),
    "write an instant or remove the key") },
  { "now", { type = "instant" } },
  { "expect", expect },
  { "mocks", mocks },
}, true)

local matrix = map("matrix", {
  { "users", list(line, "name users"), true },
  { "profiles", list(line, "name profiles"), true },
  { "expect", { type = "named", what = "a user", name = "^.+$", max = 512, of = {
    type = "named", what = "a profile", name = "^.+$", max = 256, of = expect,
    empty = "write a profile or remove the user" }, empty = "write a cell or remove the key" } },
}, { empty = "write users and profiles", has_place = true })

local suite = map("the suite", {
  { "suite", line, true },
  { "policy", line, true },
  { "now", { type = "instant" } },
  { "defaults", request_fields },
  { "mocks", mocks },
  { "matrix", matrix },
  { "cases", list(case, "write a case or remove the key") },
}, { empty = "write suite, policy and cases" })

-- Cases --------------------------------------------------------------------------------------

-- One over the other, and the names of what either says is not known.
local function merged(base, over)
  local out, unknown = {}, {}
  for _, from in ipairs({ base or {}, over or {} }) do
    for key, value in pairs(from) do
      unknown[key] = value == spec_types.NULL
      if unknown[key] then
        value = nil
      end
      out[key] = value
    end
  end
  return out, unknown
end

-- What a case expects: its own keys, those of `expect`, those of an instant, later ones over
-- earlier ones.
local function expectations(...)
  local out, count = {}, 0
  for i = 1, select("#", ...) do
    local from = select(i, ...)
    for _, row in ipairs(from and EXPECTATIONS or {}) do
      if from[row[1]] ~= nil then
        out[row[1]] = from[row[1]]
        count = count + 1
      end
    end
  end
  return out, count
end

local function add_case(self, name, request, wanted, more)
  local unknown
  request, unknown = merged(self.table.defaults, request)
  local now = not unknown.time and self.table.now or nil
  request.time = more.now or request.time or now
  local is_done, complete = host.pcall(spec_request.complete, request, nil, nil, unknown)
  if not is_done then
    self.problems:add(more.place, ("case %s: %s"):format(
      text.quote(self.table.suite .. " " .. name), host.error_text(complete)))
  end
  self.cases[#self.cases + 1] = {
    name = self.table.suite .. " " .. name, place = more.place, policy = self.table.policy,
    request = complete, wanted = wanted, mocks = more.mocks, common = self.table.mocks,
    has_no_time = unknown.time and request.time == nil,
  }
end

-- Reports tell cases by their names.
local function check_unique(self, name, place)
  local lines = self.lines
  if lines[name] then
    self.problems:add(place, ("duplicate case %s; it is on line %d too"):format(text.quote(name),
      lines[name]), "give each case a name of its own")
  end
  lines[name] = lines[name] or (errors.line_of(place))
end

-- What stands in the case and in its `expect` could be two things.
local function check_expectations(self, row)
  for _, expectation in ipairs(row.expect and EXPECTATIONS or {}) do
    local key = expectation[1]
    if row[key] ~= nil and row.expect[key] ~= nil then
      self.problems:add(row.place, ("case %s expects %s twice: in the case and in expect"):format(
        text.quote(row.name), key), "leave one of them out")
    end
  end
end

local function add_cases(self)
  for _, row in ipairs(self.table.cases or {}) do
    local is_new = self.lines[row.name] == nil
    check_unique(self, row.name, row.place)
    check_expectations(self, row)
    for _, instant in ipairs(row.at or { false }) do
      local wanted, count = expectations(row, row.expect, instant or nil)
      local name = instant and row.name .. " @ " .. instant.now or row.name
      if instant and is_new then
        check_unique(self, name, instant.place)
      end
      if count == 0 then
        self.problems:add(row.place, ("case %s expects nothing"):format(text.quote(row.name)),
          "write expect: {effect: deny}")
      end
      add_case(self, name, row.request, wanted,
        { now = instant and instant.now or row.now, mocks = row.mocks,
          place = instant and instant.place or row.place })
    end
  end
end

local function is_in(words, word)
  for _, item in ipairs(words) do
    if item == word then
      return true
    end
  end
  return false
end

-- A cell that names who or what is not in the matrix would never be looked at.
local function check_cells(self, cells)
  for user, row in pairs(cells) do
    if not is_in(self.table.matrix.users, user) then
      self.problems:add(self.table.matrix.place,
        ("matrix.expect names user %s, who is not in matrix.users"):format(text.quote(user)))
    end
    for profile in pairs(row) do
      if not is_in(self.table.matrix.profiles, profile) then
        self.problems:add(self.table.matrix.place,
          ("matrix.expect names profile %s, which is not in matrix.profiles"):format(
            text.quote(profile)))
      end
    end
  end
end

-- The words of matrix.users or matrix.profiles, each once; one that stands again is a problem.
local function take_axis(self, node, key)
  local words, lines = {}, {}
  local items = context.find(node, key)
  for i, word in ipairs(self.table.matrix[key]) do
    local place = items[nodes.FIRST + (i - 1) * nodes.STEP.list + 1]
    if lines[word] then
      self.problems:add(place, ("duplicate %s in matrix.%s; it is on line %d too"):format(
        text.quote(word), key, lines[word]), "name each once")
    else
      words[#words + 1], lines[word] = word, errors.line_of(place)
    end
  end
  return words
end

local DENY = { effect = "deny" }

-- @param node that of the matrix
local function add_matrix(self, node)
  local cells = self.table.matrix.expect or {}
  local place = self.table.matrix.place
  local users, profiles = take_axis(self, node, "users"), take_axis(self, node, "profiles")
  check_cells(self, cells)
  for _, user in ipairs(users) do
    for _, profile in ipairs(profiles) do
      local name = ("matrix %s %s"):format(user, profile)
      check_unique(self, name, place)
      add_case(self, name, { user = user, profile = profile },
        cells[user] and cells[user][profile] or DENY, { place = place })
    end
  end
end

-- The files that mocks name.
local function collect_files(self)
  local files = {}
  local function look_at(given)
    for _, entry in ipairs(given and given.http or {}) do
      if entry.json_file then
        files[entry.json_file] = true
      end
    end
  end
  look_at(self.table.mocks)
  for _, row in ipairs(self.table.cases or {}) do
    look_at(row.mocks)
  end
  return text.sorted_keys(files)
end

local function check_http(entry, plugins)
  local value, message, hint = mock_check.http(entry)
  if value then
    value, message, hint = mock_check.http_names(entry, plugins, "mocks.http")
  end
  return value, message, hint
end

-- What mocks name has to be there, and what they hold has to be what a plugin could be given.
local function check_mocks(given, plugins, problems)
  local function take(value, message, hint)
    if value == nil then
      problems:add(given.place, (message:gsub("^mock%.", "mocks.")), hint)
    end
  end
  for _, name in ipairs(text.sorted_keys(given.plugins or {})) do
    take(mock_check.plugin_names(name, given.plugins[name], plugins, "mocks.plugins"))
  end
  for _, entry in ipairs(given.http or {}) do
    take(check_http(entry, plugins))
  end
  take(mock_check.geoip(given.geoip or {}))
  take(mock_check.history(given.history or {}))
end

--- Reads a table. Problems are told, and then nil is returned.
-- @return {cases, files, policy_place}
function spec_table.read(source, problems)
  local node, place = require("sentinel.yaml_front").read_some(source, NODES_MAX, problems)
  local value = node and reader.read_as(suite, node, place, problems)
  if not value or not problems:is_empty() then
    return nil
  end
  local self = { table = value, cases = {}, lines = {}, problems = problems }
  if value.matrix then
    add_matrix(self, (context.find(node, "matrix")))
  end
  add_cases(self)
  if #self.cases == 0 then
    problems:add(errors.START, "the suite has neither cases nor a matrix", "write cases")
  end
  if not problems:is_empty() then
    return nil
  end
  return { cases = self.cases, files = collect_files(self),
    policy_place = select(2, context.find(node, "policy")) }
end

--- Tells of rules, plugins and questions that cases name and the policy has not.
function spec_table.check_names(cases, policy, plugins, problems)
  local names, has_rule, is_checked = {}, { [""] = true }, {}
  for i, rule in ipairs(policy.rules) do
    names[i], has_rule[rule.name] = rule.name, true
  end
  for _, of in ipairs(cases) do
    local rule = of.wanted.rule
    if rule and not has_rule[rule] then
      problems:add(of.place, ("case %s: the policy has no rule %s%s"):format(
        text.quote(of.name), text.quote(rule), errors.did_you_mean(rule, names)))
    end
    for _, given in ipairs({ of.common or false, of.mocks or false }) do
      if given and not is_checked[given] then
        is_checked[given] = true
        check_mocks(given, plugins, problems)
      end
    end
  end
end

-- Checking -----------------------------------------------------------------------------------

local function fits_reason(wanted, got)
  local pattern = wanted:match("^/(.*)/$")
  if pattern then
    return got:find(pattern) ~= nil
  end
  return wanted == got
end

local function show(value)
  return type(value) == "string" and text.quote(value) or tostring(value)
end

-- Whether a decision has what is expected of one of its fields.
local function meets(wanted, decision, key)
  if key == "reason" then
    return fits_reason(wanted, decision.reason)
  end
  return wanted == (decision[key] or nil)
end

local TOLD = { "effect", "rule_index", "error", "max_duration", "lease", "rule", "reason" }

--- What of the expectations a decision does not meet, and what it has instead, in words; or nil.
-- Without the latter all of the decision has to be told.
-- @param has_failed function(decision, rule, path)
function spec_table.find_difference(decision, wanted, has_failed)
  local of_rule = wanted.failed and wanted.rule ~= "" and wanted.rule or nil -- where it failed
  for _, key in ipairs(TOLD) do
    local is_place = key == "rule" and of_rule
    if wanted[key] ~= nil and not is_place and not meets(wanted[key], decision, key) then
      if key == "effect" then
        return "effect " .. wanted.effect
      end
      return ("%s %s"):format(key, show(wanted[key])),
        decision[key] and ("%s %s"):format(key, show(decision[key])) or "no " .. key
    end
  end
  if wanted.failed and not has_failed(decision, of_rule, wanted.failed) then
    return "a failed " .. wanted.failed
  end
  return nil
end

return spec_table
