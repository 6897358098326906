--- What has to hold of a run, in the words of the contract (cli.md, Exit status; aws.md,
-- credential_process).
local cjson = require "cjson"

local expect = {}

local function describe(result)
  return ("\ncommand: %s\nstatus:  %s\nstdout:  %s\nstderr:  %s"):format(result.command,
    result.status,
    result.stdout:sub(1, 2000), result.stderr:sub(1, 2000))
end

local function check(holds, what, result)
  if not holds then
    error(what .. describe(result), 3)
  end
end

--- It ended with the status, wrote nothing to stdout, and the first line of stderr says why: it
-- begins with
-- "sentinel: " and holds every one of the texts (plain, in any case of letters). Returns that line.
function expect.refused(result, status, ...)
  check(result.status == status, ("exit status %d was expected"):format(status), result)
  check(result.stdout == "", "nothing may be on stdout", result)
  local first = result.stderr:match("^([^\n]*)\n") or ""
  check(first:match("^sentinel: ..."), "the first line of stderr has to say why", result)
  check(#result.stderr <= 4096, "stderr is at most 4 KiB", result)
  check(utf8.len(result.stderr) ~= nil, "stderr is UTF-8", result)
  check(not result.stderr:find("[%z\1-\8\11-\31\127]"), "stderr holds no control characters",
    result)
  for _, text in ipairs { ... } do
    check(result.stderr:lower():find(text:lower(), 1, true), ("stderr has to say %q"):format(text),
      result)
  end
  return first
end

--- It ended with 0 and wrote something; returns stdout.
function expect.done(result)
  check(result.status == 0, "exit status 0 was expected", result)
  return result.stdout
end

--- It ended with the status; stdout may hold something.
function expect.status(result, status)
  check(result.status == status, ("exit status %d was expected"):format(status), result)
end

--- It printed one JSON document and a newline; returns the document.
function expect.json(result, status)
  check(result.status == (status or 0), ("exit status %d was expected"):format(status or 0), result)
  check(result.stdout:sub(-1) == "\n", "the document has to end in a newline", result)
  local is_json, document = pcall(cjson.decode, result.stdout)
  check(is_json, "stdout has to be JSON", result)
  return document
end

--- The document of credential_process, byte for byte in its shape (aws.md); returns its fields.
function expect.credentials(result)
  check(result.status == 0, "exit status 0 was expected", result)
  local fields = {}
  local shape = '^{"Version":1,"AccessKeyId":"([A-Z0-9]+)","SecretAccessKey":"([!-~]+)",'
    .. '"SessionToken":"([!-~]+)",'
    .. '"Expiration":"(%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ)"}\n$'
  fields.id, fields.secret, fields.token, fields.expires = result.stdout:match(shape)
  check(fields.id ~= nil, "stdout has to be the credential_process document", result)
  check(#result.stdout < 16 * 1024, "the document is under 16 KB", result)
  return fields
end

return expect
