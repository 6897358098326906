--- Who can get in with a profile: for each rule that grants and each class of users that a policy
-- tells apart, one request that the rule allows, where there is one.
local assumptions = require "sentinel.assumptions"
local search = require "sentinel.search"
local space = require "sentinel.space"
local time = require "sentinel.time"

local ways = {}

local WAYS_MAX = 500
local CHOICES_OF_ONE = 5000 -- of the budget for one rule and one class of users

local TRUE <const>, FALSE <const>, UNKNOWN <const> = search.TRUE, search.FALSE, search.UNKNOWN

-- What a rule has to come to so as to decide, and so as not to.
local function deciding(entry)
  local is_deny = entry.rule.effect == "deny"
  return { node = entry.node, allowed = is_deny and TRUE | UNKNOWN or TRUE }
end

local function passing(entry)
  local is_deny = entry.rule.effect == "deny"
  return { node = entry.node, allowed = is_deny and FALSE or FALSE | UNKNOWN }
end

ways.deciding, ways.passing = deciding, passing

-- Classes of users -------------------------------------------------------------------------------

local function is_nobody_special(value)
  return value.is_other and value.label == nil
end

local function is_covered(label, wild)
  for _, other in ipairs(wild) do
    if other ~= label and host.glob(other, label) then
      return true
    end
  end
  return false
end

-- The labels of the values, each with one of them; what another label covers is left out.
local function members_of(values)
  local labels, wild, by_label, members = {}, {}, {}, {}
  for _, value in ipairs(values) do
    local label = value.label
    if label and not by_label[label] then
      by_label[label] = value
      table.insert(labels, label)
      table.insert(wild, label:find("[*?]") and label or nil)
    end
  end
  for _, label in ipairs(labels) do
    if not is_covered(label, wild) then
      members[#members + 1] = { label = label, value = by_label[label] }
    end
  end
  return members
end

--- Users between whom no condition tells: {number = of the attribute's value, members = list of
-- {label, value}}; those that nothing names come last.
-- @param attribute the space's "user", made
local function classes_of(attribute)
  local classes, rest = {}, {}
  for number, value in ipairs(attribute.values or {}) do
    local values, other = { value, table.unpack(value.like) }, nil
    for _, like in ipairs(values) do
      other = other or (is_nobody_special(like) and like)
    end
    local members = other
      and { { label = #attribute.values == 1 and "anyone" or "anyone else", value = other } }
      or members_of(values)
    table.insert(other and rest or classes, { number = number, members = members })
  end
  return table.move(rest, 1, #rest, #classes + 1, classes)
end

-- Search -----------------------------------------------------------------------------------------

--- The entries that can decide for these users at all.
local function entries_for(entries, chosen)
  local live = {}
  for _, entry in ipairs(entries) do
    if search.possible(entry.node, chosen) & deciding(entry).allowed ~= 0 then
      live[#live + 1] = entry
    end
  end
  return live
end

local function constraints_of(entries, i)
  local target = entries[i]
  local constraints = { { node = target.node, allowed = TRUE } }
  for _, list in ipairs { target.required, target.wanted } do
    for _, leaf in ipairs(list) do
      constraints[#constraints + 1] = { node = leaf, allowed = TRUE }
    end
  end
  for k = 1, i - 1 do
    constraints[#constraints + 1] = passing(entries[k])
  end
  return constraints
end

-- The windows of time that the rule names.
local function tell_windows(rule)
  local parts = {}
  for _, condition in ipairs(rule.conditions) do
    local value = condition.name == "time" and condition.value
    for _, part in ipairs { "days", "hours" } do
      if value and value[part] then
        parts[#parts + 1] = time.describe(value, part)
      end
    end
  end
  return #parts > 0 and " (" .. table.concat(parts, "; ") .. ")" or ""
end

--- What of the request matters, beside profile and user: a list of texts.
local function tell_chosen(self, rule, chosen)
  local words = {}
  for _, name in ipairs(space.ORDER) do
    local attribute = self.attributes[name]
    local value = attribute and chosen[attribute] and attribute.values[chosen[attribute]]
    if name == "time" and value and #attribute.values > 1 then
      words[#words + 1] = value.tell() .. tell_windows(rule)
    elseif value and value.words then
      words[#words + 1] = value.words
    end
  end
  return words
end

-- The request for a user, the engine's reply and what it asked. Where nobody chose a role and none
-- is bound, the request does without one if the reply is the same.
local function decide_for(self, rule, user, chosen, assumed)
  local request, role = self:request(chosen), self.attributes.role
  request.user = user
  local role_arn = request.role_arn
  if role and not chosen[role] and not self.settings.targets then
    request.role_arn = nil
  end
  local reply, asked = self:decide(self.parts[1].policy, request, assumed)
  if reply.rule ~= rule.name and request.role_arn ~= role_arn then
    request.role_arn = role_arn
    reply, asked = self:decide(self.parts[1].policy, request, assumed)
  end
  return request, reply, asked
end

-- The way that was found, for one member of the class; the engine has the last word.
local function new_way(self, rule, member, chosen)
  local assumed = space.assumed(chosen)
  local request, reply, asked = decide_for(self, rule, member.value.fields.user, chosen, assumed)
  if reply.effect ~= "allow" or reply.rule ~= rule.name then
    error(("the engine says %s by rule %q where rule %q was found to allow"):format(reply.effect,
      reply.rule, rule.name))
  end
  return { rule = rule.name, user = member.label, request = request,
    assumed = assumptions.tell(asked, assumed), words = tell_chosen(self, rule, chosen) }
end

-- Returns false where something was not looked at.
local function add_ways(self, class, found, budget)
  local attribute = self.attributes.user
  local live = entries_for(self.parts[1].entries, { [attribute] = class.number })
  for i, entry in ipairs(live) do
    if not budget.may_go_on() then
      return false
    end
    local chosen, part = { [attribute] = class.number }, search.part_of(budget, CHOICES_OF_ONE)
    if entry.rule.effect ~= "deny" and search.solve(constraints_of(live, i), chosen, part) then
      for _, member in ipairs(class.members) do
        if #found == WAYS_MAX then
          return false
        end
        found[#found + 1] = new_way(self, entry.rule, member, chosen)
      end
    end
    search.give_back(part)
  end
  return true
end

local function always()
  return true
end

ways.classes, ways.entries_for, ways.tell = classes_of, entries_for, tell_chosen

--- All ways in, by class of users, in the order of the rules.
-- @param policy that engine.compile made ready
-- @param settings of space.new; a profile has to be there
-- @param budget {left = a number of choices}
-- @param may_go_on optional, says whether there is fuel for more
-- @return a list of {rule, user = who, in words, request, assumed = list of {condition, holds},
-- words = list of what else matters}; whether there are no others; and the space
function ways.find(policy, settings, budget, may_go_on)
  local self, found = space.new({ policy }, settings), {}
  local users, roles = self:attribute("user"), self.attributes.role
  budget.may_go_on = may_go_on or always
  if settings.targets then
    roles:make()
  end
  if not settings.targets or #roles.values > 0 then
    users:make()
  end
  local is_whole = true
  for _, class in ipairs(classes_of(users)) do
    is_whole = is_whole and add_ways(self, class, found, budget)
  end
  return found, is_whole and self.is_exact and not budget.is_spent, self
end

return ways
