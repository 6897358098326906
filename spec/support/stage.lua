--- The usual world in moto: alice with a key, roles Dev and Prod, policies in SSM. One moto serves
-- a spec file.
local servers = require "spec.support.servers"
local world = require "spec.support.world"

local stage = {}

stage.policies = {
  dev = world.allow_dev,
  lua = [[
-- sentinel: lua
local s = require "sentinel"

return s.policy {
  version = "1",
  rules = {
    s.rule "lua-alice" {
      effect = "allow",
      conditions = {
        profiles = { "lua" },
        s.check("alice's account", function(request)
          return request.user.account == "123456789012"
        end),
      },
      reason = "Alice, by Lua",
      max_duration = "30m",
    },
  },
}
]],
  prod = [[
version: "1"
rules:
  - name: prod-bob
    effect: allow
    conditions: {profiles: [prod], users: [bob]}
    reason: Bob only
]],
  bound = [[
version: "1"
rules:
  - name: dev-role-only
    effect: allow
    conditions: {profiles: [bound], roles: [Dev]}
    reason: The development role
]],
  secure = world.allow_dev:gsub("%[dev%]", "[secure]"),
  list = "version,rules",
  broken = "version: \"1\"\nrules:\n  - nmae: x\n",
}

local TYPES = { secure = "SecureString", list = "StringList" }

local function parameters()
  local list = {}
  for name, value in pairs(stage.policies) do
    list[#list + 1] = { name = "/sentinel/policies/" .. name, value = value, type = TYPES[name] }
  end
  return list
end

--- Starts moto with the usual world; more is laid over the description. moto.keys holds the keys of
-- the users. program as in servers.start_moto.
function stage.moto(more, program)
  local moto = servers.start_moto(program)
  local description = { users = { alice = { path = "/" } }, roles = { Dev = { path = "/" },
    Prod = { path = "/" } },
    parameters = parameters() }
  for name, value in pairs(more or {}) do
    description[name] = value
  end
  moto.keys = moto:build(description)
  return moto
end

--- ~/.aws/config with one guarded profile for each policy of the stage.
function stage.config()
  local text = ""
  for name in pairs(stage.policies) do
    text = text .. world.profile(name, name == "prod" and "Prod" or "Dev")
  end
  return text .. world.profile("absent", "Dev")
end

--- A machine of alice's that asks this moto; options as in world.new.
function stage.world(moto, options)
  options = options or {}
  options.endpoint = options.endpoint or moto.url
  options.key = options.key or moto.keys.alice
  options.config = options.config or stage.config()
  if not options.policy then
    options.source = options.source or "ssm:/sentinel/policies/{profile}"
  end
  return world.new(options)
end

return stage
