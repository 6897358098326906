--- The ticket that a justification names.
--
-- MUST
--  1. give out only letters A to Z, digits and a hyphen, whatever the justification holds;
--  2. take a key only where it stands as a word of its own.
local key = {}

local FORMS = {
  jira = {
    number = "^%-[1-9]%d*$", example = "-123", projects = "keys such as INC",
    is_project = function(text) return #text <= 20 and text:find("^%u[%u%d]+$") ~= nil end,
  },
  servicenow = {
    number = "^%d+$", example = "0012345", projects = "INC and CHG",
    is_project = function(text) return text == "INC" or text == "CHG" end,
  },
}
local LENGTH_MAX = 32

local function check_projects(projects, form)
  for _, project in ipairs(projects) do
    if not form.is_project(project) then
      error(("projects: %q is none; they are %s"):format(project, form.projects), 0)
    end
  end
end

local function is_key(word, projects, form)
  for _, project in ipairs(projects) do
    if #word <= LENGTH_MAX and word:sub(1, #project) == project
      and word:sub(#project + 1):find(form.number) then
      return true
    end
  end
  return false
end

--- The first key of one of the projects.
-- @return it; or nil and what is wanted
function key.find(justification, provider, projects)
  local form = FORMS[provider]
  check_projects(projects, form)
  for word in justification:gmatch("[%w_\128-\255-]+") do
    if is_key(word, projects, form) then
      return word
    end
  end
  local wanted = {}
  for i, project in ipairs(projects) do
    wanted[i] = project .. form.example
  end
  return nil, "the justification names no ticket such as " .. table.concat(wanted, " or ")
end

return key
