--- What plugins need from outside. A fact is among those that came with the request, or it is asked
-- for: then the evaluation only goes on to collect what else is needed, and its verdict counts for
-- nothing (architecture.md).
--
-- MUST
--  1. end the plugin's call at a need that is not met and at a fact that failed: host.suspend is
--     held by no pcall;
--  2. name what is needed, never where or how it is asked: the core knows that.
local text = require "sentinel.text"

local needs = {}

local VALUE_MAX = 256
local VALUES_MAX = 768 -- of one question: 16 of them, escaped, with their facts fit into a frame

-- Why a fact is not there, as the class of the decision's error.
local CLASSES = {
  timeout = { "plugin_timeout", "did not come in time" },
  too_large = { "fact_too_large", "is larger than a fact may be" },
  unavailable = { "fact_unavailable", "could not be had" },
  spent = { "budget_exceeded", "is one more than a decision may ask for" },
}

-- One text for one question.
local function key_of(plugin, kind, name, params)
  local parts = { plugin, kind, name or "" }
  for _, param in ipairs(text.sorted_keys(params)) do
    parts[#parts + 1] = param
    parts[#parts + 1] = params[param]
  end
  for i, part in ipairs(parts) do
    parts[i] = #part .. ":" .. part
  end
  return table.concat(parts)
end

--- One text for a need, the same as for the fact that answers it.
function needs.key(need)
  return key_of(need.plugin, need.kind, need.need, need.params)
end

--- The facts that came with a request, by their questions.
-- @param list {{plugin, kind, need, params, status, value | reason}, ...}
function needs.index(list)
  local facts = {}
  for _, fact in ipairs(list) do
    facts[key_of(fact.plugin, fact.kind, fact.need, fact.params or {})] = fact
  end
  return facts
end

local function set(...)
  local fields = {}
  for _, name in ipairs { ... } do
    fields[name] = true
  end
  return fields
end

-- What the core tells of each kind. Another name is a mistake: as nil it could let somebody in.
local FIELDS = {
  http = set("status", "headers", "json", "text"),
  geoip = set("country", "continent", "latitude", "longitude", "accuracy_km", "asn",
    "organisation", "is_anonymous", "is_anonymous_vpn", "is_hosting_provider", "is_public_proxy",
    "is_tor_exit_node", "is_residential_proxy"),
  history = set("time", "profile", "role_arn", "mode", "source_ip"),
}

local function strict_view(value, kind)
  return host.readonly(value, { name = "this answer", strict = true, fields = FIELDS[kind] })
end

-- What the plugin sees of a fact; nested tables cannot be changed either.
local function view_of(fact)
  if not fact.view and fact.kind == "history" then
    fact.view = {}
    for i, grant in ipairs(fact.value) do
      fact.view[i] = strict_view(grant, "history")
    end
  elseif not fact.view then
    fact.view = strict_view(fact.value, fact.kind)
  end
  return fact.view
end

local function describe(kind, name)
  return name and ("%s %s"):format(kind, text.quote(name)) or kind
end

local function failure_of(fact, kind, name)
  local class = CLASSES[fact.status] or CLASSES.unavailable
  return {
    class = class[1],
    what = ("%s %s%s"):format(describe(kind, name), class[2],
      fact.reason and ": " .. fact.reason or ""),
  }
end

local function note(run, key, need)
  run.needs, run.needed = run.needs or {}, run.needed or {}
  if not run.needed[key] then
    run.needed[key] = true
    table.insert(run.needs, need)
  end
end

-- The fact, or nil after the need was noted.
local function find(plugin, run, kind, name, params)
  local key = key_of(plugin.name, kind, name, params)
  local fact = run.facts and run.facts[key]
  if not fact and run.is_final then
    fact = { status = "spent" }
  elseif not fact then
    note(run, key, { plugin = plugin.name, kind = kind, need = name, params = params })
  end
  return fact
end

-- The fact's value; whatever else is there ends the plugin's call.
local function demand(plugin, run, kind, name, params)
  local fact = find(plugin, run, kind, name, params)
  if fact and fact.status == "ok" then
    return view_of(fact)
  elseif fact then
    run.failure = failure_of(fact, kind, name)
  end
  host.suspend()
end

--- Why the last call was ended, when it was not for a need.
function needs.take_failure(run)
  local failure = run.failure
  run.failure = nil
  return failure
end

-- What a plugin gave for a name, for messages: never as an address.
local function name_of(value)
  return type(value) == "string" and text.quote(value) or "(a " .. type(value) .. ")"
end

-- Values of parameters, as texts.
local function check_params(given, wanted)
  local params, size = {}, 0
  for key, value in pairs(given) do
    if key ~= 1 then
      if type(key) ~= "string" or not wanted[key] then
        error("host.http: there is no parameter " .. name_of(key), 3)
      elseif type(value) ~= "string" and math.type(value) ~= "integer" then
        error(("host.http: parameter %q has to be a text or a whole number"):format(key), 3)
      elseif #tostring(value) > VALUE_MAX or not host.utf8_printable(tostring(value)) then
        error(("host.http: parameter %q is too long or not printable"):format(key), 3)
      end
      params[key], size = tostring(value), size + #tostring(value)
    end
  end
  if size > VALUES_MAX then
    error(("host.http: the parameters have more than %d bytes together"):format(VALUES_MAX), 3)
  end
  for name in pairs(wanted) do
    if not params[name] then
      error(("host.http: parameter %q is missing"):format(name), 3)
    end
  end
  return params
end

--- Asks one of the questions of needs.http. Ends the call when the answer is not there yet, and
-- denies the decision when it cannot be had; neither can be caught.
-- @function host.http
-- @usage local answer = host.http { "freezes", system = args.system }
-- @tparam table question the question's name, and a value for each parameter of its URL: a text or
-- a whole number, at most 256 printable bytes, all together 768
-- @treturn table {status, headers, json} or {status, headers, text}, read-only; another name
-- raises; headers has `content-type`; in json a null is absent and a whole number beyond 2^53 is a
-- text
-- @raise if there is no such question, or a parameter is missing, unknown, too long or of another
-- type
local function http_way(plugin, run)
  return function(question)
    if type(question) ~= "table" or type(question[1]) ~= "string" then
      error("host.http wants a question's name: host.http { \"name\", parameter = value }", 2)
    end
    local name = question[1]
    local wanted = plugin.http[name]
    if not wanted then
      error(("host.http: the plugin's needs have no question %s"):format(text.quote(name)), 2)
    end
    return demand(plugin, run, "http", name, check_params(question, wanted))
  end
end

--- What the databases of `geoip.databases` know of addresses. Several are asked for at once: one
-- after the other would be a round for each. Ends the call as host.http does; an address that none
-- of the databases knows is a fact that cannot be had.
-- @function host.geoip
-- @tparam string ... addresses, IPv4 or IPv6
-- @treturn table for each, in their order: country, continent (two letters), latitude, longitude
-- (degrees), accuracy_km, asn, organisation, is_anonymous, is_anonymous_vpn, is_hosting_provider,
-- is_public_proxy, is_tor_exit_node, is_residential_proxy; what is not known is absent; read-only,
-- and another name raises
-- @raise if an address is no text, longer than 64 bytes, or of other characters than an address
local function geoip_way(plugin, run)
  return function(...)
    local addresses = table.pack(...)
    for i = 1, addresses.n do
      local address = addresses[i]
      if type(address) ~= "string" or #address > 64 or not address:find("^[%x:.]+$") then
        error("host.geoip wants an address as text", 2)
      end
    end
    for _, address in ipairs(addresses) do
      find(plugin, run, "geoip", nil, { ip = address })
    end
    for i, address in ipairs(addresses) do
      addresses[i] = demand(plugin, run, "geoip", nil, { ip = address })
    end
    return table.unpack(addresses, 1, addresses.n)
  end
end

--- The content of a file of the bundle that needs.files and the grant both name. Denies the
-- decision when there is none, which cannot be caught.
-- @function host.file
-- @tparam string name as it lies in the bundle, such as `data/offices.txt`
-- @treturn string at most 512 KiB
-- @raise if the name is no text
local function file_way(plugin, files, run)
  return function(name)
    if type(name) ~= "string" then
      error("host.file wants a file's name as text", 2)
    end
    local content = files[name] or plugin.files[name]
    if not content then
      run.failure = failure_of({ status = "unavailable",
        reason = "it is not among the files that the bundle has and grants" }, "file", name)
      host.suspend()
    end
    return content
  end
end

--- The user's last grants on this machine, the newest first. It is asked before the function is
-- called for the first time.
-- @field host.history a list of at most 8 {time, profile, role_arn, mode, source_ip}, texts, the
-- last only where it was known; empty without a log; read-only

--- The plugin's `host`, without what it does not need, and whether its history has yet to be asked.
function needs.ways(plugin, run)
  local mocked = run.mocks and require("sentinel.spec_mock").files(run.mocks) or {}
  local ways = {
    http = next(plugin.http) and http_way(plugin, run) or nil,
    geoip = plugin.geoip and geoip_way(plugin, run) or nil,
    file = (plugin.needs_files or next(mocked)) and file_way(plugin, mocked, run) or nil,
  }
  if not plugin.history then
    return ways, false
  end
  local fact = find(plugin, run, "history", nil, {})
  if fact and fact.status == "ok" then
    ways.history = view_of(fact)
  elseif fact then
    run.failure = failure_of(fact, "history")
  end
  return ways, fact == nil
end

return needs
