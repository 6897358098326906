--- Prints docs/lua-api.md: what policies, plugins and specs in Lua can call, from the LDoc comments
-- of the functions themselves, and the names of the sandbox from the tables that it is made of.
--
-- usage: lua5.4 tests/tools/lua_api.lua, in the source folder. Fails for a function without a
-- comment.
local HEAD = [[
# Lua

Made from the comments of the functions themselves. `?` before a type means that it may be nil, or
the argument left out. What is raised while a policy or a plugin is evaluated denies the decision;
while it is loaded, it refuses the policy; in a spec, it fails the case.

]]

-- Where functions are defined: `each` finds the names that have to have a comment.
local GROUPS = {
  { title = "The module sentinel",
    text = "`local s = require \"sentinel\"`, in a policy. In a plugin it has `time` only.",
    prefix = "sentinel.", shown = "s.",
    sources = {
      { file = "lua_front", each = { "\n  function s%.([%w_]+)%(", "\n  s%.([%w_]+) = " } },
      { file = "time" } } },
  { title = "A plugin's host",
    text = "The third argument of a plugin's function. Each is there only if the manifest needs it "
      .. "([plugins.md](plugins.md)).",
    prefix = "host.",
    sources = { { file = "needs", each = { "\n    (%l+) = [^\n]-_way%(", "ways%.(%l+) = " } } } },
  { title = "Specs", prefix = "",
    text = "What a `*_spec.lua` has beside the names of the sandbox ([testing.md](testing.md)).",
    sources = { { file = "spec_runner", from = "function methods:names", to = "\n    assert = ",
      each = { "\n    ([%l_]+) = " } } } },
  { title = "A spec's assert", prefix = "assert.",
    text = "A check that does not hold fails the case. `assert(value, message)` is Lua's own.",
    sources = { { file = "spec_assert", each = { "\nfunction checks%.([%l_]+)",
      "\n  all%.([%l_]+) = ", "\n  function all%.([%l_]+)" } } } },
  { title = "A spec's mock", prefix = "mock.",
    text = "What a spec puts in the place of the world. A question that no mock answers is a fact "
      .. "that could not be had.",
    sources = { { file = "spec_mock", from = "local function new_functions(",
      each = { "\n    (%l+) = function" } } } },
}

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

