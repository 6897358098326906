-- The stdlib gets what src/lua/trusted.c leaves of Lua's own libraries, and `host`. Policies get exactly the sandbox's
-- names (src/lua/lib.h) and `require`. Specs are ordinary programs of the distribution's Lua.
max_line_length = 100
std = "lua54"

stds.stdlib = {
  read_globals = {
    "assert", "error", "getmetatable", "host", "ipairs", "math", "next", "pairs", "pcall", "rawequal", "rawget",
    "rawlen", "rawset", "require", "select", "setmetatable", "string", "table", "tonumber", "tostring", "type", "utf8",
  },
}
stds.sandbox = {
  read_globals = {
    "assert", "error", "ipairs", "math", "pairs", "pcall", "rawequal", "rawlen", "require", "select", "string", "table",
    "tonumber", "tostring", "type", "utf8",
  },
}

-- What testing.md adds for the specs that `sentinel test` runs.
stds.testing = {
  read_globals = {
    "describe", "context", "it", "before_each", "after_each", "pending", "mock", "freeze", "plugin", "policy",
    assert = {
      fields = {
        "equal", "same", "not_equal", "is_true", "is_false", "is_nil", "not_nil", "matches", "has_error", "near",
        "allows", "denies", "requires_approval",
      },
    },
  },
}

files["lua/stdlib"] = { std = "stdlib" }
files["bench/who_can.lua"] = { std = "stdlib" }
files["policies"] = { std = "sandbox" }
files["plugins"] = { std = "sandbox" }
files["plugins/*/plugin.lua"] = { std = "none" }
files["plugins/*/spec"] = { std = "sandbox+testing" }
files["policies/*_spec.lua"] = { std = "sandbox+testing" }
files["starter"] = { std = "sandbox" }
files["starter/local/*_spec.lua"] = { std = "sandbox+testing" }
files["spec/**/*_spec.lua"] = { std = "lua54+busted", max_line_length = 140 }
files["spec/support"] = { max_line_length = 120 }
files["spec/sandbox/run_attack.lua"] = { max_line_length = 120 }
exclude_files = { "spec/sandbox/attacks", "build" }
