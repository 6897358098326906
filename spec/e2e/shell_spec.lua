--- sentinel shell init: completion and a mark in the prompt, in real shells, however often it is read.
local expect = require "spec.support.expect"
local files = require "spec.support.files"
local settings = require "spec.support.settings"
local shells = require "spec.support.shells"
local stage = require "spec.support.stage"
local world = require "spec.support.world"

-- A line that says what the prompt is.
local PROMPT = { bash = 'got "$PS1"', zsh = 'got "$PROMPT"', fish = 'got (fish_prompt | string collect)' }

describe("sentinel shell init", function()
  local home

  before_each(function()
    home = world.new { policy = world.allow_dev, config = world.profile("dev", "Dev") }
  end)

  after_each(function()
    home:remove()
  end)

  for _, shell in ipairs(shells.all) do
    describe("in " .. shell.name, function()
      local init = shells.source(shell, "shell init " .. shell.name)
      local show = PROMPT[shell.name]

      local function type_lines(setup, lines, options)
        if shells.missing(shell) then
          return nil
        end
        return shells.type(shell, home, setup, lines, options)
      end

      it("marks the prompt once, however often it is read, and completes", function()
        local got, screen = type_lines(init .. "; " .. init, { show, "sentinel credentials d\t", init .. "; " .. show,
          show }, { environment = { SENTINEL_PROFILE = "team:a@b" } })
        if not got then
          return pending(settings.skipped(shell.name .. " is not installed"))
        end
        local mark = "<[sentinel team:a@b] READY >"
        assert.are.same({ mark, "<credentials><dev>", mark, mark }, got)
        assert.is_truthy(screen:find("[sentinel team:a@b] READY", 1, true))
        assert.is_nil(screen:find("] [sentinel", 1, true))
      end)

      it("marks nothing outside of exec", function()
        local got = type_lines(init, { show })
        if not got then
          return pending(settings.skipped(shell.name .. " is not installed"))
        end
        assert.are.same({ "<READY >" }, got)
      end)

      it("lets nothing of an odd variable into the prompt", function()
        for _, odd in ipairs { "$(touch pwned)", "`touch pwned`", "a\27[31mb", "a b", "%n", "\\u" } do
          local got = type_lines(init, { show }, { environment = { SENTINEL_PROFILE = odd } })
          if not got then
            return pending(settings.skipped(shell.name .. " is not installed"))
          end
          assert.are.same({ "<READY >" }, got)
        end
        assert.is_false(files.exists(home.home .. "/pwned"))
      end)

      it("is what it prints for the shell that SHELL names", function()
        local named = expect.done(home:run { "shell", "init", shell.name })
        assert.are.equal(named, expect.done(home:run({ "shell", "init" }, { environment = {
          SHELL = "/usr/local/bin/" .. shell.name } })))
      end)
    end)
  end

  it("keeps what bash runs before a prompt", function()
    local got = shells.type(shells.all[1], home, "PROMPT_COMMAND='count=$((count + 1));'; "
      .. shells.source(shells.all[1], "shell init bash"), { 'got "$((count > 0))" "$PS1"', 'got "$((count > 1))"' },
      { environment = { SENTINEL_PROFILE = "dev" } })
    assert.are.same({ "<1><[sentinel dev] READY >", "<1>" }, got)
  end)

  it("marks a prompt that a theme sets anew each time", function()
    local got = shells.type(shells.all[1], home, shells.source(shells.all[1], "shell init bash")
      .. "; PROMPT_COMMAND=\"PS1='READY theme '; $PROMPT_COMMAND\"", { 'got "$PS1"', 'got "$PS1"' },
      { environment = { SENTINEL_PROFILE = "dev" } })
    assert.are.same({ "<[sentinel dev] READY theme >", "<[sentinel dev] READY theme >" }, got)
  end)

  it("keeps the status that fish's prompt shows", function()
    local fish = shells.all[3]
    if shells.missing(fish) then
      return pending "fish is not installed"
    end
    local got = shells.type(fish, home, "function fish_prompt; printf 'READY %s ' $status; end; "
      .. shells.source(fish, "shell init fish"), { "false; got (fish_prompt | string collect)" },
      { environment = { SENTINEL_PROFILE = "dev" } })
    assert.are.same({ "<[sentinel dev] READY 1 >" }, got)
  end)

  it("marks the prompt of a shell that exec starts", function()
    local moto = stage.moto()
    local inside = stage.world(moto)
    local got = shells.type(shells.all[1], inside, shells.source(shells.all[1], "shell init bash"), { 'got "$PS1"' },
      { environment = inside.environment, before = { settings.bin, "exec", "dev", "--" }, is_real = true })
    moto:stop()
    assert.are.same({ "<[sentinel dev] READY >" }, got)
    inside:remove()
  end)

  it("says which shells there are", function()
    expect.refused(home:run { "shell", "init", "tcsh" }, 2, "tcsh", "bash|zsh|fish")
    expect.refused(home:run({ "shell", "init" }, { environment = { SHELL = "/bin/dash" } }), 2, "dash")
    expect.refused(home:run { "shell", "init" }, 2, "SHELL is not set")
  end)
end)
