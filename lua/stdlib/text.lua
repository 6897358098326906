--- Pieces of text for messages and traces: short, printable, the same on every machine.
local text = {}

local CUT_AT = 200

--- The text cut to `cap` bytes, never inside a character.
function text.cut(value, cap)
  cap = cap or CUT_AT
  if #value <= cap then
    return value
  end
  local last = cap - 3
  while last > 0 and value:byte(last + 1) & 0xC0 == 0x80 do
    last = last - 1
  end
  return value:sub(1, last) .. "..."
end

--- The same of its end, which tells more of a path.
function text.cut_front(value, cap)
  if #value <= cap then
    return value
  end
  local first = #value - cap + 4
  while first < #value and value:byte(first) & 0xC0 == 0x80 do
    first = first + 1
  end
  return "..." .. value:sub(first)
end

--- Any text, of anyone, in quotes.
function text.quote(value)
  return '"' .. text.cut(host.error_text(value), 64) .. '"'
end

--- A value that Lua code gave, for a message about what was found: `the text "a"`, `the number 5`.
function text.found(value)
  local kind = type(value)
  if kind == "string" then
    return "the text " .. text.quote(value)
  elseif kind == "number" then
    return "the number " .. tostring(value)
  elseif kind == "boolean" then
    return tostring(value)
  end
  return kind == "nil" and "nothing" or "a " .. kind
end

--- "a, b, c", cut.
function text.join(list)
  local parts, size = {}, 0
  for i, value in ipairs(list) do
    parts[i] = value
    size = size + #value + 2
    if size > CUT_AT then
      break
    end
  end
  return text.cut(table.concat(parts, ", "))
end

--- The items, each as encode makes JSON of it, as a JSON array.
function text.json_list(list, encode)
  local parts = {}
  for i, item in ipairs(list) do
    parts[i] = encode(item)
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

--- "prod" and "time" give "prod.time"; nothing and "time" give "time".
function text.path(prefix, name)
  return prefix == "" and name or prefix .. "." .. name
end

--- Seconds as policy writes them: 5400 is "1h30m".
function text.duration(seconds)
  local parts = {}
  for _, unit in ipairs({ { "h", 3600 }, { "m", 60 }, { "s", 1 } }) do
    local count = seconds // unit[2]
    if count > 0 then
      parts[#parts + 1] = count .. unit[1]
      seconds = seconds % unit[2]
    end
  end
  return #parts > 0 and table.concat(parts) or "0s"
end

--- The keys of a table in byte order; a table has no order of its own.
function text.sorted_keys(map)
  local keys = {}
  for key in pairs(map) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

return text
