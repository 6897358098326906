--- Preloaded libraries and tools of tests/faults, compiled on first use into the build folder.
local files = require "spec.support.files"
local settings = require "spec.support.settings"

local shims = {}

local function compile(name, object, flags)
  local source = ("%s/tests/faults/%s.c"):format(settings.source, name)
  local is_fresh = os.execute(("test %s -nt %s"):format(files.quote(object), files.quote(source)))
  if not is_fresh then
    files.make_folder(settings.shims)
    local command = ("${CC:-cc} -std=gnu2x -D_GNU_SOURCE -O2 %s -o %s %s -ldl"):format(flags,
      files.quote(object),
      files.quote(source))
    assert(os.execute(command), command)
  end
  return object
end

--- The path of tests/faults/<name>.c as a shared object.
function shims.path(name)
  return compile(name, ("%s/%s.so"):format(settings.shims, name), "-shared -fPIC")
end

--- The path of tests/faults/<name>.c as a program.
function shims.program(name)
  return compile(name, ("%s/%s"):format(settings.shims, name), "")
end

--- The environment that preloads it, with the shim's own variables.
function shims.environment(name, variables)
  local environment = { LD_PRELOAD = shims.path(name) }
  for key, value in pairs(variables or {}) do
    environment[key] = value
  end
  return environment
end

return shims
