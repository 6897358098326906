--- What the specs of IAM Identity Center share: a machine whose ~/.aws/config has sessions, a browser, and sign-ins.
local cjson = require "cjson"
local files = require "spec.support.files"
local world = require "spec.support.world"

local sso = {}

sso.passphrase = "correct horse battery staple"
sso.start_url = "https://acme.awsapps.com/start"

sso.sessions = [[
[sso-session acme]
sso_start_url = https://acme.awsapps.com/start
sso_region = us-east-1
]]

sso.profiles = [[
[profile corp]
sso_session = acme
sso_account_id = 123456789012
sso_role_name = Developer
region = us-east-1
]]

-- It goes where it is told, keeps what it is shown, and is gone.
local BROWSER = [[
#!/bin/sh
echo "$1" >> "$HOME/visited"
exec curl -sS -L -o "$HOME/page" "$1"
]]

--- A world with these sessions; options as in world.new; center is the server.
function sso.world(center, options)
  options = options or {}
  options.endpoint = options.endpoint or center.url
  options.config = options.config or sso.sessions .. sso.profiles
  options.environment = options.environment or {}
  options.environment.SENTINEL_FILE_PASSPHRASE = sso.passphrase
  options.environment.SENTINEL_BACKEND = "file"
  local home = world.new(options)
  home:write(".aws/credentials", "")
  home.secrets[#home.secrets + 1] = sso.passphrase
  return home
end

--- Gives the machine a browser; script replaces what it does.
function sso.add_browser(home, script)
  home:write("bin/xdg-open", script or BROWSER, "0755")
  home.environment.PATH = home.home .. "/bin:/usr/bin:/bin"
  home.environment.DISPLAY = ":9"
end

--- None of the server's secrets is on stderr, on stdout, in the log, or outside ~/.aws.
function sso.guard(home, center)
  for _, secret in ipairs(center:secrets()) do
    home.secrets[#home.secrets + 1] = secret
  end
end

--- sha1 of a text, in hexadecimal, by coreutils.
local function sha1(text)
  local pipe = io.popen("printf %s " .. files.quote(text) .. " | sha1sum")
  local digits = pipe:read("a"):match("^%x+")
  pipe:close()
  return digits
end

--- Where the AWS CLI keeps the sign-in of that session's name, or start URL.
function sso.file(name)
  return ".aws/sso/cache/" .. sha1(name) .. ".json"
end

--- What it holds; nil when it is not there.
function sso.token(home, name)
  local text = home:read(sso.file(name))
  return text and cjson.decode(text)
end

--- Changes what the AWS CLI's file says: {expiresAt = ..., refreshToken = false for none}.
function sso.change(home, name, fields)
  local token = assert(sso.token(home, name))
  for key, value in pairs(fields) do
    token[key] = value or nil
  end
  home:write(sso.file(name), cjson.encode(token), "0600")
end

--- So many seconds from now on, as the AWS CLI writes it.
function sso.time(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() + seconds)
end

return sso
