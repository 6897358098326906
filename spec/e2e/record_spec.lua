--- sentinel test --record: answers that are asked for real once, and stand beside the spec from then on.
local cjson = require "cjson"
local bundle = require "spec.support.bundle"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local shims = require "spec.support.shims"
local world = require "spec.support.world"

local SECRET = "s3cr3t-of/the+plugin"
local POLICY = [[
version: "1"
rules:
  - {name: open, effect: allow, conditions: {profiles: [dev], probe: {id: x1}}}
  - {name: more, effect: allow, conditions: {profiles: [prod], probe: {id: x2}}}
]]
local TABLE = [[
suite: b
policy: bundle
cases:
  - {name: open, request: {user: alice, profile: dev}, expect: {effect: allow, rule: open}}
]]
-- The first 8 digits of the SHA-256 of {"id":"x1"}.
local FILE = "testdata/probe-q-31133d90.json"

describe("recording", function()
  local vendors, home

  setup(function()
    vendors = servers.start_vendors()
  end)

  teardown(function()
    vendors:stop()
  end)

  before_each(function()
    home = world.new { environment = vendors:environment() }
    home.environment.SENTINEL_BACKEND = "file"
    home.environment.SENTINEL_FILE_PASSPHRASE = "correct horse"
    home.secrets[#home.secrets + 1] = SECRET
    vendors:set { ["a.example /q/x1"] = { body = '{"holds":true,"n":7}' } }
  end)

  after_each(function()
    home:remove()
  end)

  local function use(options)
    options = options or {}
    return bundle.write(home, {
      policy = options.policy or POLICY, settings = options.settings,
      plugins = { probe = {
        grant = options.grant or "http: [q], hosts: [a.example], secrets: [token]",
        files = options.files or bundle.asking {
          url = options.url or "GET https://a.example/q/{id}",
          more = options.more, needs = options.needs,
          check = options.check or [[
            local answer = host.http { "q", id = args.id }
            return answer.status == 200 and answer.json.holds, "it answered " .. answer.status]],
        },
      } },
    })
  end

  local function record(...)
    return home:run({ "test", "--record", ... }, { bin = settings.loopback })
  end

  -- The first failed case's message, of a run that records as JSON.
  local function failure(...)
    for _, test in ipairs(expect.json(record("--json", ...), 1).tests) do
      if test.status == "failed" then
        return test.message
      end
    end
  end

  local function assert_holds(text, ...)
    for _, part in ipairs { ... } do
      assert.is_truthy(text:find(part, 1, true), text .. "\n\nlacks: " .. part)
    end
  end

  -- What is told of the spec, without the line before it.
  local function told(output, first)
    return output:match("recorded for [^\n]*\n" .. first .. "(.-)\n%d+ passed")
  end

  it("takes the place of a mock, and is one from then on", function()
    use()
    home:write("b_spec.yaml", TABLE)
    local output = expect.done(record("b_spec.yaml"))
    assert_holds(output, "recorded for b_spec.yaml, to be put under its mocks:\n  http:\n    - {")
    assert.are.equal('{"holds":true,"n":7}\n', home:read(FILE))
    assert.are.equal(1, #vendors:requests())
    vendors:set { ["*"] = { close = true } }
    local rows = told(output, "  http:\n")
    home:write("b_spec.yaml", TABLE .. "mocks:\n  http:\n" .. rows .. "\n")
    expect.done(home:run { "test", "b_spec.yaml" })
    expect.done(record("b_spec.yaml"))
    assert.are.equal(0, #vendors:requests())
    assert.are.equal("open", expect.json(home:run { "test", "--json", "b_spec.yaml" }).tests[1].name:match("%w+$"))
  end)

  it("stands in specs in Lua too, parameter by parameter", function()
    use()
    local cases = [[
      it("both", function()
        assert.allows({ user = "alice", profile = "dev" }, "open")
        assert.denies({ user = "alice", profile = "prod" }, { rule = "more", failed = "probe" })
        assert.allows({ user = "bob", profile = "dev" }, "open")
      end)
      it("again", function() assert.allows({ user = "alice", profile = "dev" }) end)
    ]]
    home:write("specs/b_spec.lua", "policy('../bundle')\n" .. cases)
    expect.status(record("specs/b_spec.lua"), 5) -- a policy lies below its spec
    home:write("b_spec.lua", "policy('bundle')\n" .. cases)
    vendors:set { ["a.example /q/x1"] = { json = { holds = true } }, ["a.example /q/x2"] = { status = 404,
      body = 'no "such"\tthing\u{9b}', type = "text/plain" } }
    local output = expect.done(record("b_spec.lua"))
    local calls = told(output, "")
    assert.are.equal(2, #vendors:requests())
    assert_holds(calls, 'params = { ["id"] = "x1" }, status = 200, json_file = "' .. FILE .. '" }',
      'params = { ["id"] = "x2" }, status = 404, text = "no \\"such\\"\\tthing\\u{009b}" }')
    home:write("b_spec.lua", ("policy('bundle')\nbefore_each(function()\n%s\nend)\n%s"):format(calls, cases))
    expect.done(home:run { "test", "b_spec.lua" })
    home:write(FILE, '{"holds":false}')
    expect.status(home:run { "test", "b_spec.lua" }, 1)
  end)

  it("says where a mock's file is missing", function()
    use()
    home:write("b_spec.lua", [[policy('bundle')
      it("a", function() mock.http { need = "q", json_file = "testdata/no.json" } end)]])
    assert_holds(home:run({ "test", "b_spec.lua" }).stdout, 'there is no JSON file "testdata/no.json" below', "line 2")
    home:write("b_spec.lua", [[policy('bundle')
      it("a", function() mock.http { need = "q", json_file = "a/../../secrets.json" } end)]])
    assert_holds(home:run({ "test", "b_spec.lua" }).stdout, 'there is no JSON file "a/../../secrets.json" below', "line 2")
    home:write("testdata/odd.json", "{")
    home:write("b_spec.lua", [[policy('bundle')
      it("a", function() mock.http { need = "q", json_file = "testdata/odd.json" } end)]])
    assert_holds(home:run({ "test", "b_spec.lua" }).stdout, "json_file", "testdata/odd.json")
  end)

  it("asks with the plugin's secret, and writes neither that nor more than is selected", function()
    use { more = "secret = 'token', select = { 'holds' }",
      needs = "secrets = { token = { header = 'Authorization', format = 'Token token=%s' } }" }
    home:write("b_spec.yaml", TABLE)
    assert_holds(failure("b_spec.yaml"), "plugin \"probe\" asks q", '{"id":"x1"}', "sentinel add --secret token")
    expect.done(home:run({ "add", "--secret", "token", "--stdin" }, { stdin = SECRET .. "\n" }))
    vendors:set { ["*"] = { json = { holds = true, mail = "x@y" }, headers = { ["X-More"] = "y", ["Set-Cookie"] = "z" } } }
    local output = expect.done(record("b_spec.yaml"))
    assert.are.equal("Token token=" .. SECRET, vendors:requests()[1].headers.authorization)
    assert.are.equal('{"holds":true}\n', home:read(FILE))
    assert.is_nil(output:find("headers", 1, true))
    assert.are.equal("regular file 644", process.run({ "/usr/bin/stat", "-c", "%F %a", home.home .. "/" .. FILE })
      .stdout:gsub("\n", ""))
  end)

  it("asks in a process of its own: evaluators that start later hold nothing of it", function()
    local pipe <close> = io.popen("id -u")
    if pipe:read("l") ~= "0" then
      return pending(settings.skipped("only root may read the memory of a program that is not dumpable"))
    end
    use { more = "secret = 'token'",
      needs = "secrets = { token = { header = 'Authorization', format = 'Token token=%s' } }" }
    local manifest = "bundle/plugins/probe/plugin.lua"
    home:write(manifest, (home:read(manifest):gsub("1500ms", "5s"))) -- it is stopped again and again
    expect.done(home:run({ "add", "--secret", "token", "--stdin" }, { stdin = SECRET .. "\n" }))
    home:write("secrets", SECRET .. "\n")
    home:write("specs/b_spec.yaml", (TABLE:gsub("policy: bundle", "policy: b")))
    home:write("specs/c_spec.yaml", (TABLE:gsub("policy: bundle", "policy: b"):gsub("profile: dev", "profile: a")
      :gsub("allow, rule: open", "deny")))
    os.rename(home.home .. "/bundle", home.home .. "/specs/b")
    local result = process.run({ shims.program("scan_memory"), home.home .. "/report", home.home .. "/secrets",
      settings.loopback, "test", "--record", "specs" }, home:options {})
    assert_holds(expect.done(result), "2 passed")
    local report, found, count = home:read("report"), {}, 0
    for pid in report:gmatch("pieces in (%d+)") do
      count, found[pid] = count + (found[pid] and 0 or 1), true
    end
    assert.are.equal(1, count, report)
    assert.is_true(tonumber(report:match("processes (%d+)")) >= 8, report)
  end)

  it("asks nothing where policy has to be signed", function()
    local folder = use()
    home:write_settings(("policy: {source: %q, keys: [\"ed25519:%s\"]}\n"):format("file:" .. folder, ("A"):rep(43) .. "="))
    home:write("b_spec.yaml", TABLE)
    assert_holds(failure("b_spec.yaml"), "policy.keys asks for signed policy")
    assert.are.equal(0, #vendors:requests())
  end)

  for _, how in ipairs { "plain", "base64", "hex", "percent", "json" } do
    it("writes nothing where the answer holds the secret: " .. how, function()
      use { more = "secret = 'token'",
        needs = "secrets = { token = { header = 'Authorization', format = 'Token token=%s' } }" }
      expect.done(home:run({ "add", "--secret", "token", "--stdin" }, { stdin = SECRET .. "\n" }))
      home:write("b_spec.yaml", TABLE)
      vendors:set { ["*"] = { reflect = how } }
      assert_holds(failure("b_spec.yaml"), "was not recorded: its answer holds the secret")
      assert.are.equal("", process.run({ "/usr/bin/find", home.home, "-name", "testdata" }).stdout)
    end)
  end

  local faults = {
    { "429", { status = 429 }, "it answered 429" },
    { "500", { status = 500 }, "it answered 500" },
    { "a redirect", { status = 302, headers = { Location = "https://b.example/" } }, "it answered 302" },
    { "a slow answer", { json = {}, delay_s = 3 }, "no whole answer within" },
    { "no answer", { close = true }, "a.example" },
    { "too large an answer", { json = { holds = ("x"):rep(5000) } }, "at most 4 KiB" },
    { "malformed JSON", { body = "{" }, "the answer" },
  }
  for _, fault in ipairs(faults) do
    it("fails the case on " .. fault[1] .. ", whatever it expects", function()
      use()
      home:write("b_spec.yaml", (TABLE:gsub("effect: allow, rule: open", "effect: deny")))
      vendors:set { ["*"] = fault[2] }
      assert_holds(failure("b_spec.yaml"), "it was not recorded: ", fault[3])
      assert.is_nil(home:read(FILE))
      assert.are.equal(1, #vendors:requests())
    end)
  end

  it("keeps the good answers where another one fails", function()
    use { check = [[
      local a = host.http { "q", id = "x1" }
      return a.json.holds and host.http { "q", id = "x2" }.json.holds]] }
    home:write("b_spec.yaml", TABLE)
    vendors:set { ["a.example /q/x1"] = { json = { holds = true } }, ["*"] = { status = 503 } }
    assert_holds(failure("b_spec.yaml"), '{"id":"x2"}', "it answered 503")
    assert.are.equal('{"holds":true}\n', home:read(FILE))
  end)

  it("is not hidden by a spec that catches everything", function()
    use()
    home:write("b_spec.lua", [[policy('bundle')
      it("a", function()
        pcall(assert.denies, { user = "alice", profile = "dev" })
        local is_done = pcall(assert.allows, { user = "alice", profile = "dev" })
        assert.is_true(is_done)
      end)]])
    expect.done(record("b_spec.lua"))
    assert.are.equal(1, #vendors:requests())
  end)

  it("goes on with the answer, and with nothing before it", function()
    use()
    home:write("b_spec.lua", [[policy('bundle')
      it("a", function()
        assert.denies { user = "alice", profile = "dev" }
        assert.denies { user = "alice", profile = "prod" }
      end)]])
    assert_holds(failure("b_spec.lua"), "wanted deny, got allow")
    assert.are.equal(1, #vendors:requests())
  end)

  it("asks what the bundle grants, and nothing else", function()
    local rows = {
      { grant = "hosts: [a.example]", reason = "the bundle does not grant it" },
      { grant = "http: [q], hosts: [b.example]", reason = "does not grant host a.example" },
      { check = [[return host.http { "q", id = "../x" }.json.holds]], reason = "has a value that it may not have" },
    }
    home:write("b_spec.yaml", TABLE)
    for _, row in ipairs(rows) do
      use(row)
      assert_holds(failure("b_spec.yaml"), row.reason)
      assert.are.equal(0, #vendors:requests())
    end
  end)

  it("takes addresses from the machine's databases", function()
    home:write("databases.json", cjson.encode { ["city.mmdb"] = { type = "Test-City", networks = {
      ["198.51.100.0/24"] = { country = { iso_code = "US" } } } } })
    local made = process.python { settings.source .. "/tests/tools/make_mmdb.py", home.home .. "/databases.json",
      home.home }
    assert.are.equal(0, made.status, made.stderr)
    local sources = bundle.asking { url = "GET https://a.example/q/{id}", needs = "geoip = true",
      check = "return host.geoip(args.id).country == 'US'" }
    local options = { grant = "geoip: true", files = sources, policy = (POLICY:gsub("x1", "198.51.100.7")),
      settings = "geoip: {databases: [" .. home.home .. "/city.mmdb]}\n" }
    use(options)
    home:write("b_spec.yaml", TABLE)
    assert_holds(expect.done(record("b_spec.yaml")), '  geoip:\n    "198.51.100.7": {"country": "US"}\n')
    options.policy = POLICY:gsub("x1", "203.0.113.7")
    use(options)
    assert_holds(failure("b_spec.yaml"), "no database knows the address")
    options.grant = ""
    use(options)
    assert_holds(failure("b_spec.yaml"), "the bundle does not grant it")
  end)

  it("has no history: that is of who runs it", function()
    use { grant = "history: true", files = {
      ["plugin.lua"] = [[return { name = "probe", version = "1.0.0", api = 1, summary = "For tests",
        args = { id = { type = "string", description = "an id" } }, needs = { history = true } }]],
      ["init.lua"] = "return function(_, _, host) return #host.history == 0 end" } }
    home:write("b_spec.yaml", TABLE)
    assert_holds(failure("b_spec.yaml"), "asks history", "it is of this machine's user; write a mock of history")
  end)

  it("goes round after round, and ends", function()
    use { url = "GET https://a.example/q/{id}?offset={offset}", check = [[
      local offset = 0
      repeat
        local json = host.http { "q", id = args.id, offset = offset }.json
        offset = offset + 1
      until not json.more
      return true]] }
    vendors:set { ["*"] = { pages = { { json = { more = true } }, { json = { more = true } }, { json = {} } } } }
    home:write("b_spec.yaml", TABLE)
    local output = expect.done(record("b_spec.yaml"))
    home:write("b_spec.yaml", TABLE .. "mocks:\n  http:\n" .. told(output, "  http:\n") .. "\n")
    expect.done(home:run { "test", "b_spec.yaml" })
    use { check = [[return host.http { "q", id = request.user.name }.json.holds]] }
    vendors:set { ["*"] = { json = { holds = true } } }
    home:write("b_spec.lua", [[policy('bundle')
      it("a", function()
        for i = 1, 17 do assert.allows { user = "u" .. i, profile = "dev" } end
      end)]])
    assert_holds(failure("b_spec.lua"), "more than 16 questions")
    assert.are.equal(16, #vendors:requests())
  end)

  it("of a plugin's own spec needs a bundle that grants", function()
    local own = [[it("holds", function() assert.is_true((plugin({ id = "x1" }, { user = "alice" }))) end)]]
    local sources = bundle.asking { url = "GET https://a.example/q/{id}",
      check = "return host.http { 'q', id = args.id }.json.holds" }
    for name, text in pairs(sources) do
      home:write("plugins/probe/" .. name, text)
    end
    home:write("plugins/probe/spec/init_spec.lua", own)
    assert_holds(failure("plugins"), "the plugin lies in no bundle that grants it")
    use { grant = "hosts: [a.example]" }
    home:write("bundle/plugins/probe/spec/init_spec.lua", own)
    assert_holds(failure("bundle"), "the bundle does not grant it")
    assert.are.equal(0, #vendors:requests())
    use()
    local manifest = "bundle/plugins/probe/plugin.lua"
    home:write(manifest, (home:read(manifest):gsub("1%.0%.0", "1.0.1"))) -- granted when it is published
    expect.done(record("bundle"))
    assert.are.equal('{"holds":true,"n":7}\n', home:read("bundle/plugins/probe/spec/" .. FILE))
  end)

  it("replaces a file of its own name, and touches no other", function()
    use()
    home:write("b_spec.yaml", TABLE)
    home:write(FILE, "old")
    home:write("testdata/probe-q.json", "other")
    expect.done(record("b_spec.yaml"))
    assert.are.equal('{"holds":true,"n":7}\n', home:read(FILE))
    assert.are.equal("other", home:read("testdata/probe-q.json"))
    assert.are.equal(2, #files.list(home.home .. "/testdata"))
  end)

  it("writes through no link", function()
    use()
    home:write("b_spec.yaml", TABLE)
    home:write("elsewhere/kept.json", "kept")
    process.run({ "/usr/bin/ln", "-s", "elsewhere", home.home .. "/testdata" })
    assert_holds(failure("b_spec.yaml"), "testdata is no folder")
    assert.are.equal(1, #files.list(home.home .. "/elsewhere"))
    os.remove(home.home .. "/testdata")
    files.make_folder(home.home .. "/testdata")
    process.run({ "/usr/bin/ln", "-s", "../elsewhere/kept.json", home.home .. "/" .. FILE })
    expect.done(record("b_spec.yaml"))
    assert.are.equal("kept", home:read("elsewhere/kept.json"))
  end)

  it("tells its mocks where nothing else is told", function()
    use()
    home:write("b_spec.yaml", TABLE)
    local result = record("--json", "b_spec.yaml")
    assert.are.equal(1, expect.json(result).passed)
    assert_holds(result.stderr, "recorded for b_spec.yaml", FILE)
  end)

  it("is only done when it is asked for, and its flags stand with it", function()
    use()
    home:write("b_spec.yaml", TABLE)
    local result = home:run({ "test", "b_spec.yaml" }, { bin = settings.loopback })
    expect.status(result, 1)
    assert_holds(result.stdout, "no mock.http answers that")
    assert.are.equal(0, #vendors:requests())
    expect.refused(home:run { "test", "--backend", "file", "b_spec.yaml" }, 2, "--record")
    expect.refused(record("--mutate", "b_spec.yaml"), 2, "record first")
    expect.refused(record("--watch", "b_spec.yaml"), 2, "--watch")
    local odd = home:write("odd.yaml", "no_such_key: 1\n")
    assert_holds(failure("--config", odd, "b_spec.yaml"), "no_such_key")
  end)
end)
