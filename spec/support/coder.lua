--- A profile with an MFA device: its lines, and commands that know codes.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local world = require "spec.support.world"

local coder = {}

local count = 0

--- A device of this run and this call alone: what is kept of a device outlives a run.
function coder.new_serial()
  count = count + 1
  return ("arn:aws:iam::%s:mfa/alice-%d-%d"):format(world.account, os.time(), count
    + math.random(1, 1000000) * 100)
end

coder.passphrase = "correct horse battery staple"

--- The world's key, in a file keychain of its own, where sessions are kept, too: what lies in the
-- kernel's keyring is every test's of this user.
function coder.store_key(home, key)
  home.environment.SENTINEL_BACKEND = "file"
  home.environment.SENTINEL_FILE_PASSPHRASE = coder.passphrase
  table.insert(home.secrets, coder.passphrase)
  table.insert(home.secrets, key.secret)
  home:write(".aws/credentials", "")
  expect.done(home:run({ "add", "corp", "--stdin" },
    { stdin = key.id .. "\n" .. key.secret .. "\n" }))
end

--- The profile's lines in ~/.aws/config.
function coder.profile(name, role, serial, process)
  return world.profile(name, role, "sentinel_mfa_serial = " .. serial .. "\n"
    .. (process and "sentinel_mfa_process = " .. process .. "\n" or ""))
end

--- Writes a command to the world's HOME that prints another code each time, and notes each in
-- ~/asked; before are lines of sh that run first, and may wait. Returns its command line.
function coder.write_process(home, before)
  return home:write("coder", "#!/bin/sh\n" .. (before or "") .. [[

cd "${0%/*}" || exit 1
echo asked >> asked
printf '%06d\n' $((100000 + $(wc -l < asked)))
]], "0700")
end

--- How many codes were asked for.
function coder.count(home)
  return select(2, (files.read(home.home .. "/asked") or ""):gsub("\n", ""))
end

return coder
