--- Runs one attack in the VM, in a process of its own: lua5.4 run_attack.lua FILE PLACE
--
-- PLACE is "top" (the file as a policy), "policy" (in a policy's top level, which would allow),
-- "plugin" (a plugin's check), "manifest" (the file as a plugin's manifest) or
-- "condition" (in an inline condition). It is run as often as its "-- runs:" line says, then an
-- innocent policy is decided in the same state. Prints one line: "held" or "broken: why". Whatever
-- else is printed, or a crash, is the attack's success.
package.path = arg[0]:gsub("spec/sandbox/run_attack%.lua$", "") .. "?.lua;" .. package.path
local evaluator = require "spec.support.evaluator"
local cjson = require "cjson"
local vm = require "snt_vm"

local PLUGIN_POLICY = [[
local s = require "sentinel"
return s.policy { version = "1", rules = {
  s.rule "attack" { effect = "allow", conditions = { attack = true } } } }
]]

local PLACES = {
  top = function(chunk)
    return chunk
  end,
  policy = function(chunk)
    return [[
local s = require "sentinel"
local result = (function(...) ]] .. chunk .. [[

end)()
return s.policy { version = "1", rules = {
  s.rule "attack" { effect = result == "PWNED" and "allow" or "deny", conditions = {} } } }
]]
  end,
  plugin = function()
    return PLUGIN_POLICY
  end,
  condition = function(chunk)
    return [[
local s = require "sentinel"
return s.policy { version = "1", rules = { s.rule "attack" { effect = "allow", conditions = {
  function(request)
    local result = (function(...) ]] .. chunk .. [[

    end)(request)
    return result == "PWNED"
  end } } } }
]]
  end,
}


-- The plugin whose check is the attack.
local function add_plugin(state, chunk)
  evaluator.add_plugins(state, { attack = {
    ["plugin.lua"] = [[return { name = "attack", version = "1.0.0", api = 1, summary = "An attack",
      needs = { request = { "user", "profile", "mode", "time" } }, limits = { fuel = 10000000 } }]],
    ["init.lua"] = "local s = require 'sentinel'\nreturn function(_, request)\n"
      .. "local result = (function(...) " .. chunk .. "\nend)(request)\n"
      .. "return result == 'PWNED'\nend\n",
  } })
end

local INNOCENT = [[
local s = require "sentinel"
return s.policy { version = "1", rules = {
  s.rule "no" { effect = "deny", conditions = { users = { "mallory" }, function(request)
    return type(request.user.name) == "string" and tostring(math.pi):sub(1, 4) == "3.14"
      and #string.format("%d", 5) == 1
  end } },
  s.rule "yes" { effect = "allow", conditions = { function(request)
    local count = 0
    for _ in pairs({ 1, 2, x = 3 }) do count = count + 1 end
    return count == 3 and request.user.name == "alice" and math.secret_state == nil
  end } },
} }
]]

-- Far beyond what the fuel of loading and deciding takes, on a slow machine too.
local CPU_MAX_S = 6

-- The memory of the process at its highest, in KiB.
local function peak_kib()
  return tonumber(evaluator.read_file("/proc/self/status"):match("VmHWM:%s*(%d+)"))
end

local function load_and_link(state, text)
  local json = state:call("load", evaluator.LOAD_FUEL, "lua", "attack.lua", text)
  local loaded = json and cjson.decode(json).ok
  if loaded then
    state:call("link", evaluator.LOAD_FUEL)
  end
  return loaded
end

local function decide(state, user)
  local json = state:call("evaluate", evaluator.FUEL,
    cjson.encode(evaluator.request({ user = user })))
  return json and cjson.decode(json).effect
end

-- An attack in the place of a plugin's manifest, which runs in a process of its own.
local function run_manifest(chunk)
  local is_done, answer = pcall(evaluator.describe, "attack", chunk)
  return is_done and answer.ok and "broken: the manifest was not refused" or "held"
end

local function run(place, chunk)
  if place == "manifest" then
    return run_manifest(chunk)
  end
  local runs = tonumber(chunk:match("%-%- runs: (%d+)")) or 1
  local before = peak_kib()
  local state = vm.new(os.getenv("SNT_STDLIB_FOLDER"))
  state:own_heap()
  for _ = 1, runs do
    local started = os.clock()
    if place == "plugin" then
      add_plugin(state, chunk)
    end
    local loaded = load_and_link(state, PLACES[place](chunk))
    if place == "top" and loaded then
      return "broken: the policy was not refused"
    elseif loaded and decide(state) == "allow" then
      return "broken: it allowed"
    elseif os.clock() - started > CPU_MAX_S then
      return ("broken: it ran for %.1f s"):format(os.clock() - started)
    end
  end
  if place == "plugin" then
    add_plugin(state, "return true") -- what does not load refuses every policy of its bundle
  end
  if not load_and_link(state, INNOCENT) then
    return "broken: the innocent policy does not load"
  elseif decide(state) ~= "allow" or decide(state, "mallory") ~= "deny" then
    return "broken: the innocent policy decides otherwise"
  end
  state:close()
  if peak_kib() - before > 64 * 1024 then
    return "broken: more than 64 MiB"
  end
  return "held"
end

local chunk = assert(evaluator.read_file(arg[1]))
io.write(run(arg[2], chunk), "\n")
