--- The answers to loading and linking a policy, as JSON.
local text = require "sentinel.text"

local loaded = {}

local encode_text = host.json_text

--- {"ok":true,"zones":[...]}
function loaded.encode_zones(zones)
  return '{"ok":true,"zones":' .. text.json_list(zones, encode_text) .. "}"
end

--- {"ok":true,"functions":...}: whether code of the policy runs in an evaluation.
function loaded.encode_policy(policy)
  return ('{"ok":true,"functions":%s}'):format(policy.has_functions)
end

--- {"ok":false,"problems":[...]}
function loaded.encode_problems(problems)
  return '{"ok":false,"problems":' .. text.json_list(problems, function(problem)
    return ('{"file":%s,"line":%d,"column":%d,"message":%s,"hint":%s}'):format(
      encode_text(problem.file), problem.line, problem.column, encode_text(problem.message),
      encode_text(problem.hint))
  end) .. "}"
end

return loaded
