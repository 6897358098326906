--- What a policy may say: one table per kind of thing. Both front ends are read by it (reader.lua).
--
-- A type is a table whose `type` names a function of reader.lua. The keys of a map are rows
-- {name, type, is_required}; rows are read, and conditions evaluated, in the order of the table.
local schema = {}

schema.effects = { "allow", "deny", "require_approval", "require_server", "require_server_session" }
schema.modes = { "credential_process", "cli", "server" }
schema.weekdays = { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" }
schema.os_types = { "darwin", "windows", "linux" }

schema.NESTING_MAX = 8

local ANYTHING = 'write ["*"] or remove the key'

-- What is worked out from a type's rows when it is first used: most policies use few of them.
local derived = {}

function derived.by_name(type)
  local by_name = {}
  for _, row in ipairs(type.keys) do
    by_name[row[1]] = row
  end
  return by_name
end

-- What may be written: a key that is refused for now is not offered.
function derived.names(type)
  local names = {}
  for _, row in ipairs(type.keys) do
    names[#names + 1] = row[2].type ~= "refused" and row[1] or nil
  end
  return names
end

function derived.required(type)
  local required = {}
  for _, row in ipairs(type.keys) do
    if row[3] then
      required[#required + 1] = row
    end
  end
  return required
end

--- By a condition's name, its place in the order in which they are checked; plugins, then
-- functions come last.
function derived.rank(type)
  local rank = { plugin = #type.keys + 1, ["function"] = #type.keys + 2 }
  for i, row in ipairs(type.keys) do
    rank[row[1]] = i
  end
  return rank
end

local lazy = {}

function lazy.__index(type, name)
  local derive = derived[name]
  local value = derive and derive(type)
  rawset(type, name, value)
  return value
end

--- A map type; `what` names it in messages, `empty` says what to do when there is nothing in it,
-- `items` where what has no key belongs, `room` how many fields it gets beside its keys.
local function map(what, keys, options)
  local type = options or {}
  type.type, type.what, type.keys, type.check = "map", what, keys, type.check or false
  type.room = type.room or 0
  return setmetatable(type, lazy)
end

local function list(of, empty)
  return { type = "list", of = of, empty = empty or ANYTHING }
end

local function enum(what, values)
  local type = { type = "enum", what = what, values = values, is_value = {} }
  for _, value in ipairs(values) do
    type.is_value[value] = true
  end
  return type
end

--- A list of words out of a few.
local function enum_list(what, values)
  return list(enum(what, values),
    "name at least one of " .. table.concat(values, ", ") .. ", or remove the key")
end

local function pattern(what, check)
  return { type = "pattern", what = what, check = check, is_plain = not check }
end

local function later(reason)
  return { type = "refused", reason = reason }
end

local line = { type = "text", max = 2048, is_line = true }
local prose = { type = "text", max = 4096 }
local duration = { type = "duration" }
local user = pattern("a user pattern")

local time = map("time", {
  { "days", enum_list("weekday", schema.weekdays) },
  { "hours", map("hours", {
    { "start", { type = "clock" }, true },
    { "end", { type = "clock", is_end = true }, true },
  }, { check = "hours", empty = 'write {start: "09:00", end: "17:00"} or remove the key' }) },
  { "timezone", { type = "zone" } },
}, { check = "time", empty = "write days or hours, or remove the key" })

local device = map("device", {
  { "require_encryption", { type = "only_true" } },
  { "require_mdm", { type = "only_true" } },
  { "require_mdm_compliant", { type = "only_true" } },
  { "require_firewall", { type = "only_true" } },
  { "min_os_version", { type = "os_version" } },
  { "allowed_os_types", enum_list("type of operating system", schema.os_types) },
}, { empty = "write what the device has to have, or remove the key" })

local approval = map("approval", {
  { "approvers", list(pattern("an approver pattern")) },
  { "min_approvals", { type = "integer", min = 1, max = 100 } },
}, { empty = "write approvers or min_approvals, or remove the key" })

local mfa = map("mfa", { { "max_age", duration, true } },
  { empty = "write {max_age: 15m} or remove the key" })

local break_glass = map("break_glass", { { "reason_codes", list(pattern("a reason code")), true } },
  { empty = 'write {reason_codes: ["*"]} or remove the key' })

local branches = { type = "branches", empty = "write at least one condition, or remove the key" }

--- The conditions, in the order in which they are checked.
schema.conditions = map("conditions", {
  { "profiles", list(pattern("a profile pattern")) },
  { "users", list(user) },
  { "groups", list({ type = "group" }) },
  { "roles", list(pattern("a role pattern", "role")) },
  { "accounts", list(pattern("an account", "account")) },
  { "caller_roles", list(pattern("a role pattern", "caller_role")) },
  { "caller_accounts", list(pattern("an account", "account")) },
  { "mode", enum_list("mode", schema.modes) },
  { "time", time },
  { "source_ip", list({ type = "cidr" }, 'write ["0.0.0.0/0", "::/0"] or remove the key') },
  { "mfa", mfa },
  { "break_glass", break_glass },
  { "approval", approval },
  { "device", device },
  { "all", branches },
  { "any", branches },
  { "not", { type = "conditions", is_nested = true } },
})

local justification = map("justification", {
  { "min_length", { type = "integer", min = 1, max = 1024 } },
  { "pattern", { type = "lua_pattern" } },
}, { empty = "write {min_length: 1} or remove the key" })

schema.rule = map("rule", {
  { "name", { type = "rule_name" }, true },
  { "effect", enum("effect", schema.effects), true },
  { "conditions", { type = "conditions" }, true },
  { "description", prose },
  { "reason", line },
  { "max_duration", duration },
  { "max_server_duration", duration },
  { "session_table", { type = "text", max = 256, is_line = true } },
  { "require", map("require", { { "justification", justification }, { "mfa", mfa } },
    { empty = "write justification or mfa, or remove the key" }) },
  { "lease", duration },
  { "until", enum("bound", { "window" }) },
  { "emergency", { type = "boolean" } },
}, { empty = "write name, effect and conditions", check = "rule",
  items = "functions and what s.check, s.any, s.all and s.not_ make belong in conditions = { ... }",
  room = 2 }) -- for its place and its index

schema.policy = map("the policy", {
  { "version", { type = "version" }, true },
  { "description", prose },
  { "groups", { type = "groups", of = list(user) } },
  { "approvals", later("is reserved: it is not defined yet") },
  { "break_glass", later("is reserved: it is not defined yet") },
  { "rules", { type = "rules", of = schema.rule }, true },
}, { empty = "write version and rules" })

--- The request as a policy's function sees it: any other name raises.
schema.request_fields = {
  user = { name = true, kind = true, arn = true, account = true, role = true },
  profile = true,
  role_arn = true,
  mode = true,
  time = true,
  duration = true,
  source_ip = true,
  justification = true,
  break_glass = { reason_code = true },
  session_table = true,
  approval = { id = true, approvers = true, approved_at = true, expires_at = true },
  mfa = { authenticated_at = true },
  device = {
    disk_encrypted = true, mdm_enrolled = true, mdm_compliant = true, firewall_enabled = true,
    os_type = true, os_version = true,
  },
}

--- For tables of the same kind elsewhere.
schema.map, schema.list, schema.enum = map, list, enum

return schema
