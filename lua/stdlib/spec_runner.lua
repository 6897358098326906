--- Specs of policies and plugins (`sentinel test`): what a *_spec.lua defines, and one case of it.
--
-- MUST
--  1. run spec text only in an environment of host.sandbox_env with the names of testing.md;
--  2. run a case on a fresh state: whoever runs it forks before (src/lua/template.c).
local engine = require "sentinel.engine"
local errors = require "sentinel.errors"
local loading = require "sentinel.loader"
local spec_assert = require "sentinel.spec_assert"
local spec_decide = require "sentinel.spec_decide"
local hints = require "sentinel.spec_hints"
local spec_mock = require "sentinel.spec_mock"
local spec_table = require "sentinel.spec_table"
local text = require "sentinel.text"

local spec_runner = {}

local CASES_MAX = 20000

local methods = {}
for name, method in pairs(spec_decide) do
  methods[name] = method
end
methods.__index = methods

-- Defining -----------------------------------------------------------------------------------

-- What defines cases stands outside of them: in one that runs it would be looked at by nobody.
function methods:check_outside(what)
  if self.is_running then
    spec_assert.fail(what .. " stands outside of cases: at the top of a spec, or in describe")
  end
end

local function check_block(name, body, what)
  if type(name) ~= "string" or type(body) ~= "function" then
    error(("%s wants a name and a function"):format(what), 3)
  end
end

function methods:describe(name, body)
  self:check_outside("describe")
  check_block(name, body, "describe")
  local outer = self.block
  self.block = {
    outer = outer, name = outer.name == "" and name or outer.name .. " " .. name, before = {},
    after = {}, policy = outer.policy, mocks = spec_mock.push(self.mocks),
  }
  body()
  spec_mock.pop(self.mocks)
  self.block = outer
end

function methods:add_case(name, body, line)
  if #self.cases == CASES_MAX then
    error(("a spec has at most %d cases"):format(CASES_MAX), 0)
  end
  local full = self.block.name == "" and name or self.block.name .. " " .. name
  table.insert(self.cases, { name = full, body = body, block = self.block, line = line,
    policy = self.block.policy })
end

function methods:add_hook(when, body)
  local what = when .. "_each"
  self:check_outside(what)
  if type(body) ~= "function" then
    error(what .. " wants a function", 3)
  end
  table.insert(self.block[when], body)
end

function methods:use_policy(name)
  self:check_outside("policy(\"file\")")
  if type(name) ~= "string" then
    error("policy wants the name of a file or a bundle: policy(\"dev.yaml\")", 3)
  elseif self:is_own_spec() then
    spec_assert.refuse(("there is no policy here: this is the spec of plugin %s; write a spec of "
      .. "the policy beside it"):format(text.quote(self.plugin_name)))
  end
  self.block.policy = name
end

-- The names that a spec has beside those of policy.
function methods:names()
  local mock = setmetatable({}, { __index = function(_, name)
    local call = self.mock_functions[name]
    if not call then
      error(("mock has no %s"):format(text.quote(tostring(name))), 2)
    end
    return call
  end, __newindex = function() error("mock is read-only", 2) end, __metatable = "protected" })
  local function describe(name, body) self:describe(name, body) end
  return {
    --- A group of cases; its name stands before theirs.
    -- @function describe
    -- @tparam string name
    -- @tparam function body defines cases, hooks and further groups
    -- @raise if name or body is something else
    describe = describe,
    --- The same as describe.
    -- @function context
    -- @tparam string name
    -- @tparam function body
    context = describe,
    --- A case. It fails when it raises.
    -- @function it
    -- @tparam string name
    -- @tparam function body
    -- @raise if name or body is something else
    it = function(name, body)
      self:check_outside("it")
      check_block(name, body, "it")
      self:add_case(name, body, (host.caller_line()))
    end,
    --- A case that is not written yet: it is counted as skipped.
    -- @function pending
    -- @tparam string name
    pending = function(name)
      self:check_outside("pending")
      self:add_case(tostring(name), nil, (host.caller_line()))
    end,
    --- Called before each case of the group, the outer groups' first.
    -- @function before_each
    -- @tparam function body
    before_each = function(body) self:add_hook("before", body) end,
    --- Called after each case of the group that did not fail, the outer groups' last.
    -- @function after_each
    -- @tparam function body
    after_each = function(body) self:add_hook("after", body) end,
    --- Names the policy of the group's cases, in the place of the one whose name the spec carries.
    -- @function policy
    -- @tparam string name a file or bundle below the spec's folder
    -- @raise if it is called in a case
    policy = function(name) self:use_policy(name) end,
    --- Sets the time of the requests that follow and have none.
    -- @function freeze
    -- @usage freeze("2026-01-19T10:00:00Z")
    -- @tparam string time RFC 3339, with `Z` or an offset
    -- @raise if it is no time
    freeze = function(time)
      if type(time) ~= "string" or not host.parse_time(time) then
        error("freeze wants a time: freeze(\"2026-01-19T10:00:00Z\")", 2)
      end
      self.now = time
    end,
    --- Calls the plugin whose spec this is, in rounds, with mocks for the world.
    -- @function plugin
    -- @usage local verdict, detail, class = plugin({ system = "payments" }, { user = "alice" })
    -- @tparam table|true args the arguments, as a policy would give them; true for a plugin that
    -- has none
    -- @tparam ?table request in the short or the full form
    -- @treturn ?boolean the verdict; nil when the condition is unknown, or an error
    -- @treturn string the detail, or what went wrong
    -- @treturn ?string the class of the error
    -- @raise if the arguments are not those of the manifest, or this is no spec of a plugin
    plugin = function(args, request) return self:call_plugin(args, request) end,
    assert = spec_assert.new(function(request) return self:decide(request) end,
      function(name) self:check_rule(name) end),
    mock = mock,
  }
