-- Every remedy is true: the request with all that the line says is allowed, by that very rule. The
-- policies and requests are made up.
local evaluator = require "spec.support.evaluator"

local ROUNDS = 400
local DAY_S = 24 * 3600
local START = 1768827600 -- 2026-01-19T13:00:00Z

local seed = 20260119
local function pick(list)
  seed = (seed * 1103515245 + 12345) % 2147483648
  return list[seed // 65536 % #list + 1]
end

local CONDITIONS = {
  "users: [alice]", "users: [bob]", "users: ['*']", "groups: [ops]", "roles: [Dev]",
  "mode: [cli]", "mode: [server, cli]", "mode: [credential_process]",
  'time: {hours: {start: "09:00", end: "12:00"}}', 'time: {hours: {start: "22:00", end: "02:00"}, days: [friday]}',
  "time: {days: [saturday, sunday]}", 'time: {hours: {start: "14:00", end: "24:00"}, days: [monday, thursday]}',
  "source_ip: [10.0.0.0/8]", "mfa: {max_age: 15m}", "mfa: {max_age: 12h}",
  "approval: {approvers: [carol, dave]}", "approval: {min_approvals: 2}",
  "not: {mode: [cli]}", "not: {mfa: {max_age: 1h}}",
  "any: [{mode: [cli]}, {mfa: {max_age: 5m}}]", "any: [{users: [bob]}, {time: {days: [tuesday]}}]",
  "all: [{mode: [cli, server]}, {approval: {min_approvals: 1}}]",
}
local REQUIRE = {
  "", "", "", ", require: {justification: {min_length: 9}}", ", require: {mfa: {max_age: 5m}}",
  ", require: {justification: {min_length: 3}, mfa: {max_age: 1h}}",
}
local EFFECTS = { "allow", "allow", "deny", "require_approval", "require_server", "require_server_session" }

local function make_rule(number)
  local conditions, seen = {}, {}
  for _ = 1, pick { 1, 1, 2, 2, 3 } do
    local condition = pick(CONDITIONS)
    local name = condition:match("^%w+")
    if not seen[name] then
      seen[name], conditions[#conditions + 1] = true, condition
    end
  end
  local effect = pick(EFFECTS)
  return ("  - {name: r%d, effect: %s, conditions: {%s}%s}\n"):format(number, effect,
    table.concat(conditions, ", "), effect == "deny" and "" or pick(REQUIRE))
end

local function make_policy()
  local parts = { 'version: "1"\ngroups: {ops: [alice]}\nrules:\n' }
  for i = 1, pick { 1, 2, 3, 4, 6 } do
    parts[#parts + 1] = make_rule(i)
  end
  return table.concat(parts)
end

local function format_time(epoch)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", epoch)
end

local SECONDS = { m = 60, h = 3600 }

-- Approvals are told by their number: nobody says that they come from people whom an earlier rule
-- names and this one does not.
local function approve(text, rule)
  local count = tonumber(text:match("with (%d+) approvals") or text:match("with an approval") and 1)
  local names = rule:find("carol", 1, true) and { "carol", "dave" } or { "erin", "frank" }
  return count and { approvers = { table.unpack(names, 1, count) }, approved_at = "2026-01-01T00:00:00Z",
    expires_at = "2027-01-01T00:00:00Z" }
end

-- The request at that moment with what the text says.
local function mend(fields, text, rule, epoch)
  local mended = {}
  for key, value in pairs(fields) do
    mended[key] = value
  end
  mended.time = format_time(epoch)
  mended.mode = text:match("as mode ([%w_]+)") or fields.mode
  local count, unit = text:match("MFA code no older than (%d+)(%a)")
  if count then
    mended.mfa = { authenticated_at = format_time(epoch - count * SECONDS[unit]) }
  end
  mended.approval = approve(text, rule)
  local length = text:match("justification of at least (%d+)")
  mended.justification = length and ("j"):rep(tonumber(length)) or fields.justification
  mended.session_table = text:find("session tracking", 1, true) and "table" or nil
  return mended
end

-- The moment that "from 09:00 UTC (monday)" means: the first one that shows it, on such a day.
local function moment_of(text, epoch)
  local hour, minute = text:match("from (%d%d):(%d%d) UTC")
  local days = text:match("UTC (%b())") or ""
  if not hour then
    return epoch
  end
  for moment = epoch // 60 * 60 + 60, epoch + 8 * DAY_S, 60 do
    local shown = os.date("!*t", moment)
    local is_day = days == "" or days:find(os.date("!%A", moment):lower(), 1, true)
    if shown.hour == tonumber(hour) and shown.min == tonumber(minute) and is_day then
      return moment
    end
  end
  error(text)
end

describe("every remedy", function()
  it("is true", function()
    local count = 0
    for _ = 1, ROUNDS do
      local text = make_policy()
      local policy = assert(evaluator.load("yaml", text))
      local epoch = START + pick { 0, 3, 9, 14, 33, 60, 100, 128, 150 } * 3600 + pick { 0, 59, 1800 }
      local fields = { time = format_time(epoch), mode = pick { "cli", "server", "credential_process" },
        justification = pick { false, "because" }, source_ip = pick { false, "10.1.1.1" },
        mfa = pick { false, { authenticated_at = format_time(epoch - 1800) } } }
      for _, remedy in ipairs(evaluator.explain(policy, fields).remedies) do
        local rule = text:match("name: " .. remedy.rule .. ",[^\n]*")
        local moment = moment_of(remedy.text, epoch)
        local decision = evaluator.decide(policy, mend(fields, remedy.text, rule, moment))
        count = count + 1
        if decision.effect ~= "allow" or decision.rule ~= remedy.rule then
          error(("%s\nat %s as %s: %s: %s\nis %s by %s"):format(text, fields.time, fields.mode, remedy.rule,
            remedy.text, decision.effect, decision.rule))
        end
      end
      policy.state:close()
    end
    assert.is_true(count > ROUNDS / 4, count .. " remedies")
  end)
end)
