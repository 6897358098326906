-- Each condition: true, false, unknown, with what the trace says.
local evaluator = require "spec.support.evaluator"

local ROLE = { name = "role/Deploy/ci", kind = "role", account = "123456789012", role = "Deploy" }
local SSO = { name = "a.b@x.com", kind = "sso", account = "123456789012",
  role = "AWSReservedSSO_Dev_0123456789abcdef" }
local FEDERATED = { name = "federated/bob", kind = "federated", account = "123456789012" }
local ROOT = { name = "root", kind = "root", account = "123456789012" }
local FAR_ROOT = { name = "210987654321/root", kind = "root", account = "210987654321" }
local DEVICE = {
  disk_encrypted = true, mdm_enrolled = true, mdm_compliant = false, os_type = "darwin",
    os_version = "14.10.1",
}
local APPROVAL = {
  id = "1", approvers = { "bob", "carol", "bob" }, approved_at = "2026-01-19T14:00:00Z",
  expires_at = "2026-01-19T16:00:00Z",
}
local EXPIRED = {
  id = "1", approvers = { "bob" }, approved_at = "2026-01-19T13:00:00Z",
    expires_at = "2026-01-19T15:00:00Z",
}
local EARLY = {
  id = "1", approvers = { "bob" }, approved_at = "2026-01-19T15:02:00Z",
    expires_at = "2026-01-19T16:00:00Z",
}
local GOVERNMENT = "arn:aws-us-gov:iam::210987654321:role/Dev"
local IN_FOLDER = "arn:aws:iam::210987654321:role/team/Dev"

local function approval_without(field)
  local approval = {}
  for key, value in pairs(APPROVAL) do
    approval[key] = key ~= field and value or nil
  end
  return approval
end

