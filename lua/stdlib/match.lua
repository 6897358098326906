--- Patterns of names, compiled once: literals are looked up, patterns tried in order. Comparison is
-- byte for byte.
local match = {}

--- A matcher of a list of patterns: the literals are its keys, the others its items.
match.compile = host.compile_patterns

--- Whether one of the matcher's patterns that are no literals fits the whole text.
function match.fits_pattern(matcher, text)
  for i = 1, #matcher do
    if host.glob(matcher[i], text) then
      return true
    end
  end
  return false
end
local fits_pattern = match.fits_pattern

--- Whether one of the matcher's patterns fits the whole text.
function match.fits(matcher, text)
  return matcher[text] or fits_pattern(matcher, text)
end

-- Which list of a matcher of users is for a kind of user: a name alone never means a role's or a
-- federated session's chosen name, nor that of an account's root.
local LIST_OF = {
  user = "people", sso = "people", role = "roles", federated = "federated", root = "roots",
}

match.USER_LISTS = { "people", "roles", "federated", "roots" }

--- The name of that list, or nil.
function match.list_of_kind(kind)
  return LIST_OF[kind]
end

--- Whether a pattern of users means the root of an account: "root", "<account>/root".
function match.is_root(pattern)
  return pattern == "root" or pattern:find("^%d%d%d%d%d%d%d%d%d%d%d%d/root$") ~= nil
end

--- A matcher of user patterns: {is_anyone, people, roles, federated, roots}, all but the first
-- matchers; what is empty is left out. "root" and "<account>/root" mean roots only.
match.compile_users = host.compile_users

--- Whether the user {name, kind} fits.
function match.fits_user(matcher, user)
  if matcher.is_anyone then
    return true
  end
  local kind, name = LIST_OF[user.kind], user.name
  local of_kind = kind and matcher[kind]
  return of_kind ~= nil and (of_kind[name] or fits_pattern(of_kind, name))
end

--- A user that did not fit, for traces: `alice`, or `alice (role)` where the name would have fitted
-- but for its kind.
-- @param matchers a list of them
function match.tell_misfit(matchers, user)
  for _, matcher in ipairs(matchers) do
    for _, list in ipairs(match.USER_LISTS) do
      if matcher[list] and match.fits(matcher[list], user.name) then
        return ("%s (%s)"):format(user.name, user.kind)
      end
    end
  end
  return user.name
end

return match
