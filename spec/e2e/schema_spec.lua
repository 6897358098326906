--- sentinel policy schema: what validate accepts fits it, and what it can tell it refuses.
local bundle = require "spec.support.bundle"
local cjson = require "cjson"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

-- One policy with every key that there is.
local FULL = [[{"version": 1, "description": "Two\nlines", "groups": {"ops team": ["alice", "*@example.com", "role/A/*"]},
"rules": [
 {"name": "a.b_c-1", "effect": "require_server_session", "description": "x", "reason": "y", "max_duration": "1h30m",
  "max_server_duration": "900s", "session_table": "t", "lease": "120s", "until": "window", "emergency": true,
  "require": {"justification": {"min_length": 1024, "pattern": "^INC%-%d+"}, "mfa": {"max_age": "2d"}},
  "conditions": {"profiles": ["prod", "prod-*"], "users": ["*"], "groups": ["ops*"],
   "roles": ["Prod", "arn:aws:iam::123456789012:role/x/*"], "accounts": ["123456789012", "1*", "?"],
   "caller_roles": ["A"], "caller_accounts": ["123456789012"], "mode": ["cli", "server", "credential_process"],
   "time": {"days": ["monday", "sunday"], "hours": {"start": "22:00", "end": "24:00"}, "timezone": "America/New_York"},
   "source_ip": ["10.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/32", "64:ff9b::10.0.0.0/120"], "mfa": {"max_age": "15m"},
   "break_glass": {"reason_codes": ["*"]}, "approval": {"approvers": ["bob"], "min_approvals": 100},
   "device": {"require_encryption": true, "require_mdm": true, "require_mdm_compliant": true, "require_firewall": true,
    "min_os_version": "14.10.1", "allowed_os_types": ["darwin", "linux", "windows"]},
   "all": [{"users": ["a"]}], "any": [{"not": {"all": [{"mode": ["cli"]}]}}, {"users": ["b"]}], "not": {"users": ["c"]}}},
 {"name": "b", "effect": "deny", "conditions": {}}]}]]

local function one(conditions, more)
  return ('{"version": "1", "rules": [{"name": "a", "effect": "allow", "conditions": %s%s}]}'):format(conditions, more or "")
end

local BAD = {
  { "no policy", "[]" }, { "nothing", "{}" }, { "no rules", '{"version": "1"}' },
  { "an empty list of rules", '{"version": "1", "rules": []}' },
  { "another version", (one("{}"):gsub('"1"', '"2"', 1)) },
  { "no version", (one("{}"):gsub('"version": "1", ', "")) },
  { "an unknown key", (one("{}"):gsub('"version"', '"rulez": [], "version"')) },
  { "a reserved key", (one("{}"):gsub('"version"', '"approvals": {"a": ["b"]}, "version"')) },
  { "empty groups", (one("{}"):gsub('"version"', '"groups": {}, "version"')) },
  { "a group's name with a star", (one("{}"):gsub('"version"', '"groups": {"a*": ["b"]}, "version"')) },
  { "an unknown key of a rule", one("{}", ', "efect": "x"') },
  { "a lease that is a number", one("{}", ', "lease": 120') },
  { "another bound than the window", one('{"time": {"days": ["monday"]}}', ', "until": "tomorrow"') },
  { "an unknown effect", (one("{}"):gsub('"allow"', '"alow"')) },
  { "no effect", (one("{}"):gsub('"effect": "allow", ', "")) },
  { "no conditions", (one("{}"):gsub(', "conditions": {}', "")) },
  { "a name with a space", (one("{}"):gsub('"a"', '"a b"')) },
  { "a name of 65 bytes", (one("{}"):gsub('"a"', '"' .. ("x"):rep(65) .. '"')) },
  { "a duration without a unit", one("{}", ', "max_duration": "60"') },
  { "a duration that is a number", one("{}", ', "max_duration": 60') },
  { "units out of order", one("{}", ', "max_duration": "30m1h"') },
  { "a requirement of nothing", one("{}", ', "require": {}') },
  { "a length of 0", one("{}", ', "require": {"justification": {"min_length": 0}}') },
  { "an emergency that is a text", one("{}", ', "emergency": "yes"') },
  { "an unknown condition", one('{"profile": ["a"]}') }, { "a plugin's condition", one('{"oncall": {"schedule": "x"}}') },
  { "an empty list", one('{"profiles": []}') }, { "a null", one('{"profiles": null}') },
  { "a text for a list", one('{"profiles": "a"}') }, { "a number in a list", one('{"users": [5]}') },
  { "a backslash", one('{"users": ["a\\\\b"]}') }, { "a control character", one('{"users": ["a\\u0007"]}') },
  { "an empty pattern", one('{"users": [""]}') },
  { "an account of 11 digits", one('{"accounts": ["12345678901"]}') },
  { "an ARN for a caller's role", one('{"caller_roles": ["arn:aws:iam::1:role/a"]}') },
  { "an unknown mode", one('{"mode": ["cly"]}') }, { "an empty time", one('{"time": {}}') },
  { "a time of a zone only", one('{"time": {"timezone": "UTC"}}') },
  { "an unknown weekday", one('{"time": {"days": ["mnday"]}}') },
  { "hours without an end", one('{"time": {"hours": {"start": "09:00"}}}') },
  { "a clock with one digit", one('{"time": {"hours": {"start": "9:00", "end": "17:00"}}}') },
  { "a start of 24:00", one('{"time": {"hours": {"start": "24:00", "end": "17:00"}}}') },
  { "an address without a block", one('{"source_ip": ["10.0.0.1"]}') },
  { "an empty MFA", one('{"mfa": {}}') }, { "a false requirement", one('{"device": {"require_mdm": false}}') },
  { "no approvals", one('{"approval": {"min_approvals": 0}}') },
  { "an unknown operating system", one('{"device": {"allowed_os_types": ["dos"]}}') },
  { "an empty not", one('{"not": {}}') }, { "an empty branch", one('{"any": [{}]}') },
  { "no branches", one('{"all": []}') }, { "an unknown condition deep inside", one('{"any": [{"not": {"all": [{"usrs": ["a"]}]}}]}') },
}

