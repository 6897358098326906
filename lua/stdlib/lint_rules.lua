--- Lint of single rules: whom and what they let in, and for how long.
local formula = require "sentinel.formula"
local proof = require "sentinel.proof"
local text = require "sentinel.text"
local week = require "sentinel.week"

local rules = {}

local BINDERS_MAX = 64
local SESSION_MAX_S = 12 * 3600 -- the longest that anybody can ask for

local IDENTITY = { user = true, caller_role = true, caller_account = true }
local TARGET = { profile = true, role = true }

-- "*" and what says as little.
local function is_anything(item)
  if type(item) == "table" then
    return is_anything(item.account or item.arn or item.name or "an address block")
  end
  return item:gsub("^u//", ""):find("^%*+$") ~= nil
end

-- Whether the literal leaves something out.
local function restricts(literal)
  if literal.always or literal.dim == "opaque" then
    return not literal.always
  end
  for _, item in ipairs(literal.items or {}) do
    if is_anything(item) then
      return literal.neg
    end
  end
  return true
end

local function restricts_who_or_what(literal)
  local dim = literal.dim
  return (dim == "opaque" or IDENTITY[dim] or TARGET[dim]) and restricts(literal)
end

local function check_unrestricted(self, report)
  if formula.binds(self.node, restricts_who_or_what) then
    return false
  end
  report("unrestricted-allow", self, ("has effect %s for every user and every profile"):format(
    self.rule.effect))
  return true
end

local function is_on_role(literal)
  return literal.dim == "role" and restricts(literal)
end

local function excludes_role(literal)
  return literal.neg and is_on_role(literal)
end

-- What a deny rule denies wherever the role is not the one that it names, as an "and"; or nil.
local function as_binder(self)
  local rest, is_binder = { op = "and" }, false
  for _, child in ipairs(self.node) do
    if not is_binder and formula.binds(child, excludes_role) then
      is_binder = true
    else
      rest[#rest + 1] = child
    end
  end
  return is_binder and rest or nil
end

local function is_bound_before(self, binders)
  for _, binder in ipairs(binders) do
    if proof.implies(binder, self.node) then
      return true
    end
  end
  return false
end

local function check_unbound(self, facts, binders, report)
  if facts.targets or formula.binds(self.node, is_on_role) or is_bound_before(self, binders) then
    return
  end
  report("unbound-profile", self, "does not say which roles its profiles may mean: whoever may use "
    .. "one can point it at any role")
end

local CLAIMED = { break_glass = "break_glass", device = "device", mode = "mode", time = "time" }

-- Facts that somebody else vouches for: AWS, the broker, an approver, a plugin; and functions, of
-- which nobody knows what they look at.
local function is_vouched_for(literal)
  local dim = literal.dim
  return not CLAIMED[dim] and not TARGET[dim] and (restricts(literal) or not IDENTITY[dim])
end

local function check_claimed(self, report)
  local names = {}
  formula.each(self.node, function(literal)
    if CLAIMED[literal.dim] and not literal.always then
      names[CLAIMED[literal.dim]] = true
    end
  end)
  local require_ = self.rule.require or {}
  if require_.justification then
    names.justification = true
  end
  names = text.sorted_keys(names)
  if #names == 0 or require_.mfa or self.rule.effect ~= "allow"
    or formula.binds(self.node, is_vouched_for) then
    return
  end
  report("claimed-only", self,
    ("rests on what the caller's own machine says: %s"):format(table.concat(names, ", ")))
end

-- The longest session that the rule may give, in seconds.
local function longest_session(self, facts)
  local rule = self.rule
  local most = rule.max_duration or SESSION_MAX_S
  local is_server = rule.effect == "require_server" or rule.effect == "require_server_session"
    or proof.is_empty(self.node, { op = "and", formula.modes({ "cli", "credential_process" }) })
  if is_server and rule.max_server_duration then
    most = math.min(most, rule.max_server_duration)
  end
  return math.min(most, rule.lease or most, facts.max_duration or most, SESSION_MAX_S)
end

local function shortest_window(self)
  local shortest = nil
  formula.each(self.node, function(literal)
    if literal.is_window and not literal.always then
      local minutes = week.longest(literal.spans)
      shortest = math.min(shortest or minutes, minutes)
    end
  end)
  return shortest and shortest * 60
end

local function check_window(self, facts, report)
  local window = shortest_window(self)
  local session = longest_session(self, facts)
  if not window or session * 2 <= window or self.rule["until"] == "window" then
    return
  end
  local by_default = self.rule.max_duration and "" or " (max_duration is not set)"
  report("long-duration-in-window", self,
    ("gives sessions of up to %s%s, which may outlive its window of %s by as much"):format(
      text.duration(session), by_default, text.duration(window)))
end

local function check_plugins(self, facts, report)
  local seen = {}
  formula.each(self.node, function(literal)
    local condition = literal.condition
    if not condition or not condition.plugin or seen[condition.name] then
      return
    end
    local name = condition.name
    seen[name] = true
    local missing = facts.ungranted and facts.ungranted[name]
    if missing then
      local message = "uses plugin %s, which needs what the bundle does not grant: %s"
      report("ungranted-plugin", self, message:format(text.quote(name), missing))
    end
  end)
end

--- What the checks of single rules know of those before them.
function rules.new_memory()
  return { binders = {} }
end

--- Reports on one rule; they come in order.
-- @param self of overlap.prepare
-- @param facts of the bundle: targets (boolean), max_duration (seconds or nil), ungranted
-- ({plugin = what it lacks}, or nil)
function rules.check(self, facts, memory, report)
  check_plugins(self, facts, report)
  if self.is_deny then
    if #memory.binders < BINDERS_MAX then
      table.insert(memory.binders, as_binder(self))
    end
    return
  elseif self.matches_nothing then
    return
  end
  if not check_unrestricted(self, report) then
    check_unbound(self, facts, memory.binders, report)
  end
  check_claimed(self, report)
  check_window(self, facts, report)
end

return rules
