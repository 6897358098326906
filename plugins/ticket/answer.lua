--- What vendors answer, taken apart. Whatever is not understood raises, which denies: neither
-- "true" nor "false" may come of it, because a rule can turn either into access. The plugins oncall
-- and ticket have the same file.
local answer = {}

local MEANING = {
  [400] = "it does not understand the question",
  [401] = "it does not accept the secret",
  [403] = "the secret does not give the right to ask this",
  [404] = "there is no such thing, or no right to see it",
}

--- The object in an answer with status 200.
-- @param reply what host.http gave
-- @param vendor its name, for messages
function answer.object(reply, vendor)
  if reply.status ~= 200 then
    error(("%s answered %d: %s"):format(vendor, reply.status,
      MEANING[reply.status] or "that is not understood"), 0)
  elseif type(reply.json) ~= "table" then
    error(("%s answered 200, but with %s instead of JSON"):format(vendor,
      reply.headers["content-type"] or "something"), 0)
  end
  return reply.json
end

--- The list that a value is.
function answer.list(value, vendor, what)
  local is_list = type(value) == "table"
  for key in pairs(is_list and value or {}) do
    is_list = is_list and math.type(key) == "integer"
  end
  if not is_list then
    error(("%s answered without a list of %s"):format(vendor, what), 0)
  end
  return value
end

--- The object below a name; an empty one when there is none.
function answer.below(value, name)
  local found = type(value) == "table" and value[name]
  return type(found) == "table" and found or {}
end

return answer
