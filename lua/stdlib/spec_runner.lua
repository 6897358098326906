--- Specs of policies and plugins (`sentinel test`): what a *_spec.lua defines, and one case of it.
--
-- MUST
--  1. run spec text only in an environment of host.sandbox_env with the names of testing.md;
--  2. decide with the engine that decides everything else, in the same rounds;
--  3. run a case on a fresh state: whoever runs it forks before (src/lua/template.c).
local engine = require "sentinel.engine"
local errors = require "sentinel.errors"
local loading = require "sentinel.loader"
local needs = require "sentinel.needs"
local plugins = require "sentinel.plugins"
local reader = require "sentinel.reader"
local reply = require "sentinel.reply"
local spec_assert = require "sentinel.spec_assert"
local hints = require "sentinel.spec_hints"
local spec_mock = require "sentinel.spec_mock"
local spec_request = require "sentinel.spec_request"
local spec_table = require "sentinel.spec_table"
local text = require "sentinel.text"
local tree = require "sentinel.lua_tree"

local spec_runner = {}

local CASES_MAX, ROUNDS_MAX, FACTS_MAX = 20000, 4, 16

local methods = {}
methods.__index = methods

-- Deciding -----------------------------------------------------------------------------------

-- The fact that answers a need: a mock, or what was asked for real where answers are recorded.
function methods:answer(need, plugin, request)
  local fact = spec_mock.answer(self.mocks, need, plugin, request)
  if not fact and self.recorder then
    return self.recorder:find(need)
  end
  return fact or spec_mock.refuse(need)
end

-- Evaluates in rounds, with mocks for the world; try(run) -> result.
function methods:in_rounds(request, known, try)
  local facts = {}
  for round = 1, ROUNDS_MAX do
    local is_final = round == ROUNDS_MAX or #facts >= FACTS_MAX
    local run = engine.new_run(request, needs.index(facts), is_final)
    run.mocks = self.mocks
    local result = try(run)
    if not run.needs then
      return result
    end
    for _, need in ipairs(run.needs) do
      facts[#facts + 1] = self:answer(need, known[need.plugin], request)
    end
    if self.recorder then
      self.recorder:check()
    end
  end
  error("the evaluation needs more where nothing more can be had", 0)
end

-- Traces as people read them.
local function finish(decision)
  local trace = {}
  for i, entry in ipairs(decision.trace or {}) do
    trace[i] = reply.describe_entry(entry)
  end
  decision.trace = trace
  return decision
end

-- @param how "evaluate", or "decide", whose trace does not tell of every rule
function methods:decide_on(request, how)
  local policy = self.policy
  if self.observer then
    self.observer:start()
  end
  local decision = self:in_rounds(request, self.plugins, function(run)
    return engine[how](policy, run)
  end)
  if self.observer then
    self.observer:take(decision)
  end
  return decision
end

function methods:decide(given)
  if not self.policy then
    error("there is no policy here: this is a plugin's spec", 0)
  end
  local is_request, request = host.pcall(spec_request.complete, given, self.now)
  if not is_request then
    spec_assert.refuse(host.error_text(request))
  end
  return finish(self:decide_on(request, "evaluate"))
end

function methods:check_rule(name)
  if name == nil or name == "" or not self.policy then
    return
  end
  local names = {}
  for i, rule in ipairs(self.named_policy.rules) do
    names[i] = rule.name
    if rule.name == name then
      return
    end
  end
  spec_assert.refuse(("the policy has no rule %s%s"):format(text.quote(tostring(name)),
    errors.did_you_mean(tostring(name), names)))
end

-- The arguments of a condition, read as a policy's would be.
local function read_args(plugin, given)
  if plugin.shape.may_be_true and type(given) == "table" and next(given) == nil then
    return {}
  end
  local problems = errors.new("args")
  local node, place = tree.read(given, errors.START, tree.new_state(problems), 1)
  local args = reader.read_as(plugin.shape, node, place, problems)
  if not problems:is_empty() then
    local first = problems:sorted()[1]
    error(first.message .. (first.hint ~= "" and " (" .. first.hint .. ")" or ""), 0)
  end
  return args
end

--- plugin(args, request): verdict, detail, class of the error.
function methods:call_plugin(given, request)
  local plugin = self.plugins[self.plugin_name]
  if not plugin then
    error("plugin(...) is for a plugin's own spec", 0)
  end
  local condition = { name = plugin.name, path = plugin.name, plugin = plugin,
    value = read_args(plugin, given) }
  plugins.compile(condition)
  local full = spec_request.complete(request or {}, self.now)
  local is_done, answer = host.pcall(function()
    return self:in_rounds(full, self.plugins, function(run)
      local verdict, detail = plugins.evaluate(condition, full, run)
      return { verdict, detail }
    end)
  end)
  local class = not is_done and type(answer) == "table" and answer.class or nil
  local is_mocked = self.mocks.plugins[self.plugin_name] ~= nil and class ~= "plugin_timeout"
  if self.coverage and (is_done or class) and not is_mocked then
    self.coverage:take_plugin(is_done and answer[1], class)
  end
  if is_done then
    return answer[1], answer[2]
  elseif class then
    return nil, answer.what, class
  end
  error(answer, 0)
end

-- Defining -----------------------------------------------------------------------------------

local function check_block(name, body, what)
  if type(name) ~= "string" or type(body) ~= "function" then
    error(("%s wants a name and a function"):format(what), 3)
  end
end

function methods:describe(name, body)
  check_block(name, body, "describe")
  local outer = self.block
  self.block = {
    outer = outer, name = outer.name == "" and name or outer.name .. " " .. name, before = {},
    after = {}, policy = outer.policy,
  }
  body()
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

function methods:use_policy(name)
  if type(name) ~= "string" or self.is_running then
    error("policy(\"file\") stands outside of cases: at the top of a spec, or in describe", 3)
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
      check_block(name, body, "it")
      self:add_case(name, body, (host.caller_line()))
    end,
    --- A case that is not written yet: it is counted as skipped.
    -- @function pending
    -- @tparam string name
    pending = function(name) self:add_case(tostring(name), nil, (host.caller_line())) end,
    --- Called before each case of the group, the outer groups' first.
    -- @function before_each
    -- @tparam function body
    before_each = function(body) table.insert(self.block.before, body) end,
    --- Called after each case of the group that did not fail, the outer groups' last.
    -- @function after_each
    -- @tparam function body
    after_each = function(body) table.insert(self.block.after, body) end,
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

-- The first mock that fits counts, so that a case's own come before those of all.
function methods:fill_lists(given)
  for _, entry in ipairs(given.http or {}) do
    self.mock_functions.http(entry)
  end
  for name, list in pairs(given.plugins or {}) do
    self.mock_functions.plugin(name, table.unpack(list))
  end
end

-- The last one counts.
function methods:fill_maps(given)
  self.mock_functions.geoip(given.geoip or {})
  if given.history then
    self.mock_functions.history(given.history)
  end
end

local NOTHING = {}

-- The body of a table's case. Only who is observed, or asks what failed, has to look at all rules.
function methods:check_row(case)
  local own, common = case.mocks or NOTHING, case.common or NOTHING
  self:fill_lists(own)
  self:fill_lists(common)
  self:fill_maps(common)
  self:fill_maps(own)
  local is_quick = not self.observer and not case.wanted.failed
  local decision = self:decide_on(case.request, is_quick and "decide" or "evaluate")
  decision = case.wanted.failed and finish(decision) or decision
  local difference = spec_table.find_difference(decision, case.wanted, spec_assert.has_failed)
  if difference then
    decision = case.wanted.failed and decision or finish(self:decide_on(case.request, "evaluate"))
    error({ is_failure = true, line = case.line, message = ("wanted %s, got %s"):format(difference,
      spec_assert.tell(decision)) }, 0)
  end
end

-- A table (*_spec.yaml) as cases.
local function load_table(self, source, problems)
  local read = spec_table.read(source, problems)
  if not read then
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
  elseif type(raised) == "table" and raised.is_failure then
    problems:add(errors.place(raised.line or 1), raised.message)
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
    block = { name = "", before = {}, after = {} },
  }, methods)
  self.mocks, self.mock_functions = spec_mock.new(self.plugins, self.files)
  local load = name:find("%.yaml$") and load_table or load_lua
  self = load(self, source, problems, name)
  if self then
    self.first_mocks, self.first_now = spec_mock.save(self.mocks), self.now
  end
  return self
