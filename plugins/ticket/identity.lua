--- Who the request's user is at a vendor: an e-mail address, or an id of the vendor's. The plugins
-- oncall and ticket have the same file.
--
-- MUST
--  1. know nobody by the name of a role's or federated session: its caller chose that name;
--  2. compare ids byte for byte, and only addresses without regard to case;
--  3. keep apart "another person" and "the vendor does not show who": the second is no verdict.
local identity = {}

local NAMED_KINDS = { user = true, sso = true }

local function is_address(text)
  return text:find("@", 1, true) ~= nil
end

-- The entry "NAME=ADDRESS" or "NAME=ID" for a name. A name may hold "=", what follows may not.
local function find_listed(users, wanted)
  local found
  for _, entry in ipairs(users) do
    local name, known_as = entry:match("^(.+)=([^=]+)$")
    if not name then
      error(("users: %q is neither NAME=ADDRESS nor NAME=ID"):format(entry), 0)
    elseif name == wanted and found then
      error(("users: %q is there twice"):format(name), 0)
    elseif name == wanted then
      found = known_as
    end
  end
  return found
end

local function check_domain(domain)
  if not domain:find("^%w[%w.-]*%.%w+$") then
    error(("email_domain: %q is no domain such as example.com"):format(domain), 0)
  end
  return domain
end

--- The user's address or id.
-- @param args email_domain (text or nil), users (list of "NAME=ADDRESS" or "NAME=ID", or nil)
-- @return it; or nil and why nobody can be meant. Raises when the arguments do not say.
function identity.find(args, user)
  if not NAMED_KINDS[user.kind] then
    return nil, "the name of a session is chosen by its caller"
  end
  local listed = find_listed(args.users or {}, user.name)
  if listed then
    return listed
  elseif user.name:find("/", 1, true) then
    return nil, "a user of another account has to be among users"
  elseif is_address(user.name) then
    return user.name
  elseif args.email_domain then
    return user.name .. "@" .. check_domain(args.email_domain)
  elseif args.users then
    return nil, user.name .. " is not among users"
  end
  error(("%s is no e-mail address: the condition needs email_domain or users"):format(user.name), 0)
end

--- Whether that is this person.
-- @param wanted what find() gave
-- @param person {email, id} as far as the vendor shows them
-- @return true, false, or nil when what would tell is not shown
function identity.fits(wanted, person)
  local shown = person.id
  if is_address(wanted) then
    wanted, shown = wanted:lower(), type(person.email) == "string" and person.email:lower()
  end
  if type(shown) ~= "string" or shown == "" then
    return nil
  end
  return wanted == shown
end

identity.is_address = is_address

return identity