-- {conditions, request, verdict, failed, wanted, got}; verdict "unknown" is told by what was got.
local rows = {
  { "{profiles: [dev]}", {}, true },
  { "{profiles: [prod, \"de?\"]}", {}, true },
  { "{profiles: [\"*\"]}", { profile = "a/b" }, false, "profiles", "*", "a/b" },
  { "{profiles: [\"*/*\"]}", { profile = "a/b" }, true },
  { "{profiles: [Dev]}", {}, false, "profiles", "Dev", "dev" },
  { "{profiles: [\"dev-*\", prod]}", {}, false, "profiles", "dev-*, prod", "dev" },
  { "{profiles: [\"d?\"]}", {}, false, "profiles", "d?", "dev" },
  { "{profiles: [\"*\"]}", { profile = false }, "unknown", "profiles", "*" },

  { "{users: [alice]}", {}, true },
  { "{users: [alice]}", { user = "alice2" }, false, "users", "alice", "alice2" },
  { "{users: [\"ali*\"]}", {}, true },
  { "{users: [\"*@x.com\"]}", { user = SSO }, true },
  { "{users: [\"*\"]}", { user = ROLE }, true },
  { "{users: [\"*\"]}", { user = FEDERATED }, true },
  { "{users: [\"*\"]}", { user = ROOT }, true },
  { "{users: [\"**\"]}", { user = ROOT }, false, "users", "**", "root (root)" },
  { "{users: [\"*/*/*\"]}", { user = ROLE }, false, "users", "*/*/*", "role/Deploy/ci (role)" },
  { "{users: [\"?ole/*/*\"]}", { user = ROLE }, false, "users", "?ole/*/*", "role/Deploy/ci (role)" },
  { "{users: [role/Deploy/ci]}", { user = ROLE }, true },
  { "{users: [\"role/Deploy/*\"]}", { user = ROLE }, true },
  { "{users: [\"role/*\"]}", { user = ROLE }, false, "users", "role/*", "role/Deploy/ci" },
  { "{users: [\"role/Deploy/*\"]}", { user = { name = "role/Deploy/ci", kind = "user" } }, false,
    "users",
    "role/Deploy/*", "role/Deploy/ci (user)" },
  { "{users: [federated/bob]}", { user = FEDERATED }, true },
  { "{users: [bob]}", { user = FEDERATED }, false, "users", "bob", "federated/bob" },
  { "{users: [root]}", { user = ROOT }, true },
  { "{users: [root]}", { user = "root" }, false, "users", "root", "root (user)" },
  { "{users: [\"roo?\"]}", { user = ROOT }, false, "users", "roo?", "root (root)" },
  { "{users: [root]}", { user = FAR_ROOT }, false, "users", "root", "210987654321/root" },
  { "{users: [210987654321/root]}", { user = FAR_ROOT }, true },
  { "{users: [210987654321/root]}", { user = ROOT }, false, "users", "210987654321/root", "root" },
  { "{users: [210987654321/root]}", { user = "210987654321/root" }, false, "users",
    "210987654321/root", "210987654321/root (user)" },
  { "{users: [\"*/root\"]}", { user = FAR_ROOT }, false, "users", "*/root", "210987654321/root (root)" },
  { "{users: [\"210987654321/*\"]}", { user = FAR_ROOT }, false, "users", "210987654321/*",
    "210987654321/root (root)" },
  { "{users: [\"*\"]}", { user = FAR_ROOT }, true },
  { "{users: [\"federated/*\"]}", { user = FEDERATED }, true },
  { "{users: [\"fed*/bob\"]}", { user = FEDERATED }, false, "users", "fed*/bob", "federated/bob (federated)" },
  { "{users: [\"*/bob\"]}", { user = FEDERATED }, false, "users", "*/bob", "federated/bob (federated)" },
  { "{users: [role-admin]}", { user = "role-admin" }, true },
  { "{users: [federated-bob]}", { user = "federated-bob" }, true },
  { "{users: [\"x/role/Deploy/ci\"]}", { user = { name = "x/role/Deploy/ci", kind = "role" } }, false, "users",
    "x/role/Deploy/ci", "x/role/Deploy/ci (role)" },
  { "{users: [Alice]}", {}, false, "users", "Alice", "alice" },
  { "{users: [\"*\"]}", { user = false }, "unknown", "users", "*" },
  { "{users: [\"*\"]}", { user = { name = "alice" } }, "unknown", "users", "*" },
  { "{users: [\"*\"]}", { user = { kind = "user" } }, "unknown", "users", "*" },
  { "{users: [alice]}", { user = { name = "alice", kind = "other" } }, false, "users", "alice",
    "alice (other)" },

  { "{groups: [security-team]}", {}, true },
  { "{groups: [security-team]}", { user = "mallory" }, false, "groups", "security-team",
    "mallory" },
  { "{groups: [payments, security-team]}", { user = "carol@payments.example.com" }, true },
  { "{groups: [payments]}", { user = { name = "role/x/y@payments.example.com", kind = "role" } },
    false, "groups",
    "payments", "role/x/y@payments.example.com" },
  { "{groups: [security-team]}", { user = { name = "alice", kind = "federated" } }, false, "groups",
    "security-team", "alice (federated)" },
  { "{groups: [\"*\"]}", {}, true },
  { "{groups: [\"*\"]}", { user = "mallory" }, false, "groups", "*", "mallory" },
  { "{groups: [\"*\"]}", { user = false }, "unknown", "groups", "*" },

  { "{roles: [Dev]}", {}, true },
  { "{roles: [Dev]}", { role_arn = "arn:aws:iam::210987654321:role/team/x/Dev" }, true },
  { "{roles: [\"arn:aws:iam::210987654321:role/Dev\"]}", {}, true },
  { "{roles: [\"arn:aws:iam::*:role/Dev\"]}", {}, true },
  { "{roles: [\"*\"]}", {}, true },
  { "{roles: [Prod]}", {}, false, "roles", "Prod", "arn:aws:iam::210987654321:role/Dev" },
  { "{roles: [\"arn:aws:iam::123456789012:role/Dev\"]}", {}, false, "roles",
    "arn:aws:iam::123456789012:role/Dev",
    "arn:aws:iam::210987654321:role/Dev" },
  { "{roles: [Dev]}", { role_arn = GOVERNMENT }, true },
  { "{roles: [\"arn:aws-us-gov:iam::*:role/D?v\"]}", { role_arn = GOVERNMENT }, true },
  { "{roles: [\"arn:aws:iam::*:role/Dev\"]}", { role_arn = GOVERNMENT }, false, "roles", "arn:aws:iam::*:role/Dev",
    GOVERNMENT },
  { "{roles: [\"arn:aws:iam::*:role/*\"]}", { role_arn = IN_FOLDER }, false, "roles", "arn:aws:iam::*:role/*", IN_FOLDER },
  { "{roles: [\"team/Dev\"]}", { role_arn = IN_FOLDER }, false, "roles", "team/Dev", IN_FOLDER },
  { "{roles: [\"*\"]}", { role_arn = "arn:aws:iam::210987654321:user/Dev" }, "unknown", "roles", "*" },
  { "{roles: [\"*\"]}", { role_arn = "arn:aws:iam:::role/Dev" }, "unknown", "roles", "*" },
  { "{roles: [\"*\"]}", { role_arn = false }, "unknown", "roles", "*" },
  { "{roles: [\"*\"]}", { role_arn = "Dev" }, "unknown", "roles", "*" },
  { "{accounts: [\"210987654321\"]}", {}, true },
  { "{accounts: [\"2109*\"]}", {}, true },
  { "{accounts: [\"123456789012\"]}", {}, false, "accounts", "123456789012", "210987654321" },
  { "{accounts: [\"21098765432?\"]}", { role_arn = GOVERNMENT }, true },
  { "{accounts: [\"210987654321\"]}", { role_arn = IN_FOLDER }, true },
  { "{accounts: [\"*\"]}", { role_arn = "arn:aws:iam::210987654321:user/Dev" }, "unknown", "accounts", "*" },
  { "{accounts: [\"*\"]}", { role_arn = false }, "unknown", "accounts", "*" },
  { "{caller_roles: [Deploy]}", { user = ROLE }, true },
  { "{caller_roles: [\"AWSReservedSSO_Dev_*\"]}", { user = SSO }, true },
  { "{caller_roles: [Dev]}", { user = ROLE }, false, "caller_roles", "Dev", "Deploy" },
  { "{caller_roles: [Admin]}", { user = ROLE }, false, "caller_roles", "Admin", "Deploy" },
  { "{caller_roles: [\"*\"]}", {}, "unknown", "caller_roles", "*" },
  { "{caller_accounts: [\"123456789012\"]}", {}, true },
  { "{caller_accounts: [\"210987654321\"]}", {}, false, "caller_accounts", "210987654321",
    "123456789012" },
  { "{caller_accounts: [\"*\"]}", { user = { name = "alice", kind = "user" } }, "unknown",
    "caller_accounts", "*" },

  { "{mode: [cli, credential_process]}", {}, true },
  { "{mode: [server]}", {}, false, "mode", "server", "credential_process" },

  { "{mode: [server, cli, credential_process]}", { mode = false }, "unknown", "mode",
    "server, cli, credential_process" },

  { "{time: {days: [monday]}}", {}, true },
  { "{time: {days: [tuesday]}}", {}, false, "time.days", "tuesday UTC", "monday" },
  { "{time: {hours: {start: \"09:00\", end: \"17:00\"}}}", { time = "2026-01-19T08:59:59Z" }, false,
    "time.hours",
    "09:00-17:00 UTC", "08:59" },
  { "{time: {days: [monday]}}", { time = false }, "unknown", "time", "monday UTC" },

  { "{source_ip: [10.0.0.0/8]}", { source_ip = "10.255.0.1" }, true },
  { "{source_ip: [10.0.0.0/8]}", { source_ip = "11.0.0.0" }, false, "source_ip", "10.0.0.0/8",
    "11.0.0.0" },
  { "{source_ip: [10.0.0.0/8]}", { source_ip = "::ffff:10.0.0.1" }, true },
  { "{source_ip: [192.0.2.0/24, 10.0.0.0/8]}", { source_ip = "10.255.0.1" }, true },
  { "{source_ip: [\"::/0\"]}", { source_ip = "10.0.0.1" }, false, "source_ip", "::/0", "10.0.0.1" },
  { "{source_ip: [10.0.0.1/32]}", { source_ip = "10.0.0.1" }, true },
  { "{source_ip: [10.0.0.1/32]}", { source_ip = "10.0.0.2" }, false, "source_ip", "10.0.0.1/32", "10.0.0.2" },
  { "{source_ip: [\"2001:db8::/33\"]}", { source_ip = "2001:db8:7fff::1" }, true },
  { "{source_ip: [\"2001:db8::/33\"]}", { source_ip = "10.0.0.1" }, false, "source_ip",
    "2001:db8::/33", "10.0.0.1" },
  { "{source_ip: [\"2001:db8::/33\"]}", { source_ip = "2001:db8:8000::1" }, false, "source_ip",
    "2001:db8::/33",
    "2001:db8:8000::1" },
  { "{source_ip: [0.0.0.0/0]}", { source_ip = "2001:db8::1" }, false, "source_ip", "0.0.0.0/0",
    "2001:db8::1" },
  { "{source_ip: [0.0.0.0/0, \"::/0\"]}", {}, "unknown", "source_ip", "0.0.0.0/0, ::/0" },
  { "{source_ip: [0.0.0.0/0]}", { source_ip = "10.0.0" }, "unknown", "source_ip", "0.0.0.0/0" },

  { "{mfa: {max_age: 15m}}", { mfa = { authenticated_at = "2026-01-19T14:45:00Z" } }, true },
  { "{mfa: {max_age: 15m}}", { mfa = { authenticated_at = "2026-01-19T15:01:00Z" } }, true },
  { "{mfa: {max_age: 15m}}", { mfa = { authenticated_at = "2026-01-19T15:01:01Z" } }, "unknown",
    "mfa.max_age", "MFA no older than 15m" },
  { "{mfa: {max_age: 15m}}", { mfa = { authenticated_at = "2026-01-19T14:44:59Z" } }, "unknown",
    "mfa.max_age",
    "MFA no older than 15m" },
  { "{mfa: {max_age: 15m}}", { mfa = { authenticated_at = "2026-01-19T15:30:00Z" } }, "unknown",
    "mfa.max_age",
    "MFA no older than 15m" },
  { "{mfa: {max_age: 15m}}", { mfa = { authenticated_at = "now" } }, "unknown", "mfa.max_age",
    "MFA no older than 15m" },
  { "{mfa: {max_age: 15m}}", {}, "unknown", "mfa.max_age", "MFA no older than 15m" },

  { "{break_glass: {reason_codes: [incident]}}", { break_glass = { reason_code = "incident" } },
    true },
  { "{break_glass: {reason_codes: [\"*\"]}}", { break_glass = { reason_code = "incident" } },
    true },
  { "{break_glass: {reason_codes: [audit]}}", { break_glass = { reason_code = "incident" } }, false,
    "break_glass.reason_codes", "audit", "incident" },
  { "{break_glass: {reason_codes: [audit, incident]}}", { break_glass = { reason_code = "incident" } }, true },
  { "{break_glass: {reason_codes: [incident]}}", { break_glass = { reason_code = "Incident" } }, false,
    "break_glass.reason_codes", "incident", "Incident" },
  { "{break_glass: {reason_codes: [\"*\"]}}", {}, "unknown", "break_glass", "*" },

  { "{approval: {min_approvals: 2}}", { approval = APPROVAL }, true },
  { "{approval: {min_approvals: 3}}", { approval = APPROVAL }, false, "approval.min_approvals",
    "3 approved by anyone", "2 approved" },
  { "{approval: {approvers: [\"c*\"]}}", { approval = APPROVAL }, true },
  { "{approval: {approvers: [dave]}}", { approval = APPROVAL }, false, "approval.approvers",
    "1 approved by dave",
    "0 approved" },
  { "{approval: {approvers: [bob]}}", { approval = EXPIRED }, false, "approval",
    "1 approved by bob",
    "expired at 2026-01-19T15:00:00Z" },
  { "{approval: {approvers: [bob, carol], min_approvals: 2}}", { approval = APPROVAL }, true },
  { "{approval: {approvers: [bob], min_approvals: 2}}", { approval = APPROVAL }, false, "approval.min_approvals",
    "2 approved by bob", "1 approved" },
  { "{approval: {approvers: [bob]}}", { approval = EARLY }, false, "approval", "1 approved by bob",
    "approved at 2026-01-19T15:02:00Z" },
  { "{approval: {min_approvals: 1}}", { approval = approval_without "approvers" }, "unknown", "approval",
    "1 approved by anyone" },
  { "{approval: {min_approvals: 1}}", { approval = approval_without "approved_at" }, "unknown", "approval",
    "1 approved by anyone" },
  { "{approval: {min_approvals: 1}}", { approval = approval_without "expires_at" }, "unknown", "approval",
    "1 approved by anyone" },
  { "{approval: {approvers: [bob]}}", {}, "unknown", "approval", "1 approved by bob" },

  { "{device: {require_encryption: true, require_mdm: true}}", { device = DEVICE }, true },
  { "{device: {require_mdm_compliant: true}}", { device = DEVICE }, false,
    "device.require_mdm_compliant", "true",
    "false" },
  { "{device: {require_firewall: true}}", { device = DEVICE }, "unknown", "device.require_firewall",
    "true" },
  { "{device: {require_firewall: true, require_mdm_compliant: true}}", { device = DEVICE }, false,
    "device.require_mdm_compliant", "true", "false" },
  { "{device: {min_os_version: \"14.9\"}}", { device = DEVICE }, true },
  { "{device: {min_os_version: \"14.10.1.0\"}}", { device = DEVICE }, true },
  { "{device: {min_os_version: \"14.11\"}}", { device = DEVICE }, false, "device.min_os_version",
    "14.11", "14.10.1" },
  { "{device: {min_os_version: \"1\"}}", { device = { os_version = "beta" } }, "unknown",
    "device.min_os_version", "1" },
  { "{device: {allowed_os_types: [linux, darwin]}}", { device = DEVICE }, true },
  { "{device: {allowed_os_types: [linux]}}", { device = DEVICE }, false, "device.allowed_os_types",
    "linux", "darwin" },
  { "{device: {allowed_os_types: [linux]}}", {}, "unknown", "device.allowed_os_types", "linux" },
}

