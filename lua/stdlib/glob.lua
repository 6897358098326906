--- Two patterns against each other, for lint: `*` is any run of characters but `/`, `?` one.
--
-- Both answers come from a table of m * n steps, one for each pair of places in the two patterns,
-- so that no pattern takes more.
local glob = {}

local SLASH <const>, STAR <const>, MARK <const> = 47, 42, 63

local function is_literal(pattern)
  return not pattern:find("[*?]")
end

-- The bytes of a pattern. In a run of `*` and `?` the question marks come first, and one star:
-- there is one way to write what it means.
local function parse(pattern)
  local plain = pattern:gsub("[*?]*%*[*?]*", function(run)
    return run:gsub("%*", "") .. "*"
  end)
  local bytes = {}
  for i = 1, #plain do
    bytes[i] = plain:byte(i)
  end
  return bytes
end

local parsed = {}

local function bytes_of(pattern)
  local bytes = parsed[pattern]
  if not bytes then
    bytes = parse(pattern)
    parsed[pattern] = bytes
  end
  return bytes
end

local function fits_one(a, b)
  return a == b or (a == MARK and b ~= SLASH) or (b == MARK and a ~= SLASH)
end

-- The row of the table for a place in p: row[j] says whether some text fits what stands before that
-- place and before place j in q.
local function overlap_row(before, a, q)
  local row = {}
  for j = 0, #q do
    local b, is_met = q[j], false
    if a == nil then
      is_met = j == 0
    elseif a == STAR then
      is_met = before[j] or (j > 0 and b ~= SLASH and row[j - 1])
    elseif j > 0 and b ~= STAR then
      is_met = before[j - 1] and fits_one(a, b)
    end
    if not is_met and j > 0 and b == STAR then
      is_met = row[j - 1] or (a ~= nil and a ~= SLASH and before[j])
    end
    row[j] = is_met or false
  end
  return row
end

local function find_overlap(p, q)
  local row = overlap_row(nil, nil, q)
  for i = 1, #p do
    row = overlap_row(row, p[i], q)
  end
  return row[#q]
end

-- The row for a place in p, from the end: row[j] says that what stands from that place on fits all
-- that fits what stands in q from place j on. A star of q is nothing, or one character and itself.
local function containment_row(after, a, q)
  local row = {}
  local size = #q
  row[size + 1] = a == nil or (a == STAR and after[size + 1])
  for j = size, 1, -1 do
    local b, is_met = q[j], false
    if a == STAR then
      is_met = after[j] or (b ~= SLASH and row[j + 1])
    elseif a == MARK and b == STAR then
      is_met = row[j + 1] and after[j]
    elseif a ~= nil and b ~= STAR then
      is_met = after[j + 1] and (a == b or (a == MARK and b ~= SLASH))
    end
    row[j] = is_met
  end
  return row
end

local function find_containment(p, q)
  local row = containment_row(nil, nil, q)
  for i = #p, 1, -1 do
    row = containment_row(row, p[i], q)
  end
  return row[1]
end

-- Most pairs differ before the first wildcard.
local function prefixes_differ(p, q)
  local a, b = p:match("^[^*?]*"), q:match("^[^*?]*")
  local size = math.min(#a, #b)
  return a:sub(1, size) ~= b:sub(1, size)
end

local function cached(cache, p, q, find)
  local of_p = cache[p]
  if not of_p then
    of_p = {}
    cache[p] = of_p
  end
  local answer = of_p[q]
  if answer == nil then
    answer = find(bytes_of(p), bytes_of(q))
    of_p[q] = answer
  end
  return answer
end

local overlaps, containments = {}, {}

--- Whether some text fits both patterns.
function glob.overlaps(p, q)
  if p == q then
    return true
  elseif is_literal(q) then
    return host.glob(p, q)
  elseif is_literal(p) then
    return host.glob(q, p)
  end
  return not prefixes_differ(p, q) and cached(overlaps, p, q, find_overlap)
end

--- Whether every text that fits q fits p. True only when that is certain.
function glob.contains(p, q)
  if p == q then
    return true
  elseif is_literal(q) then
    return host.glob(p, q)
  elseif is_literal(p) then
    return false
  end
  return not prefixes_differ(p, q) and cached(containments, p, q, find_containment)
end

return glob
