--- Profiles with an MFA device: who is asked, how often, and what policy hears of it.
local coder = require "spec.support.coder"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local settings = require "spec.support.settings"
local stage = require "spec.support.stage"
local world = require "spec.support.world"

local MANY = 50

local FRESH = [[
version: "1"
rules:
  - name: with-code
    effect: allow
    conditions: {profiles: [dev], mfa: {max_age: 15m}}
    reason: With a code
]]

describe("a profile with MFA", function()
  local moto, home, serial

  setup(function()
    local mfa = { Effect = "Allow", Resource = "*", Action = { "sts:*", "ssm:GetParameter",
      "kms:Decrypt" } }
    moto = stage.moto({ users = { alice = { path = "/", statements = { mfa } } } },
      { settings.source .. "/spec/support/moto_mfa.py" })
  end)

  teardown(function()
    moto:stop()
  end)

  before_each(function()
    moto:forget()
    serial = coder.new_serial()
  end)

  after_each(function()
    home:remove()
  end)

  --- A machine whose profile dev has the device; command: mfa_process, true for one that prints
  -- codes, nil for none.
  local function machine(command, options)
    home = stage.world(moto, options)
    coder.store_key(home, home.key)
    command = command == true and coder.write_process(home) or command
    home:write_aws_config(coder.profile("dev", "Dev", serial, command or nil))
    return home
  end

  local function asked()
    return coder.count(home)
  end

  it("asks once, and signs all that follows with the session that the code was given for", function()
    machine(true)
    for _ = 1, 3 do
      expect.credentials(home:run { "credentials", "dev" })
    end
    assert.are.equal(1, asked())
    local tokens = moto:requests_for("GetSessionToken")
    assert.are.equal(1, #tokens)
    assert.are.equal(serial, tokens[1].fields.SerialNumber)
    assert.are.equal("100001", tokens[1].fields.TokenCode)
    assert.are.equal("43200", tokens[1].fields.DurationSeconds)
    assert.is_nil(tokens[1].headers["x-amz-security-token"])
    local signed_with
    for _, action in ipairs { "GetParameter", "AssumeRole" } do
      for _, request in ipairs(moto:requests_for(action)) do
        local token = request.headers["x-amz-security-token"]
        assert.is_string(token, action)
        assert.are.equal(signed_with or token, token)
        assert.is_nil(request.fields.TokenCode)
        signed_with = token
      end
    end
    assert.are.equal("decision issued decision issued decision issued", home:kinds())
    local log = files.read(home.log)
    assert.is_nil(log:find("100001", 1, true))
    assert.is_nil(log:find(signed_with, 1, true))
  end)

  it("hears the command's end where the caller ignores the end of its children", function()
    machine(true)
    local ignore = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); "
      .. "os.execv(sys.argv[1], sys.argv[1:])"
    expect.credentials(home:run({ "-c", ignore, settings.bin, "credentials", "dev" },
      { bin = settings.python }))
    local program = { "/bin/grep", "SigIgn", "/proc/self/status" }
    local plain = home:run({ "-c", ignore, table.unpack(program) }, { bin = settings.python })
    local result = home:run({ "-c", ignore, settings.bin, "exec", "dev", "--",
      table.unpack(program) }, { bin = settings.python })
    assert.are.equal(plain.stdout, result.stdout)
  end)

  it("tells policy when the code was given, and who says so", function()
    machine(true, { policy = FRESH })
    expect.credentials(home:run { "credentials", "dev" })
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal(1, asked())
    local first, _, second = table.unpack(home:records())
    local time = first.request.mfa.authenticated_at
    assert.is_string(time:match("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$"))
    assert.is_true(time <= first.request.time)
    assert.are.equal(time, second.request.mfa.authenticated_at)
    assert.are.equal("aws", first.provenance.mfa)
  end)

  it("keeps nothing secret in any file", function()
    machine(true)
    expect.credentials(home:run { "credentials", "dev" })
    local token = moto:requests_for("AssumeRole")[1].headers["x-amz-security-token"]
    local is_found = os.execute(("grep -rqF -e %s -e %s -e 100001 %s"):format(
      files.quote(token:sub(1, 40)), files.quote(home.key.secret), files.quote(home.home)))
    assert.is_nil(is_found)
  end)

  it("asks with a policy that is already known, however long the person takes", function()
    machine(nil, { policy = world.allow_dev })
    home:write_aws_config(world.profile("dev", "Dev"))
    expect.credentials(home:run { "credentials", "dev" })
    home:write_aws_config(coder.profile("dev", "Dev", serial, coder.write_process(home, "sleep 2")))
    expect.credentials(home:run { "credentials", "dev" })
  end)

  it("lets AssumeRole carry the code where a session of more than an hour is asked for", function()
    machine(true, { policy = FRESH })
    expect.credentials(home:run { "credentials", "dev", "--duration", "2h" })
    assert.are.equal(0, #moto:requests_for("GetSessionToken"))
    local role = moto:requests_for("AssumeRole")
    assert.are.equal(1, #role)
    assert.are.equal("7200", role[1].fields.DurationSeconds)
    assert.are.equal(serial, role[1].fields.SerialNumber)
    assert.are.equal("100001", role[1].fields.TokenCode)
    local decision = home:records()[1]
    assert.are.equal(decision.request.time, decision.request.mfa.authenticated_at)
    assert.are.equal("local", decision.provenance.mfa)
  end)

  it("remembers no code longer than the lease lets its session be used again", function()
    machine(true, { policy = FRESH .. "    lease: 2m\n" })
    expect.credentials(home:run { "credentials", "dev", "--duration", "2h" })
    os.execute("sleep 1.1")
    expect.credentials(home:run { "credentials", "dev", "--duration", "2h" })
    assert.are.equal(2, asked())
    local decision = home:records()[3]
    assert.are.equal(decision.request.time, decision.request.mfa.authenticated_at)
  end)

  it("asks nobody for what policy denies anyway", function()
    machine(true, { policy = stage.policies.prod })
    expect.refused(home:run { "credentials", "dev", "--duration", "2h" }, 3)
    assert.are.equal(0, asked())
  end)

  it("passes on that a code was wrong, and says what to do", function()
    machine("echo 000000")
    expect.refused(home:run { "credentials", "dev" }, 4, "MultiFactorAuthentication", "next one")
    assert.are.equal("failed", home:kinds())
    assert.are.equal("mfa", home:records()[1].stage)
    assert.are.equal(1, #moto:requests_for("GetSessionToken"))
    assert.are.equal(0, #moto:requests_for("AssumeRole"))
  end)

  it("sends no code twice", function()
    machine("echo 424242")
    expect.credentials(home:run { "credentials", "dev" })
    moto:forget()
    expect.refused(home:run { "credentials", "dev", "--duration", "2h" }, 4, "used already",
      "next code")
    assert.are.equal(0, #moto:requests_for("AssumeRole"))
  end)

  it("sends nothing that is no code, and does not show it", function()
    for _, answer in ipairs { "12345", "1234567", "12345x", "123456x", "hunter2", "", " 123456" } do
      machine("printf '" .. answer .. "'")
      local result = home:run { "credentials", "dev" }
      expect.refused(result, 4, serial)
      assert.is_nil(result.stderr:find("hunter2", 1, true))
      assert.are.equal(0, #moto:requests_for("GetSessionToken"))
      home:remove()
    end
    machine("echo 1; exit 7")
    expect.refused(home:run { "credentials", "dev" }, 4, "mfa_process ended with status 7")
  end)

  it("fails at once where nobody can be asked, and says what to do", function()
    machine()
    expect.refused(home:run { "credentials", "dev" }, 4, serial, "no terminal", "DISPLAY",
      "mfa_process", "sentinel exec dev -- true")
    assert.are.equal("failed", home:kinds())
    assert.are.equal(0, #moto:requests())
    expect.refused(home:run { "credentials", "dev", "--duration", "2h" }, 4,
      "sentinel exec dev --duration 2h -- true")
  end)

  it("does not ask for a code with a key that AWS does not know", function()
    machine(true, { key = { id = "AKIAIOSFODNN7NOTHERE", secret = world.key.secret } })
    expect.refused(home:run { "credentials", "dev" }, 6, "AKIAIOSFODNN7NOTHERE")
    assert.are.equal(0, asked())
  end)

  it("takes the device and the command from the configuration, before ~/.aws/config", function()
    machine("echo 000000")
    home:write_settings(([[
policy: {source: "ssm:/sentinel/policies/{profile}"}
mfa: {session: 1h}
profiles:
  dev: {mfa_serial: "%s-x", mfa_process: "%s"}
]]):format(serial, coder.write_process(home)))
    expect.credentials(home:run { "credentials", "dev" })
    local token = moto:requests_for("GetSessionToken")[1]
    assert.are.equal(serial .. "-x", token.fields.SerialNumber)
    assert.are.equal("3600", token.fields.DurationSeconds)
  end)

  it("is counted by list, and forgotten by clear", function()
    machine(true)
    home:run { "clear" }
    expect.credentials(home:run { "credentials", "dev" })
    -- The session, and the code that goes out once.
    local told = "1 cached session, 1 cached identity, 2 entries about MFA codes\n"
    assert.are.equal("corp\n" .. told, expect.done(home:run { "list" }))
    assert.are.equal("forgot " .. told, expect.done(home:run { "clear" }))
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal(2, asked())
  end)

  it("refuses a duration of the session that AWS does not know", function()
    machine(true)
    for _, duration in ipairs { "14m", "37h", "0" } do
      home:write_settings("mfa: {session: \"" .. duration .. "\"}\n")
      expect.refused(home:run { "credentials", "dev" }, 5, "config.yaml:1: mfa.session")
    end
    assert.are.equal(0, asked())
  end)

  -- What the terminal showed, with the status.
  local function answer(code)
    local words = { settings.source .. "/spec/support/typist.py", home.home .. "/stdout", "MFA code of "
      .. serial .. " for profile dev: ", code, settings.bin, "credentials", "dev" }
    return process.python(words, { environment = home:options().environment })
  end

  it("asks on the terminal", function()
    machine()
    local result = answer "135791"
    assert.are.equal(0, result.status, result.stdout .. result.stderr)
    expect.credentials({ status = 0, stdout = files.read(home.home .. "/stdout"), stderr = "", command = "" })
    assert.are.equal("135791", moto:requests_for("GetSessionToken")[1].fields.TokenCode)
  end)

  it("tells who mistyped a code to give the next one", function()
    machine()
    local result = answer "13579"
    assert.are.equal(4, result.status)
    assert.is_truthy(result.stdout:find("one has 6 digits", 1, true), result.stdout)
    assert.is_truthy(result.stdout:find("digits that the device shows", 1, true), result.stdout)
    assert.is_nil(result.stdout:find("in a terminal", 1, true))
  end)

  local function has(program)
    return os.execute("command -v " .. program .. " >/dev/null 2>&1")
  end

  --- A real X server, until the test ends; returns its name.
  local function start_display()
    local number = home.home .. "/display"
    local server = process.start({ "/bin/sh", "-c", "exec Xvfb -noreset -displayfd 3"
      .. " -screen 0 800x600x24 -nolisten tcp 3>" .. number }, { environment = { PATH = os.getenv("PATH") } })
    finally(function()
      process.signal(server, "TERM")
      process.finish(server, 10)
    end)
    return ":" .. files.wait_for("an X server", 20, function()
      return (files.read(number) or ""):match("^(%d+)\n")
    end)
  end

  -- Real windows, and a typist for the person. Without a session bus (and with an address that keeps
  -- GTK from starting one that stays) pinentry has no window.
  for name, program in pairs {
    zenity = { needs = { "zenity" } },
    pinentry = { needs = { "pinentry-gnome3", "dbus-run-session", "/usr/libexec/gcr-prompter" },
      bin = "/usr/bin/dbus-run-session", arguments = { "--", "/bin/sh", "-c",
        "dbus-update-activation-environment DISPLAY; exec " .. settings.bin
        .. " credentials dev >stdout" } }, -- what the bus starts writes to its stdout, too
  } do
    it("asks in a window of " .. name .. " where there is no terminal", function()
      machine()
      for _, needed in ipairs { "Xvfb", "xdotool", table.unpack(program.needs) } do
        if not has(needed) then
          return pending(settings.skipped(needed .. " is not installed"))
        end
      end
      local display = start_display()
      local run = home:start(program.arguments or { "credentials", "dev" }, { bin = program.bin,
        environment = { DISPLAY = display, DBUS_SESSION_BUS_ADDRESS = "disabled:" } })
      local xdotool = "env -i PATH=/usr/bin:/bin DISPLAY=" .. display .. " xdotool "
      files.wait_for("the window", 30, function()
        return os.execute(xdotool .. "search --onlyvisible --name Sentinel >/dev/null 2>&1")
      end)
      -- The window may be there before it takes keys.
      files.wait_for("an answer", 30, function()
        os.execute(xdotool .. "key ctrl+a type --delay 5 246801 >/dev/null 2>&1")
        os.execute(xdotool .. "key Return >/dev/null 2>&1")
        os.execute("sleep 0.5")
        return not process.is_running(run)
      end)
      local result = process.finish(run)
      result.stdout = program.bin and home:read("stdout") or result.stdout
      expect.credentials(result)
      assert.are.equal("246801", moto:requests_for("GetSessionToken")[1].fields.TokenCode)
    end)
  end

  --- Starts many at once; returns when all of them have the file of the turn open.
  local function start_many(turn, ...)
    local folder = home.log:match("^(.*)/")
    local runs = {}
    for i = 1, MANY do
      runs[i] = home:start { "credentials", "dev", ... }
    end
    files.wait_for("all of them to wait", 60, function()
      local pipe = io.popen("ls -l /proc/[0-9]*/fd 2>/dev/null | grep -cF " .. files.quote(folder
        .. "/" .. turn .. "-"))
      local waiting = tonumber(pipe:read("a"))
      pipe:close()
      return waiting >= MANY
    end)
    return runs
  end

  local WAIT = 'while ! [ -e "${0%/*}/go" ]; do sleep 0.05; done'

  it("asks once for all who wait", function()
    machine()
    home:write_aws_config(coder.profile("dev", "Dev", serial, coder.write_process(home, WAIT)))
    local runs = start_many("mfa")
    home:write("go", "")
    for _, run in ipairs(runs) do
      expect.credentials(process.finish(run, 60))
    end
    assert.are.equal(1, asked())
    assert.are.equal(1, #moto:requests_for("GetSessionToken"))
    local _, decisions = home:kinds():gsub("decision", "")
    assert.are.equal(MANY, decisions)
    local left = table.concat(files.list(home.log:match("^(.*)/")), " ")
    assert.is_nil(left:find("turn", 1, true), left)
  end)

  it("asks once, and sends no code twice, where the key lies in a file and there is no keychain", function()
    home = stage.world(moto)
    home:write_aws_config(coder.profile("dev", "Dev", serial, coder.write_process(home, WAIT)))
    local runs = start_many("mfa")
    home:write("go", "")
    for _, run in ipairs(runs) do
      expect.credentials(process.finish(run, 60))
    end
    expect.credentials(home:run { "credentials", "dev" })
    assert.are.equal(1, asked())
    assert.are.equal(1, #moto:requests_for("GetSessionToken"))
    home:write_aws_config(coder.profile("dev", "Dev", serial, "echo 100001"))
    moto:forget()
    expect.refused(home:run { "credentials", "dev", "--duration", "2h" }, 4, "used already")
    assert.are.equal(0, #moto:requests_for("AssumeRole"))
  end)

  it("asks once for all who wait when the code is wrong, and tells them all", function()
    machine()
    home:write_aws_config(coder.profile("dev", "Dev", serial, coder.write_process(home, WAIT)
      .. " >/dev/null; echo 000000"))
    local runs = start_many("mfa")
    home:write("go", "")
    for _, run in ipairs(runs) do
      expect.refused(process.finish(run, 60), 4, "MultiFactorAuthentication")
    end
    assert.are.equal(1, asked())
    assert.are.equal(1, #moto:requests_for("GetSessionToken"))
    assert.are.equal(0, #moto:requests_for("AssumeRole"))
  end)

  it("asks once for all who wait for a session of two hours", function()
    machine(nil, { policy = FRESH })
    home:write_aws_config(coder.profile("dev", "Dev", serial, coder.write_process(home, WAIT)))
    local runs = start_many("session", "--duration", "2h")
    home:write("go", "")
    for _, run in ipairs(runs) do
      expect.credentials(process.finish(run, 60))
    end
    assert.are.equal(1, asked())
    local roles = moto:requests_for("AssumeRole")
    assert.are.equal(1, #roles)
    assert.are.equal("100001", roles[1].fields.TokenCode)
  end)
end)
