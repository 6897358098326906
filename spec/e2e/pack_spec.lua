--- sentinel policy pack: a bundle's folder as one file, which decides as the folder does.
local bundle = require "spec.support.bundle"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

local MANIFEST = [[
sentinel_bundle: 1
name: prod
serial: 7
policy: policy.lua
installation: acme-aws
targets: {dev: ["arn:aws:iam::123456789012:role/Dev"], "p*": ["arn:aws:iam::*:role/P*"]}
max_duration: 4h
plugins:
  names: {version: 1.0.0, grant: {files: ["data/*.txt"]}}
]]

local FILES = {
  ["bundle.yaml"] = MANIFEST,
  ["policy.lua"] = [[
local s = require "sentinel"
return s.policy { version = "1", rules = {
  require "rules.dev",
  s.rule "named" { effect = "allow", conditions = { profiles = { "p*" }, names = { file = "data/a.txt" } } },
} }
]],
  ["rules/dev.lua"] = [[
local s = require "sentinel"
return s.rule "dev" { effect = "allow", conditions = { profiles = { "dev" } } }
]],
  ["plugins/names/plugin.lua"] = [[
return { name = "names", version = "1.0.0", api = 1, summary = "Holds for who is named in a file",
  args = { file = { type = "string", required = true, description = "the file" } },
  needs = { request = { "user" }, files = { "data/*.txt" } } }
]],
  ["plugins/names/init.lua"] = [[
return function(args, request, host)
  return host.file(args.file):find(request.user.name, 1, true) ~= nil, "it was looked up"
end
]],
  ["plugins/names/README.md"] = "Not packed.\n",
  ["plugins/names/spec/names_spec.lua"] = "-- not packed\n",
  ["policy_spec.lua"] = "-- not packed\n",
  ["data/a.txt"] = "alice\n",
  ["data/b.bin"] = "not granted\n",
}

