--- Bundles with plugins, for specs that run the program.
local files = require "spec.support.files"
local settings = require "spec.support.settings"

local bundle = {}

--- Writes one into a world: home.home/bundle.
-- @param options {policy = text of policy.yaml, plugins = {name = {grant = text of its grant, files =
-- {name = text}}}, files, more = further lines of bundle.yaml, settings = those of config.yaml}
function bundle.write(home, options)
  local lines = { "sentinel_bundle: 1", "name: b", "serial: 1", "policy: policy.yaml",
    options.more or "", "plugins:" }
  for name, plugin in pairs(options.plugins or {}) do
    lines[#lines + 1] = ("  %s: {version: %s, grant: {%s}}"):format(name, plugin.version or "1.0.0",
      plugin.grant or "")
    for file, text in pairs(plugin.files) do
      home:write(("bundle/plugins/%s/%s"):format(name, file), text)
    end
  end
  if not next(options.plugins or {}) then
    lines[#lines] = ""
  end
  home:write("bundle/bundle.yaml", table.concat(lines, "\n") .. "\n")
  home:write("bundle/policy.yaml", options.policy)
  for name, text in pairs(options.files or {}) do
    home:write("bundle/" .. name, text)
  end
  home:write_settings(("policy: {source: %q}\n%s"):format("file:" .. home.home .. "/bundle",
    options.settings or ""))
  return home.home .. "/bundle"
end

--- The files of a plugin that ships, by name: for `files` of a plugin in bundle.write.
function bundle.shipped(name)
  local folder, found = ("%s/plugins/%s/"):format(settings.source, name), {}
  for _, file in ipairs(files.list(folder)) do
    if file:find("%.lua$") then
      found[file] = assert(files.read(folder .. file))
    end
  end
  return found
end

--- A plugin that asks one question, `q`, and holds when its answer says so.
-- @param options {url, more = further text of the question, needs, check = body of the function}
function bundle.asking(options)
  return {
    ["plugin.lua"] = ([[return { name = "probe", version = "1.0.0", api = 1, summary = "For tests",
  args = { id = { type = "string", description = "an id" } },
  needs = { request = { "user" }, http = { q = { url = %q, %s } }, %s },
  limits = { timeout = "1500ms" } }]]):format(options.url, options.more or "", options.needs or ""),
    ["init.lua"] = "return function(args, request, host)\n" .. options.check .. "\nend\n",
  }
end

return bundle
