--- A desktop session without a desktop: a D-Bus of its own and gnome-keyring on it, with its login
-- keyring unlocked.
local files = require "spec.support.files"
local process = require "spec.support.process"

local desktop = {}
desktop.__index = desktop

local CONFIG = [[
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir=%s</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
]]

desktop.password = "login password"

local function find(program)
  local pipe = io.popen("command -v " .. program)
  local path = pipe:read "l"
  pipe:close()
  return path
end

--- The first of the programs that is not installed, or nil.
function desktop.missing()
  for _, program in ipairs { "dbus-daemon", "dbus-send", "dbus-monitor", "gnome-keyring-daemon",
    "secret-tool" } do
    if not find(program) then
      return program
    end
  end
end

--- environment is what programs need to find it.
function desktop.start()
  local self = setmetatable({ folder = files.temporary_folder() }, desktop)
  local config = files.write(self.folder .. "/bus.conf", CONFIG:format(self.folder))
  self.environment = { HOME = self.folder, PATH = "/usr/bin:/bin", XDG_RUNTIME_DIR = self.folder,
    LC_ALL = "C.UTF-8" }
  self.bus = process.start({ find "dbus-daemon", "--nofork", "--print-address", "--config-file="
    .. config }, { environment = self.environment })
  self.environment.DBUS_SESSION_BUS_ADDRESS = files.wait_for("the address of a bus", 30, function()
    return (files.read(self.bus.folder .. "/stdout") or ""):match "^(unix:[^\n]+)\n"
  end)
  self.keyring = process.start({ find "gnome-keyring-daemon", "--foreground", "--unlock",
    "--components=secrets" }, { environment = self.environment,
    stdin = files.write(self.folder .. "/password", desktop.password) })
  files.wait_for("gnome-keyring", 30, function()
    return self:call("org.freedesktop.DBus.Peer.Ping").status == 0
  end)
  return self
end

--- Runs a program in the session.
function desktop:run(argv, options)
  options = options or {}
  options.environment = self.environment
  return process.run(argv, options)
end

--- Calls a method of the Secret Service.
function desktop:call(method, ...)
  return self:run { find "dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.secrets",
    "/org/freedesktop/secrets", method, ... }
end

function desktop:lock()
  assert(self:call("org.freedesktop.Secret.Service.Lock",
    "array:objpath:/org/freedesktop/secrets/collection/login").status == 0)
end

--- What secret-tool finds under a kind and a name; nil: nothing.
function desktop:lookup(kind, name)
  local result = self:run { find "secret-tool", "lookup", "application", "sentinel", "kind", kind,
    "name", name }
  return result.status == 0 and result.stdout or nil
end

function desktop:store(kind, name, value)
  local result = self:run({ find "secret-tool", "store", "--label", "by hand", "application",
    "sentinel", "kind", kind, "name", name }, { stdin = value })
  assert(result.status == 0, result.stderr)
end

--- Starts to write down all that is said on the bus; finish with desktop:heard.
function desktop:listen()
  self.monitor = process.start({ find "dbus-monitor", "--session" },
    { environment = self.environment })
  files.wait_for("dbus-monitor", 30, function()
    return (files.read(self.monitor.folder .. "/stdout") or "") ~= ""
  end)
end

--- What was said up to now.
function desktop:heard()
  local ping = "org.freedesktop.DBus.Peer.GetMachineId"
  self:call(ping)
  files.wait_for("the last message", 30, function()
    return (files.read(self.monitor.folder .. "/stdout") or ""):find("GetMachineId", 1, true)
  end)
  process.signal(self.monitor, "TERM")
  return process.finish(self.monitor, 10).stdout
end

function desktop:stop()
  for _, handle in ipairs { self.keyring, self.bus } do
    process.signal(handle, "KILL")
    process.finish(handle, 10)
  end
  files.remove(self.folder)
end

return desktop
