--- Facts that plugins ask over HTTPS: what goes out, what comes back, and what never does.
local bundle = require "spec.support.bundle"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

local SECRET = "s3cr3t-of/the+plugin"
local POLICY = [[
version: "1"
rules:
  - {name: open, effect: allow, conditions: {profiles: [dev], probe: {id: x1}}}
]]

describe("a plugin's question", function()
  local vendors, faulty, home

  setup(function()
    vendors = servers.start_vendors()
    faulty = servers.start_faulty()
  end)

  teardown(function()
    vendors:stop()
    faulty:stop()
  end)

  before_each(function()
    home = world.new { endpoint = faulty.url, environment = vendors:environment() }
    home.environment.SENTINEL_BACKEND = "file"
    home.environment.SENTINEL_FILE_PASSPHRASE = "correct horse"
    home.secrets[#home.secrets + 1] = SECRET
    vendors:set { ["a.example /q/x1"] = { json = { holds = true } } }
    faulty:set {}
  end)

  after_each(function()
    home:remove()
  end)

  local function use(options)
    options = options or {}
    bundle.write(home, {
      policy = options.policy or POLICY,
      plugins = { probe = {
        grant = options.grant or "http: [q], hosts: [a.example], secrets: [token]",
        files = bundle.asking {
          url = options.url or "GET https://a.example/q/{id}",
          more = options.more, needs = options.needs,
          check = options.check or [[
            local answer = host.http { "q", id = args.id }
            return answer.status == 200 and answer.json.holds, "it answered " .. answer.status]],
        },
      } },
    })
  end

  local WITH_SECRET = { more = "secret = 'token'",
    needs = "secrets = { token = { header = 'Authorization', format = 'Token token=%s' } }" }

  local function explain(bin)
    return expect.json(home:run({ "explain", "dev", "--user", "alice", "--json" },
      { bin = bin or settings.loopback }))
  end

  local function assert_failed(answer, class, ...)
    assert.are.equal("deny", answer.effect)
    assert.are.equal(class, answer.error, answer.facts[1] and answer.facts[1].reason)
    assert.are.equal("open", answer.rule)
    for _, text in ipairs { ... } do
      assert.is_truthy((answer.facts[1].reason):find(text, 1, true), answer.facts[1].reason)
    end
  end

  it("is asked of the granted host, and decides", function()
    use()
    local answer = explain()
    assert.are.equal("allow", answer.effect)
    assert.are.equal(1, #answer.facts)
    local fact = answer.facts[1]
    assert.are.equal("probe 1.0.0 q ok", table.concat({ fact.plugin, fact.version, fact.need,
      fact.status }, " "))
    assert.is_false(fact.cached)
    local request = vendors:requests()[1]
    assert.are.equal("a.example /q/x1", request.host .. " " .. request.path)
    assert.are.equal("application/json", request.headers.accept)
    assert.is_nil(request.headers["accept-encoding"])
    assert.is_nil(request.headers.cookie)
    vendors:set { ["*"] = { json = { holds = false } } }
    assert.are.equal("it answered 200", explain().trace[1].got)
    local function told()
      return home:run({ "explain", "dev", "--user", "alice" }, { bin = settings.loopback }).stdout
    end
    assert.is_truthy(told():find("\nfacts\n  had      probe q (id x1)\nrules, in order\n", 1, true), told())
    vendors:set { ["*"] = { status = 503 } }
    assert.is_truthy(told():find("\n  not had  probe q (id x1): it answered 503\n", 1, true), told())
  end)

  local function use_history()
    bundle.write(home, { policy = POLICY:gsub("probe: {id: x1}", "probe: true"), plugins = { probe = {
      grant = "history: true", files = {
        ["plugin.lua"] = [[return { name = "probe", version = "1.0.0", api = 1, summary = "For tests",
          needs = { history = true } }]],
        ["init.lua"] = "return function(_, _, host) return #host.history == 0 end",
      } } } })
  end

  local function explain_to(user)
    local request = home:write("request.json", ('{"user":"%s","profile":"dev"}'):format(user))
    return expect.json(home:run { "explain", "--request", request, "--json" })
  end

  it("of the user's history is answered for the user of a request file too", function()
    use_history()
    expect.credentials(home:run { "credentials", "dev" })
    for user, effect in pairs { alice = "deny", bob = "allow" } do
      local answer = explain_to(user)
      assert.are.equal(effect, answer.effect, user)
      assert.are.equal("ok", answer.facts[1].status)
    end
  end)

  it("of the user's history is answered from closed segments of the log, and from none that is gone", function()
    use_history()
    expect.credentials(home:run { "credentials", "dev" })
    local closed = home:close_segment { "credentials", "dev" }
    local function assert_history()
      for user, effect in pairs { alice = "deny", bob = "allow" } do
        local answer = explain_to(user)
        assert.are.equal(effect, answer.effect, user)
        assert.are.equal("ok", answer.facts[1].status)
      end
    end
    assert_history()
    expect.refused(home:run { "credentials", "dev" }, 3)
    assert.are.equal("decision", home:kinds())
    assert_history()
    os.remove(closed)
    for _, user in ipairs { "alice", "bob" } do
      assert_failed(explain_to(user), "fact_unavailable", "records are missing", "no closed segment ends before it")
    end
    expect.refused(home:run { "credentials", "dev" }, 3)
  end)

  it("issues credentials, and the record holds question and answer", function()
    use()
    expect.credentials(home:run({ "credentials", "dev" }, { bin = settings.loopback }))
    local fact = home:records()[1].facts[1]
    assert.are.equal("x1", fact.params.id)
    assert.is_true(fact.value.json.holds)
    assert.are.equal("decision issued", home:kinds())
  end)

  it("takes its secret from the keychain, and nobody sees it", function()
    use(WITH_SECRET)
    assert_failed(explain(), "fact_unavailable", "sentinel add --secret token")
    assert.are.equal(0, #vendors:requests())
    expect.done(home:run({ "add", "--secret", "token", "--stdin" }, { stdin = SECRET .. "\n" }))
    assert.is_truthy(expect.done(home:run { "list" }):find("token (a plugin's secret)", 1, true))
    expect.credentials(home:run({ "credentials", "dev" }, { bin = settings.loopback }))
    assert.are.equal("Token token=" .. SECRET, vendors:requests()[1].headers.authorization)
    expect.done(home:run { "remove", "--secret", "token" })
    assert_failed(explain(), "fact_unavailable", "sentinel add --secret token")
  end)

  it("sends its secret in base64 where the form wants that", function()
    use { more = "secret = 'token'",
      needs = "secrets = { token = { header = 'Authorization', format = 'Basic %b' } }" }
    expect.done(home:run({ "add", "--secret", "token", "--stdin" }, { stdin = "user:" .. SECRET .. "\n" }))
    assert.are.equal("allow", explain().effect)
    assert.is_truthy(vendors:requests()[1].headers.authorization:find("^Basic dXNlcjp"))
  end)

  for _, how in ipairs { "plain", "base64", "base64url", "hex", "HEX", "percent", "json" } do
    it("fails when the answer reflects the secret: " .. how, function()
      use(WITH_SECRET)
      expect.done(home:run({ "add", "--secret", "token", "--stdin" }, { stdin = SECRET .. "\n" }))
      vendors:set { ["*"] = { reflect = how } }
      assert_failed(explain(), "fact_unavailable", "holds the secret")
      expect.refused(home:run({ "credentials", "dev" }, { bin = settings.loopback }), 3)
      assert.is_nil(files.read(home.log):find(SECRET, 1, true))
    end)
  end

  local faults = {
    { "500", { status = 500 }, "fact_unavailable", "it answered 500" },
    { "429", { status = 429 }, "fact_unavailable", "it answered 429" },
    { "a redirect", { status = 302, headers = { Location = "https://b.example/" } }, "fact_unavailable", "302" },
    { "malformed JSON", { body = "{\"holds\": tru" }, "fact_unavailable", "the answer" },
    { "a duplicate key", { body = '{"holds":false,"holds":true}' }, "fact_unavailable", "the answer" },
    { "NaN", { body = '{"holds":NaN}' }, "fact_unavailable", "the answer" },
    { "JSON that is too deep", { body = ("["):rep(20) .. ("]"):rep(20) }, "fact_unavailable", "levels deep" },
    { "an answer that is too large for a fact", { json = { holds = ("x"):rep(5000) } }, "fact_too_large", "4 KiB" },
    { "10 MB", { body = ("x"):rep(10000000) }, "fact_unavailable", "too large" },
    { "an answer without an end", { json = { holds = true }, endless = true }, "fact_unavailable", "where it ends" },
    { "half an answer", { json = { holds = true }, cut = true }, "fact_unavailable", "shorter" },
    { "no answer", { close = true }, "fact_unavailable", "a.example" },
    { "a slow answer", { json = {}, delay_s = 3 }, "plugin_timeout", "no whole answer within" },
    { "a slow body", { body = ("x"):rep(100), drip_s = 0.1 }, "plugin_timeout", "no whole answer within" },
    { "HTML", { body = "<html>" .. ("x"):rep(5000), type = "text/html" }, "fact_unavailable", "no text" },
    { "a compressed body", { body = "x", headers = { ["Content-Encoding"] = "gzip" } }, "fact_unavailable", "compressed" },
  }
  for _, fault in ipairs(faults) do
    it("denies on " .. fault[1], function()
      use()
      vendors:set { ["*"] = fault[2] }
      assert_failed(explain(), fault[3], fault[4])
      local result = home:run({ "credentials", "dev" }, { bin = settings.loopback })
      expect.refused(result, 3, "probe")
      assert.are.equal(0, faulty:count("sts.AssumeRole"))
      assert.is_true(#vendors:requests() <= 2, "a question is asked once")
    end)
  end

  it("gives text, and statuses that the plugin should judge", function()
    use { check = [[local answer = host.http { "q", id = args.id }
      return answer.status == 404 and answer.text == "no such thing"
        and answer.headers["content-type"] == "text/plain" and answer.json == nil]] }
    vendors:set { ["*"] = { status = 404, body = "no such thing", type = "text/plain; charset=utf-8" } }
    assert.are.equal("allow", explain().effect)
  end)

  it("shows only what it selects, and nothing of null", function()
    use { more = "select = { 'list[].user.name', 'more' }", check = [[
      local json = host.http { "q", id = args.id }.json
      return #json.list == 2 and json.list[1].user.name == "a" and json.list[2].user == nil
        and json.more == false and json.secret == nil and json.list[1].user.mail == nil]] }
    vendors:set { ["*"] = { body = [[{"list":[{"user":{"name":"a","mail":"x"}},{"user":null}],"more":false,
      "secret":"]] .. ("x"):rep(10000) .. [["}]] } }
    local answer = explain()
    assert.are.equal("allow", answer.effect, answer.trace[1].got)
  end)

  it("follows page after page, so many as there are rounds", function()
    local check = [[
      local offset = 0
      repeat
        local json = host.http { "q", id = args.id, offset = offset }.json
        if json.holds then return true end
        offset = offset + 1
      until not json.more
      return false]]
    local url = "GET https://a.example/q/{id}?offset={offset}"
    use { url = url, check = check }
    vendors:set { ["*"] = { pages = { { json = { more = true } }, { json = { more = true } },
      { json = { holds = true } } } } }
    local answer = explain()
    assert.are.equal("allow", answer.effect)
    assert.are.equal(3, #answer.facts)
    vendors:set { ["*"] = { pages = { { json = { more = true } } } } }
    answer = explain()
    assert.are.equal("deny", answer.effect)
    assert.are.equal("budget_exceeded", answer.error)
  end)

  it("goes nowhere but to the granted host", function()
    local rows = {
      { grant = "http: [q], hosts: [b.example]", reason = "does not grant host a.example" },
      { grant = "http: [q], hosts: [a.example.evil.example]", reason = "does not grant host a.example" },
      { url = "GET https://a.example:8443/q/{id}", reason = "does not grant host a.example:8443" },
      { grant = "http: [q], hosts: ['a.example:8443']", reason = "does not grant host a.example" },
      { grant = "hosts: [a.example]", reason = "the bundle does not grant it" },
      { url = "GET https://{id}.example/q", check = [[return host.http { "q", id = "a.example/" }.json.holds]],
        reason = "has a value that it may not have" },
      { check = [[return host.http { "q", id = "../admin" }.json.holds]], reason = "has a value" },
      { check = [[return host.http { "q", id = ".." }.json.holds]], reason = "leads elsewhere" },
      { check = [[return host.http { "q", id = "%2e%2e" }.json.holds]], reason = "has a value" },
      { check = [[return host.http { "q", id = "a%0d%0aX: y" }.json.holds]], reason = "has a value" },
      { check = [[return host.http { "q", id = "a?b=c#d" }.json.holds]], reason = "has a value" },
    }
    for _, row in ipairs(rows) do
      use(row)
      vendors:set { ["*"] = { json = { holds = true } } }
      local answer = explain()
      assert_failed(answer, "fact_unavailable", row.reason)
      assert.are.equal(0, #vendors:requests())
    end
  end)

  it("is asked of no loopback or private address by the program that ships", function()
    for _, host in ipairs { "localhost", "127.0.0.1", "10.255.255.1" } do
      use { url = "GET https://" .. host .. "/", grant = "http: [q], hosts: [" .. host .. "]",
        check = "return host.http { 'q' }.json.holds" }
      assert_failed(explain(settings.bin), "fact_unavailable", "may not be asked")
    end
    assert.are.equal(0, #vendors:requests())
    use { url = "GET https://10.255.255.1/", grant = "http: [q], hosts: [10.255.255.1], private: true",
      check = "return host.http { 'q' }.json.holds" }
    local answer = explain(settings.bin)
    assert.are.equal("deny", answer.effect)
    assert.is_nil(answer.facts[1].reason:find("may not be asked", 1, true), answer.facts[1].reason)
  end)

  it("is asked without proxy and without trust in what is not a known certificate", function()
    use()
    home.environment.HTTPS_PROXY = "http://127.0.0.1:1"
    assert.are.equal("allow", explain().effect)
    home.environment.SENTINEL_TEST_CA = settings.source .. "/spec/support/files.lua"
    assert_failed(explain(), "fact_unavailable", "certificate")
  end)

  it("of plugins for one profile are asked together", function()
    local policy, plugins = { 'version: "1"', "rules:" }, {}
    for _, name in ipairs { "one", "two", "three", "four" } do
      policy[#policy + 1] = ("  - {name: %s, effect: allow, conditions: {profiles: [dev], %s: true}}"):format(name, name)
      local asking = bundle.asking { url = "GET https://a.example/" .. name,
        check = "return host.http { 'q' }.json.holds" }
      asking["plugin.lua"] = asking["plugin.lua"]:gsub('"probe"', ("%q"):format(name))
      plugins[name] = { grant = "http: [q], hosts: [a.example]", files = asking }
    end
    bundle.write(home, { policy = table.concat(policy, "\n") .. "\n", plugins = plugins })
    vendors:set { ["*"] = { json = { holds = false }, delay_s = 0.7 }, ["a.example /three"] = {
      json = { holds = true }, delay_s = 0.7 } }
    local answer = explain()
    assert.are.equal("three", answer.rule)
    assert.are.equal(4, #answer.facts)
  end)
end)