describe("a condition", function()
  for _, row in ipairs(rows) do
    local conditions, request, verdict, failed, wanted, got = table.unpack(row, 1, 6)
    it(("%s is %s for %s"):format(conditions, tostring(verdict), got or "the request"), function()
      local decision = evaluator.decide_text("yaml", evaluator.one_rule(conditions), request)
      local entry = decision.trace[1]
      assert.equal(verdict == true and "allow" or "deny", decision.effect)
      assert.is_nil(decision.error)
      assert.same({
        rule = "only", matched = verdict == true, failed = failed, wanted = wanted,
        got = verdict == "unknown" and "unknown" or got,
      }, entry)
    end)

    it(("%s decides a deny rule alike: %s"):format(conditions, tostring(verdict)), function()
      local decision = evaluator.decide_text("yaml", evaluator.one_rule(conditions, "deny"),
        request)
      assert.equal("deny", decision.effect)
      assert.equal(verdict == "unknown" and "fact_unknown" or nil, decision.error)
      assert.equal(verdict == "unknown" and failed or nil, decision.failed_condition)
      assert.equal(verdict == false and "" or "only", decision.rule)
    end)
  end

  it("with no text at all holds for every request", function()
    local decision = evaluator.decide_text("yaml", evaluator.one_rule("{}"), {})
    assert.equal("allow", decision.effect)
    assert.same({}, decision.conditions)
  end)
end)

