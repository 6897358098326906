--- sentinel policy diff: what is different between two policies whose differences are known.
local cjson = require "cjson"
local bundle = require "spec.support.bundle"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local samples = require "spec.support.samples"
local servers = require "spec.support.servers"
local stage = require "spec.support.stage"
local world = require "spec.support.world"

local OLD = [[
version: "1"
groups: {ops: [alice, bob], corp: ["*@corp"]}
rules:
  - {name: interns, effect: deny, conditions: {users: ["intern-*"]}}
  - name: hours
    effect: allow
    conditions: {profiles: [prod], groups: [ops], time: {days: [monday, tuesday], hours: {start: "09:00", end: "17:00"}}}
    max_duration: 1h
  - {name: ask, effect: require_approval, conditions: {profiles: [prod], groups: [corp]}}
  - {name: dev, effect: allow, conditions: {profiles: [dev, "dev-*"]}, max_duration: 1h}
  - {name: legacy, effect: allow, conditions: {profiles: [legacy], users: [zed]}}
]]
local NEW = [[
version: "1"
groups: {ops: [alice, dora], corp: ["*@corp"]}
rules:
  - {name: dev, effect: allow, conditions: {profiles: [dev, "dev-*"]}, max_duration: 2h}
  - {name: interns, effect: deny, conditions: {users: ["intern-*"]}}
  - name: hours
    effect: allow
    conditions: {profiles: [prod], groups: [ops], time: {days: [monday], hours: {start: "09:00", end: "12:00"}}}
    max_duration: 1h
  - {name: ask, effect: require_approval, conditions: {profiles: [prod], groups: [corp]}, require: {mfa: {max_age: 15m}}}
  - {name: admins, effect: allow, conditions: {profiles: [prod], users: [carol], mfa: {max_age: 1h}}}
]]
local MONDAY, TUESDAY = "2026-01-19T10:00:00Z", "2026-01-20T10:00:00Z"
local ROLE = "arn:aws:iam::123456789012:role/"

