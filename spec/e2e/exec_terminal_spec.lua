--- sentinel exec on a terminal: the program has it as if it had been started without us, and a
-- shell shows whose session it is.
local files = require "spec.support.files"
local settings = require "spec.support.settings"
local stage = require "spec.support.stage"
local terminal = require "spec.support.terminal"
local world = require "spec.support.world"

describe("sentinel exec on a terminal", function()
  local moto, home

  setup(function()
    moto = stage.moto()
  end)

  teardown(function()
    moto:stop()
  end)

  before_each(function()
    home = stage.world(moto, { environment = { TERM = "xterm", LANG = "C.UTF-8" } })
  end)

  after_each(function()
    home:remove()
  end)

  local function on_terminal(argv, steps, environment)
    return terminal.run(home, argv, steps, environment)
  end

  local function exec(...)
    return { settings.bin, "exec", "dev", "--", ... }
  end

  it("gives the terminal and its process group to the program", function()
    local seen = on_terminal(exec(settings.python, "-c",
      "import os; print('own', os.tcgetpgrp(0) == os.getpgrp() == os.getpid(), os.isatty(1))"), {})
    assert.is_truthy(seen.screen:find("own True True", 1, true), seen.screen)
    assert.are.equal(0, seen.status)
  end)

  it("says that nothing renews a leased session", function()
    local policy = home:write("leased.yaml", world.allow_dev .. "    lease: 2m\n")
    local seen = on_terminal(exec("/bin/echo", "begun"), {}, { SENTINEL_POLICY_SOURCE = policy })
    local ends = seen.screen:match("lease ends the session at (%S+Z);.*begun")
    assert.is_true(ends ~= nil and ends > os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() + 60), seen.screen)
    seen = on_terminal(exec("/bin/echo", "begun"), {})
    assert.is_nil(seen.screen:find("lease", 1, true))
  end)

  it("passes on what is typed: control-C ends the program, or is handled by it", function()
    local seen = on_terminal(exec("/bin/sh", "-c", "echo ready; exec sleep 100"),
      { { wait = "ready" }, { type = "\3" } })
    assert.are.equal(128 + 2, seen.status)
    seen = on_terminal(exec("/bin/sh", "-c",
      "trap 'echo handled; exit 7' INT; echo ready; while :; do sleep 1; done"),
      { { wait = "ready" }, { type = "\3" }, { wait = "handled" } })
    assert.are.equal(7, seen.status)
  end)

  it("passes on signals, and a terminal that goes away", function()
    for name, number in pairs { TERM = 15, HUP = 1, QUIT = 3 } do
      local seen = on_terminal(exec("/bin/sh", "-c", "echo ready; exec sleep 100"),
        { { wait = "ready" }, { signal = name } })
      assert.are.equal(128 + number, seen.status, name)
    end
    local seen = on_terminal(exec("/bin/sh", "-c", "echo ready; exec sleep 100"),
      { { wait = "ready" }, { hang_up = true } })
    assert.are.equal(128 + 1, seen.status)
  end)

  it("can be stopped and continued by the shell it was started from", function()
    -- It starts nothing: a shell that has just lent its memory to a child cannot be stopped.
    -- It waits for the signal blocked: one that comes before the waiting is not lost.
    home:write("waits.py", table.concat({ "import signal", "signal.signal(signal.SIGINT, signal.SIG_DFL)",
      "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCONT})", "print('ready', flush=True)", "while True:",
      "    signal.sigwait({signal.SIGCONT})", "    print('on again', flush=True)", "" }, "\n"))
    local line = ("%s exec dev -- python3 %s/waits.py\n"):format(settings.bin, home.home)
    local seen = on_terminal({ "/bin/bash", "--norc", "-i" }, {
      { wait = "> " }, { type = line }, { wait = "ready" }, { type = "\26" }, { wait = "Stopped" },
      { wait = "> " }, { type = "fg\n" }, { wait = "on again" }, { type = "\3" }, { wait = "> " },
      { type = "echo status=$?\n" }, { wait = "status=130" }, { type = "exit 0\n" },
    }, { PS1 = "> " })
    assert.are.equal(0, seen.status)
  end)

  it("restores the terminal behind a question", function()
    local passphrase = "correct horse battery staple"
    local with = { SENTINEL_BACKEND = "file", SENTINEL_FILE_PASSPHRASE = passphrase }
    home:write(".aws/credentials", "")
    local key = moto.keys.alice
    assert(home:run({ "add", "corp", "--stdin" }, { environment = with,
      stdin = key.id .. "\n" .. key.secret .. "\n" }).status == 0)
    -- Elsewhere the same file is another one to the kernel keyring, where its key rests.
    local other = home.home .. "/elsewhere"
    files.make_folder(other)
    os.execute(("cp -a %s/.local/share/sentinel %s/"):format(home.home, other))
    local seen = on_terminal(exec("/bin/sh", "-c", "echo ready; read line; echo got $line"), {
      { wait = "assphrase" }, { look = true }, { type = passphrase .. "\n" }, { wait = "ready" },
      { look = true }, { type = "yes\n" }, { wait = "got yes" },
    }, { SENTINEL_BACKEND = "file", XDG_DATA_HOME = other })
    assert.are.same({ false, true }, seen.echo)
    assert.is_nil(seen.screen:find(passphrase, 1, true))
    assert.are.equal(0, seen.status)
  end)

  describe("opens the user's shell", function()
    local function in_shell(path, steps, environment)
      if not settings.exists(path) then
        return nil, settings.skipped(path .. " is not installed")
      end
      environment = environment or {}
      environment.SHELL = path
      return on_terminal({ settings.bin, "exec", "dev" }, steps, environment)
    end

    local SHOW = { { type = "echo is-$SENTINEL_PROFILE\n" }, { wait = "is-dev" } }

    local function steps(prompt, ...)
      local all = { { wait = prompt }, SHOW[1], SHOW[2], { wait = prompt } }
      for _, step in ipairs { ... } do
        all[#all + 1] = step
      end
      all[#all + 1] = { type = "exit 3\n" }
      return all
    end

    it("sh, with the mark in its prompt", function()
      local seen = in_shell("/bin/dash", steps("[sentinel dev] "))
      assert.are.equal(3, seen.status)
    end)

    it("bash, whose files set the prompt that is marked", function()
      home:write(".bashrc", "PS1='mine> '\necho my files were read\n")
      local seen = in_shell("/bin/bash", steps("[sentinel dev] mine> "))
      assert.is_truthy(seen.screen:find("my files were read", 1, true))
      assert.are.equal(3, seen.status)
      assert.is_nil(seen.screen:find("[sentinel dev] [sentinel dev]", 1, true))
    end)

    it("bash, with the commands before the prompt that it had, and the last status", function()
      local seen = in_shell("/bin/bash", steps("[sentinel dev] mine 0> ",
        { type = "(exit 5)\n" }, { wait = "[sentinel dev] mine 5> " }),
        { PROMPT_COMMAND = 'PS1="mine $?> "' })
      assert.are.equal(3, seen.status)
    end)

    it("zsh, with the mark in its prompt unless its files set one", function()
      home:write(".zshrc", "")
      local seen, missing = in_shell("/usr/bin/zsh", steps("[sentinel dev] "))
      if not seen then
        return pending(missing)
      end
      assert.are.equal(3, seen.status)
      home:write(".zshrc", "PROMPT='mine> '\n")
      seen = in_shell("/usr/bin/zsh", steps("mine> "))
      assert.are.equal(3, seen.status)
    end)

    it("fish, whose files set the prompt that is marked", function()
      home:write(".config/fish/config.fish", "function fish_prompt; echo -n 'mine '$status'> '; end\n"
        .. "function fish_greeting; echo my files were read; end\n")
      local seen, missing = in_shell("/usr/bin/fish", steps("[sentinel dev] mine 0> ",
        { type = "false\n" }, { wait = "[sentinel dev] mine 1> " }))
      if not seen then
        return pending(missing)
      end
      assert.is_truthy(seen.screen:find("my files were read", 1, true))
      assert.are.equal(3, seen.status)
    end)
  end)
end)
