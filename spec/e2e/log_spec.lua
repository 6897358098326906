--- sentinel log verify and log show, over a log that real decisions wrote.
local cjson = require "cjson"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local servers = require "spec.support.servers"
local world = require "spec.support.world"

describe("sentinel log", function()
  local faulty, home, written

  setup(function()
    faulty = servers.start_faulty()
    home = world.new { endpoint = faulty.url, policy = world.allow_dev }
    expect.credentials(home:run { "credentials", "dev" })
    expect.refused(home:run { "credentials", "prod" }, 3)
    expect.refused(home:run { "credentials", "absent" }, 5)
    expect.credentials(home:run { "credentials", "dev" })
    written = files.read(home.log)
  end)

  teardown(function()
    home:remove()
    faulty:stop()
  end)

  before_each(function()
    files.write(home.log, written)
  end)

  it("holds one chain: a decision and an issuance for each allow, a failure before a decision too",
    function()
    assert.are.equal("decision issued decision failed decision issued", home:kinds())
    for i, record in ipairs(home:records()) do
      assert.are.equal(i, record.seq)
      assert.are.equal(1, record.v)
      assert.are.equal(home:records()[1].chain, record.chain)
      assert.is_truthy(record.time:match("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$"))
    end
    assert.are.equal(("0"):rep(64), home:records()[1].prev)
  end)

  it("keeps the file to its user", function()
    local pipe = io.popen(("stat -c %%a %s %s"):format(home.log, home.log:match("^(.*)/")))
    assert.are.equal("600\n700\n", pipe:read("a"))
    pipe:close()
  end)

  it("verifies the default log, and a named one", function()
    local answer = expect.json(home:run { "log", "verify", "--json" })
    assert.is_true(answer.ok)
    assert.are.equal(6, answer.records)
    assert.are.equal(64, #answer.root)
    assert.are.equal(answer.root, expect.json(home:run { "log", "verify", home.log,
      "--json" }).root)
    assert.is_truthy(expect.done(home:run { "log", "verify" }):match("^intact"))
  end)

  local damages = {
    { "a changed word", function(text) return (text:gsub('"effect":"deny"', '"effect":"allow"',
      1)) end, 4 },
    { "a removed line", function(text) return (text:gsub("^([^\n]*\n)[^\n]*\n", "%1")) end, 3 },
    { "a doubled line", function(text) return (text:gsub("^([^\n]*\n)", "%1%1")) end, 1 },
    { "swapped lines", function(text) return (text:gsub("^([^\n]*\n)([^\n]*\n)", "%2%1")) end, 2 },
    { "a removed first line", function(text) return (text:gsub("^[^\n]*\n", "")) end, 2 },
    { "a space", function(text) return (text:gsub('"seq":2,', '"seq":2, ')) end, 3 },
    { "a line of another kind", function(text) return (text:gsub("\n", "\nhello\n", 1)) end, 2 },
  }
  for _, damage in ipairs(damages) do
    it("finds " .. damage[1], function()
      local text = damage[2](written)
      assert.are_not.equal(written, text)
      files.write(home.log, text)
      local answer = expect.json(home:run { "log", "verify", "--json" }, 1)
      assert.is_false(answer.ok)
      assert.is_truthy(answer.first_bad >= damage[3] - 1 and answer.first_bad <= damage[3] + 1,
        answer.first_bad)
      assert.are_not.equal("", answer.damage)
      expect.status(home:run { "log", "verify" }, 1)
    end)
  end

  it("takes the closed segments that it goes on with for parts of it", function()
    local closed = home.log:gsub("decisions.jsonl", "decisions.1-6.jsonl")
    files.write(closed, written)
    os.remove(home.log)
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal(7, home:records()[1].seq)
    local answer = expect.json(home:run { "log", "verify", "--json" })
    assert.are.same({ true, 8, 1, 0 }, { answer.ok, answer.records, answer.segments, answer.not_looked_at })
    assert.is_truthy(expect.done(home:run { "log", "show" }):match("^ +1  "))
    assert.are.equal(8, select(2, expect.done(home:run { "log", "show" }):gsub("\n", "")))
    assert.are.equal(8, expect.json(home:run { "replay", "--policy", home.policy_file, "--json" }).records)
    files.write(closed, (written:gsub('"alice"', '"alicf"', 1)))
    local result = home:run { "log", "verify" }
    expect.status(result, 1)
    assert.is_truthy(result.stdout:find("first bad record 1: decisions.1-6.jsonl: record 1 was changed", 1, true), result.stdout)
    os.remove(closed)
    expect.status(home:run { "log", "verify" }, 1)
  end)

  it("repairs a torn tail with the next record, and says so", function()
    files.write(home.log, written:sub(1, -40))
    expect.refused(home:run { "credentials", "prod" }, 3)
    assert.are.equal("decision issued decision failed decision recovered decision", home:kinds())
    local answer = expect.json(home:run { "log", "verify", "--json" })
    assert.is_true(answer.ok)
    assert.are.equal(1, answer.recovered)
  end)

  it("answers 5 for what is not a log", function()
    for _, text in ipairs { "", "hello\n", "{\"a\":1}\n", "\0\1\2\n" } do
      local file = home:write("other", text)
      expect.refused(home:run { "log", "verify", file }, 5, file)
    end
    expect.refused(home:run { "log", "verify", "/nonexistent/log" }, 5,
      "there is no decision log /nonexistent/log", "first decision")
    expect.refused(home:run { "log", "verify", home.home }, 5, home.home)
  end)

  it("answers 5 with a report in JSON, too", function()
    local intact = expect.json(home:run { "log", "verify", "--json" })
    -- {file, what it says}
    for _, row in ipairs {
      { home:write("words", "hello\n"), "words is not a decision log: line 1 is not JSON" },
      { home:write("empty", ""), "empty holds no record" },
      { "/nonexistent/log", "there is no decision log /nonexistent/log" },
      { home.home .. "/a\255\1", "there is no decision log " .. home.home .. "/a" },
      { home.home, home.home .. " is not a regular file" },
    } do
      local result = home:run { "log", "verify", "--json", row[1] }
      local answer = expect.json(result, 5)
      assert.is_truthy(answer.damage:find(row[2], 1, true), answer.damage)
      assert.are.same({ false, 0, cjson.null, cjson.null },
        { answer.ok, math.tointeger(answer.records), answer.first_bad, answer.root })
      assert.is_truthy(result.stderr:find(row[2], 1, true), result.stderr)
      for key in pairs(intact) do
        assert.is_not_nil(answer[key], key)
      end
    end
  end)

  it("shows no file that is not a log, and a log with damaged lines", function()
    for _, text in ipairs { "", "hello\n", "{\"a\":1}\n{}\n", "\0\1\2\n" } do
      local file = home:write("other", text)
      local why = expect.refused(home:run { "log", "verify", file }, 5)
      assert.are.equal(why, expect.refused(home:run { "log", "show", file }, 5))
      assert.are.equal(why, expect.refused(home:run { "log", "show", "--json", file }, 5))
    end
    files.write(home.log, "hello\n" .. written .. "hello\n")
    local _, count = expect.done(home:run { "log", "show" }):gsub("%(a line that is not a record", "")
    assert.are.equal(2, count)
  end)

  it("shows a line for each record, and the raw lines as JSON", function()
    local text = expect.done(home:run { "log", "show" })
    local _, count = text:gsub("\n", "")
    assert.are.equal(6, count)
    assert.is_truthy(text:find("alice prod -> deny", 1, true), text)
    assert.are.equal(written, expect.done(home:run { "log", "show", "--json" }))
  end)

  it("shows no control character, whatever a justification holds", function()
    expect.refused(home:run { "credentials", "dev", "--justification", "a\27[31mb" }, 2)
    files.write(home.log, written)
    local result = home:run { "credentials", "dev", "--justification", "line\nline\rmore" }
    assert.is_true(result.status == 0 or result.status == 2)
    local shown = expect.done(home:run { "log", "show" })
    assert.is_nil(shown:find("[\0-\9\11-\31\127]"))
    assert.is_true(expect.json(home:run { "log", "verify", "--json" }).ok)
  end)

  it("takes decisions of several processes at once into one chain", function()
    local process = require "spec.support.process"
    local handles = {}
    for i = 1, 6 do
      handles[i] = home:start { "credentials", i % 2 == 0 and "dev" or "prod" }
    end
    for i, handle in ipairs(handles) do
      expect.status(process.finish(handle), i % 2 == 0 and 0 or 3)
    end
    local answer = expect.json(home:run { "log", "verify", "--json" })
    assert.is_true(answer.ok)
    assert.are.equal(6 + 3 + 6, answer.records)
  end)
end)
