--- What the cases of a spec saw of a policy: how often each rule was tried and matched, and what
-- each condition came to. It is counted where it happens, in the evaluations themselves. Only specs
-- are observed: production code has no hook for it.
--
-- A round of an evaluation that asked for facts has no verdict, and does not count.
local errors = require "sentinel.errors"
local text = require "sentinel.text"

local coverage = {}

local POINTS_MAX, BYTES_MAX = 5000, 500000
local SEEN_BYTES_MAX, MOST = 60000, 999
local WANTED_MAX = 60

-- What a rule or condition came to. A rule that decided without matching has an error.
local TRUE <const>, FALSE <const>, UNKNOWN <const>, FAILED <const>, LATE <const> = 1, 2, 3, 4, 5
local DEFAULT <const> = 1 -- the point of what no rule matches

local methods = {}
methods.__index = methods

function methods:count(point, outcome)
  if point then
    local row = self.seen[point] or { 0, 0, 0, 0, 0 }
    row[outcome], self.seen[point] = row[outcome] + 1, row
  end
end

-- Points -------------------------------------------------------------------------------------

-- The words that a condition's list has; what others want is told by their names.
local function wanted_by(condition)
  local kind = condition.kind
  return kind and not kind.describe and text.cut(text.join(condition.value), WANTED_MAX) or ""
end

-- @param point {rule, condition, kind, wanted, place, depth, branch, is_plugin}
function methods:add_point(point)
  local bytes = #point.rule + #point.condition + #point.wanted + 150
  if #self.points == POINTS_MAX or self.bytes + bytes > BYTES_MAX then
    self.left_out = self.left_out + 1
    return nil
  end
  self.bytes = self.bytes + bytes
  table.insert(self.points, point)
  return #self.points
end

-- Tables of Lua have no lines of their own, but functions have.
function methods:place_of(condition, rule)
  local place = condition.place or rule.place
  if condition.name == "function" and place == rule.place then
    local number, file, line = errors.file_of(place), host.source_of(condition.call)
    return file == self.files[number] and errors.place(line, 1, number) or place
  end
  return place
end

function methods:add_condition(condition, rule, depth, branch)
  return self:add_point {
    rule = rule.name, condition = text.cut(condition.path), kind = condition.name,
    wanted = wanted_by(condition), place = self:place_of(condition, rule), depth = depth,
    branch = branch, is_plugin = condition.plugin ~= nil,
  }
end

-- A point that is no condition of a policy.
function methods:add_plain(rule, place, plugin)
  return self:add_point {
    rule = rule, condition = plugin or "", kind = plugin or "", wanted = "", place = place,
    depth = 0, branch = 0, is_plugin = plugin ~= nil,
  }
end

-- Conditions tell what they came to as they are evaluated, branches included.
function methods:observe(list, rule, depth, branch)
  for _, condition in ipairs(list) do
    local point = self:add_condition(condition, rule, depth, branch)
    local evaluate = condition.evaluate
    condition.evaluate = function(of, run)
      local mark = { point = point, outcome = FAILED } -- it stays so when this raises
      table.insert(self:marks_of(run), mark)
      local verdict, last, part, got = evaluate(of, run)
      mark.outcome = verdict == true and TRUE or verdict == false and FALSE or UNKNOWN
      return verdict, last, part, got
    end
    for i, below in ipairs(condition.branches or {}) do
      self:observe(below.value, rule, depth + 1, i - 1)
    end
    if condition.name == "not" then
      self:observe(condition.value, rule, depth + 1, 0)
    end
  end
end

function methods:observe_policy(policy)
  self:add_plain("", errors.START)
  for _, rule in ipairs(policy.rules) do
    self.rules[rule.name] = self:add_plain(rule.name, rule.place)
    self:observe(rule.conditions, rule, 1, 0)
  end
end

