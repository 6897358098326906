--- Modules of the stdlib in the specs' own Lua, for those that can be tried alone. What they need of
-- `host` stands here, in Lua.
local here = debug.getinfo(1, "S").source:match("^@(.*)spec/support/") or "./"

local modules = {}

-- "*" and "?" as src/base/str.c has them.
local function glob(pattern, text)
  local lua = pattern:gsub("[^%w*?]", "%%%0"):gsub("%*", "[^/]*"):gsub("%?", "[^/]")
  return text:find("^" .. lua .. "$") ~= nil
end

local host = {
  glob = glob,
  pcall = pcall,
  error_text = tostring,
  json_text = function(text)
    return ("%q"):format(text)
  end,
}

local function search(name)
  local stem = name:match("^sentinel%.([%w_]+)$")
  local path = stem and ("%slua/stdlib/%s.lua"):format(here, stem)
  return path and assert(loadfile(path, "t", setmetatable({ host = host }, { __index = _G })))
end

--- The module "sentinel.<name>".
function modules.load(name)
  if not modules.is_ready then
    modules.is_ready = true
    table.insert(package.searchers, 2, search)
  end
  return require("sentinel." .. name)
end

modules.glob = glob

return modules
