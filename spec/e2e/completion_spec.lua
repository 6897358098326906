--- sentinel completion: in real shells, on a terminal, what TAB makes of a line is what the command is given.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local process = require "spec.support.process"
local settings = require "spec.support.settings"
local shells = require "spec.support.shells"
local world = require "spec.support.world"

local ODD = "team:a@b+c/d.e"

describe("sentinel completion", function()
  local home

  setup(function()
    home = world.new { policy = world.allow_dev, config = world.profile("dev", "Dev") .. world.profile(ODD, "Dev")
      .. "[profile $(touch pwned)]\nregion = x\n[profile `touch pwned`]\nregion = x\n[profile per%cent]\nregion = x\n",
      settings = "profiles:\n  mine: {role_arn: \"arn:aws:iam::123456789012:role/Mine\"}\n" }
    home:write("my policy.yaml", world.allow_dev)
    home:write("x.info", "")
  end)

  teardown(function()
    home:remove()
  end)

  -- What is typed, and the words that the command then has.
  local lines = {
    { "sentinel cred\t", "<credentials>" },
    { "sentinel policy li\t--sa\t", "<policy><lint><--sarif>" },
    { "sentinel policy lint my\t", "<policy><lint><my policy.yaml>" },
    { "sentinel credentials --forc\t", "<credentials><--force-tty>" },
    { "sentinel credentials de\t", "<credentials><dev>" },
    { "sentinel credentials min\t", "<credentials><mine>" },
    { "sentinel credentials te\t", "<credentials><" .. ODD .. ">" },
    { "sentinel credentials team:\t", "<credentials><" .. ODD .. ">" },
    { "sentinel credentials team:a\t", "<credentials><" .. ODD .. ">" },
    { "sentinel credentials team:a@\t", "<credentials><" .. ODD .. ">" },
    { "sentinel credentials team:a@b+\t", "<credentials><" .. ODD .. ">" },
    { "sentinel credentials --profile team:\t", "<credentials><--profile><" .. ODD .. ">" },
    { "sentinel credentials --profile=team:\t", "<credentials><--profile=" .. ODD .. ">" },
    { "sentinel explain dev --mode cre\t--js\t", "<explain><dev><--mode><credential_process><--json>" },
    { "sentinel explain dev --mode=cre\t", "<explain><dev><--mode=credential_process>" },
    { "sentinel explain dev --policy my\t", "<explain><dev><--policy><my policy.yaml>" },
    { "sentinel explain dev --policy=my\t", "<explain><dev><--policy=my policy.yaml>" },
    { "sentinel test --format ju\t", "<test><--format><junit>" },
    { "sentinel test --report lc\tx.i\t", "<test><--report><lcov=x.info>" },
    { "sentinel list --backend keyr\t", "<list><--backend><keyring>" },
    { "sentinel exec de\t-- printen\t", "<exec><dev><--><printenv>" },
    { "sentinel exec dev -- cat x.\t", "<exec><dev><--><cat><x.info>" },
    { "sentinel completion zs\t", "<completion><zsh>" },
    { "sentinel shell in\tfi\t", "<shell><init><fish>" },
  }

  for _, shell in ipairs(shells.all) do
    it("completes commands, flags, values, files and profiles in " .. shell.name, function()
      if shells.missing(shell) then
        return pending(settings.skipped(shell.name .. " is not installed"))
      end
      local typed, wanted = {}, {}
      for i, line in ipairs(lines) do
        typed[i], wanted[i] = line[1], line[2]
      end
      local setup = shells.source(shell, "completion " .. shell.name)
      if shell.name == "zsh" then
        setup = "autoload -Uz compinit; compinit -i; " .. setup
      end
      assert.are.same(wanted, (shells.type(shell, home, setup, typed)))
      assert.is_false(files.exists(home.home .. "/pwned"))
    end)
  end

  local function words_of(text)
    local words = {}
    for word in text:gmatch("[^\n]+") do
      words[#words + 1] = word
    end
    return words
  end

  it("offers only names that a command takes, from both configurations, without an error", function()
    assert.are.same({ "dev", ODD, "mine" }, words_of(expect.done(home:run { "completion", "--profiles" })))
    local nobody = home:run({ "completion", "--profiles" }, { environment = { HOME = "/nonexistent" } })
    assert.are.equal("0 ", nobody.status .. " " .. nobody.stdout .. nobody.stderr)
    local broken = world.new { config = world.profile("dev", "Dev"), settings = "policy: [\n" }
    assert.are.equal("dev\n", expect.done(broken:run { "completion", "--profiles" }))
    broken:remove()
  end)

  -- What the help lists: "policy lint" -> {"--json", ...}.
  local function flags_of_help()
    local all = {}
    for command in expect.done(home:run { "--help" }):gmatch("\n  (%l[%l-]* ?%l*)  +") do
      command = command:gsub(" $", "")
      local argv = words_of((command .. " --help"):gsub(" ", "\n"))
      all[command] = {}
      for flag in expect.done(home:run(argv)):gmatch("\n  (%-%-[%l-]+)") do
        table.insert(all[command], flag)
      end
      table.sort(all[command])
    end
    return all
  end

  it("offers in bash and fish every flag of every command that its help lists, and no other", function()
    if shells.missing(shells.all[3]) then
      return pending "fish is not installed"
    end
    local script = home:write("flags.bash", expect.done(home:run { "completion", "bash" }) .. [[
COMP_LINE="sentinel $1 --" COMP_POINT=${#COMP_LINE}
read -r -a COMP_WORDS <<<"$COMP_LINE"
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_sentinel
printf '%s\n' "${COMPREPLY[@]}"
]])
    local fish = home:write("flags.fish", expect.done(home:run { "completion", "fish" })
      .. '\ncomplete -C "sentinel $argv[1] --" | string replace -r "\\t.*" ""\n')
    local count = 0
    for command, flags in pairs(flags_of_help()) do
      for _, program in ipairs { { "/bin/bash", script }, { "/usr/bin/fish", "-N", fish } } do
        local argv = { table.unpack(program) }
        argv[#argv + 1] = command
        local offered = words_of(expect.done(process.run(argv, home:options())))
        table.sort(offered)
        assert.are.same(flags, offered, command .. " in " .. program[1])
      end
      count = count + 1
    end
    assert.is_true(count > 20)
  end)

  -- A line in which a value of the flag can be tried without an effect, by command and flag, or by flag.
  local tries = {
    ["--mode"] = { "explain", "dev", "--user", "alice" },
    ["--backend"] = { "doctor" },
    ["test --format"] = { "test", "." },
  }

  it("offers only values that are taken", function()
    local tried, command = {}, nil
    for line in expect.done(home:run { "completion", "bash" }):gmatch("[^\n]+") do
      command = line:match("^  '([%l -]+)'%)$") or command
      local flag, words = line:match("^ +'(%-%-[%l-]+)|values|([%l%d_ -]+)|")
      local try = flag and (tries[command .. " " .. flag] or tries[flag])
      for word in (try and words or ""):gmatch("%S+") do
        local argv = { table.unpack(try) }
        argv[#argv + 1] = flag .. "=" .. word
        local key = table.concat(argv, " ")
        tried[key] = tried[key] or home:run(argv)
        assert.are_not.equal(2, tried[key].status, key .. ": " .. tried[key].stderr)
      end
    end
    assert.is_truthy(tried["doctor --backend=keyring"] and tried["test . --format=junit"])
    assert.is_truthy(tried["explain dev --user alice --mode=server"])
  end)

  it("may lie in a folder of zsh's fpath", function()
    local zsh = shells.all[2]
    if shells.missing(zsh) then
      return pending "zsh is not installed"
    end
    home:write("functions/_sentinel", expect.done(home:run { "completion", "zsh" }))
    local setup = "fpath=(~/functions $fpath); autoload -Uz compinit; compinit -i"
    assert.are.same({ "<credentials>", "<credentials><dev>" }, (shells.type(zsh, home, setup,
      { "sentinel cred\t", "sentinel credentials d\t" })))
  end)

  it("refuses a shell that it does not know", function()
    expect.refused(home:run { "completion", "tcsh" }, 2, "tcsh", "bash|zsh|fish")
    expect.refused(home:run { "completion" }, 2, "no shell", "bash|zsh|fish")
    expect.refused(home:run { "completion", "bash", "--profiles" }, 2, "--profiles")
  end)
end)
