--- Keys that another tool prints: credential_process of a profile that keys are taken from
-- (tests/tools/source_calls).
local cjson = require "cjson"
local files = require "spec.support.files"
local process = require "spec.support.process"
local settings = require "spec.support.settings"

local SECRET = "secret/of+the/other+tool"
local ANSWER = '{"Version":1,"AccessKeyId":"ASIAIOSFODNN7PROCESS","SecretAccessKey":"' .. SECRET .. '"%s}'

-- Lines that a property of the configuration can hold, and what shlex makes of them.
local SHLEX = [=[
import json, random, shlex
random.seed(20)
cases = []
for _ in range(120):
    line = "".join(random.choice("ab '\"\\$") for _ in range(random.randint(1, 12))).strip()
    try:
        words = shlex.split(line)
    except ValueError:
        words = None
    cases.append({"line": line, "words": words})
print(json.dumps([case for case in cases if case["line"]]))
]=]

describe("another tool's credential_process", function()
  local home

  before_each(function()
    home = files.temporary_folder()
  end)

  after_each(function()
    files.remove(home)
  end)

  -- Asks profile corp, whose program is this line; {tool} is a program with these lines of shell.
  local function ask(line, script, environment)
    local tool = files.write(home .. "/a tool", "#!/bin/sh\n" .. (script or ""), "0755")
    line = line:gsub("{tool}", (("'%s'"):format(tool):gsub("%%", "%%%%")))
    files.write(home .. "/.aws/config", "[default]\ncredential_process = " .. line
      .. "\n[profile corp]\ncredential_process = " .. line .. "\n")
    local variables = { HOME = home, PATH = "/usr/bin:/bin" }
    for name, value in pairs(environment or {}) do
      variables[name] = value
    end
    return process.run({ settings.build .. "/source_calls", "process",
      environment and environment.TEST_PROFILE or "corp" }, { environment = variables })
  end

  local function printing(more)
    return "cat <<'END'\n" .. ANSWER:format(more or "") .. "\nEND\n"
  end

  local function given(...)
    local result = ask(...)
    assert.are.equal(0, result.status, result.stderr)
    return cjson.decode(result.stdout)
  end

  local function refused(code, text, ...)
    local result = ask(...)
    assert.are.equal("", result.stdout)
    assert.is_truthy(result.stderr:find("^" .. code .. ": "), result.stderr)
    assert.is_truthy(result.stderr:find(text, 1, true), result.stderr)
    assert.is_falsy(result.stderr:find(SECRET, 1, true))
  end

  it("gives keys, with a token and an end or without", function()
    local keys = given("{tool}", printing())
    assert.are.equal("ASIAIOSFODNN7PROCESS", keys.id)
    assert.are.equal(SECRET, keys.secret)
    assert.are.equal(cjson.null, keys.token)
    assert.are.equal(0, keys.expires_at_ms)
    assert.are.equal('credential_process of profile "corp"', keys.source)
    keys = given("{tool}", printing ',"SessionToken":"t0ken","Expiration":"2026-01-19T02:47:33Z","AccountId":"1"')
    assert.are.equal("t0ken", keys.token)
    assert.are.equal(1768790853000, keys.expires_at_ms)
    keys = given("{tool}", printing ',"SessionToken":null,"Expiration":null')
    assert.are.equal(0, keys.expires_at_ms)
  end)

  it("is split as the AWS CLI splits it, and no shell sees it", function()
    local script = 'printf "<%s>" "$#" "$@" >' .. "\"$HOME/words\"\n" .. printing()
    given([[{tool} a  'b  c' "d \"e\" \$ \\" f\ g '' $HOME a;b ~ | > x]], script)
    assert.are.equal([[<11><a><b  c><d "e" \$ \><f g><><$HOME><a;b><~><|><>><x>]], files.read(home .. "/words"))
    refused("PROFILE_INVALID", "a quote (') is not closed", "{tool} 'a", script)
    refused("PROFILE_INVALID", "backslash", [[{tool} \]], script)
  end)

  it("is split as python's shlex splits it", function()
    local result = process.python { "-c", SHLEX }
    assert.are.equal(0, result.status, result.stderr)
    local script = 'for word in "$@"; do printf "<%s>" "$word"; done >"$HOME/words"\n' .. printing()
    for _, case in ipairs(cjson.decode(result.stdout)) do
      local ran = ask("{tool} " .. case.line, script)
      if case.words == cjson.null then
        assert.is_truthy(ran.stderr:find("^PROFILE_INVALID"), case.line .. ran.stderr)
      else
        assert.are.equal(0, ran.status, case.line .. ran.stderr)
        local words = #case.words == 0 and "" or "<" .. table.concat(case.words, "><") .. ">"
        assert.are.equal(words, files.read(home .. "/words"), case.line)
      end
    end
  end)

  it("is found on the path, or by its whole path", function()
    given(("printf '%s'"):format(ANSWER:format("")))
    refused("PROFILE_INVALID", 'there is no program "no-such-tool"', "no-such-tool --x")
    refused("PROFILE_INVALID", 'no absolute path in "bin/tool"', "bin/tool")
    refused("NO_CREDENTIALS", "/nowhere/tool", "/nowhere/tool")
  end)

  it("sees the environment of the start, but no secret that was taken out of it", function()
    given("{tool}", 'env >"$HOME/seen"; ' .. printing(), { AWS_ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE",
      AWS_SECRET_ACCESS_KEY = "s3cret", AWS_SESSION_TOKEN = "t", SENTINEL_FILE_PASSPHRASE = "p4ss",
      AWS_CONTAINER_AUTHORIZATION_TOKEN = "c", AWS_PROFILE = "dev", SSH_AUTH_SOCK = "/run/agent", MY_OWN = "thing" })
    local seen = files.read(home .. "/seen")
    for _, name in ipairs { "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
      "SENTINEL_FILE_PASSPHRASE", "AWS_CONTAINER_AUTHORIZATION_TOKEN" } do
      assert.is_falsy(seen:find(name, 1, true), name)
    end
    for _, line in ipairs { "AWS_PROFILE=dev", "SSH_AUTH_SOCK=/run/agent", "MY_OWN=thing", "HOME=" .. home,
      "SENTINEL_CREDENTIAL_PROCESS=corp" } do
      assert.is_truthy(("\n" .. seen):find("\n" .. line .. "\n", 1, true), line)
    end
  end)

  it("reads nothing", function()
    given("{tool}", 'test -z "$(cat)" && ' .. printing())
  end)

  it("that comes back to a profile ends with a clear error", function()
    local again = ('exec %s process corp'):format(files.quote(settings.build .. "/source_calls"))
    refused("NO_CREDENTIALS", "the credential_process of a profile asks for its own keys: corp -> corp", "{tool}", again)
    refused("PROFILE_INVALID", "asks for its own keys: a -> corp -> b -> corp", "{tool}", printing(),
      { SENTINEL_CREDENTIAL_PROCESS = "a,corp,b" })
    refused("PROFILE_INVALID", "asks for its own keys", "{tool}", printing(),
      { SENTINEL_CREDENTIAL_PROCESS = "a,b,c,d,e,f,g,h,i" })
    given("{tool}", printing(), { SENTINEL_CREDENTIAL_PROCESS = "cor,corpo,x" })
  end)

  it("of the very profile asked for is not run", function()
    refused("NO_CREDENTIALS", "is not run", "{tool}", 'touch "$HOME/was-run"; ' .. printing(),
      { TEST_PROFILE = "default" })
    assert.is_nil(files.read(home .. "/was-run"))
    refused("NO_CREDENTIALS", "has no credential_process", "{tool}", printing(), { TEST_PROFILE = "nobody" })
  end)

  it("that fails is told of by its first line of stderr, never by what it printed", function()
    refused("NO_CREDENTIALS", "ended with status 3: session has expired\nrun it by hand", "{tool}",
      printing() .. "echo >&2; echo 'session has expired' >&2; echo more >&2; exit 3")
    refused("NO_CREDENTIALS", "ended with status 137", "{tool}", printing() .. "kill -9 $$")
  end)

  for what, case in pairs {
    ["nothing"] = { ":", "answer of the credential_process" },
    ["no JSON"] = { "echo ASIA" .. SECRET, "answer of the credential_process" },
    ["more than JSON"] = { printing() .. "echo done", "answer of the credential_process" },
    ["a number as text"] = { "echo '" .. ANSWER:format(""):gsub(":1,", ':"1",') .. "'", "Version" },
    ["another version"] = { "echo '" .. ANSWER:format(""):gsub(":1,", ":2,") .. "'", "Version" },
    ["no key"] = { "echo '{\"Version\":1,\"AccessKeyId\":\"ASIAIOSFODNN7PROCESS\"}'", "SecretAccessKey" },
    ["an empty key"] = { "echo '" .. ANSWER:format(""):gsub(SECRET:gsub("%p", "%%%0"), "") .. "'", "SecretAccessKey" },
    ["an odd end"] = { printing ',"Expiration":"tomorrow"', "Expiration" },
    ["too much"] = { "head -c 70000 /dev/zero; " .. printing(), "credential_process" },
  } do
    it("is not believed: " .. what, function()
      refused("ANSWER_INVALID", case[2], "{tool}", case[1])
    end)
  end

  it("is ended when its time is up, with all it started", function()
    refused("TIMEOUT", "credential_process", "{tool}", 'sleep 1000 & echo $! >"$HOME/pid"; wait', { TEST_LIFE_MS = "4000" })
    local pid = tonumber(files.read(home .. "/pid"))
    files.wait_for("the end of what it started", 10, function()
      local stat = files.read("/proc/" .. pid .. "/stat")
      return not stat or stat:match("%) (%a)") == "Z"
    end)
  end)
end)
