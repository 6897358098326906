--- Three-valued logic over lists of conditions (Kleene): true, false, or nil for unknown.
--
-- An evaluation of a list returns the verdict, what was got, the part of the condition that made
-- it, and that condition: the one that was false, the first that was unknown, or the last one. Its
-- path and what it wanted are told only when somebody asks (logic.path_of, logic.wanted_of). An
-- error is raised as a table and never becomes one of the three.
--
-- A condition's evaluate(condition, request, run) returns the same (conditions.lua); the condition
-- that made the verdict only where that is not the condition itself.
local conditions = require "sentinel.conditions"
local runs = require "sentinel.run"
local text = require "sentinel.text"

local logic = {}

--- `time.hours`: the path of a condition that an evaluation returned.
function logic.path_of(condition, part)
  if condition.negates then
    return logic.path_of(condition.negates, condition.part)
  end
  return part and condition.path .. "." .. part or condition.path
end

--- What that condition wanted, in a few words.
function logic.wanted_of(condition, part)
  if condition.negates then
    return "not " .. logic.wanted_of(condition.negates, condition.part)
  elseif not condition.kind then
    return "true"
  end
  local describe = condition.kind.describe
  return describe and describe(condition, part) or text.join(condition.value)
end

--- Raised for a condition that has no verdict.
local function fail(class, path, what)
  error({ class = class, path = path, what = what }, 0)
end

-- The verdict of policy's own code. What it returns is looked at raw.
local function call_function(condition, _, run)
  local is_done, verdict = host.pcall(condition.call, runs.view(run))
  if not is_done then
    fail("condition_error", condition.path, host.error_text(verdict))
  elseif type(verdict) ~= "boolean" then
    fail("condition_error", condition.path,
      "it returned a " .. type(verdict) .. ", not true or false")
  end
  return verdict, tostring(verdict)
end

-- What an unknown condition got: only plugins and lists tell.
local function got_of_unknown(condition, got, last)
  return (last or condition.plugin) and got or "unknown"
end

-- All of a list: false ends it, unknown does not, because a later one may be false. Anything but
-- true and false is unknown.
local function evaluate_all(list, request, run)
  local is_unknown, unknown_got, unknown_part, unknown = false, nil, nil, nil
  local condition, verdict, got, part, last
  for i = 1, #list do
    condition = list[i]
    run.at = condition
    verdict, got, part, last = condition.evaluate(condition, request, run)
    if verdict == false then
      return false, got, part, last or condition
    elseif verdict ~= true and not is_unknown then
      is_unknown, unknown_part, unknown = true, part, last or condition
      unknown_got = got_of_unknown(condition, got, last)
    end
  end
  if is_unknown then
    return nil, unknown_got, unknown_part, unknown
  end
  return true, got, part, last or condition
end

local function evaluate_list(condition, request, run)
  return evaluate_all(condition.value, request, run)
end

local function evaluate_every_branch(condition, request, run)
  return evaluate_all(condition.branches, request, run)
end

-- The first branch that is true ends it; of the false ones the last is told.
local function evaluate_any_branch(condition, request, run)
  local has_unknown, told_got, told_part, told = false, nil, nil, nil
  for _, branch in ipairs(condition.branches) do
    local verdict, got, part, last = evaluate_list(branch, request, run)
    if verdict == true then
      return true, got, part, last
    elseif not has_unknown then
      has_unknown, told_got, told_part, told = verdict ~= false, got, part, last
    end
  end
  if has_unknown then
    return nil, told_got, told_part, told
  end
  return false, told_got, told_part, told
end

local function evaluate_not(condition, request, run)
  local verdict, got, part, last = evaluate_all(condition.value, request, run)
  local negated = { negates = last, part = part }
  if verdict == true then
    return false, got, nil, negated
  elseif verdict == false then
    return true, got, nil, negated
  end
  return nil, got, nil, negated
end

local function compile_branches(condition, ctx)
  condition.branches = {}
  for i, branch in ipairs(condition.value) do
    local path = ("%s[%d]"):format(condition.path, i - 1)
    logic.compile(branch, ctx, path .. ".")
    condition.branches[i] = { value = branch, path = path, evaluate = evaluate_list }
  end
end

local compile = {
  ["function"] = function(condition, ctx)
    condition.evaluate = call_function
    ctx.has_functions = true
  end,
  all = function(condition, ctx)
    condition.evaluate = evaluate_every_branch
    compile_branches(condition, ctx)
  end,
  any = function(condition, ctx)
    condition.evaluate = evaluate_any_branch
    compile_branches(condition, ctx)
  end,
  ["not"] = function(condition, ctx)
    condition.evaluate = evaluate_not
    logic.compile(condition.value, ctx, condition.path .. ".")
  end,
}

--- Makes a list of conditions ready; `prefix` is what stands before their names in paths.
-- @param ctx {groups = {name = matcher of users}, group_names = {name, ...}}; has_functions is set
-- where a condition is policy's own code
function logic.compile(list, ctx, prefix)
  for _, condition in ipairs(list) do
    local name = condition.name
    local own = compile[name]
    if name == "function" then
      condition.path = prefix
        .. (condition.label and "check:" .. condition.label or "function@" .. condition.source)
    else
      condition.path = prefix == "" and name or prefix .. name
    end
    if own then
      own(condition, ctx)
    elseif condition.plugin then
      require("sentinel.plugins").compile(condition)
    else
      local kind = conditions[name]
      condition.kind, condition.evaluate = kind, kind.evaluate
      if kind.compile then
        kind.compile(condition, ctx)
      end
    end
  end
end

logic.evaluate = evaluate_all

return logic
