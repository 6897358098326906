--- Lint of what a rule requires, or grants in one mode only, and can never have.
local formula = require "sentinel.formula"
local proof = require "sentinel.proof"

local requirements = {}

-- The place behind a set, which begins at `at` with "[".
local function skip_set(pattern, at)
  at = at + 1
  if pattern:sub(at, at) == "^" then
    at = at + 1
  end
  local first = at
  while at <= #pattern and (pattern:sub(at, at) ~= "]" or at == first) do
    at = at + (pattern:sub(at, at) == "%" and 2 or 1)
  end
  return at + 1
end

-- The place behind one item of a pattern, and the bytes that it takes at most without a quantifier:
-- 0, 1, or nil when there is no limit.
local function read_item(pattern, at)
  local char, next_char = pattern:sub(at, at), pattern:sub(at + 1, at + 1)
  if char == "(" or char == ")" then
    return at + 1, 0
  elseif char == "[" then
    return skip_set(pattern, at), 1
  elseif char ~= "%" then
    return at + 1, 1
  elseif next_char == "f" then
    return skip_set(pattern, at + 2), 0
  elseif next_char == "b" or next_char:find("^%d") then
    return at + 2, nil
  end
  return at + 2, 1
end

--- The most bytes of a text that a Lua pattern fits; nil when there is no limit.
function requirements.longest_match(pattern)
  if pattern:sub(1, 1) ~= "^" or pattern:sub(-1) ~= "$" then
    return nil
  end
  local at, total = 2, 0
  while at < #pattern do
    local size
    at, size = read_item(pattern, at)
    local quantifier = size == 1 and pattern:sub(at, at)
    if size == nil or quantifier == "*" or quantifier == "+" or quantifier == "-" then
      return nil
    elseif quantifier == "?" then
      at = at + 1
    end
    total = total + size
  end
  return at == #pattern and total or nil -- else the last "$" belongs to an escape or a set
end

local function is_possible_in(self, modes)
  return not proof.is_empty(self.node, { op = "and", formula.modes(modes) })
end

local SERVER_ONLY = { require_server = true, require_server_session = true }

local function check_justification(self, wanted, report)
  local longest = wanted.pattern and requirements.longest_match(wanted.pattern)
  local least = wanted.min_length or 1
  if longest and longest < least then
    report("unmet-require", self, ("requires a justification that nobody can give: its pattern "
      .. "fits at most %d bytes, and it wants at least %d characters"):format(longest, least))
  end
end

--- Reports what cannot be met.
function requirements.check(self, report)
  local rule = self.rule
  local needs_server = SERVER_ONLY[rule.effect]
  if needs_server and not is_possible_in(self, { "server" }) then
    report("unmet-require", self,
      ("never grants: effect %s does so in mode server only, which its conditions exclude"):format(
        rule.effect))
  end
  if not rule.require or rule.effect == "deny" then
    return
  end
  if rule.require.justification then
    check_justification(self, rule.require.justification, report)
  end
  if rule.require.mfa and (needs_server or not is_possible_in(self, { "cli",
    "credential_process" })) then
    report("unmet-require", self, "requires MFA and grants in mode server only, where nobody is "
      .. "there to give a code")
  end
end

return requirements
