--- Lint of rules against each other: what no request reaches, and what an earlier rule allows.
--
-- A rule is compared with the earlier ones that can be for one of its profiles and users, which are
-- found by name (index.lua does the same for decisions, but looks for one user of one profile).
local formula = require "sentinel.formula"
local overlap = require "sentinel.overlap"
local text = require "sentinel.text"

local comparing = {}

local NAMED_MAX = 3 -- rules in one message
local PIECES_MAX = 256 -- of one rule, when several others together may cover it

-- Candidates -----------------------------------------------------------------------------------

-- The names of a rule's profiles or users, or nil when it is for others too.
local function names_of(self, dim)
  for i = 1, #self.node do
    local literal = self.node[i]
    if literal.dim == dim and not literal.neg and not literal.always and #literal.set == 0 then
      return literal.items
    end
  end
  return nil
end

local function new_bucket()
  return { all = {}, loose = {}, by_user = {} }
end

local function put(bucket, number, users)
  table.insert(bucket.all, number)
  if not users then
    return table.insert(bucket.loose, number)
  end
  for _, user in ipairs(users) do
    local list = bucket.by_user[user]
    if not list then
      bucket.by_user[user] = { number }
    elseif list[#list] ~= number then
      list[#list + 1] = number
    end
  end
end

local function new_index()
  return { everything = new_bucket(), elsewhere = new_bucket(), by_profile = {} }
end

local function add_rule(index, self)
  put(index.everything, self.number, self.users)
  if not self.profiles then
    return put(index.elsewhere, self.number, self.users)
  end
  for _, profile in ipairs(self.profiles) do
    local bucket = index.by_profile[profile]
    if not bucket then
      bucket = new_bucket()
      index.by_profile[profile] = bucket
    end
    put(bucket, self.number, self.users)
  end
end

-- Adds to out, each once, the numbers of a bucket that can be for one of the users.
local function take(bucket, users, out, seen)
  local function take_list(list)
    for i = 1, #list do
      local number = list[i]
      if not seen[number] then
        seen[number] = true
        out[#out + 1] = number
      end
    end
  end
  if not users then
    return take_list(bucket.all)
  end
  take_list(bucket.loose)
  for _, user in ipairs(users) do
    take_list(bucket.by_user[user] or {})
  end
end

-- The numbers of the earlier rules that may have to do with this one, in order.
local function candidates(index, self)
  local out, seen = {}, {}
  if not self.profiles then
    take(index.everything, self.users, out, seen)
  else
    take(index.elsewhere, self.users, out, seen)
    for _, profile in ipairs(self.profiles) do
      if index.by_profile[profile] then
        take(index.by_profile[profile], self.users, out, seen)
      end
    end
  end
  table.sort(out)
  return out
end

-- Several rules that cover one ------------------------------------------------------------------

local function modes_of(self)
  for _, node in ipairs(self.head) do
    if node.dim == "mode" then
      return text.sorted_keys(node.set)
    end
  end
  return { "cli", "credential_process", "server" }
end

-- The parts of a rule along a dimension, each as a literal; nil when it has only one.
local function parts_along(self, dim)
  local parts = {}
  if dim == "mode" then
    for i, mode in ipairs(modes_of(self)) do
      parts[i] = formula.modes({ mode })
    end
    return #parts > 1 and parts or nil
  end
  for _, node in ipairs(self.head) do
    if node.dim == dim and not node.neg and not node.always and #parts == 0 then
      for i, item in ipairs(node.items) do
        parts[i] = formula.item(dim, item)
      end
    end
  end
  return #parts > 1 and parts or nil
end

-- Whether every part of the piece, along the dimensions from the i-th on, is covered by one of
-- those that cover it partly; they go into used.
local function is_covered(piece, dims, i, coverers, used, work)
  for _, other in ipairs(coverers) do
    if overlap.covers(other, piece) == true then
      used[other] = true
      return true
    end
  end
  local parts = dims[i] and parts_along(piece, dims[i])
  if not dims[i] then
    return false
  elseif not parts then
    return is_covered(piece, dims, i + 1, coverers, used, work)
  end
  for _, part in ipairs(parts) do
    work.pieces = work.pieces + 1
    if work.pieces > PIECES_MAX
      or not is_covered(overlap.narrow(piece, part), dims, i + 1, coverers, used, work) then
      return false
    end
  end
  return true
end

-- The rules that together cover this one, in order, or nil.
local function find_union(self, partial)
  local dims, coverers, used = {}, {}, {}
  for _, dim in ipairs { "profile", "user", "mode" } do
    for _, entry in ipairs(partial) do
      if entry.missing[dim] then
        dims[#dims + 1] = dim
        break
      end
    end
  end
  for i, entry in ipairs(partial) do
    coverers[i] = entry.rule
  end
  if #coverers < 2 or not is_covered(self, dims, 1, coverers, used, { pieces = 0 }) then
    return nil
  end
  local found = {}
  for _, other in ipairs(coverers) do
    if used[other] then
      found[#found + 1] = other
    end
  end
  return found
end

-- Checks ----------------------------------------------------------------------------------------

-- `rule "a"`, `rules "a" and "b"`, `rules "a", "b", "c" and 5 more`
local function name_all(rules)
  local names = {}
  for i = 1, math.min(#rules, NAMED_MAX) do
    names[i] = text.quote(rules[i].rule.name)
  end
  if #rules > NAMED_MAX then
    return ("rules %s and %d more"):format(table.concat(names, ", "), #rules - NAMED_MAX)
  end
  local last = table.remove(names)
  return #names == 0 and "rule " .. last
    or ("rules %s and %s"):format(table.concat(names, ", "), last)
end

local function some_allow(rules)
  for _, other in ipairs(rules) do
    if not other.is_deny then
      return true
    end
  end
  return false
end

local function report_covered(self, by, report)
  local is_dead = self.is_deny and some_allow(by)
  local names, verb = name_all(by), #by == 1 and "decides" or "decide"
  if is_dead then
    report("dead-deny", self, ("denies nothing: %s, before it, %s all that it could"):format(names,
      verb))
  else
    report("unreachable-rule", self,
      ("decides nothing: %s, before it, %s all that it could"):format(names, verb))
  end
end

-- Compares one rule with those before it. What allows before a deny rule is noted with the allow.
local function compare(self, index, rules, report, has_time)
  local partial, covering = {}, nil
  for i, number in ipairs(candidates(index, self)) do
    local other = rules[number]
    if i % 16 == 0 and not has_time() then
      return false
    end
    local covers = not covering and overlap.covers(other, self)
    if covers == true then
      covering = { other }
    elseif covers then
      partial[#partial + 1] = { rule = other, missing = covers }
    end
    if self.is_deny and not other.is_deny and overlap.may_overlap(other, self) then
      other.denied_by = other.denied_by or {}
      table.insert(other.denied_by, self)
    end
  end
  covering = covering or find_union(self, partial)
  if covering then
    report_covered(self, covering, report)
  end
  return true
end

local function report_allows(rules, report)
  for _, self in ipairs(rules) do
    if self.denied_by then
      report("allow-before-deny", self, ("decides before the deny %s where a request matches both")
        :format(name_all(self.denied_by)))
    end
  end
end

--- Compares all rules (overlap.prepare), in order.
-- @param report a function of a check's name, a rule and a message
-- @param has_time a function that says whether to go on
-- @return whether all were compared
function comparing.check(rules, report, has_time)
  local index, is_complete = new_index(), true
  for _, self in ipairs(rules) do
    self.profiles, self.users = names_of(self, "profile"), names_of(self, "user")
    if not has_time() or not compare(self, index, rules, report, has_time) then
      is_complete = false
      break
    end
    add_rule(index, self)
  end
  report_allows(rules, report)
  return is_complete
end

return comparing
