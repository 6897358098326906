--- sentinel login: the console with the session that was decided on; the address goes to who asked, and nowhere else.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local stage = require "spec.support.stage"
local world = require "spec.support.world"

local TOKEN = "sign-in_token/of+the=server~"
local ENCODED = "sign-in_token%2Fof%2Bthe%3Dserver~"
local DESTINATION = "https%%3A%%2F%%2F%s.console.aws.amazon.com%%2F%s%%2Fhome%%3Fregion%%3D%s"

describe("sentinel login", function()
  local moto, signin, home, tools

  setup(function()
    moto = stage.moto()
    signin = servers.start_signin()
  end)

  teardown(function()
    signin:stop()
    moto:stop()
  end)

  before_each(function()
    home = stage.world(moto, { environment = { AWS_ENDPOINT_URL_SIGNIN = signin.url, DISPLAY = ":77" } })
    tools = home.folder .. "/tools"
    files.make_folder(tools)
    home.environment.PATH = tools .. ":/usr/bin:/bin"
    signin:set {}
  end)

  after_each(function()
    home:remove()
  end)

  -- What the browser did with its one argument is in "seen": the argument, and where it was sent on to. It comes after
  -- xdg-open has ended.
  local function install_browser(body)
    files.write(tools .. "/xdg-open", "#!/bin/sh\n" .. (body or ([[
(echo "$#" "$1"; /usr/bin/curl -s -i "$1") >%s/part 2>&1 </dev/null && mv %s/part %s/seen &
]]):format(tools, tools, tools)), "0755")
  end

  local function seen()
    files.wait_for("the browser", 20, function()
      return files.exists(tools .. "/seen")
    end)
    return files.read(tools .. "/seen")
  end

  local function address(region, service)
    return signin.url .. "/federation?Action=login&Issuer=sentinel&Destination="
      .. DESTINATION:format(region, service, region) .. "&SigninToken=" .. ENCODED
  end

  it("prints the address of a console that was signed in to with the very session", function()
    assert.are.equal(address("us-east-1", "console") .. "\n", expect.done(home:run { "login", "dev", "--stdout" }))
    local requests, records = signin:requests(), home:records()
    assert.are.equal(1, #requests)
    assert.are.equal("POST", requests[1].method)
    assert.are.equal("/federation", requests[1].path)
    local session = requests[1].session
    assert.are.equal(records[2].access_key_id, session.sessionId)
    assert.are.equal("cli", records[1].request.mode)
    assert.are.equal("decision issued", home:kinds())
    assert.are.equal(signin.url:gsub("^http://", ""), records[2].console)
    -- AWS knows whose it is.
    local result = process.run({ settings.aws, "sts", "get-caller-identity", "--query", "Arn", "--output", "text" },
      { environment = { AWS_ACCESS_KEY_ID = session.sessionId, AWS_SECRET_ACCESS_KEY = session.sessionKey,
        AWS_SESSION_TOKEN = session.sessionToken, AWS_ENDPOINT_URL = moto.url, AWS_DEFAULT_REGION = "us-east-1",
        HOME = home.home, PATH = os.getenv("PATH") } })
    assert.is_truthy(expect.done(result):find(":assumed-role/Dev/", 1, true))
    local log = files.read(home.log)
    for _, secret in ipairs { TOKEN, ENCODED, session.sessionKey, session.sessionToken } do
      assert.is_nil(log:find(secret, 1, true))
    end
  end)

  it("begins with a page, in a region", function()
    local words = { "login", "--stdout", "--service", "s3", "--region=eu-west-1", "dev" }
    assert.are.equal(address("eu-west-1", "s3") .. "\n", expect.done(home:run(words)))
    assert.are.equal("us-east-1", home:records()[1].policy.region) -- the policy is where it was
  end)

  it("asks in the console's region where none is configured", function()
    home:write_aws_config(stage.config():gsub("region = us%-east%-1\n", ""))
    expect.refused(home:run { "login", "dev", "--stdout" }, 5, "no region", "--region")
    local words = { "login", "dev", "--stdout", "--region", "us-east-1" }
    assert.are.equal(address("us-east-1", "console") .. "\n", expect.done(home:run(words)))
    expect.refused(home:run { "login", "dev", "--stdout", "--region", "us-east-1,us-west-2" }, 2, "us-east-1,us-west-2")
  end)

  it("gives the address to the browser, which is started with another one", function()
    install_browser()
    local result = home:run { "login", "dev", "--service", "ec2" }
    assert.are.equal("opened the console as Dev in account 123456789012 for 1h\n", expect.done(result))
    assert.are.equal("", result.stderr)
    local text = seen()
    assert.is_truthy(text:find("^1 http://127%.0%.0%.1:%d+/%x+\n"), text)
    assert.is_truthy(text:find("\nHTTP/1.1 303 ", 1, true), text)
    assert.is_truthy(text:find("\r\nLocation: " .. address("us-east-1", "ec2") .. "\r\n", 1, true), text)
    assert.is_truthy(text:find("\r\nCache-Control: no-store\r\n", 1, true), text)
    assert.are.equal("decision issued", home:kinds())
  end)

  it("goes on when xdg-open stays for as long as the browser", function()
    install_browser(([[
(echo "$#" "$1"; /usr/bin/curl -s -i "$1") >%s/part 2>&1; mv %s/part %s/seen; echo $$ >%s/pid; exec sleep 60
]]):format(tools, tools, tools, tools))
    expect.done(home:run { "login", "dev" })
    assert.is_truthy(seen():find("Location: " .. address("us-east-1", "console"), 1, true))
    files.wait_for("its number", 10, function()
      return (files.read(tools .. "/pid") or ""):find("\n")
    end)
    assert.is_true(os.execute("kill " .. files.read(tools .. "/pid")))
  end)

  it("decides nothing where no browser can be opened, and says what can be done", function()
    moto:forget()
    local function refused(text)
      expect.refused(home:run { "login", "dev" }, 4, text, "sentinel login dev --stdout")
      assert.are.equal("", home:kinds())
      assert.are.equal(0, #moto:requests())
      assert.are.equal(0, #signin:requests())
    end
    if not files.exists("/usr/bin/xdg-open") then
      refused("xdg-open")
    end
    install_browser()
    home.environment.DISPLAY = nil
    refused("DISPLAY")
    assert.is_false(files.exists(tools .. "/seen"))
    local configured = home:read(".config/sentinel/config.yaml")
    home:write_settings("keychain: {cache: kernel}\n")
    expect.refused(home:run { "login", "dev" }, 5, "no policy is configured", "policy.source")
    home:write_settings(configured)
    home.environment.WAYLAND_DISPLAY = "wayland-0"
    expect.done(home:run { "login", "dev" })
  end)

  it("tells of a browser that fails, and issues nothing to anybody", function()
    install_browser("exit 3")
    expect.refused(home:run { "login", "dev" }, 6, "finds no browser", "login dev --stdout")
  end)

  it("asks for no sign-in when policy refuses", function()
    install_browser()
    for _, words in ipairs { { "login", "prod" }, { "login", "prod", "--stdout" } } do
      home:clear_log()
      expect.refused(home:run(words), 3, "prod")
      assert.are.equal("decision", home:kinds())
    end
    assert.are.equal(0, #signin:requests())
    assert.is_false(files.exists(tools .. "/seen"))
  end)

  it("refuses what it cannot show before anything is asked", function()
    moto:forget()
    for _, name in ipairs { "", "S3", "s3/x", "-s3", "s3?x", "../s3", ("x"):rep(65) } do
      expect.refused(home:run { "login", "dev", "--stdout", "--service", name }, 2, "--service")
    end
    expect.refused(home:run { "login", "dev", "--force-tty" }, 2, "--force-tty", "--stdout")
    expect.refused(home:run { "login", "dev", "--stdout", "--region", "cn-north-1" }, 2, "cn-north-1", '"aws"')
    local role = "arn:aws-iso:iam::123456789012:role/Dev"
    home:write_aws_config(("[profile dev]\nsentinel_role_arn = %s\nregion = us-iso-east-1\n"):format(role))
    expect.refused(home:run { "login", "dev", "--stdout" }, 5, '"aws-iso"', role)
    assert.are.equal(0, #moto:requests())
    assert.are.equal(0, #signin:requests())
  end)

  it("signs in to the consoles of China and GovCloud", function()
    local faulty = servers.start_faulty()
    for partition, row in pairs { ["aws-cn"] = { "cn-north-1", "console.amazonaws.cn" },
      ["aws-us-gov"] = { "us-gov-west-1", "console.amazonaws-us-gov.com" } } do
      faulty:set { caller_arn = "arn:" .. partition .. ":iam::123456789012:user/alice" }
      home:write_aws_config(("[profile dev]\nsentinel_role_arn = arn:%s:iam::123456789012:role/team/Dev\n"
        .. "sentinel_source_profile = corp\nregion = %s\n"):format(partition, row[1]))
      local result = home:run({ "login", "dev", "--stdout" }, { environment = { AWS_ENDPOINT_URL = faulty.url } })
      local wanted = ("Destination=https%%3A%%2F%%2F%s.%s%%2Fconsole%%2F"):format(row[1], row[2])
      assert.is_truthy(expect.done(result):find(wanted, 1, true), result.stdout)
    end
    faulty:stop()
  end)

  it("does not print on a terminal, unless it is told to", function()
    local function on_terminal(arguments)
      local command = ("%s %s"):format(settings.bin, arguments)
      return process.run({ "/usr/bin/script", "-qec", command, "/dev/null" }, home:options())
    end
    local result = on_terminal("login dev --stdout")
    assert.are.equal(2, result.status)
    assert.is_truthy(result.stdout:find("--force-tty", 1, true), result.stdout)
    assert.are.equal(0, #signin:requests())
    assert.is_truthy(on_terminal("login dev --stdout --force-tty").stdout:find(ENCODED, 1, true))
    assert.are.equal(6, home:run({ "login", "dev", "--stdout" }, { stdout = "/dev/full" }).status)
    assert.are.equal(6, home:run({ "login", "dev", "--stdout" }, { stdout = "closed" }).status)
  end)

  it("asks no other host than AWS's where the administrator says so, and decides nothing then", function()
    home.environment.AWS_ENDPOINT_URL = nil
    local result = home:run_under("endpoints: aws\n", { "login", "dev", "--stdout" })
    if not result then
      return pending(settings.skipped("a machine of its own cannot be made"))
    end
    expect.refused(result, 5, signin.url:gsub("^http://", ""), "endpoints: aws")
    assert.are.equal("failed", home:kinds())
    assert.are.equal(0, #signin:requests())
  end)

  it("sends the session to no host that an environment names, and decides nothing then", function()
    home.environment.AWS_ENDPOINT_URL = nil
    for _, name in ipairs { "AWS_ENDPOINT_URL_SIGNIN", "AWS_ENDPOINT_URL" } do
      home:clear_log()
      home.environment.AWS_ENDPOINT_URL_SIGNIN = nil
      expect.refused(home:run({ "login", "dev", "--stdout" }, { environment = { [name] = "https://signin.example" } }),
        5, "signin.example", "not AWS's", name)
      assert.are.equal("failed", home:kinds())
    end
  end)

  -- How often each is asked: an outage once more, an answer never again.
  local faults = {
    { "400", { status = 400, body = "<html>Invalid credentials parameter</html>" }, 1, "refused", "HTTP 400" },
    { "403 in XML", { status = 403, body = "<Error><Code>X</Code></Error>", type = "text/xml" }, 1, "HTTP 403" },
    { "500", { status = 500, body = "" }, 2, "HTTP 500" },
    { "429", { status = 429, body = "" }, 2, "HTTP 429" },
    { "204", { status = 204, body = "" }, 1, "HTTP 204" },
    { "a redirect", { status = 302, body = "", location = "/elsewhere" }, 1, "HTTP 302" },
    { "HTML", { body = "<html>Log in to the airport's network</html>" }, 1, "not JSON" },
    { "XML", { body = "<SigninToken>x</SigninToken>", type = "text/xml" }, 1, "not JSON" },
    { "nothing", { body = "" }, 1, "not JSON" },
    { "a list", { body = "[]" }, 1, "no SigninToken" },
    { "no token", { body = '{"signinToken":"x"}' }, 1, "no SigninToken" },
    { "a number", { body = '{"SigninToken":1}' }, 1, "no SigninToken" },
    { "an empty token", { body = '{"SigninToken":""}' }, 1, "is not one" },
    { "a token of two lines", { body = '{"SigninToken":"a\\nb"}' }, 1, "is not one" },
    { "two tokens", { body = '{"SigninToken":"a","SigninToken":"b"}' }, 1, "not JSON" },
    { "more behind it", { body = '{"SigninToken":"a"}x' }, 1, "not JSON" },
    { "a token of 20 KB", { body = '{"SigninToken":"' .. ("x"):rep(20000) .. '"}' }, 1, "is not one" },
    { "a MiB", { endless = 1024 * 1024 }, 1, "127.0.0.1" },
    { "half a body", { cut = true }, nil, "127.0.0.1" },
    { "a closed connection", { raw = "" }, nil, "127.0.0.1" },
    { "what is not HTTP", { raw = "SSH-2.0-OpenSSH_9.2\r\n" }, nil, "127.0.0.1" },
    { "silence", { hang = true }, nil, "127.0.0.1" },
  }
  for _, row in ipairs(faults) do
    it("ends with 6 and prints nothing when the sign-in answers with " .. row[1], function()
      signin:set { fault = row[2] }
      local result = home:run { "login", "dev", "--stdout" }
      expect.refused(result, 6, "sign-in to the console", table.unpack(row, 4))
      assert.is_nil(result.stderr:find("airport", 1, true))
      assert.are.equal("decision issued failed", home:kinds())
      assert.are.equal("console", home:records()[3].stage)
      local count = #signin:requests()
      assert.is_true(row[3] == nil and count <= 2 or count == row[3], "asked " .. count .. " times")
    end)
  end

  it("asks once more after an outage", function()
    signin:set { fault = { status = 503, body = "" }, times = 1 }
    expect.done(home:run { "login", "dev", "--stdout" })
    assert.are.equal(2, #signin:requests())
  end)

  it("says that nobody listens where the sign-in is", function()
    home.environment.AWS_ENDPOINT_URL_SIGNIN = "http://127.0.0.1:1"
    expect.refused(home:run { "login", "dev", "--stdout" }, 6, "sign-in to the console", "127.0.0.1:1")
  end)

  it("waits with a signal until the address is printed", function()
    signin:set { fault = { slow_s = 2 } }
    local handle = home:start({ "login", "dev", "--stdout" })
    files.wait_for("the sign-in", 10, function()
      return #signin:requests() == 1
    end)
    process.signal(handle, "TERM")
    assert.are.equal(address("us-east-1", "console") .. "\n", expect.done(process.finish(handle)))
  end)

  it("ends by a signal while it waits for the browser", function()
    install_browser(("echo \"$1\" >%s/part; mv %s/part %s/seen"):format(tools, tools, tools))
    local handle = home:start({ "login", "dev" })
    seen()
    process.signal(handle, "TERM")
    local result = process.finish(handle)
    expect.status(result, 128 + 15)
    assert.are.equal("", result.stdout)
  end)

  it("asks the endpoint of all services when the sign-in has none of its own", function()
    home.environment.AWS_ENDPOINT_URL_SIGNIN = nil
    moto:forget()
    home:run { "login", "dev", "--stdout" } -- moto has no sign-in
    assert.is_true(#moto:requests_for("getSigninToken") > 0)
  end)

  it("is a request like any other to explain", function()
    local document = expect.json(home:run { "explain", "dev", "--mode", "cli", "--json" })
    assert.are.equal("allow", document.effect)
    assert.are.equal("cli", document.request.mode)
    assert.is_truthy(world.allow_dev:find("dev-everyone", 1, true))
  end)
end)
