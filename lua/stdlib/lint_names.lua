--- Lint of the names in a rule: those that nobody can have. A deny rule that names an ARN where a
-- name is wanted denies nobody.
local formula = require "sentinel.formula"
local text = require "sentinel.text"

local names = {}

-- A user's name, one with its account before it, or what a prefix names.
local function may_be_user(pattern)
  local name = pattern:gsub("^[%d*?]+/", "")
  return name:find("^role/") ~= nil or name:find("^federated/") ~= nil
    or not name:find("[/:]") or pattern:find("^%*+$") ~= nil
end

local function may_be_role(pattern)
  return pattern:find("^arn:") ~= nil or not pattern:find("[/:]")
end

-- Those of the groups that the condition's patterns name.
local function members_of(condition, ctx)
  local all = {}
  for _, pattern in ipairs(condition.value) do
    local members = ctx.groups[pattern] or {}
    table.move(members, 1, #members, #all + 1, all)
  end
  return all
end

local LISTS = {
  users = { "user", may_be_user, function(condition) return condition.value end },
  groups = { "user", may_be_user, members_of },
  roles = { "role", may_be_role, function(condition) return condition.value end },
  caller_roles = { "role", may_be_role, function(condition) return condition.value end },
}

-- The name within: "mallory" of "arn:aws:iam::123456789012:user/mallory" and "user/mallory".
local function name_of(pattern)
  return pattern:match("([^/:]+)$") or "alice"
end

--- Reports the first name of a rule that can fit nothing.
function names.check(self, report)
  local found = nil
  formula.each_condition(self.rule.conditions, function(condition)
    local row = not condition.plugin and LISTS[condition.name]
    for _, pattern in ipairs(row and row[3](condition, self.ctx) or {}) do
      if not found and not row[2](pattern) then
        found = { condition.name, pattern, row[1] }
      end
    end
  end)
  if found then
    report("impossible-name", self, ("has %s in %s, which is the name of no %s: write %s"):format(
      text.quote(found[2]), found[1], found[3], text.quote(name_of(found[2]))))
  end
end

return names
