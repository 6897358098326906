--- sentinel policy lint: exit statuses, and its three outputs.
local cjson = require "cjson"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

local CLEAN = [[
version: "1"
rules:
  - name: prod
    effect: allow
    conditions: {profiles: [prod], roles: [Prod], users: [alice]}
    max_duration: 1h
]]
local ADVICE = [[
version: "1"
rules:
  - name: prod
    effect: allow
    conditions: {profiles: [prod], users: [alice]}
]]
local ERRORS = [[
version: "1"
rules:
  - name: open
    effect: allow
    conditions: {profiles: [prod], roles: [Prod]}

  - name: closed
    effect: deny
    conditions: {profiles: [prod], roles: [Prod], users: [mallory]}
]]
local MANIFEST = "sentinel_bundle: 1\nname: prod\nserial: 1\npolicy: policy.yaml\n"
local TARGETS = MANIFEST .. 'targets: {prod: ["arn:aws:iam::123456789012:role/Prod"]}\n'

describe("sentinel policy lint", function()
  local home

  before_each(function()
    home = world.new {}
  end)

  after_each(function()
    home:remove()
  end)

  local function lint(...)
    return home:run { "policy", "lint", ... }
  end

  it("says in one line that policies are clean", function()
    local one, two = home:write("one.yaml", CLEAN), home:write("two.yaml", CLEAN)
    assert.equal("1 policy is clean\n", expect.done(lint(one)))
    assert.equal("2 policies are clean\n", expect.done(lint(one, two)))
    assert.same({ valid = true, problems = {}, left_out = 0, complete = true }, expect.json(lint("--json", one)))
  end)

  it("ends with 0 where there is only advice, and tells it with what to do", function()
    local file = home:write("a.yaml", ADVICE)
    local result = lint(file)
    assert.equal(('%s:3: unbound-profile: rule "prod" does not say which roles its profiles may mean: '):format(file)
      .. "whoever may use one can point it at any role\n  add the condition roles, or targets to the bundle\n",
      expect.done(result))
    assert.equal("", result.stderr)
    assert.equal("unbound-profile", expect.json(lint(file, "--json")).problems[1].check)
  end)

  it("ends with 1 where there is more", function()
    local file, advice = home:write("e.yaml", ERRORS), home:write("a.yaml", ADVICE)
    local result = lint(file, advice)
    expect.status(result, 1)
    assert.is_truthy(result.stdout:find(file .. ':3: allow-before-deny: rule "open" decides before the deny rule '
      .. '"closed" where a request matches both\n  move the deny rule', 1, true), result.stdout)
    assert.is_truthy(result.stdout:find(file .. ":7: dead-deny: ", 1, true), result.stdout)
    assert.is_truthy(result.stdout:find(advice .. ":3: unbound-profile: ", 1, true), result.stdout)
    assert.is_truthy(result.stderr:find("2 problems are more than advice", 1, true))
    local answer = expect.json(lint(file, advice, "--json"), 1)
    local seen = {}
    for i, problem in ipairs(answer.problems) do
      seen[i] = ("%s %s %s %d"):format(problem.check, problem.rule, problem.file, problem.line)
      assert.is_truthy(problem.message:find(problem.rule, 1, true))
    end
    assert.same({ "allow-before-deny open " .. file .. " 3", "dead-deny closed " .. file .. " 7",
      "unbound-profile prod " .. advice .. " 3" }, seen)
  end)

  it("ends with 1 for every check that is more than advice", function()
    local bodies = {
      ["unreachable-rule"] = "  - {name: a, effect: allow, conditions: {users: [x], roles: [R]}}\n"
        .. "  - {name: b, effect: allow, conditions: {users: [x], roles: [R]}}\n",
      ["emergency-depends-on-fact"] = "  - {name: a, effect: allow, emergency: true, "
        .. "conditions: {roles: [R], mfa: {max_age: 1h}}}\n",
    }
    for check, body in pairs(bodies) do
      local answer = expect.json(lint("--json", home:write("p.yaml", 'version: "1"\nrules:\n' .. body)), 1)
      assert.equal(1, #answer.problems)
      assert.equal(check, answer.problems[1].check)
    end
  end)

  it("prints SARIF that code scanning reads", function()
    local file = home:write("e x.yaml", ERRORS)
    local document = expect.json(lint("--sarif", file, home:write("a.yaml", ADVICE)), 1)
    assert.equal("2.1.0", document.version)
    assert.equal(1, #document.runs)
    local run = document.runs[1]
    local driver = run.tool.driver
    assert.equal("sentinel", driver.name)
    assert.equal(12, #driver.rules)
    assert.is_true(run.invocations[1].executionSuccessful)
    assert.equal(3, #run.results)
    local page = files.read("docs/policy.md")
    for _, rule in ipairs(driver.rules) do
      assert.is_truthy(page:find(("\n| `%s`"):format(rule.id), 1, true), "docs/policy.md does not tell " .. rule.id)
    end
    for _, result in ipairs(run.results) do
      local rule = driver.rules[result.ruleIndex + 1]
      assert.equal(result.ruleId, rule.id)
      assert.equal(result.level, rule.defaultConfiguration.level)
      assert.is_true(#rule.shortDescription.text > 0 and #rule.help.text > 0 and #result.message.text > 0)
    end
    local first = run.results[1]
    assert.equal("error", first.level)
    assert.equal("warning", run.results[3].level)
    local place = first.locations[1].physicalLocation
    assert.equal("file://" .. file:gsub(" ", "%%20"), place.artifactLocation.uri)
    assert.equal(3, place.region.startLine)
    assert.equal("open", first.locations[1].logicalLocations[1].name)
    local clean = expect.json(lint("--sarif", home:write("c.yaml", CLEAN)))
    assert.same({}, clean.runs[1].results)
  end)

  it("looks at a bundle with its manifest, and at the files that a policy requires", function()
    home:write("bundle/policy.yaml", ADVICE)
    local folder = home.home .. "/bundle"
    home:write("bundle/bundle.yaml", MANIFEST)
    assert.equal("unbound-profile", expect.json(lint(folder, "--json")).problems[1].check)
    home:write("bundle/bundle.yaml", TARGETS)
    assert.equal("1 policy is clean\n", expect.done(lint(folder)))
    home:write("bundle/bundle.yaml", (TARGETS:gsub("policy.yaml", "policy.lua")))
    home:write("bundle/rules/open.lua", '\n\nreturn require "sentinel".rule "open" { effect = "allow", conditions = {} }\n')
    home:write("bundle/policy.lua", 'return require "sentinel".policy { version = "1", rules = { require "rules.open" } }\n')
    local problem = expect.json(lint(folder, "--json")).problems[1]
    assert.equal("unrestricted-allow", problem.check)
    assert.is_truthy(problem.file:find("bundle/rules/open.lua", 1, true), problem.file)
    assert.equal(3, problem.line)
  end)

  it("says of a refused policy what validate says, and ends with 5", function()
    local bad, good = home:write("bad.yaml", "version: 1\nrulez: []\n"), home:write("e.yaml", ERRORS)
    local validated = home:run { "policy", "validate", bad, good }
    local linted = lint(bad, good)
    expect.status(linted, 5)
    assert.equal(validated.stdout, linted.stdout)
    assert.equal(validated.stderr, linted.stderr)
    expect.status(lint(home.home .. "/absent.yaml"), 5)
  end)

  it("refuses a grant of what is not there, as validate does", function()
    local folder = home.home .. "/bundle"
    home:write("bundle/bundle.yaml", TARGETS .. "plugins: {x: {version: 1.0.0, grant: {files: [fr.ics]}}}\n")
    home:write("bundle/policy.yaml", CLEAN)
    home:write("bundle/plugins/x/plugin.lua",
      'return { name = "x", version = "1.0.0", api = 1, summary = "x", needs = { files = { "fr.ics" } } }\n')
    home:write("bundle/plugins/x/init.lua", "return function() return true end\n")
    local linted = lint(folder)
    expect.status(linted, 5)
    assert.is_truthy(linted.stdout:find('plugins.x.grant.files: there is no "fr.ics"', 1, true), linted.stdout)
    assert.equal(home:run({ "policy", "validate", folder }).stdout, linted.stdout)
    home:write("bundle/fr.ics", "BEGIN:VCALENDAR\n")
    expect.done(lint(folder))
  end)

  it("tells programs what is wrong with a refused policy beside what the others lack", function()
    local bad, other = home:write("bad.yaml", "version: 1\nrulez: []\n"), home:write("e.yaml", ERRORS)
    local wrong = expect.json(home:run { "policy", "validate", "--json", bad }, 5).problems
    local answer = expect.json(lint("--json", other, bad), 5)
    local others = expect.json(lint("--json", other), 1)
    assert.are.same({ false, false }, { answer.valid, answer.complete })
    assert.are.equal(#wrong + #others.problems, #answer.problems)
    for i, problem in ipairs(wrong) do
      local told = answer.problems[i]
      assert.are.same({ "policy-invalid", cjson.null }, { told.check, told.rule })
      told.check, told.rule = nil, nil
      assert.are.same(problem, told)
    end
    assert.are.same(others.problems[1], answer.problems[#wrong + 1])
    assert.is_true(others.valid)
    local run = expect.json(lint("--sarif", other, bad), 5).runs[1]
    assert.are.equal(#answer.problems, #run.results)
    assert.is_false(run.invocations[1].executionSuccessful)
    assert.are.equal(1, #run.invocations[1].toolExecutionNotifications)
    local first = run.results[1]
    assert.are.same({ "policy-invalid", "policy-invalid", "error", wrong[1].message },
      { first.ruleId, run.tool.driver.rules[first.ruleIndex + 1].id, first.level, first.message.text })
    local place = first.locations[1].physicalLocation
    assert.are.same({ "file://" .. bad, wrong[1].line, wrong[1].column },
      { place.artifactLocation.uri, place.region.startLine, place.region.startColumn })
    assert.are.equal(1, #expect.json(lint("--sarif", home.home .. "/absent.yaml"), 5).runs[1].results)
  end)

  it("does not call a policy clean that it could not look at completely", function()
    local lines = { 'version: "1"\nrules:\n' }
    for i = 1, 5000 do
      lines[#lines + 1] = ('- {name: r%d, effect: deny, conditions: {users: ["%d-*"], mode: [cli]}}\n'):format(i, i)
    end
    local file = home:write("large.yaml", table.concat(lines))
    local result = lint(file)
    expect.status(result, 1)
    assert.is_truthy(result.stdout:find(file .. ": not all rules were looked at", 1, true), result.stdout:sub(-300))
    assert.is_false(expect.json(lint(file, "--json"), 1).complete)
    assert.is_false(expect.json(lint(file, "--sarif"), 1).runs[1].invocations[1].executionSuccessful)
  end)

  it("takes no report that makes no sense", function()
    if not settings.exists(settings.evil) then
      return pending(settings.skipped("there is no " .. settings.evil))
    end
    local file = home:write("c.yaml", CLEAN)
    local function lie(mode, reply)
      return home:run({ "policy", "lint", file }, { bin = settings.evil,
        environment = { SENTINEL_EVIL = mode, SENTINEL_EVIL_REPLY = reply or false } })
    end
    expect.done(lie("none:none"))
    expect.refused(lie("lint:die"), 6, "evaluator")
    expect.refused(lie("lint:reply", '{"problems":[],"left_out":0}'), 6, "makes no sense")
    expect.refused(lie("lint:reply", '{"problems":[{"check":"fine","rule":"a","file":"f","line":1,"message":"m"}],'
      .. '"left_out":0,"complete":true}'), 6, "makes no sense")
    expect.status(lie("lint:hang"), 1)
  end)

  it("asks for a file, and for one output", function()
    expect.refused(lint(), 2, "file")
    local file = home:write("c.yaml", CLEAN)
    expect.refused(lint("--json", "--sarif", file), 2, "exclude")
    expect.refused(lint("--sarf", file), 2, "--sarif")
  end)

  it("knows no error in the policies that ship", function()
    local names = { "dev-prod", "emergency-admin", "policy-admin" }
    for _, name in ipairs(names) do
      for _, kind in ipairs { "yaml", "lua" } do
        local file = name .. "." .. kind
        expect.done(lint(home:write(file, assert(files.read("policies/" .. file)))))
      end
    end
  end)
end)
