--- The fault matrix, policy's side: missing, malformed, too large, looping, greedy. Nothing is
-- issued.
local expect = require "spec.support.expect"
local servers = require "spec.support.servers"
local world = require "spec.support.world"

describe("when policy is at fault", function()
  local faulty, home

  setup(function()
    faulty = servers.start_faulty()
  end)

  teardown(function()
    faulty:stop()
  end)

  before_each(function()
    faulty:set {}
    home = world.new { endpoint = faulty.url, policy = world.allow_dev }
  end)

  after_each(function()
    assert.are.equal(0, faulty:count("sts.AssumeRole"))
    home:remove()
  end)

  local function use(name, text)
    local path = home:write(name, text)
    home:write_settings("policy: {source: \"file:" .. path .. "\"}\n")
    return path
  end

  it("a file that is not there", function()
    os.remove(home.policy_file)
    expect.refused(home:run { "credentials", "dev" }, 5, "policy.yaml")
    assert.are.equal("failed", home:kinds())
    assert.are.equal(0, #faulty:requests())
  end)

  it("a file that is a folder, a FIFO, a device or a link to nowhere", function()
    for _, command in ipairs { "mkdir", "mkfifo", "ln -s /nonexistent", "ln -s /dev/zero" } do
      os.execute(("rm -rf %s; %s %s"):format(home.policy_file, command, home.policy_file))
      expect.refused(home:run { "credentials", "dev" }, 5, "policy.yaml")
    end
  end)

  local large = world.allow_dev .. ("# " .. ("x"):rep(98) .. "\n"):rep(6000)

  local refused = {
    { "nothing", "p.yaml", "" },
    { "a NUL", "p.yaml", "version: \"1\"\n\0" },
    { "what is not UTF-8", "p.yaml", "version: \"1\"\ndescription: \"\255\"\n" },
    { "a mistake in YAML", "p.yaml", "version: \"1\"\nrules: [\n" },
    { "a rule without conditions", "p.yaml",
      "version: \"1\"\nrules:\n  - {name: a, effect: allow}\n" },
    { "600 KB", "p.yaml", large, "larger" },
    { "32 levels and more", "p.yaml", "a: " .. ("["):rep(100) .. ("]"):rep(100) .. "\n" },
    { "a million nodes by aliases", "p.yaml",
      "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
      .. "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
      .. "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n" },
    { "a mistake in Lua", "p.lua", "return {\n", "p.lua:" },
    { "a raise", "p.lua", "error(\"no\")\n" },
    { "a loop at load", "p.lua", "while true do end\n" },
    { "a bomb at load", "p.lua",
      "local t = {}\nfor i = 1, 1e9 do t[i] = (\"x\"):rep(1000) .. i end\n" },
    { "another return value", "p.lua", "return true\n" },
    { "no return value", "p.lua", "local x = 1\n" },
    { "bytecode", "p.lua", "\27Lua\x54\0\x19\x93\r\n\x1a\n" },
    { "a reach outside", "p.lua", "return os.getenv(\"HOME\")\n", "os" },
  }
  for _, case in ipairs(refused) do
    it("holds " .. case[1], function()
      use(case[2], case[3])
      expect.refused(home:run { "credentials", "dev" }, 5, case[4] or case[2])
      assert.are.equal("failed", home:kinds())
      assert.are.equal(0, #faulty:requests())
    end)
  end

  local function checking(body)
    return ([[
local s = require "sentinel"
return s.policy { version = "1", rules = {
  s.rule "one" { effect = "deny", conditions = { s.check("c", function(request) %s end) } },
  s.rule "two" { effect = "allow", conditions = {} },
} }
]]):format(body)
  end

  -- A broken deny rule must not open the door for the allow rule after it.
  local denied = {
    { "raises", "error(\"no\")", "condition_error" },
    { "raises a table", "error({})", "condition_error" },
    { "answers with a text", "return \"allow\"", "condition_error" },
    { "answers with nothing", "", "condition_error" },
    -- What costs much fuel and memory, and little time: that a slow machine ends it by time is no denial.
    { "loops", "local s = ('x'):rep(500000) while true do s:find('y', 1, true) end", "budget_exceeded" },
    { "loops behind pcall", "local s = ('x'):rep(500000) while true do pcall(s.find, s, 'y', 1, true) end",
      "budget_exceeded" },
    { "takes all memory", "local t, x = {}, ('x'):rep(100) for i = 1, 1e9 do t[i] = x:rep(10000) end",
      "budget_exceeded" },
    { "recurses", "local function f() return 1 + f() end return f()", nil },
    { "reads a field that is not there", "return request.usr.name", "condition_error" },
    { "writes to the request", "request.profile = \"x\" return true", "condition_error" },
  }
  for _, case in ipairs(denied) do
    it("has a condition that " .. case[1], function()
      use("p.lua", checking(case[2]))
      expect.refused(home:run { "credentials", "dev" }, 3, "one")
      assert.are.equal("decision", home:kinds())
      local record = home:records()[1]
      assert.are.equal("deny", record.effect)
      assert.is_truthy(record.error)
      assert.are.equal(case[3] or record.error, record.error)
    end)
  end

  it("in SSM is too large", function()
    home:write_settings("policy: {source: \"ssm:/p\"}\n")
    faulty:set { policy = large }
    expect.refused(home:run { "credentials", "dev" }, 5, "512 KiB")
  end)

  it("in SSM is empty, a pointer or Lua with a mistake", function()
    home:write_settings("policy: {source: \"ssm:/p\"}\n")
    for _, text in ipairs { "", "{\"sentinel_pointer\":1}", "-- sentinel: lua\nreturn {" } do
      faulty:set { policy = text }
      expect.refused(home:run { "credentials", "dev" }, 5, "/p")
    end
  end)

  it("is not signed, and the configuration asks for keys", function()
    home:write_settings("policy:\n  source: \"file:" .. home.policy_file
      .. "\"\n  keys: [\"ed25519:AAAA\"]\n")
    expect.refused(home:run { "credentials", "dev" }, 5, "signed")
  end)
end)
