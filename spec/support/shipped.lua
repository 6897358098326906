--- A plugin that ships, in a bundle of one rule, asked through `sentinel explain`.
local bundle = require "spec.support.bundle"
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local servers = require "spec.support.servers"
local settings = require "spec.support.settings"
local world = require "spec.support.world"

local shipped = {}
shipped.__index = shipped

local POLICY = "version: \"1\"\nrules:\n  - {name: only, effect: %s, "
  .. "conditions: {profiles: [dev], %s: {%s}}}\n"

shipped.SECRET = "s3cr3t-of/the+plugin"

--- Answers that no plugin may take for a verdict: name, answer, the error's class, what is said.
shipped.HOSTILE = {
  { "400", { status = 400, json = { error = "x" } }, "plugin_error", "answered 400" },
  { "401", { status = 401, json = { error = "x" } }, "plugin_error", "does not accept the secret" },
  { "403", { status = 403, json = { error = "x" } }, "plugin_error", "answered 403" },
  { "404 of some other server", { status = 404, body = "<html>", type = "text/html" },
    "plugin_error", "answered 404" },
  { "429", { status = 429, json = {}, headers = { ["Retry-After"] = "1" } }, "fact_unavailable",
    "it answered 429" },
  { "500", { status = 500, json = {} }, "fact_unavailable", "it answered 500" },
  { "HTML with 200", { body = "<html>log in</html>", type = "text/html" }, "plugin_error",
    "text/html instead of JSON" },
  { "an empty object", { json = { [" "] = 1 } }, "plugin_error", "answered" },
  { "a list", { body = "[]" }, "plugin_error", "answered" },
  { "a text", { body = "\"true\"" }, "plugin_error", "answered" },
  { "null", { body = "null" }, "plugin_error", "answered" },
  { "no body", { status = 204, body = "" }, "fact_unavailable", "" },
  { "truncated JSON", { body = "{\"oncalls\": [{\"user\"" }, "fact_unavailable", "the answer" },
  { "a body that is cut", { json = { x = "yyyyyyyyyyyyyyyy" }, cut = true }, "fact_unavailable",
    "shorter" },
  { "a slow body", { body = ("x"):rep(100), drip_s = 0.1 }, "plugin_timeout",
    "no whole answer within" },
  { "a slow answer", { json = {}, delay_s = 4 }, "plugin_timeout", "no whole answer within" },
  { "no answer", { close = true }, "fact_unavailable", "" },
  { "10 MB", { body = ("x"):rep(10000000) }, "fact_unavailable", "too large" },
  { "the secret, reflected", { reflect = "plain" }, "fact_unavailable", "holds the secret" },
  { "the secret, reflected in base64", { reflect = "base64" }, "fact_unavailable",
    "holds the secret" },
}

