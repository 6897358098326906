--- What a spec's `assert` can check. A failure is raised with the line of the spec that it is on.
local text = require "sentinel.text"

local spec_assert = {}

local DEPTH_MAX = 16

local function show(value, depth)
  if type(value) == "string" then
    return text.quote(value)
  elseif type(value) ~= "table" then
    return type(value) == "function" and "a function" or tostring(value)
  elseif depth > 3 then
    return "{...}"
  end
  local parts = {}
  for key, item in pairs(value) do
    local name = math.type(key) == "integer" and "" or tostring(key) .. " = "
    parts[#parts + 1] = name .. show(item, depth + 1)
    if #parts > 16 then
      parts[#parts] = "..."
      break
    end
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

local function is_same(a, b, depth)
  if type(a) ~= "table" or type(b) ~= "table" or depth > DEPTH_MAX then
    return a == b
  end
  for key, value in pairs(a) do
    if not is_same(value, b[key], depth + 1) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

-- What was raised here, by the table that stands for it: a spec can catch that and change it, or
-- raise one that looks like it.
local failures = setmetatable({}, { __mode = "k" })

--- Raises a failure.
-- @param failure {message, line, is_malformed}
function spec_assert.raise(failure)
  local raised = { message = failure.message, line = failure.line }
  failures[raised] = failure
  error(raised, 0)
end

--- The failure that was raised, or nil for any other error.
function spec_assert.failure_of(raised)
  return type(raised) == "table" and failures[raised] or nil
end

--- Fails the case, at the line of the spec that called.
function spec_assert.fail(message)
  local line = host.caller_line()
  spec_assert.raise { message = message, line = line }
end
local fail = spec_assert.fail

local refusal = nil -- the first since spec_assert.begin

--- For what is wrong with the spec itself: a name that does not exist is never a test that fails.
function spec_assert.refuse(message)
  local failure = { is_malformed = true, message = message, line = (host.caller_line()) }
  refusal = refusal or failure
  spec_assert.raise(failure)
end

--- Calls what a case does: whether it passed, and what was raised. No pcall of the case hides that
-- the spec was refused meanwhile.
-- @return whether it passed; the failure, or nil for any other error; what was raised
function spec_assert.run(case)
  refusal = nil
  local is_done, raised = host.pcall(case)
  return is_done and not refusal, refusal or spec_assert.failure_of(raised), raised
end

local function check(holds, note, message, ...)
  if not holds then
    local shown = { n = select("#", ...), ... }
    for i = 1, shown.n do
      shown[i] = text.cut(show(shown[i], 1), 300)
    end
    message = message:format(table.unpack(shown, 1, shown.n))
    fail(note and ("%s: %s"):format(tostring(note), message) or message)
  end
end

local checks = {}

--- Raises unless both are equal, as `==` says.
-- @function assert.equal
-- @param wanted any value
-- @param got any value
-- @tparam ?string note stands before the message
function checks.equal(wanted, got, note)
  check(wanted == got, note, "wanted %s, got %s", wanted, got)
end

--- Raises unless both are equal, tables by their content.
-- @function assert.same
-- @param wanted any value
-- @param got any value
-- @tparam ?string note stands before the message
function checks.same(wanted, got, note)
  check(is_same(wanted, got, 1), note, "wanted %s, got %s", wanted, got)
end

--- Raises if both are equal, as `==` says.
-- @function assert.not_equal
-- @param unwanted any value
-- @param got any value
-- @tparam ?string note stands before the message
function checks.not_equal(unwanted, got, note)
  check(unwanted ~= got, note, "got %s, which is not wanted", got)
end

--- Raises unless it is `true`.
-- @function assert.is_true
-- @param got any value
-- @tparam ?string note stands before the message
function checks.is_true(got, note)
  check(got == true, note, "wanted true, got %s", got)
end

--- Raises unless it is `false`; `nil` is not.
-- @function assert.is_false
-- @param got any value
-- @tparam ?string note stands before the message
function checks.is_false(got, note)
  check(got == false, note, "wanted false, got %s", got)
end

--- Raises unless it is `nil`.
-- @function assert.is_nil
-- @param got any value
-- @tparam ?string note stands before the message
function checks.is_nil(got, note)
  check(got == nil, note, "wanted nil, got %s", got)
end

--- Raises if it is `nil`.
-- @function assert.not_nil
-- @param got any value
-- @tparam ?string note stands before the message
function checks.not_nil(got, note)
  check(got ~= nil, note, "got nil")
end

--- Raises unless it is a text in which the pattern is found.
-- @function assert.matches
-- @tparam string pattern a Lua pattern
-- @param got any value
-- @tparam ?string note stands before the message
function checks.matches(pattern, got, note)
  check(type(got) == "string" and got:find(pattern) ~= nil, note, "%s does not match %s", got,
    pattern)
end

--- Raises unless it is a number that is no further from the wanted one than tolerance.
-- @function assert.near
-- @tparam number wanted
-- @param got any value
-- @tparam number tolerance
-- @tparam ?string note stands before the message
function checks.near(wanted, got, tolerance, note)
  for _, row in ipairs({ { "wanted", wanted }, { "tolerance", tolerance } }) do
    if not math.type(row[2]) then
      fail(("assert.near(wanted, got, tolerance) wants numbers: %s is %s"):format(row[1],
        text.found(row[2])))
    end
  end
  check(math.type(got) ~= nil and got >= wanted - tolerance and got <= wanted + tolerance, note,
    "wanted %s, got %s", wanted, got)
end

--- Raises unless the call raises.
-- @function assert.has_error
-- @tparam function call is called without arguments
-- @param[opt] wanted what it has to raise; of a text, without file and line
-- @tparam ?string note stands before the message
function checks.has_error(call, wanted, note)
  local is_done, raised = host.pcall(call)
  check(not is_done, note, "no error was raised")
  if wanted ~= nil then
    local message = type(raised) == "string" and raised:gsub("^[^\n]-:%d+: ", "") or raised
    check(is_same(wanted, message, 1), note, "wanted the error %s, got %s", wanted, message)
  end
end

--- What a decision came to, in a few words.
function spec_assert.tell(decision)
  local parts = { decision.effect }
  if decision.rule ~= "" then
    parts[#parts + 1] = "by rule " .. decision.rule
  end
  parts[#parts + 1] = decision.error and "(" .. decision.error .. ")" or nil
  for _, entry in ipairs(decision.trace) do
    if entry.failed then
      parts[#parts + 1] = ("; %s failed on %s: wanted %s, got %s"):format(entry.rule, entry.failed,
        tostring(entry.wanted), tostring(entry.got))
    end
  end
  return table.concat(parts, " ")
end

local function check_decision(holds, wanted, decision, got)
  if not holds then
    fail(("wanted %s, got %s%s"):format(wanted, got or "",
      text.cut(spec_assert.tell(decision), 400)))
  end
end

--- Whether the condition failed: in the rule that is named, else in any.
function spec_assert.has_failed(decision, rule, path)
  for _, entry in ipairs(decision.trace) do
    if (not rule or entry.rule == rule) and entry.failed == path then
      return true
    end
  end
  return false
end

local DENIAL_KEYS = { rule = true, failed = true, error = true, reason = true }

local function check_denial(decision, wanted, check_rule)
  if type(wanted) ~= "table" then
    spec_assert.refuse('assert.denies wants what is expected as a table, such as { rule = "day" }, '
      .. "not " .. text.found(wanted))
  end
  for key in pairs(wanted) do
    if not DENIAL_KEYS[key] then
      spec_assert.refuse(("assert.denies has no key %s"):format(text.quote(tostring(key))))
    end
  end
  check_rule(wanted.rule)
  local of_rule = wanted.failed and wanted.rule ~= "" and wanted.rule or nil -- where that failed
  for _, key in ipairs({ "rule", "error", "reason" }) do
    local is_of_trace = key == "rule" and of_rule
    if wanted[key] ~= nil and not is_of_trace then
      check_decision(decision[key] == wanted[key], ("%s %s"):format(key, tostring(wanted[key])),
        decision, key == "reason" and ("reason %s: "):format(text.quote(decision.reason or "")))
    end
  end
  if wanted.failed then
    check_decision(spec_assert.has_failed(decision, of_rule, wanted.failed),
      "a failed " .. tostring(wanted.failed), decision)
  end
end

--- The `assert` of a spec.
-- @param decide function(request) -> decision
-- @param check_rule function(name or nil): refuses a rule that the policy has not
function spec_assert.new(decide, check_rule)
  local all = {}
  for name, call in pairs(checks) do
    all[name] = call
  end
  local function wants(effect)
    return function(request, rule)
      check_rule(rule)
      local decision = decide(request)
      check_decision(decision.effect == effect, effect, decision)
      if rule ~= nil then
        check_decision(decision.rule == rule, ("rule %s"):format(tostring(rule)), decision)
      end
      return decision
    end
  end

  --- Raises unless the request is allowed.
  -- @function assert.allows
  -- @tparam table request in the short or the full form (testing.md)
  -- @tparam ?string rule the rule that has to allow it
  -- @treturn table the decision: effect, rule (`""` for none), rule_index, reason, error, trace (a
  -- list of {rule, matched, failed, wanted, got})
  -- @raise if the request is none
  all.allows = wants("allow")

  --- Raises unless the request needs an approval.
  -- @function assert.requires_approval
  -- @tparam table request in the short or the full form
  -- @tparam ?string rule the rule that has to say so
  -- @treturn table the decision
  -- @raise if the request is none
  all.requires_approval = wants("require_approval")

  --- Raises unless the request is denied.
  -- @function assert.denies
  -- @usage assert.denies({ user = "bob", profile = "dev" }, { rule = "day", failed = "groups" })
  -- @tparam table request in the short or the full form
  -- @tparam ?table wanted {rule, failed, error, reason}, each a text; what is left out is not
  -- checked. failed is the condition that failed, in the rule that is named, else in any
  -- @treturn table the decision
  -- @raise if the request is none, or wanted has another key
  function all.denies(request, wanted)
    local decision = decide(request)
    check_decision(decision.effect == "deny", "deny", decision)
    check_denial(decision, wanted or {}, check_rule)
    return decision
  end
  return setmetatable({}, {
    __index = function(_, name)
      if all[name] == nil then
        error(("assert has no %s"):format(text.quote(tostring(name))), 2)
      end
      return all[name]
    end,
    __newindex = function() error("assert is read-only", 2) end,
    __call = function(_, value, message, ...)
      if not value then
        fail(message ~= nil and tostring(message) or "assertion failed")
      end
      return value, message, ...
    end,
    __metatable = "protected",
  })
end

return spec_assert
