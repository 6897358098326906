--- Names that are made of parts, with "/" between them: no wildcard of a pattern fits a "/", so
-- that each part can be looked at by itself.
local names = require "sentinel.names"

local name_parts = {}

--- The account of requests to which accounts make no difference, as on the command line.
name_parts.ACCOUNT = "123456789012"

--- What an account looks like.
name_parts.TWELVE = "????????????"

--- Texts by their slashes: "role/R/x" is {"role", "R", "x"}.
function name_parts.split(pattern)
  local parts = {}
  for part in (pattern .. "/"):gmatch("([^/]*)/") do
    parts[#parts + 1] = part
  end
  return parts
end

--- The `at`-th parts of those of the patterns that have so many and begin with `first`.
function name_parts.of(patterns, first, count, at)
  local out = {}
  for _, pattern in ipairs(patterns) do
    local parts = name_parts.split(pattern)
    if #parts == count and (not first or parts[1] == first) then
      out[#out + 1] = parts[at]
    end
  end
  return out
end

--- Collects texts (names.lua) and whether none is missing among all that were added.
function name_parts.new_collector()
  return { is_exact = true, add = function(self, patterns, options)
    local texts, is_exact = names.texts(patterns, options)
    self.is_exact = self.is_exact and is_exact
    return texts
  end }
end

--- Accounts that the patterns can tell apart, one that most requests have first.
function name_parts.accounts(collector, patterns)
  local texts = { name_parts.ACCOUNT, "210987654321" }
  local more = collector:add(patterns, { filler = "", shape = name_parts.TWELVE,
    alphabet = "0123456789" })
  return table.move(more, 1, #more, 3, texts)
end

return name_parts
