--- Three-valued logic over lists of conditions (Kleene): true, false, or nil for unknown.
--
-- Every evaluation returns the verdict, and the path, what was wanted and what was got of the
-- condition that made it: the one that was false, the first that was unknown, or the last one. An
-- error is raised as a table and never becomes one of the three.
local conditions = require "sentinel.conditions"
local text = require "sentinel.text"

local logic = {}

local WANTED_OF_FUNCTION = "true"

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
  return verdict, condition.path, WANTED_OF_FUNCTION, tostring(verdict)
end

-- A condition of conditions.lua, with the path of its part and "unknown" where nothing was got.
local function evaluate_plain(condition, run)
  local verdict, got, part, wanted = condition.kind.evaluate(condition, run.request, run.now)
  local path = part and condition.path .. "." .. part or condition.path
  if verdict ~= true and verdict ~= false then
    return nil, path, wanted or condition.wanted, "unknown"
  end
  return verdict, path, wanted or condition.wanted, got
end

-- All of a list: false ends it, unknown does not, because a later one may be false.
local function evaluate_all(list, run)
  local verdict, path, wanted, got = true, nil, nil, nil
  local last_path, last_wanted, last_got
  for _, condition in ipairs(list) do
    run.path = condition.path
    local one
    one, last_path, last_wanted, last_got = condition.evaluate(condition, run)
    if one == false then
      return false, last_path, last_wanted, last_got
    elseif one ~= true and verdict then
      verdict, path, wanted, got = nil, last_path, last_wanted, last_got
    end
  end
  if verdict then
    return true, last_path, last_wanted, last_got
  end
  return nil, path, wanted, got
end

local function evaluate_list(condition, run)
  return evaluate_all(condition.value, run)
end

local function evaluate_every_branch(condition, run)
  return evaluate_all(condition.branches, run)
end

-- The first branch that is true ends it; of the false ones the last is told.
local function evaluate_any_branch(condition, run)
  local has_unknown, path, wanted, got = false, nil, nil, nil
  for _, branch in ipairs(condition.branches) do
    local one, its_path, its_wanted, its_got = evaluate_list(branch, run)
    if one == true then
      return true, its_path, its_wanted, its_got
    elseif not has_unknown then
      has_unknown, path, wanted, got = one ~= false, its_path, its_wanted, its_got
    end
  end
  if has_unknown then
    return nil, path, wanted, got
  end
  return false, path, wanted, got
end

local function evaluate_not(condition, run)
  local verdict, path, wanted, got = evaluate_all(condition.value, run)
  wanted = wanted and "not " .. wanted
  if verdict == true then
    return false, path, wanted, got
  elseif verdict == false then
    return true, path, wanted, got
  end
  return nil, path, wanted, got
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
  ["function"] = function(condition)
    condition.evaluate = call_function
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
-- @param ctx {groups = {name = matcher of users}, group_names = {name, ...}}
function logic.compile(list, ctx, prefix)
  for _, condition in ipairs(list) do
    condition.path = condition.name == "function" and path_of_function(condition, prefix)
      or prefix .. condition.name
    local own = compile[condition.name]
    if own then
      own(condition, ctx)
    else
      condition.kind = conditions[condition.name]
      condition.evaluate = evaluate_plain
      condition.kind.compile(condition, ctx)
    end
  end
end

logic.evaluate = evaluate_all

return logic
