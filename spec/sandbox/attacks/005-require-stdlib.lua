-- goal: require the stdlib's modules by name
-- class: access
-- runs: 1
for _, name in ipairs({ "sentinel.engine", "sentinel.init", "sentinel.reply", "cjson", "string", "../x", "", "sentinel\0" }) do
  local ok, module = pcall(require, name)
  if ok and module then return "PWNED" end
end
return "deny"
