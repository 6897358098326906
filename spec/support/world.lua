--- A user's machine: a HOME in a temporary folder with ~/.aws, a configuration and policies, and
-- runs of the program
-- in an environment that holds nothing else.
local cjson = require "cjson"
local files = require "spec.support.files"
local process = require "spec.support.process"
local settings = require "spec.support.settings"
local shims = require "spec.support.shims"

local world = {}
world.__index = world

world.account = "123456789012"
world.key = { id = "AKIAIOSFODNN7EXAMPLE", secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" }

world.allow_dev = [[
version: "1"
rules:
  - name: dev-everyone
    effect: allow
    conditions: {profiles: [dev]}
    reason: Development is open
    max_duration: 1h
]]

world.allow_dev_lua = [[
-- sentinel: lua
local s = require "sentinel"

return s.policy {
  version = "1",
  rules = {
    s.rule "dev-everyone" {
      effect = "allow",
      conditions = { profiles = { "dev" } },
      reason = "Development is open",
      max_duration = "1h",
    },
  },
}
]]

function world.role(name)
  return "arn:aws:iam::" .. world.account .. ":role/" .. name
end

--- The lines of ~/.aws/config for a profile that Sentinel guards.
function world.profile(name, role, more)
  local shape = "[profile %s]\nsentinel_role_arn = %s\nsentinel_source_profile = corp\n"
    .. "region = us-east-1\n%s\n"
  return shape:format(name,
    world.role(role), more or "")
end

--- options: key ({id, secret, token}; default world.key), endpoint (URL), policy (text),
-- policy_name (default
-- policy.yaml), source (policy.source; default the policy's file), config (text of ~/.aws/config),
-- settings (more lines
-- of config.yaml), environment.
function world.new(options)
  options = options or {}
  local self = setmetatable({ folder = files.temporary_folder(), secrets = {}, issued = {} }, world)
  self.home = files.make_folder(self.folder .. "/home")
  self.temporary = files.make_folder(self.folder .. "/tmp")
  self.log = self.home .. "/.local/state/sentinel/decisions.jsonl"
  self.key = options.key or world.key
  self.environment = { HOME = self.home, PATH = "/usr/bin:/bin", TMPDIR = self.temporary,
    AWS_EC2_METADATA_DISABLED = "true" }
  if options.endpoint then
    self.environment.AWS_ENDPOINT_URL = options.endpoint
  end
  for name, value in pairs(options.environment or {}) do
    self.environment[name] = value
  end
  self:write_aws_config(options.config or world.profile("dev", "Dev") .. world.profile("prod",
    "Prod"))
  self:write_key(self.key)
  local source = options.source
  if options.policy then
    self.policy_file = self:write(options.policy_name or "policy.yaml", options.policy)
    source = source or "file:" .. self.policy_file
  end
  if source then
    self:write_settings(("policy:\n  source: \"%s\"\n%s"):format(source, options.settings or ""))
  elseif options.settings then
    self:write_settings(options.settings)
  end
  return self
end

function world:write(name, text, mode)
  return files.write(self.home .. "/" .. name, text, mode)
end

function world:read(name)
  return files.read(self.home .. "/" .. name)
end

function world:write_aws_config(text)
  self:write(".aws/config", text)
end

function world:write_key(key)
  self.secrets[#self.secrets + 1] = key.secret
  if key.token then
    self.secrets[#self.secrets + 1] = key.token
  end
  self:write(".aws/credentials",
    ("[corp]\naws_access_key_id = %s\naws_secret_access_key = %s\n%s"):format(key.id,
    key.secret, key.token and "aws_session_token = " .. key.token .. "\n" or ""))
end

function world:write_settings(text)
  self:write(".config/sentinel/config.yaml", text)
end

local function with(base, more)
  local all = {}
  for name, value in pairs(base) do
    all[name] = value
  end
  for name, value in pairs(more or {}) do
    all[name] = value or nil
  end
  return all
end

--- No secret of this world may be in what people see or in what is kept.
function world:check_secrets(result)
  for _, secret in ipairs(self.secrets) do
    assert(not result.stderr:find(secret, 1, true), "a secret is in the error text of: "
      .. result.command)
    assert(not result.stdout:find(secret, 1, true), "a base secret is on stdout of: "
      .. result.command)
    assert(not (files.read(self.log) or ""):find(secret, 1, true), "a secret is in the log after: "
      .. result.command)
  end
end

local function note_issued(self, result)
  for _, name in ipairs { "SecretAccessKey", "SessionToken" } do
    local secret = result.stdout:match('"' .. name .. '":"([^"]+)"')
    if secret then
      self.issued[secret] = true
    end
  end
end

--- No secret, given or issued, lies in any file of HOME or of the temporary folder, but for ~/.aws
-- and what a scan of memory is told to look for.
function world:check_disk()
  local shape = "find %s %s -type f -not -path '*/.aws/*' -not -name secrets -exec cat {} + 2>/dev/null"
  local pipe = io.popen(shape:format(files.quote(self.home), files.quote(self.temporary)))
  local text = pipe:read("a")
  pipe:close()
  for _, secret in ipairs(self.secrets) do
    assert(not text:find(secret, 1, true), "a secret was left on the disk")
  end
  for secret in pairs(self.issued) do
    assert(not text:find(secret, 1, true), "an issued secret was left on the disk")
  end
end

function world:options(options)
  options = with(options or {}, {})
  options.environment = with(self.environment, options.environment)
  options.folder = options.folder or self.home
  return options
end

local function argv_of(program, arguments)
  local argv = { program }
  for _, word in ipairs(arguments) do
    argv[#argv + 1] = word
  end
  return argv
end

--- Runs the program. options as in process.run; environment is laid over the world's (false removes
-- a variable).
function world:run(arguments, options)
  options = self:options(options)
  local result = process.run(argv_of(options.bin or settings.bin, arguments), options)
  self:check_secrets(result)
  note_issued(self, result)
  return result
end

--- Runs the program on a machine whose administrator has this configuration: /etc holds nothing but that, and nobody
-- else sees that /etc; but for what the shell does there before (options.prepare). nil where such a machine cannot be
-- made.
function world:run_under(text, arguments, options)
  local file = files.write(self.folder .. "/admin.yaml", text, "0644")
  options = with(options or {}, { bin = "/usr/bin/unshare" })
  local script = 'mount -t tmpfs none /etc && mkdir -m 755 /etc/sentinel && cp "$1" /etc/sentinel/config.yaml && '
    .. 'shift && ' .. (options.prepare or "true") .. ' && exec "$@"'
  local words = { "-m", "/bin/sh", "-c", script, "sh", file, settings.bin }
  table.move(arguments, 1, #arguments, #words + 1, words)
  local result = self:run(words, options)
  local is_refused = result.stdout == "" and result.stderr:find("Operation not permitted", 1, true)
  return not is_refused and result or nil
end

--- Starts it in the background; process.finish ends it.
function world:start(arguments, options)
  options = self:options(options)
  return process.start(argv_of(options.bin or settings.bin, arguments), options)
end

--- The log's records, decoded; empty when there is no log. cjson.null becomes nil.
function world:records()
  local records = {}
  for line in (files.read(self.log) or ""):gmatch("[^\n]+") do
    local record = cjson.decode(line)
    for name, value in pairs(record) do
      if value == cjson.null then
        record[name] = nil
      end
    end
    records[#records + 1] = record
  end
  return records
end

--- "decision issued": the kinds of the log's records, in order.
function world:kinds()
  local kinds = {}
  for i, record in ipairs(self:records()) do
    kinds[i] = record.kind
  end
  return table.concat(kinds, " ")
end

--- Forgets the log, so that the next run's records stand alone.
function world:clear_log()
  os.remove(self.log)
end

--- Has the program close the log: no record of this run reaches the disk. Returns the path of the closed segment.
function world:close_segment(arguments)
  self:run(arguments, { environment = shims.environment("fsync_fail", { SHIM_FDATASYNC_FAIL = "1" }) })
  local folder = self.log:match("^(.*)/")
  for _, name in ipairs(files.list(folder)) do
    if name:match("^decisions%.%d+%-%d+%.jsonl$") then
      assert(not files.exists(self.log), "a record was written after all")
      return folder .. "/" .. name
    end
  end
  error("no segment was closed", 2)
end

function world:remove()
  self:check_disk()
  files.remove(self.folder)
end

return world
