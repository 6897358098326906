--- What rests in the kernel's keyring, which is one for all processes of a user: of one keychain's file only.
local files = require "spec.support.files"
local process = require "spec.support.process"

local kernel_keys = {}

--- Whether there is one: many containers have none.
function kernel_keys.work()
  return process.run({ "/usr/bin/keyctl", "show", "@u" }).status == 0
end

--- The name under which the key of this file rests: an HMAC of its path under its salt.
function kernel_keys.name(path)
  local salt = assert(files.read(path), path):sub(21, 36):gsub(".", function(byte)
    return ("%02x"):format(byte:byte())
  end)
  local made = process.run({ "/usr/bin/openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", "hexkey:" .. salt },
    { stdin = path })
  return "sentinel:unlock:" .. assert(made.stdout:match "(%x+)%s*$", made.stderr):sub(1, 40)
end

--- Whether it rests there.
function kernel_keys.has(path)
  local listed = process.run { "/usr/bin/cat", "/proc/keys" }
  return listed.stdout:find(kernel_keys.name(path), 1, true) ~= nil
end

--- Takes it out.
function kernel_keys.forget(path)
  return process.run { "/usr/bin/keyctl", "purge", "user", kernel_keys.name(path) }
end

return kernel_keys
