--- Runs programs: an environment that is exactly what is given, bytes in, bytes out, a time limit,
-- no terminal.
local files = require "spec.support.files"
local settings = require "spec.support.settings"

local process = {}

local quote = files.quote

local function environment_words(environment)
  local names = {}
  for name in pairs(environment) do
    names[#names + 1] = name
  end
  table.sort(names)
  local words = {}
  for i, name in ipairs(names) do
    words[i] = quote(name .. "=" .. environment[name])
  end
  return table.concat(words, " ")
end

local function words_of(argv)
  local words = {}
  for i, word in ipairs(argv) do
    words[i] = quote(word)
  end
  return table.concat(words, " ")
end

--- The shell's words for a run: what, under which environment, without a terminal, for at most
-- limit_s seconds.
-- A child of `timeout` that ends by a signal makes it end by the same one.
function process.command(argv, options)
  local limit = options.limit_s or 30
  return ("setsid timeout -k 1 %d env -i %s %s"):format(limit, environment_words(options.environment
    or {}),
    words_of(argv))
end

local function exit_status(is_ok, how, code)
  if how == "signal" then
    return 128 + code
  end
  return is_ok and 0 or code
end

--- options: environment (table), stdin (text), folder (to run in), limit_s, stdout ("closed", or a
-- path that is
-- opened for writing), append (stdout path is appended to). Returns {status, stdout, stderr,
-- command}; status is
-- 128+n after a signal and 124 when the limit passed.
function process.run(argv, options)
  options = options or {}
  local folder = files.temporary_folder()
  local stdin = "/dev/null"
  if options.stdin then
    stdin = files.write(folder .. "/stdin", options.stdin)
  end
  local stdout = options.stdout or folder .. "/stdout"
  local redirect = stdout == "closed" and ">&-" or (options.append and ">>" or ">") .. quote(stdout)
  local command = ("%s %s <%s %s 2>%s"):format(options.before or "", process.command(argv, options),
    quote(stdin),
    redirect, quote(folder .. "/stderr"))
  if options.folder then
    command = ("cd %s && %s"):format(quote(options.folder), command)
  end
  local status = exit_status(os.execute(command))
  local result = {
    status = status,
    stdout = files.read(options.stdout and options.stdout ~= "closed"
      and options.stdout:match("^/tmp/")
      and options.stdout or folder .. "/stdout") or "",
    stderr = files.read(folder .. "/stderr") or "",
    command = table.concat(argv, " "),
  }
  files.remove(folder)
  return result
end

--- Starts a program in the background; see process.finish. The handle's pid is the program's own.
function process.start(argv, options)
  options = options or {}
  local folder = files.temporary_folder()
  local script = (
    [[%s setsid env -i %s %s <%s >%s 2>%s & echo $! >%s; wait $!; echo $? >%s]]):format(
    options.before or "", environment_words(options.environment or {}), words_of(argv),
      options.stdin or "/dev/null",
    quote(options.stdout or folder .. "/stdout"), quote(folder .. "/stderr"), quote(folder
      .. "/pid"),
    quote(folder .. "/status.new") .. "; mv " .. quote(folder .. "/status.new") .. " "
      .. quote(folder .. "/status"))
  if options.folder then
    script = "cd " .. quote(options.folder) .. " || exit; " .. script
  end
  -- The braces go to the background as a whole, so that os.execute returns at once.
  assert(os.execute("{ " .. script .. " ; } </dev/null >/dev/null 2>&1 &"))
  local handle = { folder = folder, command = table.concat(argv, " "), stdout = options.stdout }
  handle.pid = files.wait_for("the start of " .. handle.command, 10, function()
    return tonumber(files.read(folder .. "/pid") or "")
  end)
  return handle
end

function process.signal(handle, name)
  os.execute(("kill -%s %d 2>/dev/null"):format(name, handle.pid))
end

function process.is_running(handle)
  return not files.exists(handle.folder .. "/status")
end

--- Waits for a started program (limit_s, 30 when not given) and returns what process.run returns.
function process.finish(handle, limit_s)
  local is_done = pcall(files.wait_for, handle.command, limit_s or 30, function()
    return not process.is_running(handle)
  end)
  if not is_done then
    process.signal(handle, "KILL")
    files.wait_for("the end of " .. handle.command, 10, function()
      return not process.is_running(handle)
    end)
  end
  local result = {
    status = is_done and tonumber(files.read(handle.folder .. "/status")) or 124,
    stdout = files.read(handle.stdout or handle.folder .. "/stdout") or "",
    stderr = files.read(handle.folder .. "/stderr") or "",
    command = handle.command,
  }
  files.remove(handle.folder)
  return result
end

--- Children of a process, as numbers.
function process.children(pid)
  local text = files.read(("/proc/%d/task/%d/children"):format(pid, pid)) or ""
  local children = {}
  for child in text:gmatch("%d+") do
    children[#children + 1] = tonumber(child)
  end
  return children
end

--- A python program of ours.
function process.python(argv, options)
  local words = { settings.python }
  for _, word in ipairs(argv) do
    words[#words + 1] = word
  end
  options = options or {}
  options.environment = options.environment or { PATH = os.getenv("PATH"), HOME = "/nonexistent" }
  return process.run(words, options)
end

return process
