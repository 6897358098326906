--- A TPM without a TPM: swtpm with a state of its own, on sockets of this machine.
local files = require "spec.support.files"
local process = require "spec.support.process"

local tpm = {}
tpm.__index = tpm

local function find(program)
  local pipe = io.popen("command -v " .. program)
  local path = pipe:read "l"
  pipe:close()
  return path
end

--- The first of the programs that is not installed, or nil.
function tpm.missing()
  for _, program in ipairs { "swtpm", "tpm2_dictionarylockout" } do
    if not find(program) then
      return program
    end
  end
end

--- Starts it, with the state that it had when it was stopped. No swtpm outlives a test run that was itself ended.
function tpm:start()
  local socket = self.folder .. "/sock"
  self.handle = process.start({ "/usr/bin/timeout", "900", find "swtpm", "socket", "--tpm2",
    "--tpmstate", "dir=" .. self.folder, "--server", "type=unixio,path=" .. socket,
    "--ctrl", ("type=unixio,path=%s.ctrl"):format(socket), "--flags", "not-need-init,startup-clear",
    "--log", ("file=%s,level=20"):format(self.log) }, { environment = { PATH = "/usr/bin:/bin" } })
  files.wait_for("swtpm", 30, function()
    return self:tool("tpm2_getcap", "properties-fixed").status == 0
  end)
end

--- tcti is how it is reached; log gets all that it reads and writes, in hexadecimal.
function tpm.new()
  local folder = files.temporary_folder()
  local self = setmetatable({ folder = folder, tcti = ("swtpm:path=%s/sock"):format(folder),
    log = folder .. "/log" }, tpm)
  self:start()
  return self
end

--- Runs a program of tpm2-tools with it.
function tpm:tool(program, ...)
  local words = { find(program), ... }
  table.move({ "-T", self.tcti }, 1, 2, #words + 1, words)
  return process.run(words, { environment = { PATH = "/usr/bin:/bin" } })
end

--- The bytes that went over its bus since it was made.
function tpm:traffic()
  local bytes = {}
  for line in (files.read(self.log) or ""):gmatch "[^\n]+" do
    for byte in (line:match "^ ([%x ]+)$" or ""):gmatch "(%x%x) " do
      bytes[#bytes + 1] = string.char(tonumber(byte, 16))
    end
  end
  return table.concat(bytes)
end

function tpm:stop()
  process.signal(self.handle, "TERM")
  process.finish(self.handle, 10)
  os.remove(self.folder .. "/sock")
  os.remove(self.folder .. "/sock.ctrl")
end

function tpm:remove()
  self:stop()
  files.remove(self.folder)
end

return tpm
