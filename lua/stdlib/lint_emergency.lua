--- Lint of rules with `emergency: true`: they have to work when everything else is down.
local formula = require "sentinel.formula"
local proof = require "sentinel.proof"
local text = require "sentinel.text"

local emergency = {}

local NAMED_MAX = 3

local FACTS = { source_ip = "source_ip", mfa = "mfa", approval = "approval", device = "device" }
local EFFECTS = { require_approval = "approval", require_server_session = "session tracking" }

local function fact_of(literal)
  local condition = literal.condition
  return condition and condition.plugin and ("plugin %s"):format(text.quote(condition.name))
    or FACTS[literal.dim]
end

--- What a rule's decision depends on beside the request: names in order, none twice.
function emergency.facts_of(self)
  local found = {}
  formula.each(self.node, function(literal)
    local name = fact_of(literal)
    if name then
      found[name] = true
    end
  end)
  local effect = EFFECTS[self.rule.effect]
  if effect then
    found[effect] = true
  end
  if self.rule.require and self.rule.require.mfa and not self.is_deny then
    found.mfa = true
  end
  return text.sorted_keys(found)
end

local function has_fact(node)
  local has = false
  formula.each(node, function(literal)
    has = has or fact_of(literal) ~= nil
  end)
  return has
end

-- The conditions that have to hold before a fact is asked for: a plugin is only asked when nothing
-- before it is false.
local function before_facts(self)
  local node = { op = "and" }
  for _, child in ipairs(self.node) do
    if child.dim == "opaque" or child.has_opaque then
      break
    elseif not has_fact(child) then
      node[#node + 1] = child
    end
  end
  return node
end

local function report_on(self, dependent, report)
  local sources = {}
  local own = emergency.facts_of(self)
  if #own > 0 then
    sources[1] = "it depends on " .. table.concat(own, ", ")
  end
  for _, other in ipairs(dependent) do
    if #sources < NAMED_MAX and not proof.is_empty(other.before, self.node) then
      sources[#sources + 1] = ("rule %s before it depends on %s"):format(
        text.quote(other.rule.rule.name), table.concat(other.facts, ", "))
    end
  end
  if #sources > 0 then
    report("emergency-depends-on-fact", self, "may fail when it is needed: "
      .. table.concat(sources, "; "))
  end
end

--- Reports on all rules, in order.
-- @return whether there was time for all
function emergency.check(rules, report, has_time)
  local dependent = {}
  for _, self in ipairs(rules) do
    if self.rule.emergency then
      if not has_time() then
        return false
      end
      report_on(self, dependent, report)
    end
    local facts = emergency.facts_of(self)
    if #facts > 0 then
      dependent[#dependent + 1] = { rule = self, facts = facts, before = before_facts(self) }
    end
  end
  return true
end

return emergency
