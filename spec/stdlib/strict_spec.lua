-- What is not defined is refused, with its place, what was found and what is allowed. Each valid
-- neighbour is told too.
local evaluator = require "spec.support.evaluator"

local CONDITIONS = "allowed: profiles, users, groups, roles, accounts, caller_roles, "
  .. "caller_accounts, mode, time, source_ip, mfa, break_glass, approval, device, all, any, not"
local EFFECTS = "allowed: allow, deny, require_approval, require_server, require_server_session"
local RULE_KEYS = "allowed: name, effect, conditions, description, reason, max_duration, "
  .. "max_server_duration, session_table, require, lease, until, emergency"
local DAYS = "allowed: monday, tuesday, wednesday, thursday, friday, saturday, sunday"
local ANYTHING = 'write ["*"] or remove the key'

local function refused(text, message, hint)
  local problems, hints = evaluator.problems("yaml", text)
  assert.equal(message, problems[1])
  if hint then
    assert.equal(hint, hints[1])
  end
  assert.equal(1, #problems)
end

local function accepted(text)
  local policy, problems = evaluator.load("yaml", text)
  assert(policy, problems and problems[1].message)
  policy.state:close()
end

describe("the policy", function()
  local RULES = "rules:\n  - {name: a, effect: allow, conditions: {}}\n"

  -- {text, first problem, hint}; valid neighbours have no problem.
  local rows = {
    { "version: 1\n" .. RULES },
    { "version: \"1\"\n" .. RULES },
    { "version: '1'\ndescription: >\n  two\n  lines\n" .. RULES },
    { "version: 2\n" .. RULES, '1:10: version has to be "1", not the number 2',
      'this program knows version "1" only' },
    { "version: 1.0\n" .. RULES, '1:10: version has to be "1", not the number 1.0' },
    { "version: 01\n" .. RULES, '1:10: version has to be "1", not the number 01' },
    { "version: \"1 \"\n" .. RULES, '1:10: version has to be "1", not the text "1 "' },
    { "version: true\n" .. RULES, '1:10: version has to be "1", not true' },
    { "version:\n" .. RULES, "1:9: version is there but has no value",
      "write one or remove the key" },
    { RULES, '1:1: "version" is missing in the policy' },
    { "version: 1\n", '1:1: "rules" is missing in the policy' },
    { "version: 1\nrules:\n", "2:7: rules is there but has no value" },
    { "version: 1\nrules: []\n", "2:8: rules is an empty list",
      "a policy needs at least one rule" },
    { "version: 1\nrules: {}\n", "2:8: rules has to be a list, not a mapping" },
    { "version: 1\nrules: a\n", '2:8: rules has to be a list, not the text "a"', 'write ["a"]' },
    { "version: 1\nrule: []\n" .. RULES,
      '2:1: unknown key "rule" in the policy; did you mean "rules"?',
      "allowed: version, description, groups, rules" },
    { "version: 1\nrulez: []\n", '2:1: unknown key "rulez" in the policy; did you mean "rules"?',
      "allowed: version, description, groups, rules" },
    { "version: 1\n" .. RULES .. "approvals: {a: [b]}\n",
      '4:1: "approvals" is reserved: it is not defined yet' },
    { "version: 1\n" .. RULES .. "break_glass: {a: [b]}\n",
      '4:1: "break_glass" is reserved: it is not defined yet' },
    { "version: 1\n" .. RULES .. "rules: []\n", '4:1: duplicate key "rules"; it is on line 2 too' },
    { "- version: 1\n", "1:1: the policy has to be a mapping, not a list" },
    { "{}\n", "1:1: the policy is empty", "write version and rules" },
    { "version: 1\n" .. RULES .. "---\nversion: 1\n",
      "4:1: a second document begins here; a policy is one document" },
    { "version: !!str 1\n" .. RULES,
      '1:10: the tag "tag:yaml.org,2002:str" is not allowed; remove it' },
    { "version: 1\ndescription: 5\n" .. RULES, "2:14: description has to be text, not the number 5",
      'write it in quotes: "5"' },
    { "version: 1\ngroups: {}\n" .. RULES, "2:9: groups is empty",
      "write a group or remove the key" },
    { "version: 1\ngroups: {a: []}\n" .. RULES, "2:13: groups.a is an empty list", ANYTHING },
    { "version: 1\ngroups: {a: b}\n" .. RULES, '2:13: groups.a has to be a list, not the text "b"',
      'write ["b"]' },
    { "version: 1\ngroups: {a: [1]}\n" .. RULES,
      "2:14: groups.a[0] has to be a user pattern, not the number 1",
      'write it in quotes: "1"' },
    { "version: 1\ngroups: {\"a*\": [b]}\n" .. RULES, '2:10: the name of a group cannot be "a*"' },
    { "version: 1\ngroups: {\"a?\": [b]}\n" .. RULES, '2:10: the name of a group cannot be "a?"' },
    { "version: 1\ngroups: {'a\\': [b]}\n" .. RULES, '2:10: the name of a group cannot be "a\\"' },
    { "version: 1\ngroups: {a: ['b\\']}\n" .. RULES, '2:14: groups.a[0]: "b\\" holds a backslash' },
    { "version: 1\n" .. RULES .. ("# %s\n"):format(("x"):rep(512 * 1024)),
      "1:1: the file has 524354 bytes; at most 512 KiB are allowed" },
  }
  for i, row in ipairs(rows) do
    it(("%s (row %d)"):format(row[2] or "is accepted", i), function()
      if row[2] then
        refused(row[1], row[2], row[3])
      else
        accepted(row[1])
      end
    end)
  end
end)

describe("a rule", function()
  local function policy(rule)
    return "version: 1\nrules:\n  - " .. rule .. "\n"
  end

  local rows = {
    { "{name: a.B_1-2, effect: allow, conditions: {}, description: d, reason: r, "
      .. "max_duration: 1h, session_table: t}" },
    { ("{name: %s, effect: allow, conditions: {}}"):format(("a"):rep(64)) },
    { ("{name: %s, effect: allow, conditions: {}}"):format(("a"):rep(65)),
      '3:12: name has to be 1 to 64 of the characters A-Z a-z 0-9 . _ -, '
      .. ('not the text "%s..."'):format(("a"):rep(61)) },
    { "{name: a b, effect: allow, conditions: {}}",
      '3:12: name has to be 1 to 64 of the characters A-Z a-z 0-9 . _ -, not the text "a b"' },
    { "{name: \"\", effect: allow, conditions: {}}",
      '3:12: name has to be 1 to 64 of the characters A-Z a-z 0-9 . _ -, not the text ""' },
    { "{name: 1, effect: allow, conditions: {}}", "3:12: name has to be text, not the number 1",
      'write it in quotes: "1"' },
    { "{name: ~, effect: allow, conditions: {}}", "3:12: name is there but has no value" },
    { "{effect: allow, conditions: {}}", '3:5: "name" is missing in rules[0]' },
    { "{name: a, conditions: {}}", '3:5: "effect" is missing in rule "a"', EFFECTS },
    { "{name: a, effect: allow}", '3:5: "conditions" is missing in rule "a"' },
    { "{name: a, effect: alow, conditions: {}}",
      '3:23: unknown effect "alow"; did you mean "allow"?', EFFECTS },
    { "{name: a, effect: Allow, conditions: {}}",
      '3:23: unknown effect "Allow"; did you mean "allow"?', EFFECTS },
    { "{name: a, effect: DENY, conditions: {}}",
      '3:23: unknown effect "DENY"; did you mean "deny"?', EFFECTS },
    { "{name: a, effect: zzzzzzzzz, conditions: {}}", '3:23: unknown effect "zzzzzzzzz"', EFFECTS },
    { "{name: a, effect: true, conditions: {}}", "3:23: effect has to be text, not true" },
    { "{name: a, effect: allow, conditions: }", "3:42: conditions is there but has no value" },
    { "{name: a, effect: allow, conditions: []}",
      "3:42: conditions has to be a mapping of conditions, not a list",
      CONDITIONS },
    { "{name: a, effect: allow, condition: {}, conditions: {}}",
      '3:30: unknown key "condition" in rule; did you mean "conditions"?', RULE_KEYS },
    { "{name: a, effect: allow, condition: {}}",
      '3:30: unknown key "condition" in rule; did you mean "conditions"?', RULE_KEYS },
    { "{name: a, name: b, effect: allow, conditions: {}}",
      '3:15: duplicate key "name"; it is on line 3 too' },
    { "{name: a, effect: allow, conditions: {}, lease: 120s}" },
    { "{name: a, effect: allow, conditions: {}, lease: 120}",
      "3:53: lease has to be a duration, not the number 120", "write it as 90s, 30m or 1h30m" },
    { "{name: a, effect: allow, conditions: {}, lease: 0s}", '3:53: lease has to be a duration, not the text "0s"' },
    { "{name: a, effect: allow, conditions: {}, until: window}",
      '3:53: rule "a" has until: window, and no time among its conditions',
      "add time, not within any, all or not, or remove the key" },
    { "{name: a, effect: allow, conditions: {any: [{time: {days: [monday]}}]}, until: window}",
      '3:84: rule "a" has until: window, and no time among its conditions' },
    { "{name: a, effect: allow, conditions: {time: {days: [monday]}}, until: window}" },
    { "{name: a, effect: allow, conditions: {time: {days: [monday]}}, until: windo}",
      '3:75: unknown bound "windo"; did you mean "window"?', "allowed: window" },
    { "{name: a, effect: allow, conditions: {}, emergency: yes}",
      '3:57: emergency has to be true or false, not the text "yes"' },
    { "{name: a, effect: allow, conditions: {}, max_duration: 3600}",
      "3:60: max_duration has to be a duration, not the number 3600",
        "write it as 90s, 30m or 1h30m" },
    { "{name: a, effect: allow, conditions: {}, max_duration: 0s}",
      '3:60: max_duration has to be a duration, not the text "0s"' },
    { "{name: a, effect: allow, conditions: {}, max_server_duration: 1 hour}",
      '3:67: max_server_duration has to be a duration, not the text "1 hour"' },
    { "{name: a, effect: allow, conditions: {}, session_table: []}",
      "3:61: session_table has to be text, not a list" },
    { "{name: a, effect: allow, conditions: {}, reason: \"two\\nlines\"}",
      "3:54: reason holds a line break, a control character or bytes that are not UTF-8",
        "write it on one line" },
    { ("{name: a, effect: allow, conditions: {}, reason: %s}"):format(("r"):rep(2049)),
      "3:54: reason has 2049 bytes; at most 2048 are allowed" },
    { "{name: a, effect: allow, conditions: {}, require: {}}", "3:55: require is empty",
      "write justification or mfa, or remove the key" },
    { "{name: a, effect: allow, conditions: {}, require: {justification: {}}}",
      "3:71: require.justification is empty",
      "write {min_length: 1} or remove the key" },
    { "{name: a, effect: allow, conditions: {}, require: {justification: {min_length: 0}}}",
      "3:84: require.justification.min_length has to be a whole number from 1 to 1024, "
      .. "not the number 0" },
    { "{name: a, effect: allow, conditions: {}, require: {justification: {min_length: \"5\"}}}",
      '3:84: require.justification.min_length has to be a whole number from 1 to 1024, '
      .. 'not the text "5"' },
    { "{name: a, effect: allow, conditions: {}, require: {justification: {pattern: \"a(\"}}}",
      '3:81: require.justification.pattern has to be a Lua pattern, not the text "a("',
        'a "(" has no ")" after it' },
    { "{name: a, effect: allow, conditions: {}, require: {mfa: {max_age: 5m}}}" },
    { "{name: a, effect: allow, conditions: {}, require: {mfa: {age: 5m, max_age: 5m}}}",
      '3:62: unknown key "age" in mfa', "allowed: max_age" },
  }
  for i, row in ipairs(rows) do
    it(("%s (row %d)"):format(row[2] or "is accepted", i), function()
      if row[2] then
        refused(policy(row[1]), row[2], row[3])
      else
        accepted(policy(row[1]))
      end
    end)
  end

  it("has a name of its own", function()
    refused("version: 1\nrules:\n  - {name: a, effect: allow, conditions: {}}\n"
      .. "  - {effect: deny, name: a, conditions: {}}\n",
      '4:26: duplicate rule name "a"; it is on line 3 too', "a rule's name is unique in the policy")
  end)
end)

describe("a condition", function()
  -- {conditions, problem, hint}; the conditions stand at column 17 of line 6.
  local rows = {
    { "{usres: [a]}", '6:18: unknown condition "usres"; did you mean "users"?', CONDITIONS
      .. "; a plugin needs a bundle" },
    { "{oncall: {schedule: x}}", '6:18: unknown condition "oncall"; a plugin needs a bundle',
      CONDITIONS },
    { "{name: x}", '6:18: unknown condition "name"; did you mean "time"?' },
    { "{profiles: []}", "6:28: profiles is an empty list", ANYTHING },
    { "{profiles: }", "6:28: profiles is there but has no value", ANYTHING },
    { "{profiles: ~}", "6:28: profiles is there but has no value", ANYTHING },
    { "{profiles: dev}", '6:28: profiles has to be a list, not the text "dev"', 'write ["dev"]' },
    { "{profiles: {a: b}}", "6:28: profiles has to be a list, not a mapping" },
    { "{profiles: {}}", "6:28: profiles has to be a list, not a mapping" },
    { "{profiles: [~]}", "6:29: profiles[0] is there but has no value" },
    { "{profiles: [a, 5]}", "6:32: profiles[1] has to be a profile pattern, not the number 5",
      'write it in quotes: "5"' },
    { "{profiles: [a, true]}", "6:32: profiles[1] has to be a profile pattern, not true",
      'write it in quotes: "true"' },
    { "{profiles: [[a]]}", "6:29: profiles[0] has to be a profile pattern, not a list" },
    { "{profiles: [\"\"]}",
      '6:29: profiles[0] has to be a text that is not empty, not the text ""' },
    { "{profiles: ['a\\*']}", '6:29: profiles[0]: "a\\*" holds a backslash',
      "there is no escape in patterns: * is any run of characters but /, ? is one" },
    { "{users: []}", "6:25: users is an empty list", ANYTHING },
    { "{users: [\"a\\tb\"]}",
      "6:26: users[0] holds a line break, a control character or bytes that are not UTF-8" },
    { "{groups: [security-team]}" },
    { "{groups: [\"sec*\"]}" },
    { "{groups: [secrity-team]}",
      '6:27: unknown group "secrity-team"; did you mean "security-team"?',
      "allowed: security-team, payments" },
    { "{groups: [\"x*\"]}", '6:27: unknown group "x*"', "allowed: security-team, payments" },
    { "{roles: []}", "6:25: roles is an empty list", ANYTHING },
    { "{accounts: [123456789012]}",
      "6:29: accounts[0] has to be an account, not the number 123456789012",
      'write it in quotes: "123456789012"' },
    { "{accounts: [\"12345678901?\", \"1*\", \"*\"]}" },
    { "{accounts: [\"12*x\"]}", '6:29: accounts[0] has to be an account, not the text "12*x"' },
    { "{caller_accounts: [\"123456789012 \"]}",
      '6:36: caller_accounts[0] has to be an account, not the text "123456789012 "' },
    { "{users: ['a\\*']}", '6:26: users[0]: "a\\*" holds a backslash' },
    { "{roles: ['a\\*']}", '6:26: roles[0]: "a\\*" holds a backslash' },
    { "{break_glass: {reason_codes: ['a\\*']}}", '6:47: break_glass.reason_codes[0]: "a\\*" holds a backslash' },
    { "{approval: {approvers: ['a\\*']}}", '6:41: approval.approvers[0]: "a\\*" holds a backslash' },
    { "{accounts: [\"1234\"]}", '6:29: accounts[0] has to be an account, not the text "1234"',
      'write 12 digits in quotes: "123456789012"' },
    { "{caller_roles: [\"arn:aws:iam::*:role/A\"]}",
      '6:33: caller_roles[0] has to be a role pattern, not the text "arn:aws:iam::*:role/A"' },
    { "{mode: [cli, sever]}", '6:30: unknown mode "sever"; did you mean "server"?',
      "allowed: credential_process, cli, server" },
    { "{mode: []}", "6:24: mode is an empty list",
      "name at least one of credential_process, cli, server, or remove the key" },
    { "{mode: cli}", '6:24: mode has to be a list, not the text "cli"', 'write ["cli"]' },
    { "{time: {}}", "6:24: time is empty", "write days or hours, or remove the key" },
    { "{time: {timezone: UTC}}", "6:24: time needs days or hours" },
    { "{time: {days: [mon]}}", '6:32: unknown weekday "mon"; did you mean "monday"?', DAYS },
    { "{time: {days: [Monday]}}", '6:32: unknown weekday "Monday"; did you mean "monday"?', DAYS },
    { "{time: {days: []}}", "6:31: time.days is an empty list" },
    { "{time: {days: [monday], day: [monday]}}",
      '6:41: unknown key "day" in time; did you mean "days"?',
      "allowed: days, hours, timezone" },
    { "{time: {hours: {}}}", "6:32: time.hours is empty",
      'write {start: "09:00", end: "17:00"} or remove the key' },
    { "{time: {hours: {start: \"09:00\"}}}", '6:32: "end" is missing in time.hours' },
    { "{time: {hours: {end: \"09:00\"}}}", '6:32: "start" is missing in time.hours' },
    { "{time: {hours: {start: \"09:00\", end: \"09:00\"}}}",
      "6:32: time.hours: start is equal to end" },
    { "{time: {hours: {start: 09:00, end: 24:00}}}" },
    { "{time: {hours: {start: \"22:00\", end: \"06:00\"}}}" },
    { "{time: {hours: {start: \"00:00\", end: \"24:00\"}}}" },
    { "{time: {hours: {start: \"24:00\", end: \"06:00\"}}}",
      '6:40: time.hours.start has to be HH:MM from 00:00 to 23:59, not the text "24:00"' },
    { "{time: {hours: {start: \"9:00\", end: \"17:00\"}}}",
      '6:40: time.hours.start has to be HH:MM from 00:00 to 23:59, not the text "9:00"' },
    { "{time: {hours: {start: \"09:60\", end: \"17:00\"}}}",
      '6:40: time.hours.start has to be HH:MM from 00:00 to 23:59, not the text "09:60"' },
    { "{time: {hours: {start: \"09:00\", end: \"24:01\"}}}",
      '6:54: time.hours.end has to be HH:MM from 00:00 to 23:59, or 24:00, not the text "24:01"' },
    { "{time: {hours: {start: \"09:00\", end: \"25:00\"}}}",
      '6:54: time.hours.end has to be HH:MM from 00:00 to 23:59, or 24:00, not the text "25:00"' },
    { "{time: {hours: {start: \"09:00:00\", end: \"17:00\"}}}",
      '6:40: time.hours.start has to be HH:MM from 00:00 to 23:59, not the text "09:00:00"' },
    { "{time: {hours: {start: 900, end: \"17:00\"}}}",
      "6:40: time.hours.start has to be HH:MM from 00:00 to 23:59, not the number 900" },
    { "{time: {days: [monday], timezone: America/New_York}}" },
    { "{time: {days: [monday], timezone: America/NewYork}}",
      '6:51: unknown time zone "America/NewYork"; did you mean "America/New_York"?' },
    { "{time: {days: [monday], timezone: Mars/Olympus}}",
      '6:51: unknown time zone "Mars/Olympus"' },
    { "{time: {days: [monday], timezone: localtime}}",
      '6:51: time.timezone has to be the name of a time zone, not the text "localtime"' },
    { "{time: {days: [monday], timezone: posix/UTC}}",
      '6:51: time.timezone has to be the name of a time zone, not the text "posix/UTC"' },
    { "{time: {days: [monday], timezone: posixrules}}",
      '6:51: time.timezone has to be the name of a time zone, not the text "posixrules"' },
    { "{time: {days: [monday], timezone: right/UTC}}",
      '6:51: time.timezone has to be the name of a time zone, not the text "right/UTC"' },
    { "{time: {days: [monday], timezone: ../../etc/passwd}}",
      '6:51: time.timezone has to be the name of a time zone, not the text "../../etc/passwd"' },
    { "{time: {days: [monday], timezone: }}", "6:51: time.timezone is there but has no value" },
    { "{source_ip: [10.0.0.0/8, \"2001:db8::/32\", 0.0.0.0/0, \"::1/128\"]}" },
    { "{source_ip: []}", "6:29: source_ip is an empty list",
      'write ["0.0.0.0/0", "::/0"] or remove the key' },
    { "{source_ip: [10.0.0.1]}",
      '6:30: source_ip[0] has to be an address block, not the text "10.0.0.1"',
      "write 10.0.0.1/32" },
    { "{source_ip: [10.0.0.1/8]}",
      '6:30: source_ip[0] has to be an address block, not the text "10.0.0.1/8"',
      "the address has bits beyond the first 8" },
    { "{source_ip: [10.0.0.0/33]}",
      '6:30: source_ip[0] has to be an address block, not the text "10.0.0.0/33"' },
    { "{source_ip: [010.0.0.0/8]}",
      '6:30: source_ip[0] has to be an address block, not the text "010.0.0.0/8"' },
    { "{source_ip: [\"1:2:3/64\"]}",
      '6:30: source_ip[0] has to be an address block, not the text "1:2:3/64"' },
    { "{mfa: {}}", "6:23: mfa is empty", "write {max_age: 15m} or remove the key" },
    { "{mfa: {max_age: 15}}", "6:33: mfa.max_age has to be a duration, not the number 15" },
    { "{break_glass: {}}", "6:31: break_glass is empty",
      'write {reason_codes: ["*"]} or remove the key' },
    { "{break_glass: {reason_codes: incident}}",
      '6:46: break_glass.reason_codes has to be a list, not the text "incident"' },
    { "{approval: {min_approvals: 0}}",
      "6:44: approval.min_approvals has to be a whole number from 1 to 100, not the number 0" },
    { "{device: {require_mdm: false}}", "6:40: device.require_mdm has to be true, not false" },
    { "{device: {min_os_version: 14.9}}",
      "6:43: device.min_os_version has to be a version, not the number 14.9",
      'write it in quotes: "14.9"' },
    { ("{device: {min_os_version: \"%s12\"}}"):format(("1."):rep(15)) },
    { ("{device: {min_os_version: \"%s1\"}}"):format(("1."):rep(16)),
      ('6:43: device.min_os_version has to be a version, not the text "%s1"'):format(("1."):rep(16)) },
    { "{device: {min_os_version: \"14.\"}}", '6:43: device.min_os_version has to be a version, not the text "14."' },
    { "{device: {min_os_version: \"14..3\"}}", '6:43: device.min_os_version has to be a version, not the text "14..3"' },
    { "{device: {min_os_version: \"14.x\"}}",
      '6:43: device.min_os_version has to be a version, not the text "14.x"' },
    { "{device: {allowed_os_types: [macos]}}", '6:46: unknown type of operating system "macos"',
      "allowed: darwin, windows, linux" },
    { "{not: {}}", "6:23: not is empty", "write a condition, or remove the key" },
    { "{not: [{users: [a]}]}", "6:23: not has to be a mapping of conditions, not a list",
      CONDITIONS },
    { "{any: []}", "6:23: any is an empty list",
      "write at least one condition, or remove the key" },
    { "{any: {users: [a]}}", "6:23: any has to be a list, not a mapping" },
    { "{any: [{users: [a]}, {}]}", "6:38: any[1] is empty" },
    { "{all: [users]}", '6:24: all[0] has to be a mapping of conditions, not the text "users"' },
    { "{any: [{all: [{usrs: [a]}]}]}", '6:32: unknown condition "usrs"; did you mean "users"?' },
    { "{any: [{users: []}]}", "6:32: any[0].users is an empty list", ANYTHING },
  }
  for i, row in ipairs(rows) do
    it(("%s %s (row %d)"):format(row[1], row[2] or "is accepted", i), function()
      local text = evaluator.one_rule(row[1])
      if row[2] then
        refused(text, row[2], row[3])
      else
        accepted(text)
      end
    end)
  end

  it("on groups needs the policy's own map", function()
    refused("version: 1\nrules:\n  - {name: a, effect: allow, conditions: {groups: [x]}}\n",
      "3:43: a condition on groups needs the policy's own \"groups\"",
      "write groups: {name: [user, ...]} at the top of the policy")
  end)

  it("knows the groups that stand below the rules", function()
    local rule = "version: 1\nrules:\n  - {name: a, effect: allow, conditions: {groups: [%s]}}\n"
      .. "groups: {ops: [alice], \"dev team\": [bob]}\n"
    accepted(rule:format("ops"))
    accepted(rule:format("dev team, ops"))
    accepted(rule:format("'dev*'"))
    refused(rule:format("opps"), '3:52: unknown group "opps"; did you mean "ops"?', "allowed: ops, dev team")
    refused(rule:format("'x*'"), '3:52: unknown group "x*"', "allowed: ops, dev team")
    refused(rule:format("ops"):gsub("dev team", "ops"), '4:24: duplicate key "ops"; it is on line 4 too')
  end)
end)

describe("several problems", function()
  it("are told in the order of the text", function()
    local problems = evaluator.problems("yaml", [[
version: 1
rules:
  - name: a
    conditions: {mode: [x], profiles: []}
    effect: allo
  - name: b
    effect: allow
    conditions: {oncall: {}, any: []}
groups: {}
]])
    assert.same({
      '4:25: unknown mode "x"',
      "4:39: profiles is an empty list",
      '5:13: unknown effect "allo"; did you mean "allow"?',
      '8:18: unknown condition "oncall"; a plugin needs a bundle',
      "8:35: any is an empty list",
      "9:9: groups is empty",
    }, problems)
  end)

  it("are told up to 20, and the others counted", function()
    local rules = {}
    for i = 1, 30 do
      rules[i] = ("  - {name: r%d, effect: x%d, conditions: {}}\n"):format(i, i)
    end
    local problems = evaluator.problems("yaml", "version: 1\nrules:\n" .. table.concat(rules))
    assert.equal(21, #problems)
    assert.equal('22:25: unknown effect "x20"', problems[20])
    assert.equal("22:25: 10 more problems are not shown", problems[21])
  end)

  it("tell what is missing beside a key that means something else", function()
    assert.same({ '1:1: "rules" is missing in the policy', '2:1: unknown key "nothing" in the policy' },
      evaluator.problems("yaml", "version: 1\nnothing: []\n"))
  end)

  it("name the file", function()
    local _, problems = evaluator.load("yaml", "version: 2\n", { name = "prod.yaml" })
    assert.equal("prod.yaml", problems[1].file)
  end)
end)

describe("a refused policy", function()
  it("denies every request", function()
    local vm = require "snt_vm"
    local state = vm.new(os.getenv("SNT_STDLIB_FOLDER"))
    state:call("load", evaluator.LOAD_FUEL, "yaml", "a.yaml", "version: 2\n")
    local decision = evaluator.decide({ state = state })
    assert.equal("deny", decision.effect)
    assert.equal("policy_invalid", decision.error)
    assert.equal('{"ok":false,"problems":[{"file":"a.yaml","line":1,"column":1,'
      .. '"message":"no policy is loaded","hint":""}]}',
      (state:call("link", evaluator.LOAD_FUEL)))
    state:close()
  end)

  it("is told when it is linked, where nobody heard that it cannot be compiled", function()
    local vm = require "snt_vm"
    local state = vm.new(os.getenv("SNT_STDLIB_FOLDER"))
    local answer = state:call("load", evaluator.LOAD_FUEL, "yaml", "a.yaml",
      evaluator.one_rule("{groups: ['*']}"))
    assert.equal('{"ok":true,"zones":[]}', answer)
    state:call("compile", 10)
    local linked = state:call("link", evaluator.LOAD_FUEL)
    assert.truthy(linked:find('"ok":false', 1, true), linked)
    assert.truthy(linked:find("loading spends more fuel than a policy may", 1, true), linked)
    assert.equal("policy_invalid", evaluator.decide({ state = state }).error)
    state:close()
  end)

  it("has no rule for emergencies where its bundle permits none", function()
    local text = [[
version: "1"
rules:
  - {name: a, effect: allow, conditions: {}, emergency: false}
  - name: b
    effect: allow
    emergency: true
    conditions: {}
]]
    local _, problems = evaluator.load("yaml", text, { files = {}, is_strict = true })
    assert.same({ { file = "/b/policy.yaml", line = 6, column = 16,
      message = 'rule "b" is marked emergency, which markers: [] in bundle.yaml does not permit',
      hint = "remove emergency from the rule, or write markers: [emergency] in bundle.yaml" } }, problems)
    assert(evaluator.load("yaml", text, { files = {} })).state:close()
    text = text:gsub("emergency: true", "emergency: false")
    assert(evaluator.load("yaml", text, { files = {}, is_strict = true })).state:close()
  end)

  it("denies too while it is loaded and not linked", function()
    local vm = require "snt_vm"
    local state = vm.new(os.getenv("SNT_STDLIB_FOLDER"))
    state:call("load", evaluator.LOAD_FUEL, "yaml", "a.yaml", evaluator.one_rule("{}"))
    assert.equal("policy_invalid", evaluator.decide({ state = state }).error)
    state:close()
  end)
end)
