-- goal: change the libraries that other policies get, through every function that writes
-- class: state
-- runs: 2
local libraries = { string, table, math, utf8 }
for _, library in ipairs(libraries) do
  for _, write in ipairs({
    function() library.format = 1 end, function() library[1] = 1 end, function() library.secret_state = 1 end,
    function() table.insert(library, 1) end, function() table.insert(library, 1, 1) end,
    function() table.remove(library) end, function() table.remove(library, 1) end, function() table.sort(library) end,
    function() library.pi = 3 end, function() ("x").y = 1 end,
  }) do
    if pcall(write) then return "PWNED" end
  end
  if rawlen(library) ~= 0 or #library ~= 0 or table.unpack(library) or table.concat(library) ~= "" then return "PWNED" end
  for key, value in pairs(library) do
    if type(key) ~= "string" or type(value) == "table" then return "PWNED" end
  end
end
for _, name in ipairs({ "dump", "pack", "unpack", "packsize" }) do
  local ok, value = pcall(function() return string[name] or (""):len()[name] end)
  if ok and value then return "PWNED" end
end
return "deny"
