--- Patterns of names, compiled once: literals are looked up, patterns tried in order. Comparison is
-- byte for byte.
local match = {}

local function is_literal(pattern)
  return not pattern:find("[*?]")
end

--- A matcher of a list of patterns.
function match.compile(patterns)
  local matcher = { literals = {}, globs = {} }
  for _, pattern in ipairs(patterns) do
    if is_literal(pattern) then
      matcher.literals[pattern] = true
    else
      table.insert(matcher.globs, pattern)
    end
  end
  return matcher
end

--- Whether one of the matcher's patterns fits the whole text.
function match.fits(matcher, text)
  if matcher.literals[text] then
    return true
  end
  for _, pattern in ipairs(matcher.globs) do
    if host.glob(pattern, text) then
      return true
    end
  end
  return false
end

--- A matcher of user patterns: a name alone never means a role's or a federated session's chosen
-- name.
function match.compile_users(patterns)
  local people, roles, federated = {}, {}, {}
  local matcher = { is_anyone = false, has_root = false }
  for _, pattern in ipairs(patterns) do
    if pattern == "*" then
      matcher.is_anyone = true
    elseif pattern == "root" then
      matcher.has_root = true
    elseif pattern:find("^role/") then
      table.insert(roles, pattern)
    elseif pattern:find("^federated/") then
      table.insert(federated, pattern)
    else
      table.insert(people, pattern)
    end
  end
  local person = match.compile(people)
  matcher.by_kind = {
    user = person,
    sso = person,
    role = match.compile(roles),
    federated = match.compile(federated),
  }
  return matcher
end

--- Whether the user {name, kind} fits.
function match.fits_user(matcher, user)
  if matcher.is_anyone then
    return true
  elseif user.kind == "root" then
    return matcher.has_root
  end
  local of_kind = matcher.by_kind[user.kind]
  return of_kind ~= nil and match.fits(of_kind, user.name)
end

return match