describe("sentinel policy pack", function()
  local faulty, home

  setup(function()
    faulty = servers.start_faulty()
  end)

  teardown(function()
    faulty:stop()
  end)

  before_each(function()
    faulty:set {}
    home = world.new { endpoint = faulty.url }
  end)

  after_each(function()
    home:remove()
  end)

  --- Writes the files, with some changed (false: left out), in the order that `before` says.
  local function write(folder, changes, before)
    local names = {}
    for name in pairs(FILES) do
      names[#names + 1] = name
    end
    table.sort(names, before)
    for _, name in ipairs(names) do
      local text = (changes or {})[name]
      if text ~= false then
        home:write(folder .. "/" .. name, text or FILES[name], "0644")
      end
    end
  end

  local function pack(folder, out, options)
    local result = home:run({ "policy", "pack", folder, "--out", out }, options)
    expect.done(result)
    return home:read(out), result.stdout
  end

  it("writes one file, and says what it is", function()
    write "bundle"
    local result = home:run { "policy", "pack", "bundle" }
    local text = assert(home:read "prod-7.bundle")
    local name, serial, hash, size, parts = expect.done(result):match(
      "^(%S+) serial (%d+) sha256 (%x+) (%d+) bytes, (%d+) parts?\n$")
    assert.are.same({ "prod", "7", #text, math.ceil(#text / 3072) },
      { name, serial, tonumber(size), tonumber(parts) })
    local pipe = io.popen("sha256sum " .. files.quote(home.home .. "/prod-7.bundle"))
    assert.are.equal(hash, pipe:read("a"):match "^%x+")
    pipe:close()
    local answer = expect.json(home:run { "policy", "pack", "bundle", "--json", "--out", "b.bundle" })
    assert.are.same({ name = "prod", serial = 7, sha256 = hash, size = #text,
      parts = tonumber(parts), file = "b.bundle" }, answer)
    assert.are.equal(text, home:read "b.bundle")
    assert.is_truthy(text:find('"files":["data/a.txt","plugins/names/init.lua","plugins/names/plugin.lua",'
      .. '"policy.lua","rules/dev.lua"]}\n', 1, true))
  end)

  it("writes the same bytes of the same content, wherever, whenever and by whom", function()
    write("one", nil, function(a, b) return a < b end)
    write("another/folder", nil, function(a, b) return a > b end)
    local quoted = files.quote(home.home .. "/another/folder")
    os.execute(("find %s -exec touch -d '2001-02-03 04:05' {} + && chmod -R go-rwx %s"):format(quoted, quoted))
    local first = pack("one", "1.bundle")
    for i, environment in ipairs { {}, { TZ = "Asia/Tokyo" }, { LC_ALL = "C.utf8" }, { LC_ALL = "tr_TR.UTF-8" },
      { LANG = "C", SOURCE_DATE_EPOCH = "1" } } do
      local second = pack("another/folder", "2.bundle", { environment = environment,
        before = i % 2 == 0 and "umask 077;" or "umask 0;" })
      assert.are.equal(first, second)
    end
    write("one", { ["data/a.txt"] = "bob\n" })
    assert.are_not.equal(first, (pack("one", "3.bundle")))
  end)

  it("keeps what it wrote before when it refuses", function()
    write "bundle"
    local before = pack("bundle", "b.bundle")
    local refusals = {
      { { ["policy.lua"] = "return 5 +\n" }, "policy.lua:2:1" },
      { { ["rules/dev.lua"] = false }, "policy.lua" },
      { { ["plugins/names/plugin.lua"] = false }, "plugins/names/plugin.lua:1:1: there is no such file" },
      { { ["plugins/names/init.lua"] = "error 'no'\n" }, "plugins/names/init.lua" },
      { { ["bundle.yaml"] = MANIFEST .. "files: [policy.lua]\n" }, 'bundle.yaml:10:1: unknown key "files"' },
      { { ["bundle.yaml"] = MANIFEST:gsub("1%.0%.0", "1.0.1") }, "version is 1.0.0, and bundle.yaml pins 1.0.1" },
      { { ["bundle.yaml"] = MANIFEST:gsub("data/%*%.txt", "data/c.txt") },
        'bundle.yaml:9:3: plugins.names.grant.files: there is no "data/c.txt"' },
      { { ["bundle.yaml"] = MANIFEST:gsub("grant: {", "grant: {http: [q], ") },
        'bundle.yaml:9:3: plugins.names.grant.http: there is no "q"' },
      { { ["bundle.yaml"] = MANIFEST:gsub("role/Dev", "user/dev") }, "bundle.yaml:6:17: targets has to be ARNs of roles" },
      { { ["bundle.yaml"] = MANIFEST:gsub("version: 1", "sha256: " .. ("0"):rep(64) .. ", version: 1") },
        "bundle.yaml pins " .. ("0"):rep(64) },
    }
    for _, case in ipairs(refusals) do
      files.remove(files.make_folder(home.folder .. "/home/bundle"))
      write("bundle", case[1])
      for _, command in ipairs { { "policy", "pack", "bundle", "--out", "b.bundle" }, { "policy", "validate", "bundle" } } do
        local result = home:run(command)
        expect.status(result, 5)
        assert.is_truthy(result.stdout:find(case[2], 1, true), case[2] .. " is not in: " .. result.stdout)
      end
      local problems = expect.json(home:run { "policy", "pack", "bundle", "--json" }, 5)
      assert.is_false(problems.valid)
      assert.are.equal(before, home:read "b.bundle")
      assert.is_nil(home:read "prod-7.bundle")
    end
  end)

  it("refuses what it cannot be asked for", function()
    write "bundle"
    home:write("policy.yaml", world.allow_dev)
    expect.refused(home:run { "policy", "pack" }, 2, "name the folder of a bundle")
    expect.refused(home:run { "policy", "pack", "bundle", "--out", "-" }, 2, "does not end in .bundle")
    expect.refused(home:run { "policy", "pack", "bundle", "--out", "x.zst" }, 2, "does not end in .bundle")
    expect.refused(home:run { "policy", "pack", "bundle", "--out", "none/x.bundle" }, 6, "none")
    pack("bundle", "b.bundle")
    for path, what in pairs { ["b.bundle"] = "is packed already", ["policy.yaml"] = "not the folder of a bundle",
      none = "none" } do
      local result = home:run { "policy", "pack", path }
      expect.status(result, 5)
      assert.is_truthy(result.stdout:find(what, 1, true), result.stdout)
    end
  end)

  it("makes a policy that decides as its folder does, in every command", function()
    write "bundle"
    local text = pack("bundle", "b.bundle")
    for _, user in ipairs { "alice", "bob", "role/R/x" } do
      for _, profile in ipairs { "dev", "prod", "other" } do
        local answers = {}
        for i, source in ipairs { "bundle", "b.bundle" } do
          local answer = expect.json(home:run { "explain", profile, "--user", user, "--policy", source, "--json",
            "--time", "2026-01-19T10:00:00Z" })
          assert.are.equal("prod", answer.policy.name)
          assert.are.equal(7, answer.policy.serial)
          answer.policy = nil
          answers[i] = answer
        end
        assert.are.same(answers[1], answers[2])
      end
    end
    expect.done(home:run { "policy", "validate", "b.bundle" })
    for _, command in ipairs { { "policy", "lint" }, { "policy", "schema" }, { "plugin", "list" }, { "plugin", "inspect" } } do
      local outputs = {}
      for i, source in ipairs { "bundle", "b.bundle" } do
        outputs[i] = expect.done(home:run { command[1], command[2], source })
      end
      assert.are.equal(outputs[1], outputs[2])
    end
    local who = {}
    for i, source in ipairs { "bundle", "b.bundle" } do
      who[i] = expect.done(home:run { "who-can", "dev", "--policy", source, "--ever",
        "--time", "2026-01-19T10:00:00Z" }):gsub("b%.bundle", "bundle")
    end
    assert.are.equal(who[1], who[2])
    assert.are.equal(text, home:read "b.bundle")
  end)

  it("makes a policy that issues, and the record has the hash of its bytes", function()
    write "bundle"
    local said = select(2, pack("bundle", "b.bundle"))
    home:write_settings(("policy: {source: %q}\n"):format("file:" .. home.home .. "/b.bundle"))
    expect.credentials(home:run { "credentials", "dev" })
    local policy = home:records()[1].policy
    assert.are.equal("file:" .. home.home .. "/b.bundle", policy.source)
    assert.are.equal(said:match "sha256 (%x+)", policy.sha256)
    assert.are.equal(7, policy.serial)
    expect.credentials(home:run { "credentials", "prod", "--duration", "5h" })
    assert.are.equal("manifest", home:records()[4].clamped_by)
    os.execute("chmod go+w " .. files.quote(home.home .. "/b.bundle"))
    expect.refused(home:run { "credentials", "dev" }, 5, "b.bundle")
    local folder = expect.json(home:run { "replay", "--policy", "bundle", "--json" })
    local packed = expect.json(home:run { "replay", "--policy", "b.bundle", "--json" })
    folder.policy, packed.policy = nil, nil
    assert.are.same(folder, packed)
  end)

  it("leaves specs out, and can be what a spec tests", function()
    write "bundle"
    pack("bundle", "specs/b.bundle", { before = "mkdir -p " .. files.quote(home.home .. "/specs") .. ";" })
    expect.refused(home:run { "test", "specs/b.bundle" }, 2, "is a packed bundle, and no spec is packed")
    home:write("specs/b_spec.yaml", [[
suite: packed
policy: b.bundle
matrix:
  users: [alice, bob]
  profiles: [dev]
  expect: {alice: {dev: {effect: allow, rule: dev}}, bob: {dev: {effect: allow, rule: dev}}}
cases:
  - {name: named, request: {user: alice, profile: prod}, mocks: {plugins: {names: [{returns: true}]}}, expect: {effect: allow}}
]])
    home:write("specs/more_spec.lua", [[
policy "b.bundle"
it("opens development", function()
  assert.allows({ user = "bob", profile = "dev" }, "dev")
end)
]])
    expect.done(home:run { "test", "specs", "--coverage" })
    expect.done(home:run { "test", "specs", "--coverage", "--report", "lcov=out.lcov", "--report", "cobertura=out.xml" })
    assert.is_truthy(home:read("out.lcov"):find("b.bundle/policy.lua", 1, true))
  end)

  it("is refused when it is damaged", function()
    write "bundle"
    local text = pack("bundle", "b.bundle")
    local line = text:find("\n", 1, true)
    local function explain(bytes)
      home:write("d.bundle", bytes, "0644")
      return home:run { "explain", "dev", "--user", "alice", "--policy", "d.bundle", "--json" }
    end
    local damages = {
      { text .. "\0", "something follows its zstd frame" },
      { text .. text:sub(line + 1), "something follows its zstd frame" },
      { text:sub(1, -2), "cut off" },
      { text:sub(1, line), "nothing follows its manifest" },
      { text:sub(1, line - 1), "not a packed bundle" },
      { text:sub(line + 1), "not a packed bundle" },
      { text:gsub('"serial":7', '"serial": 7'), "not written as" },
      { text:gsub('"content":"%x', '"content":"g'), "SHA-256" },
      { "", "not a packed bundle" },
      { ("x"):rep(1024 * 1024 + 1), "larger than 1 MiB" },
      { text:sub(1, line) .. "PK\3\4" .. text:sub(line + 5), "does not hold a zstd frame" },
    }
    for _, case in ipairs(damages) do
      local answer = expect.json(explain(case[1]), 5)
      assert.are.equal("policy_invalid", answer.error)
      assert.is_truthy(answer.problems[1].message:find(case[2], 1, true), answer.problems[1].message)
    end
    for at = line + 1, #text, 37 do
      local flipped = text:sub(1, at - 1) .. string.char(text:byte(at) ~ 16) .. text:sub(at + 1)
      expect.json(explain(flipped), 5)
    end
    expect.json(explain(text))
  end)

  it("carries 1,000 rules and 5 plugins", function()
    local rules = { 'version: "1"\nrules:\n' }
    for i = 1, 1000 do
      rules[#rules + 1] = ([[
  - name: rule-%04d
    effect: allow
    conditions: {profiles: [team-%04d, "team-%04d-*"], users: [user-%04d, "ops-%04d-*"], mode: [cli, credential_process],
                 time: {days: [monday, tuesday, wednesday, thursday], hours: {start: "08:00", end: "18:30"}, timezone: Europe/Berlin},
                 names: {file: data/a.txt}}
    reason: Members of team %d in their working hours
    max_duration: 1h
]]):format(i, i, i, i, i, i)
    end
    local plugins = { names = { grant = 'files: ["data/*.txt"]',
      files = { ["plugin.lua"] = FILES["plugins/names/plugin.lua"], ["init.lua"] = FILES["plugins/names/init.lua"] } } }
    for _, name in ipairs { "geo", "holidays", "oncall", "ticket" } do
      plugins[name] = { files = bundle.shipped(name) }
    end
    local lines = {}
    for i = 1, 1000 do
      lines[i] = ("user-%04d\n"):format(i)
    end
    bundle.write(home, { policy = table.concat(rules), plugins = plugins, files = { ["data/a.txt"] = table.concat(lines) } })
    local said = select(2, pack("bundle", "b.bundle"))
    local size = tonumber(said:match "(%d+) bytes")
    assert.is_true(size < 100000, said)
    for _, source in ipairs { "bundle", "b.bundle" } do
      local answer = expect.json(home:run { "explain", "team-0997-x", "--user", "user-0997", "--policy", source, "--json",
        "--time", "2026-01-19T10:00:00Z" })
      assert.are.equal("rule-0997", answer.rule)
      answer = expect.json(home:run { "explain", "team-0997-x", "--user", "user-0998", "--policy", source, "--json",
        "--time", "2026-01-19T10:00:00Z" })
      assert.are.equal("deny", answer.effect)
    end
  end)
end)