-- "summary", then the lines of each tag joined.
local function parse_block(lines)
  local block = { summary = "", tags = {} }
  for _, line in ipairs(lines) do
    local tag, rest = line:match("^@(%l+%[?%l*%]?) ?(.*)$")
    if tag then
      block.tags[#block.tags + 1] = { tag = tag, text = rest }
    elseif #block.tags > 0 then
      local last = block.tags[#block.tags]
      last.text = last.text .. " " .. line
    else
      block.summary = block.summary == "" and line or block.summary .. " " .. line
    end
  end
  return block
end

-- The doc comments of a source that name what they are for, by that name, in order.
local function blocks_of(source)
  local blocks, lines = {}, nil
  for line in (source .. "\n"):gmatch("(.-)\n") do
    local first, more = line:match("^%s*%-%-%-%s?(.*)$"), line:match("^%s*%-%-%s?(.*)$")
    if first and not first:find("^%-") then
      lines = { first }
      blocks[#blocks + 1] = lines
    elseif more and lines then
      lines[#lines + 1] = more
    else
      lines = nil
    end
  end
  local named = {}
  for _, block in ipairs(blocks) do
    block = parse_block(block)
    for _, tag in ipairs(block.tags) do
      if tag.tag == "function" or tag.tag == "field" then
        block.name = tag.text:match("^%S+")
        named[#named + 1] = block
      end
    end
  end
  return named
end

local function check(group, named)
  for _, source in ipairs(group.sources) do
    local text = read("lua/stdlib/" .. source.file .. ".lua")
    text = text:sub(source.from and assert(text:find(source.from, 1, true)) or 1)
    text = text:sub(1, source.to and assert(text:find(source.to, 1, true)) or -1)
    for _, pattern in ipairs(source.each or {}) do
      local count = 0
      for name in text:gmatch(pattern) do
        count = count + 1
        if not named[group.prefix .. name] then
          error(("lua/stdlib/%s.lua: %s%s has no doc comment with @function"):format(source.file,
            group.prefix, name), 0)
        end
      end
      assert(count > 0, source.file .. ": nothing is defined as " .. pattern)
    end
  end
end

-- `?string`, name, description of a tag.
local function parse_param(tag)
  if tag.tag == "tparam" then
    return tag.text:match("^(%S+) (%S+) ?(.*)$")
  end
  local name, rest = tag.text:match("^(%S+) ?(.*)$")
  return tag.tag == "param[opt]" and "?any" or "any", name, rest
end

local function sentence(text)
  return text == "" and "" or text:find("[.]$") and text or text .. "."
end

local function after_colon(text)
  return text == "" and "" or ": " .. sentence(text)
end

local function print_block(block, group, out)
  local params, lines, usage, results = {}, {}, nil, {}
  for _, tag in ipairs(block.tags) do
    if tag.tag:find("^t?param") then
      local type, name, text = parse_param(tag)
      params[#params + 1] = name
      lines[#lines + 1] = ("- `%s` (%s)%s"):format(name, type, after_colon(text))
    elseif tag.tag == "usage" then
      usage = tag.text
    elseif tag.tag == "treturn" then
      local type, text = tag.text:match("^(%S+) ?(.*)$")
      results[#results + 1] = ("- returns (%s)%s"):format(type, after_colon(text))
    elseif tag.tag == "raise" then
      results[#results + 1] = "- raises " .. sentence(tag.text)
    elseif tag.tag == "field" then
      lines[#lines + 1] = "- " .. sentence(tag.text:match("^%S+ (.*)$"))
    elseif tag.tag ~= "function" then
      error(block.name .. ": the tag @" .. tag.tag .. " is not known here", 0)
    end
  end
  local name = (group.shown or group.prefix) .. block.name:sub(#group.prefix + 1)
  local is_field = block.tags[1].tag == "field"
  out[#out + 1] = ("### %s%s\n\n%s\n"):format(name,
    is_field and "" or "(" .. table.concat(params, ", ") .. ")", sentence(block.summary))
  table.move(results, 1, #results, #lines + 1, lines)
  out[#out + 1] = table.concat(lines, "\n") .. "\n"
  if usage then
    out[#out + 1] = ("```lua\n%s\n```\n"):format(usage)
  end
end

local function print_group(group, out)
  local named, order = {}, {}
  for _, source in ipairs(group.sources) do
    for _, block in ipairs(blocks_of(read("lua/stdlib/" .. source.file .. ".lua"))) do
      if block.name:sub(1, #group.prefix) == group.prefix then
        named[block.name] = block
        order[#order + 1] = block
      end
    end
  end
  check(group, named)
  out[#out + 1] = ("## %s\n\n%s\n"):format(group.title, group.text)
  for _, block in ipairs(order) do
    print_block(block, group, out)
  end
end

-- The names in a table of the sandbox: {"name", function} rows, or a list of names.
local function names_of(file, pattern, each, prefix)
  local body = assert(read("src/lua/" .. file):match(pattern), file .. ": there is no such table")
  local names = {}
  for name in body:gmatch(each) do
    names[#names + 1] = "`" .. prefix .. name .. "`"
  end
  assert(#names > 0, file .. ": the table is empty")
  table.sort(names)
  return names
end

local ROWS = '{"([%w_]+)",'

local function print_sandbox(out)
  local functions = names_of("lib_base.c", "luaL_Reg snt_lib_base%[%] = (%b{})", ROWS, "")
  local utf8 = names_of("lib_utf8.c", "luaL_Reg snt_lib_utf8%[%] = (%b{})", ROWS, "utf8.")
  utf8[#utf8 + 1] = "`utf8.charpattern`"
  out[#out + 1] = "## The sandbox\n\nThese names are there, and no others; one that does not exist "
    .. "raises. A policy and a plugin have `require` too.\n"
  for _, row in ipairs {
    { "functions", functions },
    { "`string`, also as `(\"x\"):upper()`",
      names_of("lib_string.c", "luaL_Reg snt_lib_string%[%] = (%b{})", ROWS, "string.") },
    { "`table`", names_of("lib_table.c", "luaL_Reg snt_lib_table%[%] = (%b{})", ROWS, "table.") },
    { "`math`", names_of("lib_math.c", "names%[%] = (%b{})", '"(%w+)"', "math.") },
    { "`utf8`", utf8 },
  } do
    out[#out + 1] = ("**%s**: %s\n"):format(row[1]:gsub("^%l", string.upper),
      table.concat(row[2], " "))
  end
  out[#out + 1] = "`pairs` gives whole numbers in order, then texts in the order of their bytes; "
    .. "other keys raise. `sort` is stable. `tostring` and\n`string.format` show no addresses. "
    .. "What is shared is read-only.\n"
end

local out = {}
for _, group in ipairs(GROUPS) do
  print_group(group, out)
end
print_sandbox(out)
io.write(HEAD, (table.concat(out, "\n"):gsub("\n+$", "\n")))