end

--- Gives the spec its policy, or none where it is a plugin's. Problems are told.
-- @param linked {policy, files = the names of its files by number}
-- @param is_covered whether what is seen of the policy is counted
-- @return whether many cases may be run one after the other in one state: nothing of the policy's
-- own could keep anything
function spec_runner.bind(self, linked, is_covered, problems)
  local policy = linked.policy
  self.policy, self.named_policy = policy, policy
  if is_covered then
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
  if not is_covered and self.is_table then
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

local function run_hooks(block, key)
  if block.outer and key == "before" then
    run_hooks(block.outer, key)
  end
  for _, hook in ipairs(block[key]) do
    hook()
  end
  if block.outer and key == "after" then
    run_hooks(block.outer, key)
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
  spec_mock.restore(self.mocks, self.first_mocks)
end

--- Runs one case, counted from 0.
-- @return whether it passed, and what was raised
function spec_runner.try(self, number)
  local case = self.cases[number + 1]
  restart(self)
  return host.pcall(function()
    run_hooks(case.block, "before")
    if case.is_row then
      self:check_row(case)
    else
      case.body()
    end
    run_hooks(case.block, "after")
  end)
end

--- The same as JSON. is_last: nothing follows it in this state, so that what was seen is told.
function spec_runner.run(self, number, is_last)
  local case = self.cases[number + 1]
  if not case.body and not case.is_row then
    return spec_runner.encode_result("skipped", "pending")
  end
  local coverage = is_last and self.coverage or nil
  local is_done, raised = spec_runner.try(self, number)
  if is_done then
    return spec_runner.encode_result("passed", nil, nil, false, coverage)
  elseif type(raised) == "table" and raised.is_failure then
    return spec_runner.encode_result("failed", raised.message, raised.line, raised.is_malformed,
      coverage)
  end
  local message = host.error_text(raised)
  local line, rest = message:match("^[^\n]-:(%d+): (.*)$")
  return spec_runner.encode_result("failed", hints.add(rest or message), tonumber(line), false,
    coverage)
end

return spec_runner