describe("sentinel policy schema", function()
  local home, schema

  setup(function()
    home = world.new {}
    schema = home:write("schema.json", expect.done(home:run { "policy", "schema" }))
  end)

  teardown(function()
    home:remove()
  end)

  -- What a checker says of each of the documents.
  local function check(paths, own)
    local words = { "tests/tools/check_schema.py" }
    if own then
      words[2] = "--own"
    end
    words[#words + 1] = schema
    table.move(paths, 1, #paths, #words + 1, words)
    local result = process.python(words)
    local lines = {}
    for line in result.stdout:gmatch("[^\n]+") do
      lines[#lines + 1] = line
    end
    assert.equal(#paths, #lines, result.stderr)
    return lines
  end

  it("is one strict document, in draft 7", function()
    local text = files.read(schema)
    local document = cjson.decode(text)
    assert.equal("http://json-schema.org/draft-07/schema#", document["$schema"])
    assert.is_false(document.additionalProperties)
    assert.is_false(document.definitions.conditions.additionalProperties)
    assert.is_truthy(text:find('^{\n  "%$schema"'))
    expect.refused(home:run { "policy", "schema", "x", "y" }, 2, "y")
    expect.refused(home:run { "policy", "schema", "--json" }, 2, "--json")
  end)

  for _, own in ipairs { false, true } do
    local with = own and " (the checker of our own)" or ""

    it("accepts a policy with every key, and those that ship" .. with, function()
      local paths = { home:write("full.json", FULL), home:write("least.json", one("{}")) }
      local yaml = home:write("full.yaml", FULL)
      assert.equal("1 policy is valid\n", expect.done(home:run { "policy", "validate", yaml }))
      assert.same({ "valid", "valid" }, check(paths, own))
      if process.python({ "-c", "import yaml" }).status ~= 0 then
        return pending(settings.skipped("PyYAML is not installed"))
      end
      local shipped = { "policies/dev-prod.yaml", "policies/emergency-admin.yaml", "policies/policy-admin.yaml" }
      assert.same({ "valid", "valid", "valid" }, check(shipped, own))
    end)

    it("refuses what validate refuses" .. with, function()
      local paths = {}
      for i, case in ipairs(BAD) do
        paths[i] = home:write(("bad%d.json"):format(i), case[2])
      end
      for i, line in ipairs(check(paths, own)) do
        assert.are_not.equal("valid", line, BAD[i][1])
      end
    end)
  end

  it("is no stricter than validate: each of these is refused by both", function()
    local paths = {}
    for i, case in ipairs(BAD) do
      paths[i] = home:write(("bad%d.yaml"):format(i), case[2])
    end
    for i, path in ipairs(paths) do
      local result = home:run { "policy", "validate", path }
      assert.equal(5, result.status, BAD[i][1] .. ": " .. result.stdout)
    end
  end)

  it("describes every key to the editor", function()
    local function visit(node)
      for name, property in pairs(node.properties or {}) do
        assert.is_truthy(property.description, name)
        visit(property)
        visit(property.items or {})
      end
    end
    local document = cjson.decode(files.read(schema))
    visit(document)
    visit(document.definitions.conditions)
  end)

  it("of a bundle knows the conditions of its plugins", function()
    bundle.write(home, { policy = "", plugins = { probe = { files = bundle.asking {
      url = "GET https://a.example/{id}", check = "return true" } }, bare = { files = {
      ["plugin.lua"] = 'return { name = "bare", version = "1.0.0", api = 1, summary = "x" }' } } } })
    local document = expect.json(home:run { "policy", "schema", "bundle" })
    local known = document.definitions.conditions.properties
    assert.are.equal("an id", known.probe.anyOf[2].properties.id.description)
    assert.is_true(known.probe.anyOf[1].const)
    assert.is_true(known.bare.const)
    assert.is_nil(expect.json(home:run { "policy", "schema" }).definitions.conditions.properties.probe)
    expect.refused(home:run { "policy", "schema", "nowhere" }, 5, "nowhere")
  end)
end)