--- Observes the policy of a spec, which engine.compile made ready, or the plugin whose spec it is.
-- The points of a policy are the default denial, then each rule with its conditions in their order;
-- a plugin has one.
-- @param world of spec_runner.load
function coverage.new(world)
  local self = setmetatable({ points = {}, seen = {}, rules = {}, marks = {}, bytes = 0,
    left_out = 0, files = world.policy_files or {} }, methods)
  self.is_plugin = world.plugin_name ~= ""
  if self.is_plugin then
    self:add_plain("", errors.START, world.plugin_name)
  else
    self:observe_policy(world.policy)
  end
  return self
end

-- Counting -----------------------------------------------------------------------------------

-- The marks of this round; those of an earlier one are thrown away with its verdicts.
function methods:marks_of(run)
  if self.run ~= run then
    self.run, self.marks = run, {}
  end
  return self.marks
end

--- To be called before a decision, which may raise.
function methods:start()
  self.run, self.marks = nil, {}
end

--- Takes what a decision came to.
function methods:take(decision)
  if self.is_plugin then
    return
  end
  local error_class = decision.error == "plugin_timeout" and LATE or FAILED
  for _, mark in ipairs(self.marks) do
    self:count(mark.point, mark.outcome == FAILED and error_class or mark.outcome)
  end
  for _, entry in ipairs(decision.trace or {}) do
    local has_decided = decision.error and entry.rule == decision.rule
    self:count(self.rules[entry.rule], entry.matched and TRUE or has_decided and FAILED or FALSE)
  end
  self:count(DEFAULT, decision.rule == "" and TRUE or FALSE)
  self:start()
end

--- Takes what the plugin came to when its own spec called it.
function methods:take_plugin(verdict, class)
  local outcome = verdict == true and TRUE or verdict == false and FALSE or UNKNOWN
  if class then
    outcome = class == "plugin_timeout" and LATE or FAILED
  end
  self:count(DEFAULT, outcome)
end

-- Telling ------------------------------------------------------------------------------------

local function encode_point(point)
  local names = ('{"rule":%s,"condition":%s,"kind":%s,"wanted":%s,'):format(
    host.json_text(point.rule), host.json_text(point.condition), host.json_text(point.kind),
    host.json_text(point.wanted))
  return names .. ('"file":%d,"line":%d,"depth":%d,"branch":%d,"plugin":%s}'):format(
    errors.file_of(point.place), (errors.line_of(point.place)), point.depth, point.branch,
    tostring(point.is_plugin))
end

--- {"files":[...],"points":[...],"left_out":n}. Files are counted from 0; a rule itself has no
-- condition and depth 0, its conditions depth 1; branch is the one of any or all that a condition
-- stands in.
function methods:encode_points()
  local files, points = {}, {}
  for i = 0, self.files[0] and #self.files or -1 do
    files[i + 1] = host.json_text(self.files[i])
  end
  for i, point in ipairs(self.points) do
    points[i] = encode_point(point)
  end
  return ('{"files":[%s],"points":[%s],"left_out":%d}'):format(table.concat(files, ","),
    table.concat(points, ","), self.left_out)
end

-- `3,,1`: how often each outcome was; zeros are left out, and those at the end with their commas.
local function encode_row(row, most)
  local last = 0
  local parts = {}
  for outcome, times in ipairs(row or {}) do
    parts[outcome] = times > 0 and math.min(times, most) or ""
    last = times > 0 and outcome or last
  end
  return table.concat(parts, ",", 1, last)
end

function methods:encode_rows(most)
  local rows = {}
  for i = 1, #self.points do
    rows[i] = encode_row(self.seen[i], most)
  end
  return table.concat(rows, ";")
end

--- What was seen since this was called last: for each point true, false, unknown, failed, late, as
-- `1,2;;,1`.
function methods:encode_seen()
  local encoded = self:encode_rows(MOST)
  if #encoded > SEEN_BYTES_MAX then
    encoded = self:encode_rows(1)
  end
  self.seen = {}
  return encoded
end

return coverage
