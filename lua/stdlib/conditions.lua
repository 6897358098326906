--- The conditions that need nothing but the request: who, what, where from, when. facts.lua has
-- those that need a fact.
--
-- Each is {compile(condition, ctx), evaluate(condition, request, run), describe(condition, part)}.
-- compile prepares condition.value. describe tells what is wanted, for traces; most conditions are
-- never told, so nothing is described before it has to be. Without it the value is a list of words.
-- evaluate returns true, false or nil (unknown: the fact is not there), what was got, and the part
-- of the condition that says so, where it has parts. Anything but true and false counts as unknown.
-- What was got is a text, a minute of the day, or the user, of whom tell_user(condition, user)
-- makes a text.
local match = require "sentinel.match"
local runs = require "sentinel.run"
local time = require "sentinel.time"

local fits_pattern, fits_user = match.fits_pattern, match.fits_user
local in_zone, holds = runs.in_zone, time.holds

local conditions = {}

local function compile_patterns(condition)
  condition.matcher = match.compile(condition.value)
end

-- A condition on a field of the request that is a text.
local function on_field(field)
  return {
    compile = compile_patterns,
    evaluate = function(condition, request)
      local value, matcher = request[field], condition.matcher
      if value == nil then
        return nil
      end
      return matcher[value] or fits_pattern(matcher, value), value
    end,
  }
end

-- A condition on another text of the request; get(request) returns nil when it is not there.
local function on_text(get)
  return {
    compile = compile_patterns,
    evaluate = function(condition, request)
      local value = get(request)
      if value == nil then
        return nil
      end
      return match.fits(condition.matcher, value), value
    end,
  }
end

-- Account and name of a role's ARN, or nil.
local function parse_role_arn(arn)
  return arn:match("^arn:[%w-]+:iam::(%d+):role/.-([^/]+)$")
end

conditions.profiles = on_field("profile")
conditions.mode = on_field("mode")

conditions.accounts = on_text(function(request)
  return request.role_arn and (parse_role_arn(request.role_arn))
end)

conditions.caller_roles = on_text(function(request)
  return request.user and request.user.role
end)

conditions.caller_accounts = on_text(function(request)
  return request.user and request.user.account
end)

-- Names and ARNs of the target role: a pattern that begins with "arn:" means the ARN.
conditions.roles = {
  compile = function(condition)
    local names, arns = {}, {}
    for _, pattern in ipairs(condition.value) do
      table.insert(pattern:find("^arn:") and arns or names, pattern)
    end
    condition.names, condition.arns = match.compile(names), match.compile(arns)
  end,
  evaluate = function(condition, request)
    if request.role_arn == nil then
      return nil
    end
    local _, name = parse_role_arn(request.role_arn)
    if name == nil then
      return nil
    end
    return match.fits(condition.names, name) or match.fits(condition.arns, request.role_arn),
      request.role_arn
  end,
}

conditions.users = {
  compile = function(condition)
    condition.matcher = match.compile_users(condition.value)
  end,
  evaluate = function(condition, request)
    local user = request.user
    local name = user and user.name
    if not name or not user.kind then
      return nil
    end
    return fits_user(condition.matcher, user), user
  end,
  tell_user = function(condition, user)
    return match.tell_misfit({ condition.matcher }, user)
  end,
}

conditions.groups = {
  compile = function(condition, ctx)
    condition.matchers = {}
    for _, pattern in ipairs(condition.value) do
      if ctx.groups[pattern] then
        table.insert(condition.matchers, ctx.groups[pattern])
      else
        for _, name in ipairs(ctx.group_names) do
          if host.glob(pattern, name) then
            table.insert(condition.matchers, ctx.groups[name])
          end
        end
      end
    end
  end,
  evaluate = function(condition, request)
    local user, matchers = request.user, condition.matchers
    local name = user and user.name
    if not name or not user.kind then
      return nil
    end
    for i = 1, #matchers do
      if fits_user(matchers[i], user) then
        return true, user
      end
    end
    return false, user
  end,
  tell_user = function(condition, user)
    return match.tell_misfit(condition.matchers, user)
  end,
}

conditions.time = {
  compile = function(condition)
    condition.days = {}
    for _, day in ipairs(condition.value.days or {}) do
      condition.days[day] = true
    end
    condition.zone = condition.value.timezone or "UTC"
  end,
  evaluate = function(condition, _, run)
    local minute = in_zone(run, condition.zone)
    if not minute then
      return nil
    end
    return holds(condition.value, condition.days, minute)
  end,
  describe = function(condition, part)
    return time.describe(condition.value, part)
  end,
}

--- The others are those of facts.lua, which most policies do without.
return setmetatable(conditions, {
  __index = function(_, name)
    return require("sentinel.facts").conditions[name]
  end,
})
