--- What the black-box specs need to know, from the environment.
--
--   SENTINEL_BUILD     build folder; default: the first of build/release, build/dev that holds the
-- program
--   SENTINEL_BIN       the program; default: $SENTINEL_BUILD/sentinel
--   SENTINEL_PYTHON    python with moto[server], boto3 and the AWS CLI; default: python3
--   SENTINEL_AWS       the AWS CLI; default: `aws` beside SENTINEL_PYTHON, else `aws`
--   SENTINEL_NODE      node 20 or later; default: node
--   SENTINEL_CLIENTS   a copy of tests/clients with its node_modules (npm ci); default:
-- $SENTINEL_BUILD/clients
--   SENTINEL_SHIMS     folder for what is compiled from tests/faults/*.c; default:
-- $SENTINEL_BUILD/shims
--   SENTINEL_EVIL_BIN  the test build whose evaluator lies; default: $SENTINEL_BUILD/sentinel_evil
--   SENTINEL_LOOPBACK_BIN  the test build whose plugins may ask servers on loopback; default:
-- $SENTINEL_BUILD/sentinel_loopback
--   SENTINEL_REQUIRE   "all": what would be skipped fails instead (for CI)
--
-- Run from the source folder: lua5.4 "$(command -v busted)" spec/e2e spec/faults
local settings = {}

local function exists(path)
  local file = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

local function output_of(command)
  local pipe = assert(io.popen(command .. " 2>/dev/null"))
  local text = pipe:read("a")
  pipe:close()
  return (text:gsub("%s+$", ""))
end

local function absolute(path)
  return path:sub(1, 1) == "/" and path or settings.source .. "/" .. path
end

local function find_build()
  for _, name in ipairs { "release", "dev" } do
    if exists(settings.source .. "/build/" .. name .. "/sentinel") then
      return settings.source .. "/build/" .. name
    end
  end
  return settings.source .. "/build/release"
end

-- The virtual environment's python finds its packages by the path it is called by, so links stay.
local function find_python()
  local named = os.getenv("SENTINEL_PYTHON")
  if named then
    return named
  end
  return output_of("python3 -c 'import sys; print(sys.executable)'")
end

local function find_aws()
  local beside = settings.python:gsub("[^/]*$", "aws")
  return exists(beside) and beside or output_of("command -v aws")
end

settings.source = output_of("pwd")
settings.build = absolute(os.getenv("SENTINEL_BUILD") or find_build())
settings.bin = absolute(os.getenv("SENTINEL_BIN") or settings.build .. "/sentinel")
settings.python = find_python()
settings.aws = os.getenv("SENTINEL_AWS") or find_aws()
settings.node = os.getenv("SENTINEL_NODE") or output_of("command -v node")
settings.clients = absolute(os.getenv("SENTINEL_CLIENTS") or settings.build .. "/clients")
settings.shims = absolute(os.getenv("SENTINEL_SHIMS") or settings.build .. "/shims")
settings.evil = absolute(os.getenv("SENTINEL_EVIL_BIN") or settings.build .. "/sentinel_evil")
settings.loopback = absolute(os.getenv("SENTINEL_LOOPBACK_BIN")
  or settings.build .. "/sentinel_loopback")
settings.requires_all = os.getenv("SENTINEL_REQUIRE") == "all"

settings.exists = exists

if not exists(settings.bin) then
  error("there is no program " .. settings.bin
    .. ": build it, or set SENTINEL_BUILD or SENTINEL_BIN")
end

--- The reason of a test that cannot run here, for busted: return pending(settings.skipped "...").
-- The report shows it; where nothing may be skipped it is an error, unless no package holds what is
-- missing.
function settings.skipped(reason, is_in_no_package)
  if settings.requires_all and not is_in_no_package then
    error("would be skipped, and SENTINEL_REQUIRE=all: " .. reason, 2)
  end
  io.stderr:write("skipped: ", reason, "\n")
  return reason
end

return settings