end

--- Lays the mocks of a table over those that are there.
function methods:lay_mocks(given)
  local fill = self.mock_functions
  spec_mock.push(self.mocks)
  for _, entry in ipairs(given.http or {}) do
    fill.http(entry)
  end
  for name, list in pairs(given.plugins or {}) do
    fill.plugin(name, table.unpack(list))
  end
  fill.geoip(given.geoip or {})
  if given.history then
    fill.history(given.history)
  end
end

local function fail_row(case, message, is_malformed)
  spec_assert.raise { is_malformed = is_malformed, line = case.line, message = message }
end

-- The body of a table's case. Only who is observed, or asks what failed, has to look at all rules.
function methods:check_row(case)
  self:lay_mocks(case.common or {})
  self:lay_mocks(case.mocks or {})
  local is_quick = not self.observer and not case.wanted.failed
  local decision, lacks_time = self:decide_on(case.request, is_quick and "decide" or "evaluate")
  if lacks_time and not case.has_no_time and self.policy == self.named_policy then
    fail_row(case, "a condition asks for the time, and the case has none: write now: "
      .. "2026-01-14T10:30:00Z in the case or at the top", true)
  end
  decision = case.wanted.failed and self.finish(decision) or decision
  local difference, got = spec_table.find_difference(decision, case.wanted, spec_assert.has_failed)
  if difference then
    decision = case.wanted.failed and decision
      or self.finish((self:decide_on(case.request, "evaluate")))
    local told = spec_assert.tell(decision)
    fail_row(case, ("wanted %s, got %s"):format(difference,
      got and ("%s (%s)"):format(got, told) or told))
  end
end

-- A table (*_spec.yaml) as cases.
local function load_table(self, source, problems)
  local read = spec_table.read(source, problems)
  if not read then
    return nil
  end
  if self:is_own_spec() then
    problems:add(read.policy_place, "there is no policy here: a table in a plugin's spec folder",
      "move it beside the bundle, or call plugin(args, request) in a *_spec.lua")
    return nil
  end
  self.cases, self.needed_files, self.is_table = read.cases, read.files, true
  for _, case in ipairs(self.cases) do
    case.block, case.is_row, case.line = self.block, true, (errors.line_of(case.place))
  end
  return self
end

local function load_lua(self, source, problems, name)
  self.needed_files = loading.find_quoted_files(source)
  local chunk, message = host.compile(source, name, host.sandbox_env(self:names()))
  local is_done, raised = false, message
  if chunk then
    is_done, raised = host.pcall(chunk)
  end
  if is_done then
    return self
  end
  local failure = spec_assert.failure_of(raised)
  if failure then
    problems:add(errors.place(failure.line or 1), failure.message)
  else
    problems:file_number(name)
    loading.add_error(problems, host.error_text(raised), hints.find(host.error_text(raised)))
  end
  return nil
end

--- Runs a spec's file, before its policy is there. Problems are told, and then nil is returned.
-- @param world {plugins = {name = plugin}, files = the bundle's data: both are filled later;
-- plugin_name}
function spec_runner.load(name, source, world, problems)
  local self = setmetatable({
    plugins = world.plugins, plugin_name = world.plugin_name, files = world.files, cases = {},
    needed_files = {}, zones = loading.find_quoted_zones(source),
    block = { name = "", before = {}, after = {} }, later = {},
  }, methods)
  self.mocks, self.mock_functions = spec_mock.new({ plugins = self.plugins, files = self.files,
    when_known = function(call) self:when_known(call) end })
  self.block.mocks = spec_mock.push(self.mocks)
  local load = name:find("%.yaml$") and load_table or load_lua
  self = load(self, source, problems, name)
  if self then
    self.first_now = self.now
  end
  return self
end

-- Whether a case of the block, or of one in it, has the policy ("" for the default one).
local function has_case(self, block, policy_name)
  for _, case in ipairs(self.cases) do
    local of = (case.policy or "") == policy_name and case.block or nil
    while of do
      if of == block then
        return true
      end
      of = of.outer
    end
  end
  return false
end

--- Calls what wants to know plugins and files, once they are there. What stands outside of cases
-- is read before.
function methods:when_known(call)
  if self.is_known then
    call()
  else
    table.insert(self.later, { call = call, block = self.block, line = host.caller_line() })
  end
end

