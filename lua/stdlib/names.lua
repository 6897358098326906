--- One text for each combination of name patterns that a text can fit: which texts a policy can
-- tell apart at all. `*` is any run of characters but `/`, `?` one; the search goes through the
-- states that all patterns can be in together, shortest texts first.
local names = {}

-- States before the search gives up: a table of more is larger than a block may be.
local STATES_MAX = 12000

-- No user, role or session has a longer name.
local LENGTH_MAX = 127

local SLASH <const>, STAR <const>, MARK <const> = 47, 42, 63

-- A place in a pattern is one number: the pattern's, times this, and the place.
local PLACES <const> = 1024

local function is_literal(pattern)
  return not pattern:find("[*?]")
end

-- The bytes of each pattern.
local function parse(patterns)
  local all = {}
  for i, pattern in ipairs(patterns) do
    all[i] = { pattern:gsub("%*+", "*"):byte(1, -1) }
  end
  return all
end

-- Adds a place and those that are reached from it by stars that stand for nothing.
local function add_place(places, seen, bytes, pattern, at)
  local number = pattern * PLACES + at
  if seen[number] then
    return
  end
  seen[number] = true
  places[#places + 1] = number
  if bytes[at] == STAR then
    add_place(places, seen, bytes, pattern, at + 1)
  end
end

local function first_state(parsed)
  local places, seen = {}, {}
  for i, bytes in ipairs(parsed) do
    add_place(places, seen, bytes, i, 1)
  end
  return places
end

-- The state after one more symbol.
local function step(parsed, state, symbol)
  local places, seen = {}, {}
  for _, number in ipairs(state) do
    local pattern, at = number // PLACES, number % PLACES
    local bytes = parsed[pattern]
    local wanted = bytes[at]
    if wanted == STAR and symbol ~= SLASH then
      add_place(places, seen, bytes, pattern, at)
    elseif wanted == symbol or (wanted == MARK and symbol ~= SLASH) then
      add_place(places, seen, bytes, pattern, at + 1)
    end
  end
  table.sort(places)
  return places
end

-- Which patterns a text fits that leads to this state, as one text; the number of the last pattern,
-- which all texts have to fit, is not in it. Nil when it does not.
local function fitted(parsed, state, has_shape)
  local fits, is_shaped = {}, not has_shape
  for _, number in ipairs(state) do
    local pattern, at = number // PLACES, number % PLACES
    if at > #parsed[pattern] then
      if has_shape and pattern == #parsed then
        is_shaped = true
      else
        fits[#fits + 1] = pattern
      end
    end
  end
  return is_shaped and table.concat(fits, ",") or nil
end

-- The first byte of the alphabet that is not in the set, or nil.
local function first_outside(alphabet, set)
  for i = 1, #alphabet do
    if not set[alphabet:byte(i)] then
      return alphabet:byte(i)
    end
  end
  return nil
end

-- The symbols that differ for this state: one that makes no difference, those that come next, "/".
local function symbols_of(parsed, state, options)
  local symbols, seen = {}, {}
  for _, number in ipairs(state) do
    local wanted = parsed[number // PLACES][number % PLACES]
    if wanted and wanted ~= STAR and wanted ~= MARK and not seen[wanted] then
      seen[wanted] = true
      symbols[#symbols + 1] = wanted
    end
  end
  local other = options.other or first_outside(options.alphabet, seen)
  if other then
    table.insert(symbols, 1, other)
  end
  if options.has_slash and not seen[SLASH] then
    symbols[#symbols + 1] = SLASH
  end
  return symbols
end

-- The bytes that the patterns name, as a set.
local function named_in(patterns)
  local named = {}
  for _, pattern in ipairs(patterns) do
    for i = 1, #pattern do
      named[pattern:byte(i)] = true
    end
  end
  return named
end

-- Shortest texts first, each state once.
local function search(parsed, options)
  local found, seen, known = {}, {}, {}
  local queue, head = { { state = first_state(parsed), text = "" } }, 1
  while queue[head] do
    local entry = queue[head]
    head = head + 1
    for _, symbol in ipairs(symbols_of(parsed, entry.state, options)) do
      local state = step(parsed, entry.state, symbol)
      local key = table.concat(state, ",")
      if not seen[key] then
        seen[key] = true
        local text = entry.text .. string.char(symbol)
        local fits = fitted(parsed, state, options.shape)
        if fits and not known[fits] then
          known[fits] = true
          found[#found + 1] = text
        end
        if #queue == STATES_MAX then
          return found, false
        end
        queue[#queue + 1] = { state = state, text = text }
      end
    end
  end
  return found, true
end

local ALPHABET = "xyzabcdefghijklmnopqrstuvwXYZABCDEFGHIJKLMNOPQRSTUVW0123456789._-"

-- Patterns that may make a difference to others: all with wildcards, and the literals among what
-- those fit, so that no text found is one of them by chance.
local function entangled(patterns)
  local wild, all = {}, {}
  for _, pattern in ipairs(patterns) do
    if not is_literal(pattern) then
      wild[#wild + 1] = pattern
      all[#all + 1] = pattern
    end
  end
  for _, pattern in ipairs(patterns) do
    for _, other in ipairs(is_literal(pattern) and wild or {}) do
      if host.glob(other, pattern) then
        all[#all + 1] = pattern
        break
      end
    end
  end
  return all
end

-- The pattern with something readable in its wildcards.
local function instantiate(pattern, filler)
  return (pattern:gsub("%*+", filler):gsub("%?", "x"))
end

local function without_doubles(patterns)
  local out, seen = {}, {}
  for _, pattern in ipairs(patterns) do
    if not seen[pattern] then
      seen[pattern] = true
      out[#out + 1] = pattern
    end
  end
  return out
end

--- Texts that people can read: the filler, and each pattern with it in its wildcards.
function names.readable(patterns, filler)
  local texts = { filler, filler .. "-x" }
  for _, pattern in ipairs(patterns) do
    texts[#texts + 1] = instantiate(pattern, filler)
  end
  return texts
end

--- Texts of which every combination of the patterns that some text fits is fitted by one; more than
-- one may be of the same combination. Readable ones come first, and one that is meant to fit none.
-- @param patterns a list; texts without wildcards stand for themselves
-- @param options {filler = what a readable text has in the place of `*`, shape = a pattern that all
-- texts have to fit, alphabet = bytes to choose from where any will do, has_slash}, all optional
-- @return the texts, and whether none is missing
function names.texts(patterns, options)
  patterns = without_doubles(patterns)
  local alphabet = options.alphabet or ALPHABET
  options = { filler = options.filler or "any", shape = options.shape, alphabet = alphabet,
    has_slash = options.has_slash, other = first_outside(alphabet, named_in(patterns)) }
  local all, texts = entangled(patterns), names.readable(patterns, options.filler)
  all[#all + 1] = options.shape
  local found, is_exact = search(parse(all), options)
  table.move(found, 1, #found, #texts + 1, texts)
  local fitting = {}
  for _, text in ipairs(without_doubles(texts)) do
    if #text <= LENGTH_MAX and utf8.len(text)
      and (not options.shape or host.glob(options.shape, text)) then
      fitting[#fitting + 1] = text
    end
  end
  return fitting, is_exact
end

--- What people would call the texts that fit the same patterns as a given one: itself when it is a
-- pattern, else those that it fits; nil for none.
-- @return a function of a text
function names.labels(patterns)
  local is_named, wild = {}, {}
  for _, pattern in ipairs(without_doubles(patterns)) do
    if is_literal(pattern) then
      is_named[pattern] = true
    else
      wild[#wild + 1] = pattern
    end
  end
  return function(text)
    if is_named[text] then
      return text
    end
    local fits = {}
    for _, pattern in ipairs(wild) do
      if host.glob(pattern, text) then
        fits[#fits + 1] = pattern
      end
    end
    return #fits > 0 and table.concat(fits, " and ") or nil
  end
end

return names
