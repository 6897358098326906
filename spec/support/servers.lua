--- Servers on the loopback: moto (which nobody here wrote) and the fault server of tests/faults.
local cjson = require "cjson"
local files = require "spec.support.files"
local process = require "spec.support.process"
local settings = require "spec.support.settings"

local servers = {}

-- No server outlives a test run that was itself ended.
local LIMIT_S = "900"

local function start(argv, options, find_port)
  local handle = process.start({ "/usr/bin/timeout", LIMIT_S, table.unpack(argv) }, options)
  local port = files.wait_for("the port of " .. handle.command, 30, function()
    if not process.is_running(handle) then
      error(handle.command .. " ended:\n" .. (files.read(handle.folder .. "/stderr") or ""))
    end
    return find_port(handle)
  end)
  return { handle = handle, port = port, url = "http://127.0.0.1:" .. port }
end

local function stop(server)
  process.signal(server.handle, "TERM")
  process.finish(server.handle, 10)
end

-- moto

local moto = {}
moto.__index = moto

--- Starts moto with signature and IAM checking off; moto:build() makes the world and turns them on.
-- program: python's words for it; default { "-m", "moto.server" }, see also moto_mfa.py and moto_kms.py.
function servers.start_moto(program)
  local folder = files.temporary_folder()
  local environment = {
    PATH = os.getenv("PATH"), HOME = folder, MOTO_RECORDER_FILEPATH = folder .. "/recording",
      PYTHONUNBUFFERED = "1",
  }
  local words = { settings.python, table.unpack(program or { "-m", "moto.server" }) }
  table.move({ "-H", "127.0.0.1", "-p", "0" }, 1, 4, #words + 1, words)
  local server = start(words,
    { environment = environment, folder = folder },
    function(handle)
      local text = files.read(handle.folder .. "/stderr") or ""
      return text:match("Running on http://127%.0%.0%.1:(%d+)")
    end)
  server.folder = folder
  return setmetatable(server, moto)
end

-- moto reads the body itself, which curl's own content type would have made a form.
local PLAIN = "Content-Type: text/plain"

function moto:post(path, body)
  local result = process.run({ "/usr/bin/curl", "-sS", "-f", "-H", PLAIN, "-d", body or "", self.url
    .. path })
  assert(result.status == 0, result.stderr)
end

--- Makes users, roles and parameters as spec/support/moto_world.py describes them, then checks
-- signatures and IAM.
-- Returns the keys that were made: {alice = {id, secret}, ...}.
function moto:build(description)
  local result = process.python({ settings.source .. "/spec/support/moto_world.py", self.url },
    { stdin = cjson.encode(description) })
  assert(result.status == 0, result.stderr)
  -- With checking on, the recorder's own calls would need a signature: it is started now, and its
  -- file is read.
  self:post("/moto-api/recorder/start-recording")
  self:post("/moto-api/reset-auth", "0")
  return cjson.decode(result.stdout)
end

-- Runs python with a client of IAM that is not checked: `iam`, and `arguments`; it prints JSON.
local ADMINISTER = [[
import json, sys, boto3
iam = boto3.client("iam", endpoint_url=sys.argv[1], region_name="us-east-1",
                   aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="setup")
arguments = sys.argv[2:]
]]

--- What an administrator does at IAM: lines of python with `iam` (boto3's client) and `arguments`,
-- which set `result`. Returns it.
function moto:administer(lines, ...)
  self:post("/moto-api/reset-auth", "inf")
  local result = process.python { "-c", ADMINISTER .. lines
    .. "\nprint(json.dumps(result, default=str))", self.url, ... }
  self:post("/moto-api/reset-auth", "0")
  assert(result.status == 0, result.stderr)
  return cjson.decode(result.stdout)
end

--- The ids of a user's access keys, sorted.
function moto:key_ids(user)
  return self:administer([[
keys = iam.list_access_keys(UserName=arguments[0])["AccessKeyMetadata"]
result = sorted(key["AccessKeyId"] for key in keys)]], user)
end

--- Forgets what was recorded so far.
function moto:forget()
  files.write(self.folder .. "/recording", "")
end

local function decode_base64(text)
  local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  local bits, count, out = 0, 0, {}
  for char in text:gmatch("[A-Za-z0-9+/]") do
    bits, count = bits << 6 | (alphabet:find(char, 1, true) - 1), count + 6
    if count >= 8 then
      count = count - 8
      out[#out + 1] = string.char(bits >> count & 0xff)
    end
  end
  return table.concat(out)
end

local function decode_form(text)
  local fields = {}
  for name, value in text:gmatch("([^&=]+)=([^&]*)") do
    local plain = value:gsub("+", " "):gsub("%%(%x%x)", function(hex)
      return string.char(tonumber(hex, 16))
    end)
    fields[name] = plain
  end
  return fields
end

--- What went over the wire since then: {action, fields, headers, body} each, in order.
function moto:requests()
  local requests = {}
  for line in (files.read(self.folder .. "/recording") or ""):gmatch("[^\n]+") do
    local entry = cjson.decode(line)
    local body = entry.body and decode_base64(entry.body) or ""
    local fields = decode_form(body)
    local headers = {}
    for name, value in pairs(entry.headers) do
      headers[name:lower()] = value
    end
    requests[#requests + 1] = {
      action = fields.Action or (headers["x-amz-target"] or ""):match("%.(%w+)$") or "?",
      fields = fields, headers = headers, body = body,
    }
  end
  return requests
end

--- The requests with this action.
function moto:requests_for(action)
  local found = {}
  for _, request in ipairs(self:requests()) do
    if request.action == action then
      found[#found + 1] = request
    end
  end
  return found
end

function moto:stop()
  stop(self)
  files.remove(self.folder)
end

-- The fault server

local faulty = {}
faulty.__index = faulty

-- Starts a server of tests/faults that is told what to do by a file in a folder of its own.
-- argument: what it gets besides; nil for nothing.
local function start_told(program, told, class, argument)
  local folder = files.temporary_folder()
  files.write(folder .. "/" .. told, "{}")
  local server = start({ settings.python, settings.source .. "/tests/faults/" .. program, folder,
    argument },
    { environment = { PATH = os.getenv("PATH") } },
    function()
      return tonumber(files.read(folder .. "/port") or "")
    end)
  server.folder, server.told = folder, told
  return setmetatable(server, class)
end

-- What it is told, at once; the requests so far are forgotten.
local function tell(server, what)
  local told = server.folder .. "/" .. server.told
  files.write(told .. ".new", next(what) and cjson.encode(what) or "{}")
  assert(os.rename(told .. ".new", told))
  os.remove(server.folder .. "/requests.jsonl")
end

--- Starts tests/faults/fault_server.py: right by default, wrong on command.
function servers.start_faulty()
  return start_told("fault_server.py", "faults.json", faulty)
end

--- What to do wrong from now on, by call: {["sts.AssumeRole"] = {fault = "status", status = 500}};
-- see the server.
faulty.set = tell

--- Makes its SSM a store that holds this from now on: what stored() gave, or {} for nothing;
-- {region = {name = {{Value = ..., Type = "String", ...}, ...}}}, see tests/faults/fault_store.py.
function faulty:store(content)
  local path = self.folder .. "/store.json"
  files.write(path .. ".test", next(content) and cjson.encode(content) or "{}")
  assert(os.rename(path .. ".test", path))
end

--- What is stored now.
function faulty:stored()
  return cjson.decode(assert(files.read(self.folder .. "/store.json")))
end

--- The calls that came since set(), in order: {call = "sts.AssumeRole", fields = {...}, ...}. A line whose end is not
-- there is being written.
function faulty:requests()
  local requests = {}
  for line in (files.read(self.folder .. "/requests.jsonl") or ""):gmatch("([^\n]+)\n") do
    requests[#requests + 1] = cjson.decode(line)
  end
  return requests
end

function faulty:count(call)
  local count = 0
  for _, request in ipairs(self:requests()) do
    count = count + (request.call == call and 1 or 0)
  end
  return count
end

function faulty:stop()
  stop(self)
  files.remove(self.folder)
end

-- The names of the calls that came, in order.
local function name_calls(self)
  local names = {}
  for i, request in ipairs(self:requests()) do
    names[i] = request.call
  end
  return table.concat(names, " ")
end

-- The metadata hosts

local metadata = {}
metadata.__index = metadata

--- Starts tests/faults/metadata_server.py: what gives instances and containers their keys.
function servers.start_metadata()
  return start_told("metadata_server.py", "faults.json", metadata)
end

--- What to do wrong from now on: {["imds.token"] = {fault = "hang"}, role = "Dev"}; see the server.
metadata.set = tell

metadata.requests = faulty.requests

metadata.count = faulty.count

--- The calls since set(), as "imds.token imds.role".
metadata.calls = name_calls

metadata.stop = faulty.stop

-- The console's sign-in

local signin = {}
signin.__index = signin

--- Starts tests/faults/signin_server.py: right by default, wrong on command.
function servers.start_signin()
  return start_told("signin_server.py", "answers.json", signin)
end

--- What it answers from now on: {fault = {status = 400}}; see the server.
signin.set = tell

--- The requests since set(), in order: {call, method, path, headers, form, session}.
signin.requests = faulty.requests

signin.stop = faulty.stop

-- The vendors

local vendors = {}
vendors.__index = vendors

--- Starts tests/faults/vendor_server.py: every host that plugins ask, with a certificate of its own.
function servers.start_vendors()
  return start_told("vendor_server.py", "answers.json", vendors)
end

--- What they answer from now on: {["api.pagerduty.com /oncalls"] = {json = ...}}; see the server.
vendors.set = tell

vendors.requests = faulty.requests

--- The variables with which sentinel_loopback asks them.
function vendors:environment()
  return { SENTINEL_TEST_CONNECT_TO = "::127.0.0.1:" .. self.port,
    SENTINEL_TEST_CA = self.folder .. "/ca.pem" }
end

function vendors:stop()
  stop(self)
  files.remove(self.folder)
end

vendors.__close = vendors.stop

-- IAM Identity Center

local center = {}
center.__index = center

--- Starts tests/faults/sso_server.py.
function servers.start_sso()
  return start_told("sso_server.py", "told.json", center)
end

--- How it behaves from now on; see the server.
center.set = tell

--- The calls that came since set(), in order: {call, fields, bearer}.
center.requests = faulty.requests

--- How many of them were this call.
center.count = faulty.count

--- "RegisterClient CreateToken": the calls, in order.
center.calls = name_calls

--- All secrets that it gave out.
function center:secrets()
  local found = {}
  for line in (files.read(self.folder .. "/secrets") or ""):gmatch("[^\n]+") do
    found[#found + 1] = line
  end
  return found
end

center.stop = faulty.stop

-- The relay

local relay = {}
relay.__index = relay

--- Starts tests/faults/relay.py in front of a server.
function servers.start_relay(url)
  return start_told("relay.py", "rules.json", relay, url)
end

--- What to do from now on: {{call = "DeleteAccessKey", ["do"] = "hold_before"}}; see the relay.
function relay:set(rules)
  os.remove(self.folder .. "/held")
  os.remove(self.folder .. "/release")
  tell(self, { rules = rules })
end

--- Waits until it holds an answer.
function relay:wait_until_held()
  files.wait_for("a request to be held", 20, function()
    return files.exists(self.folder .. "/held")
  end)
end

function relay:release()
  files.write(self.folder .. "/release", "")
end

--- The calls since set(), in order: {call, key}.
relay.requests = faulty.requests

--- How many of them were this call.
relay.count = faulty.count

--- The bodies of all answers.
function relay:answers()
  return files.read(self.folder .. "/answers.txt") or ""
end

relay.stop = faulty.stop

return servers
