--- sentinel test --shuffle: another order, which the seed decides.
local expect = require "spec.support.expect"
local world = require "spec.support.world"

local CASES = 12

describe("sentinel test --shuffle", function()
  local home

  before_each(function()
    home = world.new {}
    for _, name in ipairs { "a", "b", "c", "d" } do
      local lines = {}
      for i = 1, CASES do
        lines[i] = ("it('%s%d', function() end)"):format(name, i)
      end
      home:write(name .. "/p.yaml", 'version: "1"\nrules:\n  - {name: r, effect: allow, conditions: {}}\n')
      home:write(name .. "/p_spec.lua", table.concat(lines, "\n") .. "\n")
    end
  end)

  after_each(function()
    home:remove()
  end)

  local function run(...)
    return home:run({ "test", "a", "b", "c", "d", ... })
  end

  local function order(...)
    local names = {}
    for i, case in ipairs(expect.json(run("--json", ...)).tests) do
      names[i] = case.name
    end
    return names
  end

  it("puts files and their tests into an order that the seed decides", function()
    local plain, first, again, other = order(), order("--shuffle", "1"), order("--shuffle", "1"), order("--shuffle", "2")
    assert.are.same(first, again)
    assert.are_not.same(first, plain)
    assert.are_not.same(first, other)
    local sorted = { table.unpack(first) }
    table.sort(sorted)
    local wanted = { table.unpack(plain) }
    table.sort(wanted)
    assert.are.same(wanted, sorted)
  end)

  it("keeps the tests of a file together, and moves files", function()
    local found = {}
    for seed = 0, 9 do
      local names, files = order("--shuffle", tostring(seed)), {}
      for i = 1, #names, CASES do
        for k = i, i + CASES - 1 do
          assert.are.equal(names[i]:sub(1, 1), names[k]:sub(1, 1))
        end
        files[#files + 1] = names[i]:sub(1, 1)
      end
      found[table.concat(files)] = true
    end
    local count = 0
    for _ in pairs(found) do
      count = count + 1
    end
    assert.is_true(count > 3)
  end)

  it("is an order that stays: what seed 42 gives", function()
    local names = order("--shuffle", "42")
    assert.are.equal("c a d b", ("%s %s %s %s"):format(names[1]:sub(1, 1), names[CASES + 1]:sub(1, 1),
      names[2 * CASES + 1]:sub(1, 1), names[3 * CASES + 1]:sub(1, 1)))
    assert.are.same({ "c10", "c7", "c8", "c11" }, { table.unpack(names, 1, 4) })
  end)

  it("tells the seed in every report", function()
    local text = expect.done(run("--shuffle", "7", "--report", "tap=r.tap", "--report", "junit=r.xml", "--report",
      "json=r.json"))
    assert.is_truthy(text:find("\nshuffled: --shuffle 7 runs the same files in this order again\n48 passed", 1, true), text)
    assert.is_truthy(home:read("r.tap"):find("\n# seed 7\n1..48\n", 1, true))
    assert.is_truthy(home:read("r.xml"):find('<property name="seed" value="7"/>', 1, true))
    assert.is_truthy(home:read("r.json"):find(',"seed":7,', 1, true))
    assert.is_nil(expect.json(run("--json")).seed)
  end)

  it("stops at the first failure of that order", function()
    home:write("a/p_spec.lua", "for i = 1, 12 do it('a' .. i, function() assert.not_equal(5, i) end) end")
    local whole = expect.json(run("--json", "--shuffle", "3"), 1).tests
    local part = expect.json(run("--json", "--shuffle", "3", "--fail-fast"), 1).tests
    assert.are.equal("a5", part[#part].name)
    for i, case in ipairs(part) do
      assert.are.equal(whole[i].name, case.name)
    end
    assert.are.equal(4 * CASES, #whole)
  end)

  it("runs each test with its own policy", function()
    home:write("a/q.yaml", 'version: "1"\nrules:\n  - {name: q, effect: deny, conditions: {}}\n')
    home:write("a/p_spec.lua", [[
for i = 1, 6 do
  it("p" .. i, function() assert.allows({ user = "a", profile = "dev" }, "r") end)
  describe("q", function()
    policy("q.yaml")
    it("q" .. i, function() assert.denies({ user = "a", profile = "dev" }, { rule = "q" }) end)
  end)
end
]])
    for seed = 0, 5 do
      assert.are.equal(12, expect.json(home:run { "test", "a", "--json", "--shuffle", tostring(seed) }).passed)
    end
  end)

  it("takes a number from 0 to 4294967295", function()
    expect.done(run("--shuffle", "0"))
    expect.done(run("--shuffle", "4294967295"))
    for _, seed in ipairs { "4294967296", "-1", "x", "1x", "0x1", " 1", "1.5", "99999999999999999999" } do
      expect.refused(run("--shuffle", seed), 2, "--shuffle", "0 to 4294967295")
    end
  end)
end)
