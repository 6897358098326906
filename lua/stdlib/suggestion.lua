--- Cases that are missing, as YAML for a table: what `sentinel test --suggest` prints.
local flow = require "sentinel.flow"
local reply = require "sentinel.reply"
local spec_request = require "sentinel.spec_request"
local text = require "sentinel.text"
local time = require "sentinel.time"

local suggestion = {}

-- The request as tables write it: the short form where that says all, and no time.
local function short(request)
  local out = {}
  for key, value in pairs(request) do
    out[key] = value
  end
  local user = request.user
  local short_user = user and spec_request.user(user.name or "")
  if short_user then
    short_user.arn = user.arn or nil -- of those that are made up it is not known
    out.user = flow.json(short_user) == flow.json(user) and user.name or user
  end
  out.time = nil
  out.mode = request.mode ~= "credential_process" and request.mode or nil
  out.duration = request.duration ~= 3600 and request.duration or nil
  return out
end

-- What plugins have to say for it.
local function mocks_of(assumed)
  local plugins = {}
  for _, assumption in ipairs(assumed) do
    local condition = assumption.of
    if condition.plugin then
      plugins[condition.name] = plugins[condition.name] or {}
      table.insert(plugins[condition.name], {
        args = next(condition.value) and condition.value or nil, returns = assumption.holds,
      })
    end
  end
  return next(plugins) and { plugins = plugins } or nil
end

-- What a case expects: the rule that decides, or where the rule that is meant fails.
local function expectation(decision, rule_name, has_length)
  local out = { "effect: " .. decision.effect }
  if decision.rule ~= "" then
    out[#out + 1] = "rule: " .. decision.rule
  end
  if decision.error then
    out[#out + 1] = "error: " .. decision.error
  elseif decision.rule == "" and rule_name then
    for _, entry in ipairs(decision.trace) do
      local told = entry.rule == rule_name and reply.describe_entry(entry)
      if told and told.failed then
        out[#out + 1] = "rule: " .. rule_name
        out[#out + 1] = "failed: " .. flow.yaml(told.failed)
      end
    end
  end
  for _, key in ipairs(has_length and { "max_duration", "lease" } or {}) do
    if decision[key] then
      out[#out + 1] = ("%s: %d"):format(key, decision[key])
    end
  end
  return table.concat(out, ", ")
end

local function copy_at(request, epoch)
  local out = {}
  for key, value in pairs(request) do
    out[key] = value
  end
  out.time = time.format(epoch)
  return out
end

-- The minute before an edge, the edge, and the minute after: the edge is where two neighbouring
-- minutes around the request's time are decided differently.
local function instants(request, mocks, decide)
  local epoch = host.parse_time(request.time)
  epoch = epoch - epoch % 60
  local function effect(at)
    return decide(copy_at(request, at), mocks).effect
  end
  for _, edge in ipairs({ epoch, epoch + 60 }) do
    if effect(edge - 60) ~= effect(edge) then
      return { edge - 60, edge, edge + 60 }
    end
  end
  return nil
end

--- The request on one line, for people.
function suggestion.show(request)
  local at = request.time and " at " .. request.time or ""
  return text.cut(flow.yaml(short(request)), 1500) .. at
end

--- The lines of a case.
-- @param what {name, rule = the rule that is meant, has_length = sessions' lengths matter,
-- is_edge = the case is about an edge of a window, mocks = those in the place of what is assumed}
-- @param assumed of assumptions.tell, each with `of`, the condition
-- @param decide function(request, mocks) -> decision
function suggestion.case(request, assumed, what, decide)
  local mocks = what.mocks or mocks_of(assumed)
  local lines = { "  - name: " .. flow.yaml(text.cut(what.name, 200)) }
  local function add(line, ...)
    lines[#lines + 1] = line:format(...)
  end
  add("    request: %s", flow.yaml(short(request)))
  if mocks then
    add("    mocks: %s", flow.yaml(mocks))
  end
  local edges = what.is_edge and request.time and instants(request, mocks, decide)
  if edges then
    add("    at:")
    for _, epoch in ipairs(edges) do
      local at = copy_at(request, epoch)
      add("      - {now: %s, %s}", at.time, expectation(decide(at, mocks), what.rule))
    end
    return lines
  end
  if request.time then
    add("    now: %s", request.time)
  end
  add("    expect: {%s}", expectation(decide(request, mocks), what.rule, what.has_length))
  for _, assumption in ipairs(assumed) do
    if not assumption.of.plugin then
      add("    # change the request so that %s %s", assumption.condition,
        assumption.holds and "holds" or "does not hold")
    end
  end
  return lines
end

-- Mocks in which a plugin fails, by the class of the error.
local FAILURES = {
  { "plugin_error", "fails", function(mocks, condition)
    mocks.plugins[condition.name] = { { returns = "error" } }
  end },
  { "plugin_timeout", "is too slow", function(mocks, condition)
    mocks.plugins[condition.name], mocks.http = nil, {}
    for _, need in ipairs(text.sorted_keys(condition.plugin.http)) do
      table.insert(mocks.http, { plugin = condition.name, need = need, fault = "timeout" })
    end
  end },
}

--- Cases in which a plugin's condition fails, for the classes of errors that no case has seen.
-- @param condition the one of the policy
-- @param has_seen function(class)
function suggestion.failures(request, assumed, condition, rule, has_seen, decide)
  local cases = {}
  for _, row in ipairs(FAILURES) do
    local mocks = mocks_of(assumed) or { plugins = {} }
    row[3](mocks, condition)
    mocks.plugins = next(mocks.plugins) and mocks.plugins or nil
    local is_possible = mocks.plugins or #mocks.http > 0
    if is_possible and not has_seen(row[1]) then
      local what = { name = ("%s: %s %s"):format(rule, condition.name, row[2]), rule = rule,
        mocks = mocks }
      local is_done, lines = host.pcall(suggestion.case, request, assumed, what, decide)
      cases[#cases + 1] = is_done and lines or nil
    end
  end
  return cases
end

return suggestion