describe("a plugin of a packed bundle", function()
  local vendors, faulty, home
  local SECRET = "s3cr3t-of/the+plugin"

  setup(function()
    vendors, faulty = servers.start_vendors(), servers.start_faulty()
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
    faulty:set {}
  end)

  after_each(function()
    home:remove()
  end)

  local function pack(grant)
    bundle.write(home, { policy = 'version: "1"\nrules:\n'
      .. "  - {name: open, effect: allow, conditions: {profiles: [dev], probe: {id: x1}}}\n",
      plugins = { probe = { grant = grant, files = bundle.asking { url = "GET https://a.example/q/{id}",
        more = "secret = 'token'",
        needs = "secrets = { token = { header = 'Authorization', format = 'Token token=%s' } }", check = [[
          local answer = host.http { "q", id = args.id }
          return answer.status == 200 and answer.json.holds, "it answered " .. answer.status]] } } } })
    expect.done(home:run { "policy", "pack", "bundle", "--out", "b.bundle" })
    home:write_settings(("policy: {source: %q}\n"):format("file:" .. home.home .. "/b.bundle"))
  end

  local function explain()
    return expect.json(home:run({ "explain", "dev", "--user", "alice", "--json" }, { bin = settings.loopback }))
  end

  it("asks what it is granted, with its secret, and nothing else", function()
    expect.done(home:run({ "add", "--secret", "token", "--stdin" }, { stdin = SECRET .. "\n" }))
    vendors:set { ["a.example /q/x1"] = { json = { holds = true } } }
    pack "http: [q], hosts: [a.example], secrets: [token]"
    local answer = explain()
    assert.are.equal("allow", answer.effect)
    assert.are.equal(1, #answer.facts)
    local asked = vendors:requests()
    assert.are.equal(1, #asked)
    pack "http: [q], hosts: [b.example], secrets: [token]"
    answer = explain()
    assert.are.equal("deny", answer.effect)
    assert.are.equal(1, #vendors:requests())
    pack ""
    assert.are.equal("deny", explain().effect)
    assert.are.equal(1, #vendors:requests())
  end)
end)
