--- Runs folders of attacks (spec/sandbox/run_attack.lua), each in a process of its own.
local evaluator = require "spec.support.evaluator"

local attacks = {}

attacks.PLACES = { "top", "policy", "condition", "plugin", "manifest" }

-- A stop for what hangs, far beyond what fuel lets through.
local HANG_S = 20

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- The attacks of a folder, sorted by name; an empty list when it is not there.
function attacks.list(folder)
  local files = {}
  local pipe = assert(io.popen("ls " .. quote(folder) .. " 2>/dev/null"))
  for name in pipe:lines() do
    if name:find("^%d.*%.lua$") then
      files[#files + 1] = name
    end
  end
  pipe:close()
  return files
end

--- What the attack's process printed, errors included, and how it ended: "held, exit 0" is good.
function attacks.run(folder, file, place)
  local pipe = assert(io.popen(("timeout %d lua5.4 %s %s %s 2>&1"):format(HANG_S,
    quote(evaluator.root .. "/spec/sandbox/run_attack.lua"), quote(folder .. "/" .. file), place)))
  local output = pipe:read("a")
  local _, how, status = pipe:close()
  return ("%s, %s %d"):format((output:gsub("\n$", "")), how, status)
end

--- Every attack of a folder in every place: a list {file, place}.
function attacks.in_places(folder)
  local all = {}
  for _, file in ipairs(attacks.list(folder)) do
    for _, place in ipairs(attacks.PLACES) do
      all[#all + 1] = { file = file, place = place }
    end
  end
  return all
end

return attacks