--- @param plugin its name
-- @param secrets names of secrets that are in the keychain
function shipped.new(plugin, secrets)
  local self = setmetatable({ plugin = plugin, vendors = servers.start_vendors() }, shipped)
  self.home = world.new { environment = self.vendors:environment() }
  self.home.environment.SENTINEL_BACKEND = "file"
  self.home.environment.SENTINEL_FILE_PASSPHRASE = "correct horse"
  for _, name in ipairs(secrets) do
    expect.done(self.home:run({ "add", "--secret", name, "--stdin" },
      { stdin = shipped.SECRET .. "\n" }))
  end
  self.home.secrets[#self.home.secrets + 1] = shipped.SECRET
  return self
end

--- Writes the bundle.
-- @param arguments of the condition, as YAML in one line
-- @param grant its grant, likewise
-- @param effect of the rule; allow when it is not given
function shipped:use(arguments, grant, effect)
  bundle.write(self.home, {
    policy = POLICY:format(
      effect or "allow", self.plugin, arguments),
    plugins = { [self.plugin] = { grant = grant, files = bundle.shipped(self.plugin) } },
  })
end

--- The decision.
-- @param options user, time, justification
function shipped:explain(options)
  local words = { "explain", "dev", "--json", "--user", options.user or "alice", "--time",
    options.time or "2026-01-19T10:00:00Z" }
  if options.justification then
    words[#words + 1] = "--justification"
    words[#words + 1] = options.justification
  end
  return expect.json(self.home:run(words, { bin = settings.loopback }))
end

--- Why it was decided so, in words.
function shipped.why(answer)
  local row, fact = answer.trace[1] or {}, answer.facts[#answer.facts] or {}
  return table.concat({ tostring(answer.error), tostring(row.got), tostring(fact.reason) }, " / ")
end

local function check(holds, what, answer)
  if not holds then
    error(what .. ": " .. answer.effect .. " / " .. shipped.why(answer), 3)
  end
end

--- The condition holds.
function shipped:holds(options)
  local answer = self:explain(options or {})
  check(answer.effect == "allow" and answer.rule == "only", "it has to hold", answer)
  return answer
end

--- It does not hold, which is no error; the trace says why.
function shipped:fails(options, got)
  local answer = self:explain(options or {})
  check(answer.effect == "deny" and type(answer.error) ~= "string", "it has to be false", answer)
  check((answer.trace[1].got or ""):find(got or "", 1, true), "it has to say " .. tostring(got),
    answer)
  return answer
end

--- The whole decision is an error of this class.
function shipped:errs(options, class, got)
  local answer = self:explain(options or {})
  check(answer.effect == "deny" and answer.error == class, "it has to be " .. class, answer)
  check(shipped.why(answer):find(got or "", 1, true), "it has to say " .. tostring(got), answer)
  return answer
end

--- Whatever is answered to every question, the decision is an error; no question is asked twice,
-- and nothing is asked of the host that a redirect names.
function shipped:check_hostile(options)
  for _, row in ipairs(shipped.HOSTILE) do
    self.vendors:set { ["*"] = row[2] }
    local done, message = pcall(self.errs, self, options, row[3], row[4])
    if not done then
      error("on " .. row[1] .. ": " .. tostring(message), 0)
    end
    if #self.vendors:requests() ~= 1 then
      error(("on %s: %d requests"):format(row[1], #self.vendors:requests()), 0)
    end
  end
  self.vendors:set { ["*"] = { status = 302, headers = { Location = "https://b.example/" } } }
  self:errs(options, "fact_unavailable", "it answered 302")
  for _, request in ipairs(self.vendors:requests()) do
    if request.host == "b.example" then
      error("it followed the redirect", 0)
    end
  end
end

--- Every example of the plugin's page, with every grant of it, is a valid bundle.
function shipped:check_page()
  local page = files.read(("%s/plugins/%s/README.md"):format(settings.source, self.plugin))
  local rules, grants = {}, {}
  for block in page:gmatch("```yaml\n(.-)```") do
    if block:find("^rules:") then
      rules[#rules + 1] = block
    end
    for grant in block:gmatch("grant: {(.-)}}") do
      grants[#grants + 1] = grant
    end
  end
  if #rules < 2 or #grants < 2 then
    error(("the page of %s has %d examples and %d grants"):format(self.plugin, #rules, #grants))
  end
  for _, rule in ipairs(rules) do
    for _, grant in ipairs(grants) do
      local folder = bundle.write(self.home, { policy = "version: \"1\"\n" .. rule,
        plugins = { [self.plugin] = { grant = grant, files = bundle.shipped(self.plugin) } } })
      expect.done(self.home:run { "policy", "validate", folder })
      local lint = self.home:run { "policy", "lint", folder, "--json" }
      if lint.stdout:find("ungranted-plugin", 1, true) then
        error(("lint finds this grant too small: %s"):format(grant))
      end
    end
  end
end

function shipped:stop()
  self.vendors:stop()
  self.home:remove()
end

return shipped
