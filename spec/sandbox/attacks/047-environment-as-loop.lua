-- goal: a loop variable, label or field for an environment
-- class: access
-- runs: 1
local t = { _ENV = 1 }
for _, _ENV in next or ipairs, { "x" } do
  if rep then return "PWNED" end
end
goto _ENV
::_ENV::
return t._ENV and "PWNED"