describe("a condition on the device", function()
  local FIELDS = {
    require_encryption = "disk_encrypted", require_mdm = "mdm_enrolled", require_mdm_compliant = "mdm_compliant",
    require_firewall = "firewall_enabled",
  }

  -- A device of which every flag but one is `others`.
  local function device(field, value, others)
    local all = { os_type = "linux", os_version = "6.1" }
    for _, name in pairs(FIELDS) do
      all[name] = others
    end
    all[field] = value
    return { device = all }
  end

  for key, field in pairs(FIELDS) do
    it(("%s looks at %s and at nothing else"):format(key, field), function()
      local text = evaluator.one_rule(("{device: {%s: true}}"):format(key), "deny")
      assert.equal("only", evaluator.decide_text("yaml", text, device(field, true, false)).rule)
      local decision = evaluator.decide_text("yaml", text, device(field, false, true))
      assert.same({ "", "device." .. key }, { decision.rule, decision.trace[1].failed })
      decision = evaluator.decide_text("yaml", text, device(field, nil, true))
      assert.same({ "fact_unknown", "device." .. key }, { decision.error, decision.failed_condition })
      assert.equal("fact_unknown", evaluator.decide_text("yaml", text, {}).error)
    end)
  end

  -- {version of the device, least that is wanted, verdict}
  local versions = {
    { "14.10", "14.9", true }, { "14.9", "14.10", false }, { "14.10.1", "14.10.1", true },
    { "14.10.1", "14.10.2", false }, { "14.10.1", "14.10.10", false }, { "14.10.10", "14.10.9", true },
    { "14", "14.0.0", true }, { "14", "14.0.1", false }, { "14.0.1", "14", true }, { "9.9.9", "10", false },
    { "10", "9.9.9", true }, { "014.9", "14.9", true }, { "14.9beta", "14.9", nil }, { "v14.9", "1", nil },
    { "", "1", nil }, { "14.", "14", nil }, { "14..3", "14", nil }, { ".14", "1", nil }, { "000", "0", true },
    { "20260119123456789012", "20260119123456789013", false }, { "20260119123456789013", "20260119123456789012", true },
    { "100000000000000000000.1", "99999999999999999999999.2", false },
  }
  for _, row in ipairs(versions) do
    it(("compares versions number by number: %q is %s for at least %s"):format(row[1], tostring(row[3]), row[2]),
      function()
      local text = evaluator.one_rule(("{device: {min_os_version: %q}}"):format(row[2]), "deny")
      local decision = evaluator.decide_text("yaml", text, { device = { os_version = row[1] } })
      assert.equal(row[3] and "only" or row[3] == nil and "only" or "", decision.rule)
      assert.equal(row[3] == nil and "fact_unknown" or nil, decision.error)
    end)
  end

  it("knows three types of operating system, as they are written", function()
    for _, wanted in ipairs { "darwin", "windows", "linux" } do
      local text = evaluator.one_rule(("{device: {allowed_os_types: [%s]}}"):format(wanted))
      for _, got in ipairs { "darwin", "windows", "linux", "Darwin", "" } do
        assert.equal(got == wanted and "allow" or "deny",
          evaluator.decide_text("yaml", text, { device = { os_type = got } }).effect)
      end
    end
  end)
end)

