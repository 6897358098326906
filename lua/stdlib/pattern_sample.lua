--- A text that fits a Lua pattern (lua_pattern.lua), for requests that meet a rule's requirements.
-- It is an attempt: who asks tries whether the text fits.
local pattern_sample = {}

local FIRST_CHARS = "a1A-_.:/#"
local REPEATABLE = { ["*"] = true, ["+"] = true, ["-"] = true }
local PAD = " for the work that is planned"

-- A printable character that a class of one character fits, a letter or digit first and a blank
-- last, or nil.
local function char_of(class)
  local pattern = "^" .. class .. "$"
  for i = 1, #FIRST_CHARS do
    local char = FIRST_CHARS:sub(i, i)
    if char:find(pattern) then
      return char
    end
  end
  for byte = 0x21, 0x7E do
    if string.char(byte):find(pattern) then
      return string.char(byte)
    end
  end
  return (" "):find(pattern) and " " or nil
end

-- So many characters that people can read; blanks at the ends of a justification do not count.
local function pad(size)
  return (PAD:rep(size // #PAD + 1):sub(1, size):gsub("^ ", "-"):gsub(" $", "-"))
end

-- The place after the class of one character that begins at `at`.
local function skip_class(pattern, at)
  local char = pattern:sub(at, at)
  if char == "%" then
    return at + 2
  elseif char ~= "[" then
    return at + 1
  end
  at = at + (pattern:sub(at + 1, at + 1) == "^" and 2 or 1)
  repeat
    at = at + (pattern:sub(at, at) == "%" and 2 or 1)
  until pattern:sub(at, at) == "]" or at > #pattern
  return at + 1
end

-- Reads what stands at `at`: what it gives at least, what may be repeated, the place after it; nil
-- for what no attempt is made at.
local function read_item(pattern, at)
  local char = pattern:sub(at, at)
  if char == "(" or char == ")" then
    return "", nil, at + 1
  elseif pattern:find("^%%b..", at) then
    return pattern:sub(at + 2, at + 3), nil, at + 4
  elseif pattern:find("^%%[%df]", at) then
    return nil
  end
  local after = skip_class(pattern, at)
  local one, how = char_of(pattern:sub(at, after - 1)), pattern:sub(after, after)
  if not one then
    return nil
  elseif REPEATABLE[how] then
    return how == "+" and one or "", one, after + 1
  elseif how == "?" then
    return "", nil, after + 1
  end
  return one, nil, after
end

--- A text of at least so many characters, or nil.
function pattern_sample.of(pattern, length)
  local is_begun, is_ended = pattern:find("^%^") ~= nil, pattern:find("%$$") ~= nil
  local parts, repeated, repeated_at = {}, nil, 0
  local at, last = is_begun and 2 or 1, is_ended and #pattern - 1 or #pattern
  while at <= last do
    local least, again, after = read_item(pattern, at)
    if not least then
      return nil
    end
    parts[#parts + 1] = least
    if again then
      repeated, repeated_at = again, #parts
    end
    at = after
  end
  local short = length - #table.concat(parts)
  if short > 0 and not is_ended then
    parts[#parts + 1] = pad(short)
  elseif short > 0 and not is_begun then
    table.insert(parts, 1, pad(short))
  elseif short > 0 and repeated then
    parts[repeated_at] = parts[repeated_at] .. repeated:rep(short)
  end
  return table.concat(parts)
end

return pattern_sample
