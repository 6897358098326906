--- Three-valued logic over lists of conditions (Kleene): true, false, or nil for unknown.
--
-- Every evaluation returns the verdict, the condition that made it, the part of that condition and
-- what was got: of the one that was false, the first that was unknown, or the last one. Its path
-- and what it wanted are told only when somebody asks (logic.path_of, logic.wanted_of). An error is
-- raised as a table and never becomes one of the three.
local conditions = require "sentinel.conditions"
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
local function call_function(condition, run)
  local is_done, verdict = host.pcall(condition.call, run:view())
  if not is_done then
    fail("condition_error", condition.path, host.error_text(verdict))
  elseif type(verdict) ~= "boolean" then
    fail("condition_error", condition.path,
      "it returned a " .. type(verdict) .. ", not true or false")
  end
  return verdict, condition, nil, tostring(verdict)
end

-- A condition of conditions.lua; anything but true and false is unknown.
local function evaluate_plain(condition, run)
  local verdict, got, part = condition.kind.evaluate(condition, run.request, run)
  if verdict ~= true and verdict ~= false then
    return nil, condition, part, "unknown"
  end
  return verdict, condition, part, got
end

-- All of a list: false ends it, unknown does not, because a later one may be false.
local function evaluate_all(list, run)
  local is_unknown, unknown, unknown_part, unknown_got = false, nil, nil, nil
  local verdict, last, part, got
  for i = 1, #list do
    local condition = list[i]
    run.at = condition
    verdict, last, part, got = condition.evaluate(condition, run)
    if verdict == false then
      return false, last, part, got
    elseif verdict ~= true and not is_unknown then
      is_unknown, unknown, unknown_part, unknown_got = true, last, part, got
    end
  end
  if is_unknown then
    return nil, unknown, unknown_part, unknown_got
  end
  return true, last, part, got
end

local function evaluate_list(condition, run)
  return evaluate_all(condition.value, run)
end

local function evaluate_every_branch(condition, run)
  return evaluate_all(condition.branches, run)
end

-- The first branch that is true ends it; of the false ones the last is told.
local function evaluate_any_branch(condition, run)
  local has_unknown, told, told_part, told_got = false, nil, nil, nil
  for _, branch in ipairs(condition.branches) do
    local verdict, last, part, got = evaluate_list(branch, run)
    if verdict == true then
      return true, last, part, got
    elseif not has_unknown then
      has_unknown, told, told_part, told_got = verdict ~= false, last, part, got
    end
  end
  if has_unknown then
    return nil, told, told_part, told_got
  end
  return false, told, told_part, told_got
end

local function evaluate_not(condition, run)
  local verdict, last, part, got = evaluate_all(condition.value, run)
  local negated = { negates = last, part = part }
  if verdict == true then
    return false, negated, nil, got
  elseif verdict == false then
    return true, negated, nil, got
  end
  return nil, negated, nil, got
end

local function path_of_function(condition, prefix)
  if condition.label then
    return prefix .. "check:" .. condition.label
  end
  local file, line = host.source_of(condition.call)
  return ("%sfunction@%s:%d"):format(prefix, text.cut(file, 100), line)
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
      condition.path = path_of_function(condition, prefix)
    else
      condition.path = prefix == "" and name or prefix .. name
    end
    if own then
      own(condition, ctx)
    elseif condition.plugin then
      require("sentinel.plugins").compile(condition)
    else
      local kind = conditions[name]
      condition.kind, condition.evaluate = kind, evaluate_plain
      if kind.compile then
        kind.compile(condition, ctx)
      end
    end
  end
end

logic.evaluate = evaluate_all

return logic