describe("a source address", function()
  -- {address, the network of one address that it is in; nil when it is no address}
  local addresses = {
    { "::", "::/128" }, { "::1", "::1/128" }, { "1::", "1::/128" }, { "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8/128" },
    { "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0/128" }, { "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8/128" },
    { "2001:DB8::00a", "2001:db8::a/128" }, { "1::10.0.0.1", "1::a00:1/128" }, { "::ffff:a00:1", "10.0.0.1/32" },
    { "255.255.255.255", "255.255.255.255/32" }, { "0.0.0.0", "0.0.0.0/32" },
    { "::g" }, { "g::" }, { "1::g" }, { "g::1" }, { ":::" }, { ":" }, { "1:" }, { ":1" }, { "1::2::3" }, { "12345::" },
    { "1:2:3:4:5:6:7" }, { "1:2:3:4:5:6:7:8:9" }, { "1:2:3:4::5:6:7:8" }, { "::1%eth0" }, { "[::1]" }, { "::1/128" },
    { "::10.0.0.256" }, { "::10.0.0" }, { "10.0.0.1::" }, { "10.0.0.1:80" }, { "10.0.0.256" }, { "10.0.0.01" },
    { "10.0.0" }, { "10.0.0.0.1" }, { "10.0.0.1." }, { ".10.0.0.1" }, { "10.0..1" }, { "+1.0.0.1" }, { "0x1.0.0.1" },
    { "167772161" }, { " 10.0.0.1" }, { "10.0.0.1 " }, { "" },
  }
  for _, row in ipairs(addresses) do
    it(("%q is %s"):format(row[1], row[2] and "in " .. row[2] or "unknown"), function()
      local text = evaluator.one_rule(("{source_ip: [%q]}"):format(row[2] or "::/0"), "deny")
      local decision = evaluator.decide_text("yaml", text, { source_ip = row[1] })
      assert.equal("only", decision.rule)
      assert.equal(not row[2] and "fact_unknown" or nil, decision.error)
    end)
  end
end)
