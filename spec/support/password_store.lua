--- A password store without a person: a gpg that knows one key without a passphrase, and a store of
-- pass for it.
local files = require "spec.support.files"
local process = require "spec.support.process"

local store = {}
store.__index = store

local KEY = [[
%no-protection
Key-Type: eddsa
Key-Curve: ed25519
Subkey-Type: ecdh
Subkey-Curve: cv25519
Name-Email: test@sentinel.invalid
Expire-Date: 0
%commit
]]

--- The first of the programs that is not installed, or nil.
function store.missing(...)
  for _, program in ipairs { "gpg", "gpgconf", "pass", ... } do
    if not files.exists("/usr/bin/" .. program) then
      return program
    end
  end
end

--- environment is what programs need to find it.
function store.start()
  local self = setmetatable({ folder = files.temporary_folder() }, store)
  self.environment = { HOME = self.folder, PATH = "/usr/bin:/bin", LC_ALL = "C.UTF-8",
    GNUPGHOME = self.folder .. "/gpg", PASSWORD_STORE_DIR = self.folder .. "/store" }
  assert(os.execute("mkdir -m 700 " .. self.environment.GNUPGHOME))
  assert(self:run({ "/usr/bin/gpg", "--batch", "--quiet", "--gen-key",
    files.write(self.folder .. "/key", KEY) }).status == 0)
  assert(self:run({ "/usr/bin/pass", "init", "test@sentinel.invalid" }).status == 0)
  return self
end

--- Runs a program that finds it.
function store:run(argv, options)
  options = options or {}
  options.environment = self.environment
  return process.run(argv, options)
end

--- What pass shows of an entry; nil: nothing.
function store:show(entry)
  local result = self:run { "/usr/bin/pass", "show", entry }
  return result.status == 0 and result.stdout or nil
end

function store:stop()
  self:run { "/usr/bin/gpgconf", "--kill", "all" }
  files.remove(self.folder)
end

return store
