--- Whether a text is a well-formed Lua pattern. `find` itself tells only what it comes to while it
-- matches.
local lua_pattern = {}

-- The place after the set that begins at `at`, or nil.
local function skip_set(pattern, at)
  at = at + 1
  if pattern:sub(at, at) == "^" then
    at = at + 1
  end
  repeat
    local char = pattern:sub(at, at)
    if char == "" then
      return nil
    end
    at = at + (char == "%" and 2 or 1)
  until pattern:sub(at, at) == "]"
  return at + 1
end

local skip = {}

skip["("] = function(pattern, at, state)
  if pattern:sub(at + 1, at + 1) == ")" then
    state.closed = state.closed + 1
    return at + 2
  end
  state.open = state.open + 1
  return at + 1
end

skip[")"] = function(_, at, state)
  if state.open == 0 then
    return nil, 'a ")" has no "(" before it'
  end
  state.open = state.open - 1
  state.closed = state.closed + 1
  return at + 1
end

skip["["] = function(pattern, at)
  local after = skip_set(pattern, at)
  if not after then
    return nil, 'a "[" has no "]" after it'
  end
  return after
end

skip["%"] = function(pattern, at, state)
  local what = pattern:sub(at + 1, at + 1)
  if what == "" then
    return nil, 'it ends with "%"'
  elseif what == "b" then
    if #pattern < at + 3 then
      return nil, '"%b" needs two characters'
    end
    return at + 4
  elseif what == "f" then
    if pattern:sub(at + 2, at + 2) ~= "[" then
      return nil, '"%f" needs a set'
    end
    return skip["["](pattern, at + 2, state)
  elseif what:find("%d") and (what == "0" or tonumber(what) > state.closed) then
    return nil, ('"%%%s" names a capture that is not there'):format(what)
  end
  return at + 2
end

--- nil when the pattern is well formed, else what is wrong with it.
function lua_pattern.check(pattern)
  local state = { open = 0, closed = 0 }
  local at = pattern:sub(1, 1) == "^" and 2 or 1
  while at <= #pattern do
    local step = skip[pattern:sub(at, at)]
    local problem = nil
    if step then
      at, problem = step(pattern, at, state)
    else
      at = at + 1
    end
    if not at then
      return problem
    end
  end
  if state.open > 0 then
    return 'a "(" has no ")" after it'
  elseif state.closed > 32 then
    return "it has more than 32 captures"
  end
  return nil
end

return lua_pattern
