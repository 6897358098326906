--- Usage: every mistake is status 2, says what was meant, and does nothing.
local expect = require "spec.support.expect"
local world = require "spec.support.world"

describe("usage", function()
  local home

  setup(function()
    home = world.new { policy = world.allow_dev }
  end)

  teardown(function()
    home:remove()
  end)

  after_each(function()
    assert.are.equal("", home:kinds())
  end)

  local mistakes = {
    { {}, "no command" },
    { { "credentialz", "dev" }, "credentials" },
    { { "policy" }, 'the command "policy" is not complete' },
    { { "log", "--json" }, 'the command "log" is not complete' },
    { { "policy" }, "followed by: validate, lint" },
    { { "polic", "--help" }, "unknown command" },
    { { "keychain", "dev" }, "followed by: migrate" },
    { { "shell", "int" }, "did you mean `sentinel shell init`" },
    { { "policy", "validat", "x.yaml" }, "policy validate" },
    { { "" }, "unknown command" },
    { { "credentials" }, "no profile" },
    { { "credentials", "" }, "profile" },
    { { "credentials", "dev", "--polcy", "x.yaml" }, "--policy" },
    { { "credentials", "dev", "--policy" }, "--policy" },
    { { "credentials", "dev", "--policy=" }, "--policy" },
    { { "credentials", "dev", "--region", "a", "--region", "b" }, "twice" },
    { { "credentials", "dev", "--profile", "dev" }, "twice" },
    { { "credentials", "--profile", "dev", "--profile", "prod" }, "twice" },
    { { "credentials", "dev", "prod" }, "prod" },
    { { "credentials", "dev", "--", "true" }, "runs no program" },
    { { "credentials", "dev", "--json" }, "--json" },
    { { "credentials", "dev", "--duration", "soon" }, "duration" },
    { { "credentials", "dev", "--duration", "5m" }, "15m" },
    { { "credentials", "dev", "--duration", "13h" }, "12h" },
    { { "credentials", "dev", "--duration", "99999999999999999999h" }, "duration" },
    { { "explain", "dev", "--time", "noon" }, "RFC 3339" },
    { { "explain", "dev", "--time", "2026-13-01T00:00:00Z" }, "RFC 3339" },
    { { "explain", "dev", "--mode", "root" }, "credential_process" },
    { { "explain", "dev", "--json=yes" }, "takes no value" },
    { { "credentials", "..", }, "profile" },
    { { "credentials", "a//b" }, "profile" },
    { { "credentials", "a/../b" }, "profile" },
    { { "credentials", "dev;id" }, "profile" },
    { { "credentials", "dev\nprod" }, "profile" },
    { { "credentials", "dev\27[31m" }, "profile" },
    { { "credentials", "\255\254" }, "profile" },
    { { "credentials", ("x"):rep(300) }, "256" },
    { { "credentials", "dev", "--justification", "a\0270m" }, "justification" },
    { { "exec", "dev\n" }, "profile" },
  }
  for _, case in ipairs(mistakes) do
    local name = table.concat(case[1], " "):sub(1, 40):gsub("%c", "?")
    it("refuses: sentinel " .. name, function()
      expect.refused(home:run(case[1]), 2, case[2])
    end)
  end

  it("takes a profile name of 256 characters, and says that it does not exist", function()
    expect.refused(home:run { "explain", ("x"):rep(256), "--policy", "ssm:/p" }, 5, "xxx")
  end)

  it("gives help for the program and for every command, and its version", function()
    local overview = expect.done(home:run { "--help" })
    for _, command in ipairs { "credentials", "exec", "explain", "whoami", "policy validate",
      "log verify", "log show",
      "add", "list", "remove", "init" } do
      assert.is_truthy(overview:find("  " .. command, 1, true), command)
      local words = {}
      for word in (command .. " --help"):gmatch("%S+") do
        words[#words + 1] = word
      end
      assert.is_truthy(expect.done(home:run(words)):match("^usage: sentinel " .. command))
    end
    local group = expect.done(home:run { "policy", "--help" })
    assert.is_truthy(group:match("^usage: sentinel policy <command> %[flags%]\n"), group)
    assert.is_truthy(group:find("  policy push", 1, true) and not group:find("  whoami", 1, true), group)
    local help = expect.done(home:run { "exec", "--help" })
    assert.is_truthy(help:find("%-%-region [^\n]*policy%.regions[^\n]*no program's region"), help)
    assert.is_truthy(help:find("^usage: sentinel exec %[P%] %[flags%] %[%-%- program%.%.%.%]\n"), help)
    assert.is_truthy(expect.done(home:run { "--version" }):match("^sentinel %d+%.%d+%.%d+\n$"))
  end)

  it("colours nothing that is not a terminal", function()
    assert.is_nil(home:run({ "--help" }).stdout:find("\27", 1, true))
  end)

  it("prints no credentials on a terminal without --force-tty", function()
    local process = require "spec.support.process"
    local settings = require "spec.support.settings"
    local result = process.run({ "/usr/bin/script", "-qec", settings.bin .. " credentials dev",
      "/dev/null" },
      home:options())
    expect.status(result, 2)
    assert.is_truthy(result.stdout:find("--force-tty", 1, true))
  end)
end)
