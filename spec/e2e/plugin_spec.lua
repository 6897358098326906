--- sentinel plugin list, inspect and new; and what lint says of grants.
local bundle = require "spec.support.bundle"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local world = require "spec.support.world"

local POLICY = 'version: "1"\nrules:\n  - {name: r, effect: allow, conditions: {users: [alice], roles: [Dev], probe: {id: x1}}}\n'

describe("sentinel plugin", function()
  local home

  before_each(function()
    home = world.new {}
  end)

  after_each(function()
    home:remove()
  end)

  local function write(grant)
    return bundle.write(home, { policy = POLICY, plugins = { probe = { grant = grant,
      files = bundle.asking { url = "GET https://a.example/{id}", more = "secret = 'token'",
        needs = "history = true, secrets = { token = { header = 'X-Key', format = '%s' } }",
        check = "return true" } } } })
  end

  it("new writes one that passes its own spec, validates in a bundle, and is not overwritten", function()
    expect.done(home:run { "plugin", "new", "uptime" })
    assert.are.equal(4, expect.json(home:run { "test", "plugins/uptime", "--json" }).passed)
    for _, name in ipairs { "plugin.lua", "init.lua", "README.md" } do
      home:write("bundle/plugins/uptime/" .. name, home:read("plugins/uptime/" .. name))
    end
    local readme = home:read("plugins/uptime/README.md")
    for _, heading in ipairs { "What it checks", "Arguments", "Example rule", "Facts it needs", "When it fails" } do
      assert.is_truthy(readme:find("## " .. heading .. "\n", 1, true))
    end
    local example = readme:match("```yaml\n(.-)```")
    home:write("bundle/policy.yaml", 'version: "1"\nrules:\n' .. example)
    home:write("bundle/bundle.yaml", "sentinel_bundle: 1\nname: b\nserial: 1\npolicy: policy.yaml\n"
      .. readme:match("```yaml\n(plugins:.-)```"))
    expect.done(home:run { "policy", "validate", "bundle" })
    expect.refused(home:run { "plugin", "new", "uptime" }, 2, "is there already")
    for _, name in ipairs { "Up", "up-time", "../up", "1up", ("x"):rep(40) } do
      expect.refused(home:run { "plugin", "new", name }, 2, "cannot be the name")
    end
    expect.refused(home:run { "plugin", "new" }, 2)
  end)

  it("a plugin is found from within its folder, too", function()
    expect.done(home:run { "plugin", "new", "uptime" })
    local plugin = home.home .. "/plugins/uptime"
    for folder, paths in pairs {
      [plugin] = { ".", "spec", "./spec", "spec/uptime_spec.lua", "../uptime", ".." },
      [plugin .. "/spec"] = { ".", "uptime_spec.lua", "..", "../spec" }, [home.home .. "/plugins"] = { ".", "uptime/" },
    } do
      for _, path in ipairs(paths) do
        local text = expect.done(home:run({ "test", path }, { folder = folder }))
        assert.is_truthy(text:find("4 passed, 0 failed, 0 skipped", 1, true), path .. ": " .. text)
      end
    end
    for _, path in ipairs { ".", "../uptime", plugin } do
      local text = expect.done(home:run({ "plugin", "inspect", path }, { folder = plugin }))
      assert.is_truthy(text:find("^uptime 0.1.0: "), text)
    end
    home:write("plugins/uptime/init.lua", "return function() return tru end")
    local result = home:run({ "test", "." }, { folder = plugin })
    expect.status(result, 1)
    assert.is_truthy(result.stdout:find('plugins/uptime/init.lua:1: global "tru" does not exist', 1, true), result.stdout)
    home:write("uptime/plugin.lua", "return {}")
    expect.refused(home:run { "plugin", "inspect", "uptime" }, 5, "uptime: a plugin lies in a folder plugins/NAME")
  end)

  it("new takes no name of a condition that is there", function()
    local names = expect.json(home:run { "policy", "schema" }).definitions.conditions.properties
    names["function"] = true
    for name in pairs(names) do
      expect.refused(home:run { "plugin", "new", name }, 2, ('"%s" is the name of a built-in condition'):format(name))
    end
    assert.is_false(files.exists(home.home .. "/plugins"))
  end)

  it("list tells what lies in a folder, and what a bundle does not grant", function()
    expect.done(home:run { "plugin", "new", "uptime" })
    assert.are.equal("uptime           0.1.0    Holds while the service that is named is up\n",
      expect.done(home:run { "plugin", "list" }))
    local folder = write("http: [q], hosts: [a.example]")
    assert.is_truthy(expect.done(home:run { "plugin", "list", folder }):find("(not granted: secrets token)", 1, true))
    local document = expect.json(home:run { "plugin", "list", folder, "--json" })
    assert.are.equal("probe 1.0.0 secrets token", table.concat({ document.plugins[1].name,
      document.plugins[1].version, document.plugins[1].ungranted }, " "))
    expect.refused(home:run { "plugin", "list", "nowhere" }, 5, "nowhere")
    expect.refused(home:run { "plugin", "inspect", "nowhere" }, 5, "nowhere")
    expect.refused(home:run { "plugin", "inspect", "nowhere", "--json" }, 5, "nowhere")
  end)

  it("inspect tells what a plugin may do", function()
    local folder = write("http: [q], hosts: [a.example], secrets: [token]")
    local text = expect.done(home:run { "plugin", "inspect", folder })
    for _, line in ipairs { "  takes    id (string): an id\n", "sees     user", "may      ask q of https://a.example, sending token",
      "may      reach a.example", "may not  see the user's last grants", "within   1500 ms" } do
      assert.is_truthy(text:find(line, 1, true), text)
    end
    local plugin = expect.json(home:run { "plugin", "inspect", folder, "--json" }).plugins[1]
    assert.is_true(plugin.http[1].granted)
    assert.are.same({ id = { type = "string", description = "an id" } }, plugin.args)
    assert.is_false(plugin.history)
    assert.are.equal("a.example", plugin.hosts[1])
    text = expect.done(home:run { "plugin", "inspect", folder .. "/plugins/probe" })
    assert.is_truthy(text:find("may not  ask q", 1, true), text)
    expect.refused(home:run { "plugin", "inspect" }, 2, "bundle")
    expect.done(home:run { "plugin", "new", "uptime" })
    text = expect.done(home:run { "plugin", "inspect", "plugins/uptime" })
    assert.is_truthy(text:find("\n  takes    service (string, required): the service's id\n", 1, true), text)
    plugin = expect.json(home:run { "plugin", "inspect", "plugins/uptime", "--json" }).plugins[1]
    assert.are.same({ service = { type = "string", required = true, description = "the service's id" } }, plugin.args)
    home:write("plugins/uptime/plugin.lua", 'return { name = "uptime", version = "0.1.0", api = 1, summary = "x" }')
    text = expect.done(home:run { "plugin", "inspect", "plugins/uptime" })
    assert.is_truthy(text:find("\n  takes    no arguments\n", 1, true), text)
    home:write("bundle/plugins/probe/plugin.lua", "return {")
    expect.refused(home:run { "plugin", "inspect", folder }, 5, "plugins/probe/plugin.lua:1")
  end)

  it("list and inspect load the function, too, and name each plugin that is refused", function()
    local missing = "init.lua:2:1: 'end' expected (to close 'function' at line 1) near <eof>"
    local folder = write("http: [q]")
    home:write("bundle/policy.yaml", "not: [a policy\n") -- that is not what they are asked
    expect.done(home:run { "plugin", "inspect", folder })
    home:write("bundle/plugins/probe/init.lua", "return function()\n")
    for _, path in ipairs { folder, folder .. "/plugins/probe" } do
      expect.refused(home:run { "plugin", "inspect", path }, 5, folder .. "/plugins/probe/" .. missing)
      expect.refused(home:run { "plugin", "list", path }, 5, folder .. "/plugins/probe/" .. missing)
      local answer = expect.json(home:run { "plugin", "list", path, "--json" }, 5)
      assert.are.same({ 0, 1, 2 }, { #answer.plugins, #answer.problems, answer.problems[1].line })
    end
    home:write("bundle/plugins/probe/init.lua", "return 5\n")
    expect.refused(home:run { "plugin", "list", folder }, 5, "init.lua has to return a function, not a number")
    for _, name in ipairs { "a", "b", "c", "d", "unlisted" } do
      expect.done(home:run { "plugin", "new", name })
      home:write("bundle/plugins/" .. name .. "/init.lua", name == "a" and "return print\n" or "return function()\n")
      home:write("bundle/plugins/" .. name .. "/plugin.lua", "return {")
    end
    home:write("bundle/bundle.yaml", "sentinel_bundle: 1\nname: b\nserial: 1\npolicy: policy.yaml\nplugins:\n"
      .. ("  a: {V}\n  b: {V}\n  c: {V}\n  d: {V}\n"):gsub("V", "version: 0.1.0, grant: {}"))
    for _, name in ipairs { "b", "d" } do
      home:write("bundle/plugins/" .. name .. "/plugin.lua", home:read("plugins/" .. name .. "/plugin.lua"))
    end
    -- What is said of which files: of the plugins that the bundle lists, and each thing once.
    local function told(path)
      local result = home:run { "plugin", "list", path, "--json" }
      local found = {}
      for i, problem in ipairs(expect.json(result, 5).problems) do
        found[i] = problem.file:match("[^/]*/[^/]*$")
      end
      assert.is_truthy(result.stderr:find(("plugins are refused: %d problem"):format(#found), 1, true), result.stderr)
      return table.concat(found, " ")
    end
    assert.are.equal("a/plugin.lua b/init.lua c/plugin.lua d/init.lua", told(folder))
    home:write("plugins/b/plugin.lua", "return {")
    home:write("plugins/c/init.lua", "return function()")
    assert.are.equal("b/plugin.lua c/init.lua", told("plugins"))
    local result = home:run { "plugin", "list" }
    expect.status(result, 5)
    for _, line in ipairs { "a                0.1.0    ", "d                0.1.0    ", "./plugins/b/plugin.lua:1:",
      "./plugins/c/init.lua:1:" } do
      assert.is_truthy(result.stdout:find(line, 1, true), result.stdout)
    end
  end)

  -- What inspect says of a plugin that needs files and a question at a host of a parameter's.
  local function inspected(grant)
    local folder = bundle.write(home, { policy = POLICY:gsub("{id: x1}", "true"), plugins = { probe = { grant = grant, files = {
      ["plugin.lua"] = [[return { name = "probe", version = "1.0.0", api = 1, summary = "x", needs = {
        files = { "*.ics", "a/?.txt" }, http = { q = { url = "GET https://{site}.a.example/" } } } }]],
      ["init.lua"] = "return function() return true end" } } }, files = { ["de.ics"] = "" } })
    return expect.done(home:run { "plugin", "inspect", folder }),
      expect.json(home:run { "plugin", "inspect", folder, "--json" }).plugins[1],
      home:run({ "policy", "lint", folder, "--json" }).stdout
  end

  it("inspect tells only what is both needed and granted", function()
    -- {grant, what the text has, what it has not, hosts and files of the JSON, what lint misses}
    local rows = {
      { "files: ['data/*.ics']", { "may not  read *.ics", "may not  read a/?.txt", "may not  ask q" }, { "data/" },
        "/", "http q" },
      { "files: [de.ics, 'a/*']", { "may      read de.ics\n", "may      read a/?.txt\n" }, { "may not  read" },
        "/de.ics a/*", "http q" },
      { "files: ['de*'], http: [q], hosts: [x.example]", { "may      read *.ics, where it fits de*\n",
        "may not  read a/?.txt", "may not  ask q" }, { "x.example" }, "/de*", "hosts {site}.a.example" },
      { "files: ['*.ics'], http: [q], hosts: [b.a.example, x.example]", { "may      ask q", "may      reach b.a.example\n" },
        { "x.example" }, "b.a.example/*.ics" },
      { "files: ['b/*'], http: [q], hosts: [b.a.example]", { "may      ask q" }, { "b/*" }, "b.a.example/", "files" },
      { "hosts: [b.a.example]", { "may not  ask q" }, { "reach" }, "/", "http q" },
    }
    for _, row in ipairs(rows) do
      local text, document, lint = inspected(row[1])
      for _, line in ipairs(row[2]) do
        assert.is_truthy(text:find(line, 1, true), row[1] .. "\n" .. text)
      end
      for _, line in ipairs(row[3]) do
        assert.is_nil(text:find(line, 1, true), row[1] .. "\n" .. text)
      end
      assert.are.equal(row[4], table.concat(document.hosts, " ") .. "/" .. table.concat(document.files, " "))
      assert.are.equal(text:find("may      ask q", 1, true) ~= nil, document.http[1].granted)
      assert.are.equal(row[5] and "does not grant: " .. row[5], lint:match("does not grant: [^\"]*"))
    end
  end)

  it("that cannot be is told with its own place, once", function()
    write("http: [q]")
    home:write("bundle/plugins/probe/plugin.lua", [[return { name = "probe", version = "1.0.0", api = 1,
      summary = "x", needs = { http = { q = { url = "GET http://a.example/" } } } }]])
    local answer = expect.json(home:run { "policy", "validate", "bundle", "--json" }, 5)
    local first = answer.problems[1]
    assert.are.equal("bundle/plugins/probe/plugin.lua:2:47", ("%s:%d:%d"):format(first.file, first.line, first.column))
    assert.are.equal('needs.http.q.url has to begin with "GET https://"', first.message)
    os.execute("rm " .. home.home .. "/bundle/plugins/probe/plugin.lua")
    answer = expect.json(home:run { "policy", "validate", "bundle", "--json" }, 5)
    assert.are.equal("bundle/plugins/probe/plugin.lua there is no such file", answer.problems[1].file .. " "
      .. answer.problems[1].message)
  end)

  it("of a bundle is linted: what it needs has to be granted", function()
    local folder = write("http: [q], hosts: [a.example], secrets: [token]")
    local result = home:run { "policy", "lint", folder, "--json" }
    assert.is_truthy(result.stdout:find('"check":"ungranted-plugin","rule":"r"', 1, true), result.stdout)
    assert.is_truthy(result.stdout:find("does not grant: history", 1, true))
    folder = write("http: [q], hosts: [a.example], secrets: [token], history: true")
    result = home:run { "policy", "lint", folder, "--json" }
    assert.is_nil(result.stdout:find("ungranted-plugin", 1, true), result.stdout)
  end)
end)