local function call_later(self, policy_name, problems)
  self.is_known = true
  for _, entry in ipairs(self.later) do
    if has_case(self, entry.block, policy_name) then
      local is_done, raised = host.pcall(entry.call)
      if not is_done then
        local failure = spec_assert.failure_of(raised)
        problems:add(errors.place(entry.line or 1),
          failure and failure.message or host.error_text(raised))
      end
    end
  end
end

--- Gives the spec its policy, or none where it is a plugin's. Problems are told.
-- @param linked {policy, files = the names of its files by number}
-- @param about {cover = whether what is seen of the policy is counted, policy = what the spec's
-- cases call it, "" for the default one, bundle = its name, targets = {{profile, roles}, ...}}, the
-- last two where it has targets
-- @return whether many cases may be run one after the other in one state: nothing of the policy's
-- own could keep anything
function spec_runner.bind(self, linked, about, problems)
  local policy = linked.policy
  self.policy, self.named_policy = policy, policy
  self.targets, self.bundle_name = about.targets, about.bundle
  call_later(self, about.policy, problems)
  if about.cover then
    self.coverage = require("sentinel.coverage").new({ policy = policy, plugins = self.plugins,
      plugin_name = self.plugin_name, policy_files = linked.files })
    self.observer = policy and self.coverage
  end
  if not policy then
    return false
  end
  if self.is_table then
    spec_table.check_names(self.cases, policy, self.plugins, problems)
  end
  if not about.cover and self.is_table then
    engine.make_index(policy)
  end
  return self.is_table == true and not policy.has_functions and next(self.plugins) == nil
end

local function encode_list(list, encode)
  local parts = {}
  for i, item in ipairs(list) do
    parts[i] = encode(item)
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

--- {"cases":[{"name","line","policy"}],"files":[...],"zones":[...]}; policy is null for the
-- default one, files are those that mocks name, zones those that the text of the spec may name.
function spec_runner.encode_cases(self)
  local cases = encode_list(self.cases, function(case)
    return ('{"name":%s,"line":%d,"policy":%s}'):format(host.json_text(text.cut(case.name, 300)),
      case.line or 1, case.policy and host.json_text(text.cut(case.policy, 200)) or "null")
  end)
  return ('{"ok":true,"cases":%s,"files":%s,"zones":%s}'):format(cases,
    encode_list(self.needed_files, host.json_text), encode_list(self.zones, host.json_text))
end

--- {"points":[...]} of coverage.lua, and whether cases may follow each other in one state.
function spec_runner.encode_bound(self, is_pure)
  return ('{"ok":true,"pure":%s,"points":%s}'):format(tostring(is_pure),
    self.coverage and self.coverage:encode_points() or "null")
end

-- Running ------------------------------------------------------------------------------------

-- Each block lays its mocks, and then those of its hooks, over those of the outer ones.
local function run_before(self, block)
  if block.outer then
    run_before(self, block.outer)
  end
  spec_mock.push(self.mocks, block.mocks)
  spec_mock.push(self.mocks)
  for _, hook in ipairs(block.before) do
    hook()
  end
end

local function run_after(block)
  for _, hook in ipairs(block.after) do
    hook()
  end
  if block.outer then
    run_after(block.outer)
  end
end

--- The result of a case as JSON.
function spec_runner.encode_result(status, message, line, is_malformed, coverage)
  return ('{"status":"%s","message":%s,"line":%s,"malformed":%s,"seen":"%s"}'):format(status,
    host.json_text(text.cut(host.error_text(message or ""), 900)),
    line and ("%d"):format(line) or "null", tostring(is_malformed == true),
    coverage and coverage:encode_seen() or "")
end

-- What cases leave behind is taken away.
local function restart(self)
  self.now, self.is_running = self.first_now, true
  spec_mock.reset(self.mocks)
end

--- Runs one case, counted from 0.
-- @return what spec_assert.run returns
function spec_runner.try(self, number)
  local case = self.cases[number + 1]
  restart(self)
  return spec_assert.run(function()
    if case.is_row then
      return self:check_row(case)
    end
    run_before(self, case.block)
    spec_mock.push(self.mocks)
    case.body()
    run_after(case.block)
  end)
end

--- The same as JSON. is_last: nothing follows it in this state, so that what was seen is told.
function spec_runner.run(self, number, is_last)
  local case = self.cases[number + 1]
  if not case.body and not case.is_row then
    return spec_runner.encode_result("skipped", "pending")
  end
  local coverage = is_last and self.coverage or nil
  local is_done, failure, raised = spec_runner.try(self, number)
  if is_done then
    return spec_runner.encode_result("passed", nil, nil, false, coverage)
  elseif failure then
    return spec_runner.encode_result("failed", failure.message, failure.line, failure.is_malformed,
      coverage)
  end
  local message = host.error_text(raised)
  local line, rest = message:match("^[^\n]-:(%d%d?%d?%d?%d?%d?%d?): (.*)$")
  return spec_runner.encode_result("failed", hints.add(rest or message),
    math.tointeger(tonumber(line)), false, coverage)
end

return spec_runner