describe("sentinel policy diff", function()
  local home, old, new

  before_each(function()
    home = world.new {}
    old, new = home:write("old.yaml", OLD), home:write("new.yaml", NEW)
  end)

  after_each(function()
    home:remove()
  end)

  local function diff(...)
    return home:run { "policy", "diff", ... }
  end

  local function semantic(before, after, ...)
    return expect.json(diff(before, after, "--semantic", "--json", ...), 1)
  end

  it("does what its page says", function()
    assert.equal(5, #samples.run_page(home, "diff.md"))
  end)

  -- Texts --------------------------------------------------------------------------------------------

  it("prints a unified diff of two files, and ends with 1", function()
    local result = diff(old, new)
    expect.status(result, 1)
    assert.equal(1, result.stdout:find(("--- %s\n+++ %s\n@@ -1,"):format(old, new), 1, true))
    assert.is_truthy(result.stdout:find('\n-  - {name: legacy, effect: allow', 1, true))
    assert.matches("^sentinel: [^\n]*old.yaml and [^\n]*new.yaml are different\n$", result.stderr)
    local expected = process.run { "/usr/bin/diff", "-u", "--label", old, "--label", new, old, new }
    assert.equal(expected.stdout, result.stdout)
  end)

  it("ends with 0 and prints nothing for the same texts", function()
    local result = diff(old, old)
    expect.status(result, 0)
    assert.equal("", result.stdout .. result.stderr)
    assert.same({ different = false, files = {} }, expect.json(diff(old, old, "--json")))
  end)

  it("shows no bytes that would move a cursor", function()
    local plain = home:write("plain.lua", world.allow_dev_lua)
    local odd = home:write("odd.lua", world.allow_dev_lua .. "-- \27[2K\226\128\174gone\t.\r\n")
    local result = diff(plain, odd)
    expect.status(result, 1)
    assert.is_truthy(result.stdout:find("\n+-- ?[2K???gone\t.\r\n", 1, true), result.stdout)
  end)

  local PLUGIN = { version = "1.0.0", files = {
    ["plugin.lua"] = [[return { name = "probe", version = "1.0.0", api = 1, summary = "For tests",
  args = { id = { type = "string", description = "an id" } } }]],
    ["init.lua"] = "return function(args) return args.id == 'yes' end\n",
  } }
  local BUNDLED = [[
version: "1"
rules:
  - {name: probed, effect: allow, conditions: {profiles: [prod], users: [alice], probe: {id: "yes"}}}
  - {name: open, effect: allow, conditions: {profiles: [dev]}}
]]

  -- Two bundles in folders; change(folder) makes the second one different.
  local function two_bundles(change)
    bundle.write(home, { policy = BUNDLED, plugins = { probe = PLUGIN },
      more = ('targets: {prod: [%q], "dev*": [%q]}\nmax_duration: 4h'):format(ROLE .. "Prod", ROLE .. "Dev") })
    local before, after = home.home .. "/bundle", home.home .. "/changed"
    process.run { "/usr/bin/cp", "-r", before, after }
    change(after)
    return before, after
  end

  local function edit(path, from, to)
    local text, count = assert(files.read(path)):gsub(from, to)
    assert(count > 0, from)
    files.write(path, text)
  end

  local function change_much(folder)
    edit(folder .. "/bundle.yaml", "serial: 1", "serial: 2")
    edit(folder .. "/bundle.yaml", "max_duration: 4h", "max_duration: 30m")
    edit(folder .. "/bundle.yaml", "role/Prod", "role/Admin")
    edit(folder .. "/bundle.yaml", "version: 1.0.0", "version: 1.1.0")
    edit(folder .. "/plugins/probe/plugin.lua", "1%.0%.0", "1.1.0")
    edit(folder .. "/plugins/probe/init.lua", "'yes'", "'yes' or args.id == 'no'")
    files.write(folder .. "/plugins/probe/more.lua", "return {}\n")
  end

  it("compares folders file by file, the manifest as it is written", function()
    local before, after = two_bundles(function(folder)
      change_much(folder)
      edit(folder .. "/bundle.yaml", "name: b", "name: b # reviewed")
    end)
    local result = diff(before, after)
    expect.status(result, 1)
    assert.is_truthy(result.stdout:find("\n+name: b # reviewed\n", 1, true), result.stdout)
    local told = {}
    for name in result.stdout:gmatch("\n?%+%+%+ [^\n]*/changed/([^\n]+)\n") do
      told[#told + 1] = name
    end
    assert.same({ "bundle.yaml", "plugins/probe/init.lua", "plugins/probe/more.lua", "plugins/probe/plugin.lua" }, told)
    assert.is_truthy(result.stdout:find("\n-serial: 1\n", 1, true), result.stdout)
    assert.is_truthy(result.stdout:find("--- /dev/null\n", 1, true), result.stdout)
    local document = expect.json(diff(before, after, "--json"), 1)
    assert.same({ "changed", "changed", "added", "changed" }, { document.files[1].kind, document.files[2].kind,
      document.files[3].kind, document.files[4].kind })
    assert.is_truthy(result.stdout:find(document.files[1].diff, 1, true))
    expect.status(diff(before, before), 0)
  end)

  it("compares a packed bundle as its folder", function()
    local before, after = two_bundles(change_much)
    local packed = home.home .. "/old.bundle"
    expect.done(home:run { "policy", "pack", before, "--out", packed })
    assert.same({ different = false, files = {} }, expect.json(diff(packed, before, "--json")))
    assert.same({ different = false, files = {} }, expect.json(diff(before, packed, "--json")))
    assert.is_false(expect.json(diff(packed, before, "--semantic", "--json")).different)
    local told = expect.json(diff(packed, after, "--json"), 1)
    assert.equal(4, #told.files)
    assert.equal("bundle.yaml", told.files[1].name)
    local folders, mixed = semantic(before, after, "--time", MONDAY), semantic(packed, after, "--time", MONDAY)
    for _, area in ipairs { "rules", "targets", "plugins", "manifest", "files", "access" } do
      assert.same(folders[area], mixed[area])
    end
  end)

  it("refuses what is no policy, and says so for both forms", function()
    local bad = home:write("bad.yaml", (OLD:gsub("effect: deny", "efect: deny")))
    for _, flags in ipairs { {}, { "--semantic" } } do
      local result = diff(old, bad, table.unpack(flags))
      expect.status(result, 5)
      assert.matches("bad.yaml:4:", result.stderr)
      local document = expect.json(diff(bad, old, "--json", table.unpack(flags)), 5)
      assert.is_false(document.valid)
      assert.matches("effect", document.problems[1].message)
    end
    expect.refused(diff(old, home.home .. "/none.yaml"), 5, "none.yaml")
    expect.refused(diff(old, home:write("x.txt", "x")), 5, "x.txt")
    expect.refused(diff(old), 2, "name two policies")
    expect.refused(diff(old, "ssm:/p/{profile}"), 2, "{profile}", "--profile")
    expect.refused(diff(old, new, "--semantic", "--time", "noon"), 2, "RFC 3339")
  end)

  -- Rules --------------------------------------------------------------------------------------------

  local function by_name(list)
    local map = {}
    for _, change in ipairs(list) do
      local told = { kind = change.kind }
      for _, detail in ipairs(change.details) do
        local gained, lost = table.concat(detail.gained, " "), table.concat(detail.lost, " ")
        told[detail.what] = gained .. lost ~= "" and ("+%s -%s"):format(gained, lost)
          or ("%s -> %s"):format(detail.before == cjson.null and "" or detail.before,
            detail.after == cjson.null and "" or detail.after)
      end
      map[change.name] = told
    end
    return map
  end

  it("tells of rules and groups by name", function()
    local document = semantic(old, new, "--time", MONDAY)
    assert.same({
      dev = { kind = "changed", max_duration = "1h -> 2h", position = "4 -> 1" },
      hours = { kind = "changed", ["time.days"] = "+ -tuesday", ["time.hours"] = "09:00-17:00 -> 09:00-12:00" },
      ask = { kind = "changed", ["require.mfa"] = " -> no older than 15m" },
      admins = { kind = "added", effect = " -> allow", profiles = " -> prod", users = " -> carol",
        mfa = " -> MFA no older than 1h" },
      legacy = { kind = "removed", effect = "allow -> ", profiles = "legacy -> ", users = "zed -> " },
    }, by_name(document.rules))
    assert.same({ ops = { kind = "changed", users = "+dora -bob" } }, by_name(document.groups))
    assert.same({}, document.manifest)
    assert.is_true(document.wider)
  end)

  it("tells a rule that only moved, and one that has another name", function()
    local moved = home:write("moved.yaml", [[
version: "1"
rules:
  - {name: c, effect: allow, conditions: {profiles: [c]}}
  - {name: a, effect: allow, conditions: {profiles: [a]}}
  - {name: better, effect: deny, conditions: {profiles: [b]}}
]])
    local first = home:write("first.yaml", [[
version: "1"
rules:
  - {name: a, effect: allow, conditions: {profiles: [a]}}
  - {name: b, effect: deny, conditions: {profiles: [b]}}
  - {name: c, effect: allow, conditions: {profiles: [c]}}
]])
    local document = semantic(first, moved)
    assert.same({ c = { kind = "moved", position = "3 -> 1" }, better = { kind = "changed", name = "b -> better" } },
      by_name(document.rules))
    assert.same({}, document.access.changes)
    assert.is_false(document.wider)
  end)

  it("ends with 0 when texts differ and nothing that is decided does", function()
    local same = home:write("same.yaml", "# a comment\n" .. OLD:gsub("%[alice, bob%]", "[bob, alice]"))
    expect.status(diff(old, same), 1)
    local result = diff(old, same, "--semantic")
    assert.matches("\nboth decide alike\n$", expect.done(result))
    assert.is_false(expect.json(diff(old, same, "--semantic", "--json")).different)
  end)

  it("tells of manifests, targets, plugins, grants and files", function()
    local before, after = two_bundles(change_much)
    local document = semantic(before, after, "--time", MONDAY)
    assert.same({ prod = { kind = "changed", roles = ("+%sAdmin -%sProd"):format(ROLE, ROLE) } }, by_name(document.targets))
    assert.same({ [""] = { kind = "changed", serial = "1 -> 2", max_duration = "4h -> 30m" } }, by_name(document.manifest))
    local probe = by_name(document.plugins).probe
    assert.matches("^%x+ %-> %x+$", probe.code)
    probe.code = nil
    assert.same({ kind = "changed", version = "1.0.0 -> 1.1.0" }, probe)
    assert.equal("added", by_name(document.files)["plugins/probe/more.lua"].kind)
    assert.equal(" -> 10 bytes", by_name(document.files)["plugins/probe/more.lua"].size)
    assert.equal("probe", next(by_name(document.rules).probed and { probe = 1 } or {}))
    assert.matches("its code has changed", by_name(document.rules).probed.probe)
  end)

  it("tells of grants that a plugin gains and loses", function()
    local before, after = two_bundles(function(folder)
      edit(folder .. "/bundle.yaml", "grant: {}", "grant: {hosts: [a.example.com], history: true}")
    end)
    assert.same({ probe = { kind = "changed", ["grant.hosts"] = "+a.example.com -", ["grant.history"] = " -> yes" } },
      by_name(semantic(before, after).plugins))
    assert.same({ probe = { kind = "changed", ["grant.hosts"] = "+ -a.example.com", ["grant.history"] = "yes -> " } },
      by_name(semantic(after, before).plugins))
  end)

  -- Access -------------------------------------------------------------------------------------------

  local function told(document)
    local lines = {}
    for i, change in ipairs(document.access.changes) do
      lines[i] = ("%s %s %s by %s%s"):format(change.user, change.kind, change.profile,
        change.opens and change.after.rule or change.before.rule, change.now and "" or ", not now")
    end
    return lines
  end

  it("tells of a lease as of what a session is good for", function()
    local before = home:write("leased.yaml", world.allow_dev .. "    lease: 2m\n")
    local after = home:write("plain.yaml", world.allow_dev)
    local text = diff(before, after, "--semantic")
    expect.status(text, 1)
    assert.is_truthy(text.stdout:find("\n      lease: 2m -> none\n", 1, true), text.stdout)
    assert.is_truthy(text.stdout:find("\n  + anyone stays longer with dev (rule dev-everyone: 2m -> 1h)\n", 1, true), text.stdout)
  end)

  it("tells who gains and who loses, now and at any time", function()
    local document = semantic(old, new, "--time", TUESDAY)
    assert.same({
      "dora gains prod by hours, not now", "carol gains prod by admins",
      "intern-* gains dev by dev", "intern-* gains dev-* by dev",
      "anyone else longer dev by dev", "anyone else longer dev-* by dev",
      "bob loses prod by hours", "zed loses legacy by legacy",
      "alice fewer prod by hours", "*@corp fewer prod by ask",
    }, told(document))
    assert.equal(TUESDAY, document.access.time)
    assert.same({}, document.unknown)
    local text = diff(old, new, "--semantic", "--time", TUESDAY)
    expect.status(text, 1)
    assert.is_truthy(text.stdout:find("\n  + carol gains prod (rule admins): with an MFA code no older than 1h\n", 1, true))
    assert.is_truthy(text.stdout:find("\n  + intern-* gains dev (rule dev; before: deny by rule interns)\n", 1, true))
    assert.is_truthy(text.stdout:find("\n  + anyone else stays longer with dev (rule dev: 1h -> 2h)\n", 1, true))
    assert.is_truthy(text.stdout:find("\n  - zed loses legacy (rule legacy)\n", 1, true))
    assert.is_falsy(text.stdout:find("\27", 1, true))
  end)

  it("binds profiles by targets, and sessions by the manifest", function()
    local before, after = two_bundles(function(folder)
      edit(folder .. "/bundle.yaml", '"dev%*":', '"dev":')
      edit(folder .. "/bundle.yaml", "role/Prod", "role/Admin")
    end)
    local document = semantic(before, after)
    local lines = told(document)
    assert.same({ "alice more prod by probed", "alice fewer prod by probed" }, lines)
    local more = document.access.changes[1]
    assert.equal(ROLE .. "Admin", more.request.role_arn)
    assert.equal("target_mismatch", more.before.error)
    assert.same({ { condition = "probe id yes", holds = true, before = true, after = true } }, more.assumed)
    local text = home:run { "policy", "diff", before, after, "--semantic" }.stdout
    assert.is_truthy(text:find("(rule probed; before: target_mismatch)", 1, true), text)
  end)

  -- Each example is one that `explain` decides so by both policies.
  it("shows requests that both policies decide as it says", function()
    local document = semantic(old, new, "--time", TUESDAY)
    for i, change in ipairs(document.access.changes) do
      local file = home:write(("request%d.json"):format(i), cjson.encode(change.request))
      for side, policy in pairs { before = old, after = new } do
        local explained = expect.json(home:run { "explain", "--request", file, "--policy", policy, "--json" })
        assert.same({ change[side].effect, change[side].rule, change[side].max_duration },
          { explained.effect, explained.rule, explained.max_duration })
      end
    end
    assert.is_true(#document.access.changes > 5)
  end)

  -- By what the policies call them.
  local LABELS = { alice = "alice", bob = "bob", carol = "carol", dora = "dora", zed = "zed", ["intern-1"] = "intern-*",
    ["x@corp"] = "*@corp", somebody = "anyone else" }
  local PROFILES = { prod = "prod", dev = "dev", ["dev-eu"] = "dev-*", legacy = "legacy", other = "any other profile" }

  -- Requests of one user with one profile: at several times, with an MFA code, an approval, or both.
  local function grid_of(user, profile)
    local requests = {}
    for _, time in ipairs(profile == "prod" and { MONDAY, "2026-01-19T13:00:00Z", TUESDAY } or { MONDAY }) do
      for _, with in ipairs { { mfa = true }, { approval = true }, { mfa = true, approval = true } } do
        requests[#requests + 1] = { user = user, profile = profile, time = time, mode = "cli",
          mfa = with.mfa and { authenticated_at = time } or nil,
          approval = with.approval and { id = "a", approvers = { "boss" }, approved_at = time,
            expires_at = "2026-02-01T00:00:00Z" } or nil }
      end
    end
    return requests
  end

  -- What explain says of them: whether anything is allowed {before, after, opened, closed}.
  local function decide_all(requests)
    local seen = { before = false, after = false, opened = false, closed = false }
    for _, request in ipairs(requests) do
      local file, allowed = home:write("request.json", cjson.encode(request)), {}
      for side, policy in pairs { before = old, after = new } do
        local explained = expect.json(home:run { "explain", "--request", file, "--policy", policy, "--json" })
        allowed[side] = explained.effect == "allow"
        seen[side] = seen[side] or allowed[side]
      end
      seen.opened = seen.opened or (allowed.after and not allowed.before)
      seen.closed = seen.closed or (allowed.before and not allowed.after)
    end
    return seen
  end

  it("agrees with a grid of requests that explain decides", function()
    local changes, compared = {}, 0
    for _, change in ipairs(semantic(old, new, "--time", "2026-01-19T00:00:00Z").access.changes) do
      local key = change.user .. " " .. change.profile
      changes[key] = changes[key] or {}
      changes[key][change.kind] = true
    end
    for user, label in pairs(LABELS) do
      for profile, pattern in pairs(PROFILES) do
        local seen, kinds = decide_all(grid_of(user, profile)), changes[label .. " " .. pattern] or {}
        local said = { opened = kinds.gains or kinds.more or false, closed = kinds.loses or kinds.fewer or false,
          before = seen.before, after = seen.after }
        assert.same(seen, said, user .. " " .. profile)
        assert.equal(seen.opened and not seen.before, kinds.gains or false, user .. " " .. profile .. " gains")
        assert.equal(seen.closed and not seen.after, kinds.loses or false, user .. " " .. profile .. " loses")
        compared = compared + (seen.opened and 1 or 0) + (seen.closed and 1 or 0)
      end
    end
    assert.is_true(compared >= 7, compared .. " differences in the grid")
  end)

  -- Functions ----------------------------------------------------------------------------------------

  local function in_lua(more, body)
    return ([[
-- sentinel: lua
local s = require "sentinel"
local LIMIT = 7
local function is_small(request) return #request.profile < LIMIT end
%s
return s.policy { version = "1", rules = {
  s.rule "small" { effect = "allow", conditions = { users = { "alice" }, s.check("small", is_small) } },
  s.rule "odd" { effect = "allow", conditions = { users = { "bob" }, function(request) return %s end } },
} }
]]):format(more, body)
  end

  it("knows the code that did not change, wherever it stands now", function()
    local first = home:write("first.lua", in_lua("", "request.mode == 'cli'"))
    local second = home:write("second.lua", in_lua("-- moved\n-- by two lines", "request.mode == 'cli'"))
    assert.is_false(expect.json(diff(first, second, "--semantic", "--json")).different)
    local third = home:write("third.lua", in_lua("", "request.mode == 'server'"))
    local document = semantic(first, third)
    assert.same({ "odd" }, { document.rules[1].name, document.rules[2] })
    assert.matches("its code has changed", document.rules[1].details[1].after)
    for _, change in ipairs(document.access.changes) do
      assert.equal("bob", change.user)
      assert.is_true(#change.assumed > 0)
    end
    assert.is_true(#document.access.changes > 0)
    local fourth = home:write("fourth.lua", (in_lua("", "request.mode == 'cli'"):gsub("LIMIT = 7", "LIMIT = 8")))
    assert.equal("small", semantic(first, fourth).rules[1].name)
    local text = diff(first, third, "--semantic").stdout
    assert.matches("\n  %? bob perhaps [^\n]*\n      cannot tell: it is so if function@[^\n]*third.lua:8 [^\n]* now", text)
  end)

  -- Decisions ----------------------------------------------------------------------------------------

  describe("with a log", function()
    local faulty, logged

    setup(function()
      faulty = servers.start_faulty()
    end)

    teardown(function()
      faulty:stop()
    end)

    before_each(function()
      logged = world.new { endpoint = faulty.url, policy = world.allow_dev }
      expect.credentials(logged:run { "credentials", "dev" })
      expect.refused(logged:run { "credentials", "prod" }, 3)
      expect.refused(logged:run { "credentials", "absent" }, 5)
      expect.credentials(logged:run { "credentials", "dev" })
    end)

    after_each(function()
      logged:remove()
    end)

    local OPEN = world.allow_dev .. "  - {name: open, effect: allow, conditions: {profiles: [prod]}}\n"
    local SHORT = world.allow_dev:gsub("max_duration: 1h", "max_duration: 30m")

    local function compare(before, after, ...)
      return logged:run { "policy", "diff", logged:write("a/p.yaml", before), logged:write("b/p.yaml", after), "--semantic", ... }
    end

    it("tells which decisions would change, when, and from which rule to which", function()
      local replay = expect.json(compare(world.allow_dev, OPEN, "--json"), 1).replay
      assert.same({ logged.log, 2, 1, 1, 0 },
        { replay.log, replay.same, replay.changed, replay.changes.to_allow, replay.changes.from_allow })
      assert.same({ ["failed:config"] = 1 }, replay.skipped)
      assert.is_false(replay.cut)
      local flip, record = replay.flips[1], logged:records()[3]
      assert.same({ "alice", "prod", "deny", "allow", "", "open", 1 }, { flip.user, flip.profile, flip.from, flip.to,
        flip.rule_before, flip.rule_after, flip.count })
      assert.same({ record.seq, record.request_id }, { flip.first_seq, flip.first_request_id })
      assert.equal(record.time:match("^[^.]+"), flip.first_time:match("^[^Z]+"))
      local text = compare(world.allow_dev, OPEN).stdout
      assert.matches("\n  %+ alice prod: deny by no rule %-> allow by open; 1 time, first at 2%d+%-[^\n]* %(record 3%)\n", text)
      assert.is_truthy(text:find("\n  1 allowed now; 2 as before\n", 1, true), text)
    end)

    it("makes decisions again by both policies, whichever decided then", function()
      local replay = expect.json(compare(OPEN, world.allow_dev, "--json"), 1).replay
      assert.same({ 1, "allow", "deny" }, { replay.changes.from_allow, replay.flips[1].from, replay.flips[1].to })
      replay = expect.json(compare(world.allow_dev, SHORT, "--json"), 1).replay
      assert.same({ 2, 1 }, { replay.changes.shorter, replay.same })
    end)

    it("looks at the profiles that were asked for", function()
      local both = "version: \"1\"\nrules: [{name: p, effect: allow, conditions: {profiles: [\"pro*\"], users: [%s]}}]\n"
      local document = expect.json(compare(both:format("alice"), both:format("bob"), "--json"), 1)
      local seen = {}
      for _, change in ipairs(document.access.changes) do
        seen[change.user .. " " .. change.kind .. " " .. change.profile] = true
      end
      assert.same({ ["bob gains pro*"] = true, ["bob gains prod"] = true, ["alice loses pro*"] = true,
        ["alice loses prod"] = true }, seen)
    end)

    it("says that there is no log, and what of one cannot be read", function()
      assert.equal(cjson.null, semantic(old, new).replay)
      local text = files.read(logged.log)
      local broken = logged:write("broken.jsonl", text .. "{\"v\":1}\n")
      local document = expect.json(compare(world.allow_dev, OPEN, "--json", "--log", broken), 1)
      assert.matches("^what changes for the decisions of the log: [^\n]*broken.jsonl: a line of it ", document.unknown[1])
      local torn = logged:write("torn.jsonl", text .. "{\"v\":1,")
      assert.same({}, expect.json(compare(world.allow_dev, OPEN, "--json", "--log", torn), 1).unknown)
      document = expect.json(compare(world.allow_dev, OPEN, "--json", "--log", logged.home .. "/none"), 1)
      assert.matches("there is no decision log", document.unknown[1])
      assert.is_truthy(compare(world.allow_dev, OPEN, "--log", broken).stdout:find("\n? cannot tell what changes", 1, true))
    end)

    it("goes on through the closed segments of the log", function()
      local closed = logged:close_segment { "credentials", "dev" }
      local function replay(...)
        return expect.json(compare(world.allow_dev, OPEN, "--json", ...), 1)
      end
      assert.same({ logged.log, 2, 1 }, { replay().replay.log, replay().replay.same, replay().replay.changed })
      expect.refused(logged:run { "credentials", "prod" }, 3)
      assert.same({ 2, 2 }, { replay().replay.same, replay().replay.changed })
      assert.same({ 2, 1 }, { replay("--log", closed).replay.same, replay("--log", closed).replay.changed })
      os.rename(closed, closed .. ".away")
      assert.matches("^what changes for the decisions of the log: records are missing: ", replay().unknown[1])
    end)

    -- Many blocks of it, with records that cross their borders.
    it("reads a long log from its end", function()
      local lines = {}
      for line in files.read(logged.log):gmatch("[^\n]+") do
        lines[#lines + 1] = line
      end
      local text, count = {}, 1400
      for i = 1, count do
        text[i] = lines[(i - 1) % #lines + 1]
      end
      local long = logged:write("long.jsonl", table.concat(text, "\n") .. "\n")
      local replay = expect.json(compare(world.allow_dev, OPEN, "--json", "--log", long), 1).replay
      local decisions = { all = 0, prod = 0 }
      for _, line in ipairs(text) do
        local is_decision = line:find('"kind":"decision"', 1, true) ~= nil
        decisions.all = decisions.all + (is_decision and 1 or 0)
        decisions.prod = decisions.prod + (is_decision and line:find('"profile":"prod"', 1, true) and 1 or 0)
      end
      assert.is_true(#table.concat(text) > 5 * 131072)
      assert.same({ decisions.all, decisions.prod }, { replay.same + replay.changed, replay.changes.to_allow })
    end)
  end)

  -- SSM ----------------------------------------------------------------------------------------------

  describe("with a policy of SSM", function()
    local moto, there

    setup(function()
      moto = stage.moto { parameters = {
        { name = "/sentinel/policies/dev", value = world.allow_dev },
        { name = "/sentinel/policies/pointer", value = '{"sentinel_pointer":1}' },
      } }
      there = stage.world(moto)
    end)

    teardown(function()
      there:remove()
      moto:stop()
    end)

    it("reads it with the profile's credentials, in a process of its own", function()
      local file = there:write("new/dev.yaml", world.allow_dev)
      expect.status(there:run { "policy", "diff", "ssm:/sentinel/policies/{profile}", file, "--profile", "dev" }, 0)
      local result = there:run { "policy", "diff", "ssm:/sentinel/policies/dev", there:write("b.yaml", OLD), "--profile", "dev" }
      expect.status(result, 1)
      assert.matches("^%-%-%- ssm:/sentinel/policies/dev\n", result.stdout)
      local document = expect.json(there:run { "policy", "diff", "ssm:/sentinel/policies/dev", there:write("b.yaml", OLD),
        "--profile", "dev", "--semantic", "--json" }, 1)
      assert.equal("ssm:/sentinel/policies/dev", document.before.source)
    end)

    it("says what it cannot read there", function()
      local file = there:write("new/dev.yaml", world.allow_dev)
      expect.refused(there:run { "policy", "diff", file, "ssm:/sentinel/policies/pointer", "--profile", "dev" }, 5,
        "ssm:/sentinel/policies/pointer")
      expect.refused(there:run { "policy", "diff", file, "ssm:/sentinel/policies/none", "--profile", "dev" }, 5, "/sentinel/policies/none")
    end)
  end)
end)
