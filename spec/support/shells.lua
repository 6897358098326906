--- Real interactive shells on a terminal: what a person types, and what its commands then were given.
local cjson = require "cjson"
local files = require "spec.support.files"
local process = require "spec.support.process"
local settings = require "spec.support.settings"

local shells = {}

-- got ARGUMENT...: says which words the shell made of the line.
local POSIX_GOT = 'got() { printf GOT; printf "<%%s>" "$@"; echo; }; %s() { got "$@"; }; got init\n'
local FISH_GOT = 'function got; printf GOT; printf "<%%s>" $argv; echo; end; function %s; got $argv; end; got init\n'

--- name, argv, environment, source (what reads what a command prints), got.
shells.all = {
  { name = "bash", argv = { "/bin/bash", "--norc", "-i" }, environment = { PS1 = "READY " },
    source = 'eval "$(command sentinel %s)"', got = POSIX_GOT },
  { name = "zsh", argv = { "/usr/bin/zsh", "-f", "-i" }, environment = { PS1 = "READY " },
    source = 'eval "$(command sentinel %s)"', got = POSIX_GOT },
  { name = "fish", argv = { "/usr/bin/fish", "-N", "-i", "-C",
    "function fish_prompt; printf 'READY '; end; function fish_greeting; end" }, environment = {},
    source = "command sentinel %s | source", got = FISH_GOT },
}

--- The reason of a test that cannot run without the shell; nil when it is there.
function shells.missing(shell)
  return not files.exists(shell.argv[1]) and settings.skipped(shell.name .. " is not installed") or nil
end

--- A shell's line that reads what `sentinel WORDS` prints.
function shells.source(shell, words)
  return shell.source:format(words)
end

--- Types the lines into the shell in the world's home. Before them setup is typed, and the functions got and (unless it
-- is to be the real one) sentinel are made. Returns what each line was seen as, "<a><b>", and the screen.
function shells.type(shell, world, setup, lines, options)
  options = options or {}
  local environment = { HOME = world.home, TERM = "xterm", LANG = "C.UTF-8" }
  for _, more in ipairs { shell.environment, options.environment or {} } do
    for name, value in pairs(more) do
      environment[name] = value
    end
  end
  environment.PATH = files.make_folder(world.home .. "/bin") .. ":/usr/bin:/bin"
  os.execute(("ln -sf %s %s"):format(files.quote(settings.bin), files.quote(world.home .. "/bin/sentinel")))
  local typed = { setup .. "; " .. shell.got:format(options.is_real and "not_sentinel" or "sentinel") }
  for _, line in ipairs(lines) do
    typed[#typed + 1] = line .. "\n"
  end
  local argv = {}
  for _, list in ipairs { options.before or {}, shell.argv } do
    for _, word in ipairs(list) do
      argv[#argv + 1] = word
    end
  end
  local task = { argv = argv, environment = environment, folder = world.home, lines = typed }
  local result = process.python({ settings.source .. "/spec/support/shell_typist.py" }, { stdin = cjson.encode(task),
    limit_s = 120 })
  assert(result.status == 0, result.stderr)
  local answer = cjson.decode(result.stdout)
  assert(#answer.got == #typed, ("%s took %d of %d lines:\n%s"):format(shell.name, #answer.got, #typed, answer.screen))
  return { table.unpack(answer.got, 2) }, answer.screen
end

return shells
