--- Files and folders of a test: everything lives below one temporary folder, which is removed at
-- the end.
local lfs = require "lfs"

local files = {}

--- Quotes a word for sh.
function files.quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

function files.make_folder(path)
  assert(os.execute("mkdir -p " .. files.quote(path)))
  return path
end

function files.temporary_folder()
  local pipe = assert(io.popen("mktemp -d /tmp/sentinel-spec.XXXXXX"))
  local path = pipe:read("l")
  pipe:close()
  return assert(path)
end

function files.remove(path)
  assert(path:match("^/tmp/sentinel%-spec%."), "only a folder of our own is removed: " .. path)
  os.execute("rm -rf " .. files.quote(path))
end

--- nil when there is no such file, or when it is not one: a FIFO would wait for its writer.
function files.read(path)
  if lfs.attributes(path, "mode") ~= "file" then
    return nil
  end
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local text = file:read("a")
  file:close()
  return text
end

--- Writes a file, its folders included. mode is octal text, 0600 when it is not given.
function files.write(path, text, mode)
  files.make_folder(path:match("^(.*)/"))
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
  assert(os.execute("chmod " .. (mode or "0600") .. " " .. files.quote(path)))
  return path
end

function files.exists(path)
  return lfs.symlinkattributes(path) ~= nil
end

--- Names below a folder, sorted; empty when there is none.
function files.list(path)
  local names = {}
  if lfs.attributes(path, "mode") == "directory" then
    for name in lfs.dir(path) do
      if name ~= "." and name ~= ".." then
        names[#names + 1] = name
      end
    end
  end
  table.sort(names)
  return names
end

--- Waits until check() is true; an error after limit_s.
function files.wait_for(what, limit_s, check)
  for _ = 1, limit_s * 50 do
    local value = check()
    if value then
      return value
    end
    os.execute("sleep 0.02")
  end
  error("waited " .. limit_s .. " s in vain for " .. what, 2)
end

return files
