--- Values on one line, always the same text for the same value: as JSON, and as YAML for people.
local text = require "sentinel.text"

local flow = {}

local SPECIAL = { ["true"] = true, ["false"] = true, null = true, yes = true, no = true, on = true,
  off = true, y = true, n = true }

local function yaml_text(value)
  local is_bare = value:find("^%a[%w_./@+-]*$") and not SPECIAL[value:lower()]
  return is_bare and value or host.json_text(value)
end

local function write(value, put_text, separator)
  if type(value) == "string" then
    return put_text(value)
  elseif type(value) ~= "table" then
    return tostring(value)
  end
  local parts = {}
  for i, item in ipairs(value) do
    parts[i] = write(item, put_text, separator)
  end
  if #parts > 0 or next(value) == nil then
    return "[" .. table.concat(parts, separator) .. "]"
  end
  for _, key in ipairs(text.sorted_keys(value)) do
    parts[#parts + 1] = put_text(key) .. (separator == "," and ":" or ": ")
      .. write(value[key], put_text, separator)
  end
  return "{" .. table.concat(parts, separator) .. "}"
end

function flow.json(value)
  return write(value, host.json_text, ",")
end

function flow.yaml(value)
  return write(value, yaml_text, ", ")
end

return flow
